"""The inbox: every push the PBX made, before anything is made of it."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, BigInt, BigKey, Code, Instant, Key


class Push(Base):
    """One accepted POST of the PBX, with its body as it came, less the key.

    `state`: ok (projected), bad (kept, but could not be projected: see `error`), refused (answered 400).
    `source`: http, spool (stored while the database was away) or history (pulled by us).
    """

    __tablename__ = "push"
    __table_args__ = (
        Index("ix_push_trail", "call_key_id", "id"),
        Index("ix_push_state", "state", "id"),
        Index("ix_push_received_at", "received_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[BigKey]
    pbx_id: Mapped[int] = mapped_column(ForeignKey("pbx.id"))
    received_at: Mapped[Instant]
    callid: Mapped[str] = mapped_column(String(500), default="")
    call_key_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("call_key.id"))
    cmd: Mapped[str] = mapped_column(String(32), default="")
    source: Mapped[Code]
    content_type: Mapped[str] = mapped_column(String(200), default="")
    body: Mapped[bytes] = mapped_column(LargeBinary)
    flags: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[Code]
    error: Mapped[str] = mapped_column(Text, default="")


class Refusal(Base):
    """Pushes with a wrong key: nothing of them is kept but the address, the times and a count."""

    __tablename__ = "refusal"

    id: Mapped[Key]
    address: Mapped[str] = mapped_column(String(64), unique=True)
    first_at: Mapped[Instant]
    last_at: Mapped[Instant]
    count: Mapped[int]
