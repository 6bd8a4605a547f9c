"""The people who work with Pult, their sessions and invitations."""

from __future__ import annotations

from sqlalchemy import Boolean, ForeignKey, String, true
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Code, Instant, Key

ROLES = ("agent", "supervisor", "admin")


class User(Base):
    """A person. Disabled, never deleted: the log keeps naming them."""

    __tablename__ = "user"

    id: Mapped[Key]
    email: Mapped[str] = mapped_column(String(200), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[Code]
    password: Mapped[str] = mapped_column(String(300), default="")  # scrypt, as werkzeug writes it
    lang: Mapped[str] = mapped_column(String(8), default="", server_default="")
    timezone: Mapped[str] = mapped_column(String(64), default="", server_default="")
    theme: Mapped[str] = mapped_column(String(8), default="", server_default="")
    enabled: Mapped[bool] = mapped_column(Boolean, default=True, server_default=true())
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    created_at: Mapped[Instant]


class Session(Base):
    """A log-in that can be revoked; the cookie holds a random id, the table only its hash.

    `kind`: user, or display for a wallboard on a wall.
    """

    __tablename__ = "session"

    id: Mapped[Key]
    kind: Mapped[Code]
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    created_at: Mapped[Instant]
    seen_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    revoked_at: Mapped[Instant | None]
    address: Mapped[str] = mapped_column(String(64), default="")
    browser: Mapped[str] = mapped_column(String(200), default="")


class Invite(Base):
    """A one-time link: the set-up of an empty installation, or a new person's first log-in."""

    __tablename__ = "invite"

    id: Mapped[Key]
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[Code]  # setup, user, password
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]
