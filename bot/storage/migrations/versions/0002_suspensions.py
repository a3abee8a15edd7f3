"""Suspended subscriptions know why and since when, whom to tell and that they were told; a copy
of the store knows that it is one."""

from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"

_INSTANT: Final = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("cause", sa.Text()))
    op.add_column("subscriptions", sa.Column("suspended_at", _INSTANT))
    op.add_column("subscriptions", sa.Column("telling_at", _INSTANT))
    op.add_column("subscriptions", sa.Column("told_at", _INSTANT))
    op.add_column("subscriptions", sa.Column("created_by", sa.BigInteger()))
    subscriptions = sa.table(
        "subscriptions",
        sa.column("state", sa.Text()),
        sa.column("cause", sa.Text()),
        sa.column("suspended_at", _INSTANT),
    )
    op.execute(
        subscriptions.update()
        .where(subscriptions.c.state == "suspended")
        .values(cause="refused", suspended_at=datetime.now(UTC))
    )
    op.create_index(
        op.f("ix_subscriptions_state_last_slot_at"), "subscriptions", ["state", "last_slot_at"]
    )
    op.create_table(
        "marks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_marks")),
    )
