"""The rules the code keeps: who may enter, how long a file is, which room may call which."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.web.security import access_of

ROOT = Path(__file__).parent.parent
CODE = sorted(path for path in (ROOT / "app").rglob("*.py") if "versions" not in path.parts)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PAGES = sorted((ROOT / "templates").rglob("*.html"))
LONGEST_FILE = 250
LONGEST_FUNCTION = 40

# Views that anybody may open. A new one is a decision: write it down here.
PUBLIC = {
    "auth.log_in",
    "auth.login_page",
    "auth.setup",
    "auth.setup_page",
    "auth.invite",
    "auth.invite_page",
    "health.alive",
    "health.ready",
    "health.prometheus",
    "webhook.receive",
}


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_route_declares_who_may_enter(app: Flask) -> None:
    views = {name: view for name, view in app.view_functions.items() if name != "static"}
    assert [name for name, view in views.items() if access_of(view) is None] == []


def test_only_the_named_views_are_public(app: Flask) -> None:
    declared = {name: access_of(view) for name, view in app.view_functions.items()}
    assert {name for name, access in declared.items() if access and access.role is None} == PUBLIC


def test_the_admins_rooms_are_for_admins(app: Flask) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if str(rule).startswith("/admin")]
    roles = {str(rule): getattr(access_of(app.view_functions[rule.endpoint]), "role", None) for rule in rules}
    assert {path: role for path, role in roles.items() if role != "admin"} == {}


def test_a_reading_method_changes_nothing(app: Flask) -> None:
    """A view that answers both GET and POST could be made to write by a link."""
    both = [rule.endpoint for rule in app.url_map.iter_rules() if {"GET", "POST"} <= (rule.methods or set())]
    assert both == []


@pytest.mark.parametrize("path", [*CODE, *TESTS], ids=_short)
def test_a_file_is_short_enough_to_read(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST_FILE


@pytest.mark.parametrize("path", CODE, ids=_short)
def test_a_function_is_short_enough_to_read(path: Path) -> None:
    long = {
        function.name: length
        for function in _functions(path)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_FUNCTION
    }
    assert long == {}


@pytest.mark.parametrize("path", CODE, ids=_short)
def test_a_file_says_what_it_is_for(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert not source.strip() or ast.get_docstring(ast.parse(source))


def test_the_rooms_import_in_one_direction() -> None:
    found = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout


def test_every_setting_is_documented_for_the_operator() -> None:
    named = {name for path in CODE for name in re.findall(r"PULT_[A-Z_]+", path.read_text(encoding="utf-8"))}
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    written = "".join(page.read_text(encoding="utf-8") for page in pages if page.exists())
    assert sorted(name for name in named if name not in written) == []


@pytest.mark.parametrize("path", PAGES, ids=_short)
def test_a_form_that_writes_carries_its_token(path: Path) -> None:
    """htmx sends the token as a header; a plain form must bring it along."""
    forms = re.findall(r"<form\b[^>]*>.*?</form>", path.read_text(encoding="utf-8"), re.S)
    posting = [form for form in forms if re.match(r"<form\b[^>]*\bmethod=.post", form)]
    bare = [form[:80] for form in posting if "csrf" not in form and "hx-post" not in form.partition(">")[0]]
    assert bare == []


@pytest.mark.parametrize("path", CODE, ids=_short)
def test_no_exception_is_swallowed_whole(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bare = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and _is_blind(node)]
    assert bare == []


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _is_blind(handler: ast.ExceptHandler) -> bool:
    """`except:` or `except Exception:` with nothing but `pass`."""
    catches_all = handler.type is None or (
        isinstance(handler.type, ast.Name) and handler.type.id in ("Exception", "BaseException")
    )
    return catches_all and all(isinstance(node, ast.Pass) for node in handler.body)
