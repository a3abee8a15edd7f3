"""The first tables: papers and lists, subscriptions, deliveries and posts.

Snowflakes of Discord need 64 bits. An identity of our own is INTEGER on SQLite, which counts up
no other type.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None

_IDENTITY: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT: Final = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "authors",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authors")),
        sa.UniqueConstraint("name", name=op.f("uq_authors_name")),
    )
    op.create_index(op.f("ix_authors_folded"), "authors", ["folded"])
    op.create_table(
        "deliveries",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("slot_at", _INSTANT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("wait_until", _INSTANT),
        sa.Column("quiet_until", _INSTANT),
        sa.Column("quiet_reason", sa.Text()),
        sa.Column("quiet_next_at", _INSTANT),
        sa.Column("quiet_spoken", sa.Boolean()),
        sa.Column("quiet_since", _INSTANT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("channel_id", "slot_at", name=op.f("uq_deliveries_channel_id_slot_at")),
    )
    op.create_index(op.f("ix_deliveries_state_slot_at"), "deliveries", ["state", "slot_at"])
    op.create_index(op.f("ix_deliveries_subscription_id"), "deliveries", ["subscription_id"])
    op.create_table(
        "lists",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("first_read_at", _INSTANT, nullable=False),
        sa.Column("read_at", _INSTANT, nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("readings", sa.Integer(), nullable=False),
        sa.Column("papers", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lists")),
        sa.UniqueConstraint("day", "source", name=op.f("uq_lists_day_source")),
    )
    op.create_table(
        "papers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("abstract", sa.Text(), nullable=False),
        sa.Column("media", sa.JSON(), nullable=False),
        sa.Column("code_url", sa.Text()),
        sa.Column("stars", sa.Integer()),
        sa.Column("project_url", sa.Text()),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("keywords", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_papers")),
    )
    op.create_table(
        "sources",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_success_at", _INSTANT),
        sa.Column("down_since", _INSTANT),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sources")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("paper_limit", sa.Integer(), nullable=False),
        sa.Column("role_id", sa.BigInteger()),
        sa.Column("announce_quiet_days", sa.Boolean(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("counts_from", _INSTANT),
        sa.Column("last_slot_at", _INSTANT),
        sa.Column("quiet_until", _INSTANT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("channel_id", name=op.f("uq_subscriptions_channel_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_subscriptions_guild_id"), "subscriptions", ["guild_id"])
    op.create_index(
        op.f("ix_subscriptions_state_hour_minute_zone"),
        "subscriptions",
        ["state", "hour", "minute", "zone"],
    )
    op.create_table(
        "author_parts",
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("author_id", _IDENTITY, nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["authors.id"], name=op.f("fk_author_parts_author_id_authors")
        ),
        sa.PrimaryKeyConstraint("part", "author_id", name=op.f("pk_author_parts")),
    )
    op.create_table(
        "listings",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("paper_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("upvotes", sa.Integer()),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("first_seen_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["paper_id"], ["papers.id"], name=op.f("fk_listings_paper_id_papers")
        ),
        sa.PrimaryKeyConstraint("day", "paper_id", name=op.f("pk_listings")),
    )
    op.create_table(
        "messages",
        sa.Column("id", _IDENTITY, autoincrement=True, nullable=False),
        sa.Column("delivery_id", _IDENTITY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("lease_until", _INSTANT),
        sa.Column("first_sent_at", _INSTANT),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("posted_at", _INSTANT),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_messages_delivery_id_deliveries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint(
            "delivery_id", "position", name=op.f("uq_messages_delivery_id_position")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "paper_authors",
        sa.Column("paper_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("author_id", _IDENTITY, nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["authors.id"], name=op.f("fk_paper_authors_author_id_authors")
        ),
        sa.ForeignKeyConstraint(
            ["paper_id"], ["papers.id"], name=op.f("fk_paper_authors_paper_id_papers")
        ),
        sa.PrimaryKeyConstraint("paper_id", "position", name=op.f("pk_paper_authors")),
    )
    op.create_index(op.f("ix_paper_authors_author_id"), "paper_authors", ["author_id"])
    op.create_table(
        "summaries",
        sa.Column("paper_id", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("bullets", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["paper_id"], ["papers.id"], name=op.f("fk_summaries_paper_id_papers")
        ),
        sa.PrimaryKeyConstraint("paper_id", "language", "origin", name=op.f("pk_summaries")),
    )
    op.create_index(op.f("ix_summaries_language"), "summaries", ["language"])
    op.create_table(
        "posts",
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("paper_id", sa.Text(), nullable=False),
        sa.Column("message", _IDENTITY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message"], ["messages.id"], name=op.f("fk_posts_message_messages")
        ),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name=op.f("fk_posts_paper_id_papers")),
        sa.PrimaryKeyConstraint("channel_id", "paper_id", name=op.f("pk_posts")),
    )
    op.create_index(op.f("ix_posts_channel_id_day"), "posts", ["channel_id", "day"])
    op.create_index(op.f("ix_posts_message"), "posts", ["message"])
