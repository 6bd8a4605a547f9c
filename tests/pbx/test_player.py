"""Replaying recorded pushes, also from the command line."""

import json
from collections import Counter

import pytest
from click.testing import CliRunner

from app.cli.pbx import pbx as pbx_commands
from app.pbx.player import BadLine, play
from tests.pbx.samples import PUSHES, SAMPLES_FILE

LINE = json.dumps({"form": {"cmd": "event", "callid": "A-1", "crm_token": "old"}})


def test_every_line_is_posted_in_order_with_the_key_given(crm):
    seen = []
    lines = SAMPLES_FILE.read_text(encoding="utf-8").splitlines()
    answers = play(lines, crm.url, "new-key", 0, lambda number, form, said: seen.append((number, said)))
    assert answers == Counter({"200": len(PUSHES)})
    assert crm.heard == [push["form"] | {"crm_token": "new-key"} for push in PUSHES]
    assert seen[-1] == (len(PUSHES), "200")


def test_answers_are_counted_as_they_come(crm):
    crm.status = 401
    assert play([LINE, "", LINE], crm.url, "k", 0) == Counter({"401": 2})


def test_a_line_is_not_sent_before_its_time(crm):
    lines = [json.dumps({"t": at, "form": {"callid": str(at)}}) for at in (0, 10, 5)]
    assert play(lines, crm.url, "k", 100) == Counter({"200": 3})
    assert [form["callid"] for form in crm.heard] == ["0", "10", "5"]


@pytest.mark.parametrize("line", ["nonsense", "[]", "{}", '{"form": 1}', '{"t": "x", "form": {}}'])
def test_a_line_that_is_none_is_named(crm, line):
    with pytest.raises(BadLine, match="line 2"):
        play([LINE, line], crm.url, "k", 0)


def test_ctrl_c_breaks_off_and_keeps_the_count(crm):
    def interrupt(number, form, said):
        raise KeyboardInterrupt

    assert play([LINE, LINE], crm.url, "k", 0, interrupt) == Counter({"200": 1})


def test_where_nobody_listens_there_is_no_answer():
    assert play([LINE], "http://127.0.0.1:9/pbx", "k", 0) == Counter({"no answer": 1})


def command(*arguments):
    return CliRunner().invoke(pbx_commands, ["play", *arguments])


def test_the_command_replays_a_file_and_sums_up(crm):
    done = command(str(SAMPLES_FILE), "--url", crm.url, "--token", "k", "--speed", "0")
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, f"200: {len(PUSHES)}")


def test_the_command_fails_with_one_clear_line(tmp_path, crm):
    file = tmp_path / "calls.jsonl"
    file.write_text("nonsense\n")
    done = command(str(file), "--url", crm.url, "--token", "k")
    assert done.exit_code == 1
    assert done.output == 'Error: line 1 is not {"t": …, "form": {…}}\n'
    file.write_text(LINE)
    silent = command(str(file), "--url", "http://127.0.0.1:9/pbx", "--token", "k")
    assert silent.exit_code == 1
    assert silent.output.splitlines()[-1] == "Error: http://127.0.0.1:9/pbx gave no answer 1 times"
