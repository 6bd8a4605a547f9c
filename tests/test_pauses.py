"""What the serving process does so that nothing holds it up."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc, sys, weakref
from app import pauses

class Node:
    pass

staying = [Node() for _ in range(1000)]
pauses.keep_short()
print(gc.get_freeze_count() > 1000, sys.getswitchinterval() < 0.001)
one = Node()
one.itself = one
seen = weakref.ref(one)
del one
rest = [[] for _ in range(200_000)]
print(seen() is None)
"""


def test_what_was_there_at_the_start_is_not_looked_through_and_later_cycles_are_still_found() -> None:
    # In a process of its own: it would change this one for all tests to come.
    said = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["True", "True", "True"]
