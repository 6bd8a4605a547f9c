"""What the browser is given: vendored files, icons, style sheets, and templates a strict CSP bears."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from app.web.navigation import ROOMS

ROOT = Path(__file__).parent.parent
VENDOR = ROOT / "static" / "vendor"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
STYLES = sorted((ROOT / "static" / "css").glob("*.css"))
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
SUMS = [line.split() for line in (VENDOR / "SHA256SUMS").read_text().splitlines()]

# Which argument of a macro names an icon.
ICON_ARGUMENT = {"icon": 0, "empty": 0, "button": 1, "icon_button": 1, "tag": 2, "toast": 3, "banner": 3}


@pytest.mark.parametrize(("digest", "name"), SUMS)
def test_a_vendored_file_is_the_published_one(digest: str, name: str) -> None:
    assert hashlib.sha256((ROOT / name).read_bytes()).hexdigest() == digest


def test_every_vendored_file_has_a_checksum_and_a_licence() -> None:
    folders = (VENDOR.glob("*.js"), (ROOT / "static/fonts").glob("*"), (ROOT / "tests/vendor").glob("*.js"))
    files = {str(path.relative_to(ROOT)) for folder in folders for path in folder}
    licences = (VENDOR / "LICENSES.md").read_text()
    assert files == {name for _, name in SUMS}
    assert [name for name in files if f"`{name}`" not in licences] == []


def test_the_sprite_holds_the_icons_in_use_and_no_others() -> None:
    sprite = set(re.findall(r'<symbol id="([a-z0-9-]+)"', (ROOT / "static/icons.svg").read_text()))
    used = {name for path in TEMPLATES for name in _icons(path)} | {
        room.icon for _, rooms in ROOMS for room in rooms
    }
    assert sorted(used - sprite) == []
    assert sorted(sprite - used) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_needs_nothing_the_policy_forbids(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.S)
    forbidden = {
        "an inline style": r"<style|\sstyle\s*=",
        "an inline script": r"<script(?![^>]*\ssrc=)",
        "an event attribute": r"<[a-z][^>]*\son[a-z]+\s*=",
        "code for eval": r"hx-on|[\"']js:|javascript:",
        "a filtered trigger": r"hx-trigger=\"[^\"]*\[",
        "markup taken on trust": r"\|\s*safe\b",
    }
    assert [what for what, pattern in forbidden.items() if re.search(pattern, text, re.I)] == []


@pytest.mark.parametrize(
    "path", [*TEMPLATES, *STYLES, *SCRIPTS], ids=lambda path: str(path.relative_to(ROOT))
)
def test_nothing_is_fetched_from_elsewhere(path: Path) -> None:
    assert re.findall(r"(?:src|href|url|import)\W{1,3}(?:https?:)?//[a-z]", path.read_text()) == []


@pytest.mark.parametrize("path", [*STYLES, *SCRIPTS], ids=lambda path: path.name)
def test_a_file_of_ours_stays_readable(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len(lines) <= 250
    assert [number for number, line in enumerate(lines, 1) if len(line) > 130] == []


def _icons(path: Path) -> Iterator[str]:
    """Names of icons in one template: arguments of the macros, and what the macro icon_name may say."""
    tree = Environment(extensions=["jinja2.ext.i18n"]).parse(path.read_text())
    for call in tree.find_all(nodes.Call):
        macro = call.node.attr if isinstance(call.node, nodes.Getattr) else getattr(call.node, "name", "")
        named = [pair.value for pair in call.kwargs if pair.key == "icon_name"]
        position = ICON_ARGUMENT.get(macro)
        if position is not None:
            named += call.args[position : position + 1]
        for node in named:
            yield from _constants(node)
    for macro_node in tree.find_all(nodes.Macro):
        if macro_node.name == "icon_name":
            said = " ".join(data.data for data in macro_node.find_all(nodes.TemplateData))
            yield from re.findall(r"[a-z]+(?:-[a-z]+)*", said)
    yield from (str(default.value) for default in _icon_defaults(tree))


def _icon_defaults(tree: nodes.Template) -> Iterator[nodes.Const]:
    """The icon a macro shows when none is named."""
    for macro in tree.find_all(nodes.Macro):
        named = dict(zip(reversed([arg.name for arg in macro.args]), reversed(macro.defaults), strict=False))
        default = named.get("icon_name")
        if isinstance(default, nodes.Const) and default.value:
            yield default


def _constants(node: nodes.Node) -> Iterator[str]:
    """The words an expression may come to; the condition of a choice is not one of them."""
    if isinstance(node, nodes.Const) and node.value:
        yield str(node.value)
    elif isinstance(node, nodes.CondExpr):
        yield from _constants(node.expr1)
        if node.expr2 is not None:
            yield from _constants(node.expr2)
    elif isinstance(node, nodes.Or):
        yield from _constants(node.left)
        yield from _constants(node.right)
