"""Fragments of live pages, rendered outside of any request: once for everybody who reads the same words.

A fragment reads only its arguments. It may be rendered while the PBX's request is served, so nothing here
knows a viewer: language and zone are passed in.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Flask
from flask_babel import force_locale, get_domain
from jinja2 import Environment, Template
from markupsafe import Markup

FIRST_SEEN = (
    "macros/ui.html",
    "macros/call.html",
    "desk/_screen_pop.html",
    "desk/_notice.html",
    "desk/_today.html",
    "desk/_today_row.html",
    "wallboard/_call.html",
    "wallboard/_calls.html",
    "calls/_stale.html",
)


class Audience(NamedTuple):
    """Those who read the same words and clocks."""

    lang: str
    zone: str


class Renderer:
    """Renders fragments, in an environment of its own for each language."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._templates: dict[tuple[str, str], Template] = {}
        self._environments: dict[str, Environment] = {}

    def load(self, languages: tuple[str, ...]) -> None:
        """Compile what the first call would have to wait for."""
        for lang in languages:
            for name in FIRST_SEEN:
                self._template(name, lang)

    def html(self, template: str, audience: Audience, **values: Any) -> str:
        """The fragment for one audience."""
        found = self._template(template, audience.lang)
        with self._app.app_context(), force_locale(audience.lang):  # the filters ask for the language
            return found.render(zone=audience.zone, **values).strip()

    def _template(self, name: str, lang: str) -> Template:
        found = self._templates.get((name, lang))
        if found is None or self._app.jinja_env.auto_reload:
            found = self._templates[name, lang] = self._environment(lang).get_template(name)
        return found

    def _environment(self, lang: str) -> Environment:
        if lang not in self._environments:
            environment = self._app.jinja_env.overlay()
            environment.globals = {**environment.globals, **self._words(lang)}
            self._environments[lang] = environment
        return self._environments[lang]

    def _words(self, lang: str) -> dict[str, Any]:
        """What templates call for words. Flask-Babel asks for the language at each word: 90 µs a card."""
        with self._app.app_context(), force_locale(lang):
            said = get_domain().get_translations()
        plain: dict[str, Markup] = {}

        def gettext(text: str, **values: Any) -> Markup:
            if values:
                return _ours(said.ugettext(text)) % values
            if text not in plain:
                plain[text] = _ours(said.ugettext(text)) % values
            return plain[text]

        def ngettext(one: str, many: str, num: int, **values: Any) -> Markup:
            return _ours(said.ungettext(one, many, num)) % {"num": num, **values}

        def pgettext(context: str, text: str, **values: Any) -> Markup:
            return _ours(said.upgettext(context, text)) % values

        return {"_": gettext, "gettext": gettext, "ngettext": ngettext, "pgettext": pgettext}


def _ours(text: str) -> Markup:
    """A text of the catalogue is markup, what is put into it is escaped."""
    return Markup(text)  # noqa: S704 - nothing of a caller's
