"""Posting pushes as a PBX does, and replaying recorded ones."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from time import monotonic, sleep
from typing import NamedTuple

import requests

TIMEOUT_S = 30

Progress = Callable[[int, Mapping[str, str], str], None]


class BadLine(ValueError):
    """A line of a replay that is not `{"t": seconds, "form": {…}}`; the message names the line."""


class Answer(NamedTuple):
    """What the receiver said; `status` is None when it said nothing."""

    status: int | None
    body: str


def post_push(url: str, form: Mapping[str, str], timeout_s: float = TIMEOUT_S) -> Answer:
    """Post one push to the CRM's entry point (specification 4.1), once."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            response = session.post(url, data=dict(form), timeout=timeout_s, allow_redirects=False)
        except requests.RequestException as error:
            return Answer(None, type(error).__name__)
        return Answer(response.status_code, response.text)


def play(
    lines: Iterable[str],
    url: str,
    token: str,
    speed: float = 1.0,
    progress: Progress | None = None,
) -> Counter[str]:
    """Replay lines in their order, each not before its `t` (seconds from the start, 0 when absent).

    `token` takes the place of every `crm_token`. A `speed` of 10 plays ten times faster, 0 without
    waiting. Ctrl-C breaks off. Returns how often each answer came: a status, or `no answer`.
    Raises `BadLine`.
    """
    answers: Counter[str] = Counter()
    began = monotonic()
    try:
        for at_s, form in _read(lines):
            if speed > 0:
                sleep(max(0.0, at_s / speed - (monotonic() - began)))
            answer = post_push(url, form | {"crm_token": token})
            said = str(answer.status or "no answer")
            answers[said] += 1
            if progress is not None:
                progress(answers.total(), form, said)
    except KeyboardInterrupt:
        pass  # the person has seen enough: what was counted stands
    return answers


def _read(lines: Iterable[str]) -> Iterable[tuple[float, dict[str, str]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            at_s = float(record.get("t", 0))
            form = {str(name): str(value) for name, value in record["form"].items()}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BadLine(f'line {number} is not {{"t": …, "form": {{…}}}}') from error
        yield at_s, form
