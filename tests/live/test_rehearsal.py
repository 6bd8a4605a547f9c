"""What is drawn for nobody at the start."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from flask import Flask

from app.config import Settings
from app.live.hub import Hub
from app.live.rehearsal import rehearse
from app.live.rendering import Renderer


def test_what_a_wallboard_is_drawn_with_is_loaded_and_nobody_watches(
    app: Flask, hub: Hub, settings: Settings
) -> None:
    seen: list[str] = []
    renderer = Renderer(app)
    find = renderer._template

    def note(name: str, lang: str) -> object:
        seen.append(f"{lang}: {name}")
        return find(name, lang)

    renderer._template = note  # type: ignore[method-assign,assignment]
    rehearse(hub, renderer, settings)
    assert {
        f"{lang}: wallboard/_{part}.html" for lang in ("ru", "en") for part in ("calls", "counts")
    } <= set(seen)
    assert hub.topics() == set()


def test_while_the_database_is_away_it_is_left_out(
    app: Flask, hub: Hub, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    away = replace(settings, database_url=f"sqlite:///{settings.data_dir}/no/such/folder/pult.db")
    with caplog.at_level(logging.INFO):
        rehearse(hub, Renderer(app), away)
    assert "no wallboard was drawn at the start" in caplog.text
