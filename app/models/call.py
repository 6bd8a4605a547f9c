"""Calls, their legs and recordings: projections, a function of the inbox."""

from __future__ import annotations

from sqlalchemy import Boolean, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, BigInt, BigKey, Code, Instant

LIVE = ("ringing", "talking")


class CallKey(Base):
    """What the PBX calls a call. A transfer gives one call several; a reused callid is a new generation."""

    __tablename__ = "call_key"
    __table_args__ = (UniqueConstraint("pbx_id", "callid", "generation"),)

    id: Mapped[BigKey]
    pbx_id: Mapped[int] = mapped_column(ForeignKey("pbx.id"))
    callid: Mapped[str] = mapped_column(String(500))
    generation: Mapped[int] = mapped_column(default=0)
    call_id: Mapped[int] = mapped_column(BigInt, ForeignKey("call.id"), index=True)
    phone: Mapped[str] = mapped_column(String(64), default="")
    last_push_at: Mapped[Instant]


class Call(Base):
    """One call of the client: a row of the log. Holds only what follows from pushes.

    `due_at`: when time alone may next change the state; empty when it cannot.
    `callback_s`: for a missed incoming call, seconds until somebody talked with that number.
    """

    __tablename__ = "call"
    __table_args__ = (
        Index("ix_call_started_at", "started_at", "id"),
        Index("ix_call_phone", "phone_id", "started_at"),
        Index("ix_call_facet", "did_id", "direction", "outcome", "recorded", "started_at"),
        Index(
            "ix_call_missed",
            "started_at",
            "callback_s",
            sqlite_where=text("direction = 'in' AND outcome = 'missed'"),
            postgresql_where=text("direction = 'in' AND outcome = 'missed'"),
        ),
        Index(
            "ix_call_due_at",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        Index(
            "ix_call_live",
            "outcome",
            sqlite_where=text("outcome IN ('ringing', 'talking')"),
            postgresql_where=text("outcome IN ('ringing', 'talking')"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[BigKey]
    pbx_id: Mapped[int] = mapped_column(ForeignKey("pbx.id"))
    callid: Mapped[str] = mapped_column(String(500))
    direction: Mapped[Code]
    outcome: Mapped[Code]
    phone_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("phone.id"))
    phone_raw: Mapped[str] = mapped_column(String(200), default="")
    did_id: Mapped[int | None] = mapped_column(ForeignKey("did.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("pbx_account.id"))
    started_at: Mapped[Instant]
    answered_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]
    wait_s: Mapped[int | None] = mapped_column(BigInt)
    duration_s: Mapped[int] = mapped_column(BigInt, default=0)
    recorded: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    status: Mapped[str] = mapped_column(String(64), default="")  # the PBX's own word
    missed_status: Mapped[str] = mapped_column(String(8), default="")
    rating: Mapped[int | None]
    callback_s: Mapped[int | None] = mapped_column(BigInt)
    final: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    flags: Mapped[str] = mapped_column(Text, default="")
    due_at: Mapped[Instant | None]


class CallRedirect(Base):
    """The id of a call that was merged into another by a transfer: old links keep working."""

    __tablename__ = "call_redirect"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    call_id: Mapped[int] = mapped_column(BigInt, ForeignKey("call.id"), index=True)


class Leg(Base):
    """One person's part in a call: each ringing phone, each talk.

    Carries the call's own columns too, so that a person's calls are read from one index without a join.
    """

    __tablename__ = "leg"
    __table_args__ = (
        Index(
            "ix_leg_account",
            "account_id",
            "started_at",
            "call_id",
            "direction",
            "outcome",
            "did_id",
            "recorded",
            "phone_id",
        ),
        {"sqlite_with_rowid": False},
    )

    call_id: Mapped[int] = mapped_column(BigInt, ForeignKey("call.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("pbx_account.id"), primary_key=True)
    state: Mapped[Code]  # ringing, talking, over
    result: Mapped[Code]  # answered, cancelled, missed, no_end … ; empty while it rings
    rang_at: Mapped[Instant | None]
    answered_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]
    wait_s: Mapped[int | None] = mapped_column(BigInt)
    duration_s: Mapped[int] = mapped_column(BigInt, default=0)
    ext: Mapped[str] = mapped_column(String(64), default="")
    ring_group: Mapped[str] = mapped_column(String(200), default="")
    started_at: Mapped[Instant]
    direction: Mapped[Code]
    outcome: Mapped[Code]
    did_id: Mapped[int | None]
    recorded: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    phone_id: Mapped[int | None] = mapped_column(BigInt)


class Recording(Base):
    """The sound of one talk: the PBX's link, and our copy of the file once it is fetched.

    `state`: new, fetching, ready, refused (host not allowed), gone (never came), failed.
    """

    __tablename__ = "recording"
    __table_args__ = (
        UniqueConstraint("call_id", "link_digest"),
        Index(
            "ix_recording_next_try_at",
            "next_try_at",
            sqlite_where=text("next_try_at IS NOT NULL"),
            postgresql_where=text("next_try_at IS NOT NULL"),
        ),
    )

    id: Mapped[BigKey]
    call_id: Mapped[int] = mapped_column(BigInt, ForeignKey("call.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("pbx_account.id"))
    link: Mapped[str] = mapped_column(Text)  # holds the caller's number: never logged, never shown
    link_digest: Mapped[str] = mapped_column(String(64))
    state: Mapped[Code]
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[Instant | None]
    path: Mapped[str] = mapped_column(String(200), default="")
    content_type: Mapped[str] = mapped_column(String(64), default="")
    size: Mapped[int | None] = mapped_column(BigInt)
    error: Mapped[str] = mapped_column(String(200), default="")


class Reaction(Base):
    """What follows a call once: a contact made, a debt. Runs when the outcome has stood for 20 s."""

    __tablename__ = "reaction"
    __table_args__ = (
        Index(
            "ix_reaction_due_at",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
    )

    call_id: Mapped[int] = mapped_column(BigInt, ForeignKey("call.id"), primary_key=True, autoincrement=False)
    due_at: Mapped[Instant | None]
    done_at: Mapped[Instant | None]
