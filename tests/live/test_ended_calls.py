"""What calls that end together bring to a person's tabs: every card goes first, the list is drawn once."""

from __future__ import annotations

from flask import Flask

from app.live.pops import topic
from app.live.rendering import Audience
from app.pbx.protocol import open_envelope, parse
from app.runtime import Runtime
from app.services import intake
from app.services.connection import ensure_pbx
from app.services.intake import Incoming
from app.services.writer import Unit
from tests.live.pages import Page, unix_pair
from tests.personas import Actor
from tests.scene import Scene

FORM = "application/x-www-form-urlencoded"


def push(runtime: Runtime, kind: str, *callids: str) -> None:
    """One transaction with an event of this kind for each call."""
    pbx_id = runtime.writer.write(ensure_pbx)

    def store(unit: Unit) -> None:
        for callid in callids:
            same = f"user=andy&phone=79000000001&callid={callid}&crm_token=TEST-CRM-TOKEN"
            body = f"cmd=event&type={kind}&direction=in&{same}".encode()
            message = parse(open_envelope(body, FORM).fields)
            intake.store(unit, Incoming(pbx_id, unit.now, body, FORM, message), runtime.limits)

    runtime.writer.write(store)


def test_calls_that_end_together_take_their_cards_away_before_the_list_is_drawn_once(
    app: Flask, agent: Actor
) -> None:
    runtime: Runtime = app.extensions["pult"]
    Scene(app).account("andy", agent.id)
    theirs, ours = unix_pair()
    page, topics = Page(ours), frozenset({topic(agent.id)})
    runtime.hub.adopt(
        theirs,
        user=agent.id,
        session=1,
        topics=topics,
        on_ready=lambda tab: runtime.publisher.join(tab.id, tab.user, Audience("en", "UTC"), tab.topics),
    )
    with ours:
        page.text()  # the snapshot
        push(runtime, "INCOMING", "one", "two")
        assert [text.count("data-pop ") for text in page.texts(2)] == [1, 1]
        push(runtime, "COMPLETED", "one", "two")
        gone, gone_too, today, stale = page.texts(4)
        assert "delete:#pops" in gone
        assert "delete:#pops" in gone_too
        assert today.count('id="today"') == 1
        assert today.count('data-callid="one"') == today.count('data-callid="two"') == 1
        assert 'id="calls-stale"' in stale
        assert page.is_silent()
