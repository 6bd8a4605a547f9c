"""What is stored, split by noun."""

from app.models.base import Base
from app.models.call import LIVE, Call, CallKey, CallRedirect, Leg, Reaction, Recording
from app.models.contact import Contact, ContactPhone, Phone
from app.models.pbx import CrmKey, Did, Pbx, PbxAccount, Team
from app.models.push import Push, Refusal
from app.models.rollup import CallDate, CallDay, CallFacet, CallHour, CallMonth
from app.models.user import ROLES, Invite, Session, User
from app.models.work import Audit, DialIntent, Note, Promise, Setting

__all__ = [
    "LIVE",
    "ROLES",
    "Audit",
    "Base",
    "Call",
    "CallDate",
    "CallDay",
    "CallFacet",
    "CallHour",
    "CallKey",
    "CallMonth",
    "CallRedirect",
    "Contact",
    "ContactPhone",
    "CrmKey",
    "DialIntent",
    "Did",
    "Invite",
    "Leg",
    "Note",
    "Pbx",
    "PbxAccount",
    "Phone",
    "Promise",
    "Push",
    "Reaction",
    "Recording",
    "Refusal",
    "Session",
    "Setting",
    "Team",
    "User",
]
