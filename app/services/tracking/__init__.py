"""The tracking: the state of a call as a pure function of its trail and the time.

    read (trail, legs) → say together (histories) → decide (outcome, who, fields) → `project`

Nothing here reads a clock or a database: the caller brings the pushes of one call and `now`.
"""

from app.services.tracking.project import project
from app.services.tracking.states import CallState, Direction, Leg, LegResult, Outcome, Recording
from app.services.tracking.trail import EmptyTrail, Limits, Push, joins, new_generation

__all__ = [
    "CallState",
    "Direction",
    "EmptyTrail",
    "Leg",
    "LegResult",
    "Limits",
    "Outcome",
    "Push",
    "Recording",
    "joins",
    "new_generation",
    "project",
]
