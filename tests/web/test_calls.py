"""The log in the browser's eyes: filters, rows, pages, one call, and who may see what."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert

from app.models import CallRedirect
from tests.calls_made import DAY, MINUTE, OURS, Calls
from tests.personas import Actor

LINK = "https://records.example/record/ivan_in_79000000001.mp3"


@pytest.fixture
def calls(app: Flask) -> Calls:
    return Calls(app)


def text(actor: Actor, path: str, status: int = 200) -> str:
    answer = actor.get(path)
    assert answer.status_code == status
    return answer.get_data(as_text=True)


def shown(page: str) -> list[tuple[str, str]]:
    """The rows of the log: callid and outcome."""
    return re.findall(r'<tr data-callid="([^"]*)" data-outcome="([^"]*)"', page)


def test_rows_carry_callid_and_outcome(supervisor: Actor, calls: Calls) -> None:
    calls.made(callid="a<b", ago=2 * MINUTE)
    calls.missed(callid="second")
    assert shown(text(supervisor, "/calls")) == [("second", "missed"), ("a&lt;b", "answered")]


def test_rows_stand_under_their_day(supervisor: Actor, calls: Calls) -> None:
    calls.made(ago=MINUTE / 60)
    calls.made(ago=5 * DAY)
    assert len(re.findall('<th class="day"', text(supervisor, "/calls"))) == 2


def test_filters_come_by_the_address_and_stay_in_the_form(supervisor: Actor, calls: Calls) -> None:
    calls.made(callid="in")
    calls.made(callid="out", type="out", diversion="")
    page = text(supervisor, "/calls?direction=out&q=9000")
    assert shown(page) == [("out", "answered")]
    assert '<option value="out" selected>' in page
    assert 'value="9000"' in page


def test_an_empty_log_says_so(supervisor: Actor) -> None:
    assert "data-callid" not in text(supervisor, "/calls")
    assert 'class="empty"' in text(supervisor, "/calls")


def test_a_filter_that_means_nothing_is_told_and_the_page_stays(supervisor: Actor, calls: Calls) -> None:
    calls.made(callid="c")
    page = text(supervisor, "/calls?from=yesterday", status=400)
    assert shown(page) == [("c", "answered")]
    assert 'role="status"' in page


@pytest.mark.parametrize(
    "query",
    [
        "before=x",
        "before=1",
        "after=9999999999999999999.1",
        "before=1.1&after=2.2",
        "q=%00",
        "user=%00",
        "via=%00",
    ],
)
def test_a_mangled_address_breaks_nothing(supervisor: Actor, calls: Calls, query: str) -> None:
    calls.made()
    assert supervisor.get(f"/calls?{query}").status_code == 200


def test_pages_lead_there_and_back(supervisor: Actor, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    for minutes in range(60):
        calls.made(callid=f"m{minutes:02}", ago=(minutes + 1) * MINUTE)
    first = text(supervisor, "/calls?direction=in")
    assert len(shown(first)) == 50
    older = re.findall(r'rel="next" href="([^"]+)"', first)[0].replace("&amp;", "&")
    assert "direction=in" in older
    second = text(supervisor, older)
    assert [callid for callid, _ in shown(second)] == [f"m{minutes}" for minutes in range(50, 60)]
    newer = re.findall(r'rel="prev" href="([^"]+)"', second)[0].replace("&amp;", "&")
    assert shown(text(supervisor, newer)) == shown(first)


def test_an_agent_sees_own_calls_and_no_export(agent: Actor, calls: Calls) -> None:
    calls.map("ivan", agent.id)
    own, other = calls.made("ivan", callid="own"), calls.made("petr", callid="other")
    page = text(agent, "/calls")
    assert shown(page) == [("own", "answered")]
    assert "/calls.csv" not in page
    text(agent, f"/calls/{own}")
    text(agent, f"/calls/{other}", status=404)
    assert agent.get("/calls.csv").status_code == 403
    assert agent.get("/calls.xlsx").status_code == 403


def test_an_agent_sees_a_call_that_only_rang_at_their_phone(agent: Actor, calls: Calls) -> None:
    calls.map("ivan", agent.id)
    calls.push(cmd="event", type="INCOMING", callid="group", user="ivan", phone="79000000001")
    call_id = calls.made("petr", callid="group")
    text(agent, f"/calls/{call_id}")


@pytest.mark.parametrize("path", ["/calls", "/calls/1", "/calls.csv", "/calls.xlsx"])
def test_strangers_are_led_to_the_log_in(stranger: Actor, path: str) -> None:
    assert stranger.get(path).status_code == 303


def test_no_call_no_page(supervisor: Actor) -> None:
    for path in ("/calls/1", "/calls/99999999999999999999", "/calls/-1", "/calls/x"):
        assert supervisor.get(path).status_code == 404


def test_the_card_shows_legs_and_facts(supervisor: Actor, calls: Calls) -> None:
    for login in ("ivan", "petr"):
        calls.push(
            cmd="event", type="INCOMING", callid="g", user=login, phone="79000000001", ext="10" + login[0]
        )
    calls.push(cmd="event", type="CANCELLED", callid="g", user="ivan", phone="79000000001")
    calls.push(cmd="event", type="ACCEPTED", callid="g", user="petr", phone="79000000001")
    call_id = calls.made("petr", callid="g", rating="4")
    calls.contact("+79000000001", "Баба-Яга", "Избушка")
    calls.label(OURS, "Авито")
    page = text(supervisor, f"/calls/{call_id}")
    for word in ("Баба-Яга", "Избушка", "«Авито»", "ivan", "petr", "<svg", "Success"):
        assert word in page
    assert 'data-callid="g"' in page


def test_the_trail_is_for_admins_and_hides_links(supervisor: Actor, admin: Actor, calls: Calls) -> None:
    call_id = calls.made(link=LINK, note=f"see {LINK}")
    assert "Success" in text(supervisor, f"/calls/{call_id}")
    assert "<details>" not in text(supervisor, f"/calls/{call_id}")
    page = text(admin, f"/calls/{call_id}")
    assert "<details>" in page
    assert "records.example" not in page


def test_the_link_of_a_recording_never_leaves(supervisor: Actor, admin: Actor, calls: Calls) -> None:
    call_id = calls.made(link=LINK)
    for path in ("/calls", f"/calls/{call_id}", "/calls.csv"):
        assert "records.example" not in text(admin, path)
    assert b"records.example" not in admin.get("/calls.xlsx").data
    assert f'data-play="/calls/{call_id}/recording"' in text(supervisor, "/calls")


def test_the_id_of_a_merged_call_leads_to_the_one_it_joined(
    supervisor: Actor, agent: Actor, calls: Calls
) -> None:
    kept = calls.made("ivan", callid="kept")
    calls.run(insert(CallRedirect).values(id=9999, call_id=kept))
    answer = supervisor.get("/calls/9999")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"/calls/{kept}")
    assert agent.get("/calls/9999").status_code == 404


def test_a_note_is_kept_and_shown(agent: Actor, supervisor: Actor, calls: Calls) -> None:
    calls.map("ivan", agent.id)
    own, other = calls.made("ivan"), calls.made("petr")
    answer = agent.post(f"/calls/{own}/notes", {"text": "  Ждёт <счёт>  "})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/calls/{own}")
    assert "Ждёт &lt;счёт&gt;" in text(supervisor, f"/calls/{own}")
    assert agent.post(f"/calls/{other}/notes", {"text": "x"}).status_code == 404
    assert agent.post(f"/calls/{own}/notes", {"text": " "}).status_code == 422
    assert agent.post(f"/calls/{own}/notes", {"text": "x" * 2001}).status_code == 422


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_the_pages_speak_both_languages(make_user: Any, calls: Calls, lang: str) -> None:
    boss = make_user("supervisor", lang=lang)
    call_id = calls.made()
    for path in ("/calls", f"/calls/{call_id}"):
        assert f'<html lang="{lang}"' in text(boss, path)
