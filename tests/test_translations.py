"""Everything a person sees is Russian too, and the compiled catalogue is the current one."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent
PO = ROOT / "app/translations/ru/LC_MESSAGES/messages.po"
METHODS = [("app/**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {
    "_": None,
    "N_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "lazy_pgettext": ((1, "c"), 2),
}


def _catalog() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file, locale="ru")


def _said() -> Catalog:
    """All words said in code and templates, as pybabel extracts them."""
    said = Catalog()
    for folder, (pattern, method) in zip(("app", "templates"), METHODS, strict=True):
        below = [(pattern.removeprefix(folder + "/"), method)]
        for _, _, words, comments, context in extract_from_dir(ROOT / folder, below, keywords=KEYWORDS):
            said.add(words, None, auto_comments=comments, context=context)
    return said


def _is_whole(message: Message | None) -> bool:
    if message is None or message.fuzzy:
        return False
    forms = message.string if isinstance(message.string, (tuple, list)) else [message.string]
    return bool(forms) and all(forms) and len(forms) == (3 if message.pluralizable else 1)


def test_every_word_of_the_interface_has_its_russian() -> None:
    russian = _catalog()
    wanting = [m.id for m in _said() if m.id and not _is_whole(russian.get(_key(m), m.context))]
    assert wanting == []


def test_no_placeholder_is_lost_in_translation() -> None:
    wrong = [(m.id, str(error)) for m in _catalog() if m.id for error in m.check(_catalog())]
    assert wrong == []


def test_the_catalogue_says_nothing_that_is_not_said() -> None:
    said = {(m.context, _key(m)) for m in _said()}
    assert [m.id for m in _catalog() if m.id and (m.context, _key(m)) not in said] == []


def test_the_compiled_catalogue_is_the_current_one() -> None:
    written = io.BytesIO()
    write_mo(written, _catalog())
    written.seek(0)
    with PO.with_suffix(".mo").open("rb") as file:
        assert _words(file) == _words(written)


def _words(file: IO[bytes]) -> dict[object, object]:
    return {(m.context, _key(m)): m.string for m in read_mo(file) if m.id}


def _key(message: Message) -> str:
    return str(message.id[0] if isinstance(message.id, (tuple, list)) else message.id)
