"""What readers say of papers and what they follow, with subscriptions of their own, and the way
from a reaction to the message under which it stands."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0004"
down_revision: Final = "0003"

_IDENTITY: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_index(op.f("ix_messages_message_id"), "messages", ["message_id"])
    op.create_table(
        "interests",
        sa.Column("reader_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("paper_id", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("emoji", sa.Text(), nullable=False),
        sa.Column("burst", sa.Boolean(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["paper_id"], ["papers.id"], name=op.f("fk_interests_paper_id_papers")
        ),
        sa.PrimaryKeyConstraint(
            "reader_id",
            "paper_id",
            "verdict",
            "message_id",
            "emoji",
            "burst",
            name=op.f("pk_interests"),
        ),
    )
    op.create_index(op.f("ix_interests_message_id"), "interests", ["message_id"])
    op.create_index(
        op.f("ix_interests_guild_id_verdict_paper_id"),
        "interests",
        ["guild_id", "verdict", "paper_id"],
    )
    op.create_index(op.f("ix_interests_channel_id"), "interests", ["channel_id"])
    op.create_table(
        "readers",
        sa.Column("reader_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("taste_since", sa.DateTime(timezone=True)),
        sa.Column("forgotten_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("reader_id", name=op.f("pk_readers")),
    )
    op.create_table(
        "departures",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name=op.f("pk_departures")),
    )
    op.add_column("deliveries", sa.Column("guild_id", sa.BigInteger()))
    op.execute(
        "UPDATE deliveries SET guild_id = (SELECT subscriptions.guild_id FROM subscriptions "
        "WHERE subscriptions.id = deliveries.subscription_id)"
    )
    op.create_index(op.f("ix_deliveries_guild_id"), "deliveries", ["guild_id"])
    op.add_column("deliveries", sa.Column("reader_id", sa.BigInteger()))
    op.create_index(op.f("ix_deliveries_reader_id"), "deliveries", ["reader_id"])
    op.create_table(
        "traits",
        sa.Column("paper_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("traits", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["paper_id"], ["papers.id"], name=op.f("fk_traits_paper_id_papers")
        ),
        sa.PrimaryKeyConstraint("paper_id", name=op.f("pk_traits")),
    )
    op.create_table(
        "seedings",
        sa.Column("message", _IDENTITY, nullable=False),
        sa.ForeignKeyConstraint(
            ["message"], ["messages.id"], name=op.f("fk_seedings_message_messages")
        ),
        sa.PrimaryKeyConstraint("message", name=op.f("pk_seedings")),
    )
    op.add_column(
        "subscriptions",
        sa.Column("seed_reactions", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "subscriptions",
        sa.Column("paper_order", sa.Text(), nullable=False, server_default="votes"),
    )
    op.add_column("subscriptions", sa.Column("remind_on", sa.Integer()))
    op.add_column("subscriptions", sa.Column("reader_id", sa.BigInteger()))
    op.add_column(
        "subscriptions",
        sa.Column("scope", sa.Text(), nullable=False, server_default="lists"),
    )
    op.create_index(op.f("ix_subscriptions_reader_id"), "subscriptions", ["reader_id"], unique=True)
    op.create_table(
        "follows",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("reader_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("author_id", _IDENTITY),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["authors.id"], name=op.f("fk_follows_author_id_authors")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follows")),
        sa.UniqueConstraint(
            "reader_id", "kind", "said", name=op.f("uq_follows_reader_id_kind_said")
        ),
        sqlite_autoincrement=True,
    )
