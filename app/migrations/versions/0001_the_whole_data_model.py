"""the whole data model

Revision: 0001, after None
"""

from alembic import op
import sqlalchemy as sa


revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "call_date",
        sa.Column("did_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("direction", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("duration_s", sa.BigInteger(), nullable=False),
        sa.Column("wait_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("did_id", "day", "direction", "outcome", name=op.f("pk_call_date")),
    )
    op.create_table(
        "call_day",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("direction", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("duration_s", sa.BigInteger(), nullable=False),
        sa.Column("wait_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "account_id", "direction", "outcome", name=op.f("pk_call_day")),
    )
    op.create_table(
        "call_facet",
        sa.Column("did_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("direction", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("recorded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("did_id", "direction", "outcome", "recorded", name=op.f("pk_call_facet")),
    )
    op.create_table(
        "call_hour",
        sa.Column("hour", sa.String(length=13), nullable=False),
        sa.Column("did_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("direction", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("duration_s", sa.BigInteger(), nullable=False),
        sa.Column("wait_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "did_id", "direction", "outcome", name=op.f("pk_call_hour")),
    )
    op.create_table(
        "call_month",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("direction", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("duration_s", sa.BigInteger(), nullable=False),
        sa.Column("wait_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("month", "account_id", "direction", "outcome", name=op.f("pk_call_month")),
    )
    op.create_table(
        "pbx",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=True),
        sa.Column("recording_hosts", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pbx")),
    )
    op.create_table(
        "phone",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("last_call_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone")),
        sa.UniqueConstraint("number", name=op.f("uq_phone_number")),
    )
    with op.batch_alter_table("phone", schema=None) as batch_op:
        batch_op.create_index("ix_phone_last_call_at", ["last_call_at"], unique=False)

    op.create_table(
        "refusal",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("first_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusal")),
        sa.UniqueConstraint("address", name=op.f("uq_refusal_address")),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_setting")),
    )
    op.create_table(
        "team",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("name", name=op.f("uq_team_name")),
    )
    op.create_table(
        "crm_key",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("pbx_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revoked_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["pbx_id"], ["pbx.id"], name=op.f("fk_crm_key_pbx_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_key")),
        sa.UniqueConstraint("digest", name=op.f("uq_crm_key_digest")),
    )
    op.create_table(
        "did",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("pops", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_did_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_did")),
        sa.UniqueConstraint("number", name=op.f("uq_did_number")),
    )
    op.create_table(
        "user",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("password", sa.String(length=300), nullable=False),
        sa.Column("lang", sa.String(length=8), server_default="", nullable=False),
        sa.Column("timezone", sa.String(length=64), server_default="", nullable=False),
        sa.Column("theme", sa.String(length=8), server_default="", nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_user_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("email", name=op.f("uq_user_email")),
    )
    op.create_table(
        "audit",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("object", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_audit_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "invite",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("expires_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("used_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_invite_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invite")),
        sa.UniqueConstraint("digest", name=op.f("uq_invite_digest")),
    )
    op.create_table(
        "pbx_account",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("pbx_id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=200), nullable=False),
        sa.Column("real_name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("ext", sa.String(length=32), server_default="", nullable=False),
        sa.Column("telnum", sa.String(length=64), server_default="", nullable=False),
        sa.Column("email", sa.String(length=200), server_default="", nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("fetched_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["pbx_id"], ["pbx.id"], name=op.f("fk_pbx_account_pbx_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_pbx_account_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pbx_account")),
        sa.UniqueConstraint("pbx_id", "login", name=op.f("uq_pbx_account_pbx_id_login")),
    )
    with op.batch_alter_table("pbx_account", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pbx_account_user_id"), ["user_id"], unique=False)

    op.create_table(
        "session",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seen_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("expires_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revoked_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("browser", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_session_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("digest", name=op.f("uq_session_digest")),
    )
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_session_user_id"), ["user_id"], unique=False)

    op.create_table(
        "call",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("pbx_id", sa.Integer(), nullable=False),
        sa.Column("callid", sa.String(length=500), nullable=False),
        sa.Column("direction", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("phone_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("phone_raw", sa.String(length=200), nullable=False),
        sa.Column("did_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("answered_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("ended_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("wait_s", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("duration_s", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recorded", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("missed_status", sa.String(length=8), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("callback_s", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("final", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["pbx_account.id"], name=op.f("fk_call_account_id")),
        sa.ForeignKeyConstraint(["did_id"], ["did.id"], name=op.f("fk_call_did_id")),
        sa.ForeignKeyConstraint(["pbx_id"], ["pbx.id"], name=op.f("fk_call_pbx_id")),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name=op.f("fk_call_phone_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.create_index(
            "ix_call_due_at",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("due_at IS NOT NULL"),
            postgresql_where=sa.text("due_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_call_facet", ["did_id", "direction", "outcome", "recorded", "started_at"], unique=False
        )
        batch_op.create_index(
            "ix_call_live",
            ["outcome"],
            unique=False,
            sqlite_where=sa.text("outcome IN ('ringing', 'talking')"),
            postgresql_where=sa.text("outcome IN ('ringing', 'talking')"),
        )
        batch_op.create_index(
            "ix_call_missed",
            ["started_at", "callback_s"],
            unique=False,
            sqlite_where=sa.text("direction = 'in' AND outcome = 'missed'"),
            postgresql_where=sa.text("direction = 'in' AND outcome = 'missed'"),
        )
        batch_op.create_index("ix_call_phone", ["phone_id", "started_at"], unique=False)
        batch_op.create_index("ix_call_started_at", ["started_at", "id"], unique=False)

    op.create_table(
        "call_key",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("pbx_id", sa.Integer(), nullable=False),
        sa.Column("callid", sa.String(length=500), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("phone", sa.String(length=64), nullable=False),
        sa.Column("last_push_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_call_key_call_id")),
        sa.ForeignKeyConstraint(["pbx_id"], ["pbx.id"], name=op.f("fk_call_key_pbx_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_key")),
        sa.UniqueConstraint(
            "pbx_id", "callid", "generation", name=op.f("uq_call_key_pbx_id_callid_generation")
        ),
    )
    with op.batch_alter_table("call_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_key_call_id"), ["call_id"], unique=False)

    op.create_table(
        "call_redirect",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("call_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_call_redirect_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_redirect")),
    )
    with op.batch_alter_table("call_redirect", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_redirect_call_id"), ["call_id"], unique=False)

    op.create_table(
        "contact",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("company", sa.String(length=200), nullable=False),
        sa.Column("responsible_id", sa.Integer(), nullable=True),
        sa.Column("assigned", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("merged_into", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_for", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_contact_created_by")),
        sa.ForeignKeyConstraint(
            ["created_for"], ["call.id"], name=op.f("fk_contact_created_for"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["merged_into"], ["contact.id"], name=op.f("fk_contact_merged_into")),
        sa.ForeignKeyConstraint(["responsible_id"], ["user.id"], name=op.f("fk_contact_responsible_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index("ix_contact_name", ["name"], unique=False)
        batch_op.create_index("ix_contact_responsible", ["responsible_id"], unique=False)

    op.create_table(
        "dial_intent",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("intent", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("pbx_ref", sa.String(length=200), nullable=False),
        sa.Column("call_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sent_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("answered_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["pbx_account.id"], name=op.f("fk_dial_intent_account_id")),
        sa.ForeignKeyConstraint(
            ["call_id"], ["call.id"], name=op.f("fk_dial_intent_call_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_dial_intent_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dial_intent")),
        sa.UniqueConstraint("intent", name=op.f("uq_dial_intent_intent")),
    )
    with op.batch_alter_table("dial_intent", schema=None) as batch_op:
        batch_op.create_index("ix_dial_intent_match", ["account_id", "number", "created_at"], unique=False)

    op.create_table(
        "leg",
        sa.Column("call_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("result", sa.String(length=32), nullable=False),
        sa.Column("rang_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("answered_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("ended_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("wait_s", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("duration_s", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ext", sa.String(length=64), nullable=False),
        sa.Column("ring_group", sa.String(length=200), nullable=False),
        sa.Column("started_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("direction", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("did_id", sa.Integer(), nullable=True),
        sa.Column("recorded", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("phone_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["pbx_account.id"], name=op.f("fk_leg_account_id")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_leg_call_id")),
        sa.PrimaryKeyConstraint("call_id", "account_id", name=op.f("pk_leg")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("leg", schema=None) as batch_op:
        batch_op.create_index(
            "ix_leg_account",
            ["account_id", "started_at", "call_id", "direction", "outcome", "did_id", "recorded", "phone_id"],
            unique=False,
        )

    op.create_table(
        "promise",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("call_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("due_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kept_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_promise_call_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_promise_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise")),
    )
    with op.batch_alter_table("promise", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_promise_number"), ["number"], unique=False)
        batch_op.create_index("ix_promise_user", ["user_id", "kept_at", "due_at"], unique=False)

    op.create_table(
        "reaction",
        sa.Column(
            "call_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("due_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("done_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_reaction_call_id")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_reaction")),
    )
    with op.batch_alter_table("reaction", schema=None) as batch_op:
        batch_op.create_index(
            "ix_reaction_due_at",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("due_at IS NOT NULL"),
            postgresql_where=sa.text("due_at IS NOT NULL"),
        )

    op.create_table(
        "recording",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("call_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("link_digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("content_type", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("error", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["pbx_account.id"], name=op.f("fk_recording_account_id")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_recording_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording")),
        sa.UniqueConstraint("call_id", "link_digest", name=op.f("uq_recording_call_id_link_digest")),
    )
    with op.batch_alter_table("recording", schema=None) as batch_op:
        batch_op.create_index(
            "ix_recording_next_try_at",
            ["next_try_at"],
            unique=False,
            sqlite_where=sa.text("next_try_at IS NOT NULL"),
            postgresql_where=sa.text("next_try_at IS NOT NULL"),
        )

    op.create_table(
        "contact_phone",
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_contact_phone_contact_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_contact_phone")),
    )
    with op.batch_alter_table("contact_phone", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contact_phone_contact_id"), ["contact_id"], unique=False)

    op.create_table(
        "note",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("call_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("disposition", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["user.id"], name=op.f("fk_note_author_id")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_note_call_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_note_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    with op.batch_alter_table("note", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_note_call_id"), ["call_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_note_contact_id"), ["contact_id"], unique=False)

    op.create_table(
        "push",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("pbx_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("callid", sa.String(length=500), nullable=False),
        sa.Column("call_key_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("cmd", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("content_type", sa.String(length=200), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_key_id"], ["call_key.id"], name=op.f("fk_push_call_key_id")),
        sa.ForeignKeyConstraint(["pbx_id"], ["pbx.id"], name=op.f("fk_push_pbx_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("push", schema=None) as batch_op:
        batch_op.create_index("ix_push_received_at", ["received_at"], unique=False)
        batch_op.create_index("ix_push_state", ["state", "id"], unique=False)
        batch_op.create_index("ix_push_trail", ["call_key_id", "id"], unique=False)

    make_search()
    # One PBX for now: every push belongs to it.
    op.execute(
        "INSERT INTO pbx (id, name, url, recording_hosts, created_at) VALUES (1, '', '', '', 0)"
    )


# "Any part of a number": trigram indexes. SQLite keeps them in FTS5 tables fed by triggers.
SEARCHED = {"phone": "number", "contact": "name, company"}


def make_search():
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        op.execute("CREATE INDEX ix_phone_number_trgm ON phone USING gin (number gin_trgm_ops)")
        op.execute(
            "CREATE INDEX ix_contact_name_trgm ON contact USING gin ((name || ' ' || company) gin_trgm_ops)"
        )
        return
    for table, columns in SEARCHED.items():
        names = columns.split(", ")
        new, old = (", ".join(f"{row}.{name}" for name in names) for row in ("new", "old"))
        op.execute(
            f"CREATE VIRTUAL TABLE {table}_fts USING fts5({columns}, content='{table}', "
            "content_rowid='id', tokenize='trigram')"
        )
        insert = f"INSERT INTO {table}_fts(rowid, {columns}) VALUES (new.id, {new});"
        delete = f"INSERT INTO {table}_fts({table}_fts, rowid, {columns}) VALUES ('delete', old.id, {old});"
        op.execute(f"CREATE TRIGGER {table}_fts_insert AFTER INSERT ON {table} BEGIN {insert} END")
        op.execute(f"CREATE TRIGGER {table}_fts_delete AFTER DELETE ON {table} BEGIN {delete} END")
        op.execute(
            f"CREATE TRIGGER {table}_fts_update AFTER UPDATE OF {columns} ON {table} "
            f"BEGIN {delete} {insert} END"
        )


def downgrade():
    raise NotImplementedError("this is the first migration: restore a backup instead")
