"""Who calls us: distinct numbers, and the contacts they belong to."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, BigInt, BigKey, Code, Instant, Key


class Phone(Base):
    """A number of the outside world as it was normalised once. `kind`: e164, internal, other."""

    __tablename__ = "phone"
    __table_args__ = (Index("ix_phone_last_call_at", "last_call_at"),)

    id: Mapped[BigKey]
    number: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[Code]
    last_call_at: Mapped[Instant] = mapped_column(default=0)
    calls: Mapped[int] = mapped_column(default=0)


class Contact(Base):
    """A client. A contact made by itself (`source` auto) may have no name yet.

    `responsible_id`: the user who is responsible; `assigned`: how that came about, `talk` or `missed`
    (a senior manager holds it until somebody talks with the client), `manual` or `import`.
    """

    __tablename__ = "contact"
    __table_args__ = (Index("ix_contact_name", "name"), Index("ix_contact_responsible", "responsible_id"))

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(200), default="")
    company: Mapped[str] = mapped_column(String(200), default="")
    responsible_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    assigned: Mapped[Code] = mapped_column(default="manual")
    source: Mapped[Code]  # manual, import, auto
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    created_at: Mapped[Instant]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    created_for: Mapped[int | None] = mapped_column(BigInt, ForeignKey("call.id", ondelete="SET NULL"))


class ContactPhone(Base):
    """A number of a contact, E.164 with `+`; a number belongs to one contact."""

    __tablename__ = "contact_phone"

    number: Mapped[str] = mapped_column(String(64), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), index=True)
