"""The PBX, its users, our numbers and the keys it shows us."""

from __future__ import annotations

from sqlalchemy import Boolean, ForeignKey, LargeBinary, String, Text, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Instant, Key


class Pbx(Base):
    """A cloud PBX. One row today; the key of a push tells which one speaks."""

    __tablename__ = "pbx"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(100), default="")
    url: Mapped[str] = mapped_column(String(500), default="")
    token: Mapped[bytes | None] = mapped_column(LargeBinary)  # Fernet, key file in the data directory
    recording_hosts: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[Instant]


class Team(Base):
    """A team of people, such as sales; numbers may belong to one."""

    __tablename__ = "team"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(100), unique=True)


class Did(Base):
    """One of our numbers (`diversion` of the PBX), often the source of an advertisement."""

    __tablename__ = "did"

    id: Mapped[Key]
    number: Mapped[str] = mapped_column(String(64), unique=True)
    label: Mapped[str] = mapped_column(String(100), default="")
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    pops: Mapped[bool] = mapped_column(Boolean, default=True, server_default=true())


class PbxAccount(Base):
    """A user of the PBX (`name` of the command accounts), mapped to one of our users or to nobody."""

    __tablename__ = "pbx_account"
    __table_args__ = (UniqueConstraint("pbx_id", "login"),)

    id: Mapped[Key]
    pbx_id: Mapped[int] = mapped_column(ForeignKey("pbx.id"))
    login: Mapped[str] = mapped_column(String(200))
    real_name: Mapped[str] = mapped_column(String(200), default="", server_default="")
    ext: Mapped[str] = mapped_column(String(32), default="", server_default="")
    telnum: Mapped[str] = mapped_column(String(64), default="", server_default="")
    email: Mapped[str] = mapped_column(String(200), default="", server_default="")
    enabled: Mapped[bool] = mapped_column(Boolean, default=True, server_default=true())
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    fetched_at: Mapped[Instant | None]  # empty: known from pushes only


class CrmKey(Base):
    """A key the PBX sends as `crm_token`; only its SHA-256 is kept."""

    __tablename__ = "crm_key"

    id: Mapped[Key]
    pbx_id: Mapped[int] = mapped_column(ForeignKey("pbx.id"))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    label: Mapped[str] = mapped_column(String(100), default="")
    created_at: Mapped[Instant]
    revoked_at: Mapped[Instant | None]
