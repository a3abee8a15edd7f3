"""Summaries by a language model: what it was asked, what that cost, and the cards to be edited
since, where their people want that."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0005"
down_revision: Final = "0004"

_IDENTITY: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "summary_tries",
        sa.Column("paper_id", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["paper_id"], ["papers.id"], name=op.f("fk_summary_tries_paper_id_papers")
        ),
        sa.PrimaryKeyConstraint("paper_id", "language", name=op.f("pk_summary_tries")),
    )
    op.create_table(
        "model_usage",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("tokens_in", sa.BigInteger(), nullable=False),
        sa.Column("tokens_out", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_model_usage")),
    )
    op.create_table(
        "improvements",
        sa.Column("message", _IDENTITY, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("message", name=op.f("pk_improvements")),
    )
    op.add_column(
        "subscriptions",
        sa.Column("edit_cards", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
