"""What people do with calls: notes, promises, dials; and what is written down about it."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, BigInt, BigKey, Code, Instant, Key


class Note(Base):
    """What somebody wrote about a call or a contact."""

    __tablename__ = "note"

    id: Mapped[Key]
    call_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("call.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    text: Mapped[str] = mapped_column(Text)
    disposition: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[Instant]


class Promise(Base):
    """A call back that was promised, by whom, to which number, until when."""

    __tablename__ = "promise"
    __table_args__ = (Index("ix_promise_user", "user_id", "kept_at", "due_at"),)

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    number: Mapped[str] = mapped_column(String(64), index=True)
    call_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("call.id"))
    text: Mapped[str] = mapped_column(String(500), default="")
    due_at: Mapped[Instant]
    kept_at: Mapped[Instant | None]
    created_at: Mapped[Instant]


class DialIntent(Base):
    """A wish to dial, committed before the one request leaves; its UUID makes a second click harmless.

    `state`: new, sent (on the wire; never sent again), accepted, refused (nothing was dialled), unknown.
    """

    __tablename__ = "dial_intent"
    __table_args__ = (Index("ix_dial_intent_match", "account_id", "number", "created_at"),)

    id: Mapped[BigKey]
    intent: Mapped[str] = mapped_column(String(36), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("pbx_account.id"))
    number: Mapped[str] = mapped_column(String(64))
    state: Mapped[Code]
    reason: Mapped[str] = mapped_column(String(64), default="")
    pbx_ref: Mapped[str] = mapped_column(String(200), default="")
    call_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("call.id", ondelete="SET NULL"))
    created_at: Mapped[Instant]
    sent_at: Mapped[Instant | None]
    answered_at: Mapped[Instant | None]


class Audit(Base):
    """One deed, chained to the one before by its hash. Holds ids of objects, never names or numbers."""

    __tablename__ = "audit"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[BigKey]
    at: Mapped[Instant]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    action: Mapped[str] = mapped_column(String(64))
    object: Mapped[str] = mapped_column(String(64), default="")
    object_id: Mapped[str] = mapped_column(String(64), default="")
    detail: Mapped[str] = mapped_column(Text, default="")
    previous: Mapped[str] = mapped_column(String(64), default="")
    hash: Mapped[str] = mapped_column(String(64))


class Setting(Base):
    """A switch of the admin's rooms; the value is JSON."""

    __tablename__ = "setting"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
