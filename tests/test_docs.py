"""What the documentation says is so: commands, settings, columns, links and pictures."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from app.cli import main
from app.config import from_environment
from app.services import contact_files, metrics
from app.services.call_log import export

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / name for name in ("README.md", "README.ru.md", "CHANGELOG.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
DEPLOY = ROOT / "deploy"
LARGEST_PICTURE = 250 * 1024

CODE = re.compile(r"```.*?\n(.*?)```|`([^`\n]+)`", re.S)
LINK = re.compile(r"\]\(([^)\s]+)\)")
SETTING = re.compile(r"^\| `(PULT_\w+)` \| (?:`(.*?)`|–) \|", re.M)


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _code(path: Path) -> Iterator[str]:
    """Each line of the page's code, without comments; a line that goes on is one line."""
    for block, span in CODE.findall(_text(path)):
        for line in (block or span).replace("\\\n", " ").splitlines():
            yield line.partition(" #")[0].strip()


def _column(page: str, heading: str) -> list[str]:
    """The code in the first column of the first table after a heading."""
    section = _text(ROOT / page).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    table = section.partition("|---")[2].partition("\n\n")[0]
    return re.findall(r"^\| `(\w+)`", table, re.M)


@pytest.mark.parametrize("page", PAGES, ids=_short)
def test_a_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", _text(ROOT / "Makefile"), re.M))
    named = {target for line in _code(page) for target in re.findall(r"\bmake ([a-z]+)\b", line)}
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=_short)
def test_a_command_that_is_named_exists_with_its_options(page: Path) -> None:
    for line in _code(page):
        for words in re.findall(r"(?:^|/bin/)pult ([a-z].*)", line):
            command, options = _find(words.split())
            known = {option for param in command.params for option in param.opts}
            assert options <= known | {"--help"}, f"pult {words}"


def _find(words: list[str]) -> tuple[click.Command, set[str]]:
    """The command these words begin with, and the options they name."""
    command: click.Command = main
    context = click.Context(main)
    while isinstance(command, click.Group) and words and words[0].isalpha():
        found = command.get_command(context, words.pop(0))
        assert found is not None, f"{command.name}: no such command"
        command = found
    return command, {word for word in words if word.startswith("--")}


@pytest.mark.parametrize("page", PAGES, ids=_short)
def test_a_link_inside_the_project_leads_somewhere(page: Path) -> None:
    inside = [link.partition("#")[0] for link in LINK.findall(_text(page)) if "://" not in link]
    assert [link for link in inside if link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES[:2], ids=_short)
def test_the_readme_shows_the_desk_in_a_small_picture(page: Path) -> None:
    pictures = [page.parent / link for link in LINK.findall(_text(page)) if link.endswith(".png")]
    assert any("desk" in picture.name for picture in pictures)
    assert [_short(picture) for picture in pictures if picture.stat().st_size > LARGEST_PICTURE] == []


def test_the_russian_readme_is_the_english_one_in_russian() -> None:
    english, russian = (_text(page) for page in PAGES[:2])
    for kind in (r"^#+ ", r"^\d\. ", r"^\| \[", r"^```"):
        assert len(re.findall(kind, english, re.M)) == len(re.findall(kind, russian, re.M)), kind
    one, other = ({_language_free(link) for link in LINK.findall(text)} for text in (english, russian))
    assert one == other


def _language_free(link: str) -> str:
    return link.replace(".ru.", ".")


def test_the_page_of_settings_lists_exactly_those_there_are() -> None:
    code = [*(ROOT / "app").rglob("*.py"), DEPLOY / "gunicorn.conf.py", ROOT / "tests" / "conftest.py"]
    there = {name for path in code for name in re.findall(r"\"(PULT_[A-Z_]+)\"", _text(path))}
    listed = [name for name, _ in SETTING.findall(_text(ROOT / "docs" / "settings.md"))]
    assert sorted(listed) == sorted(there)


def test_a_documented_default_is_the_default() -> None:
    said = dict(SETTING.findall(_text(ROOT / "docs" / "settings.md")))
    assert from_environment(said) == from_environment({})


def test_the_columns_of_the_exports_are_as_documented() -> None:
    assert _column("docs/integrator.md", "Exports") == list(export.COLUMNS)
    assert f"`{','.join(contact_files.COLUMNS)}`" in _text(ROOT / "docs" / "integrator.md")


def test_every_metric_is_explained_to_the_operator() -> None:
    ours = {family.name for family in metrics.REGISTRY.collect() if family.name.startswith("pult_")}
    page = _text(ROOT / "docs" / "operator.md")
    assert sorted(name for name in ours if f"`{name}" not in page) == []


def test_the_changelog_begins_with_the_version_that_is_built() -> None:
    version = tomllib.loads(_text(ROOT / "pyproject.toml"))["project"]["version"]
    first = re.search(r"^## (.+)$", _text(ROOT / "CHANGELOG.md"), re.M)
    assert first is not None
    assert first[1] == version


def test_nothing_tells_of_the_machine_it_was_written_on() -> None:
    """Neither somebody's folders nor the hosts packages came from: a clone must not depend on either."""
    folders = r"(^|[^[:alnum:]_.])/(home|root|Users|work)/[a-z]"
    hosts = r"(pypi|pythonhosted|npmjs|yarnpkg|artifactory|nexus)\.[a-z]"
    found = subprocess.run(
        ["git", "grep", "-nIE", f"{folders}|{hosts}", "--", ".", ":!tests/test_docs.py", ":!*vendor*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout == ""
    assert found.returncode in (1, 128)  # 128: an unpacked release is no repository
