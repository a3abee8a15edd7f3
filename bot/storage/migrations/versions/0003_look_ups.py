"""Listings are numbered for the search index, which the program builds itself; votes are
remembered over time; questions are kept for the pages of their answers."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"

_UNIX_EPOCH: Final = 719_163
"""1 January 1970 as Python's `date.toordinal` counts days."""


def upgrade() -> None:
    op.drop_index(op.f("ix_paper_authors_author_id"), "paper_authors")
    op.create_index(
        op.f("ix_paper_authors_author_id_paper_id"), "paper_authors", ["author_id", "paper_id"]
    )
    _number_listings()
    op.create_index(op.f("ix_listings_paper_id"), "listings", ["paper_id"])
    op.create_index(op.f("ix_listings_upvotes_day"), "listings", ["upvotes", "day"])
    op.create_table(
        "votes",
        sa.Column("paper_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.Column("upvotes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name=op.f("fk_votes_paper_id_papers")),
        sa.PrimaryKeyConstraint("paper_id", "day", "seen_on", name=op.f("pk_votes")),
    )
    op.create_table(
        "questions",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("question", sa.JSON(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_questions")),
    )
    op.create_index(op.f("ix_questions_used_at"), "questions", ["used_at"])


def _number_listings() -> None:
    """A million numbers for each day, in the order of the list."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    days = "julianday(day) - 2440587.5" if sqlite else "day - DATE '1970-01-01'"
    with op.batch_alter_table("listings") as listings:
        listings.add_column(sa.Column("document", sa.BigInteger()))
    op.execute(
        sa.text(
            "UPDATE listings SET document = numbered.document FROM ("  # noqa: S608 - our own words
            "SELECT day AS on_day, paper_id AS of_paper, "
            f"(CAST({days} AS BIGINT) + {_UNIX_EPOCH}) * 1000000 "
            "+ row_number() OVER (PARTITION BY day ORDER BY position, paper_id) - 1 AS document "
            "FROM listings) AS numbered "
            "WHERE listings.day = numbered.on_day AND listings.paper_id = numbered.of_paper"
        )
    )
    with op.batch_alter_table("listings") as listings:
        listings.alter_column("document", existing_type=sa.BigInteger(), nullable=False)
        listings.create_unique_constraint(op.f("uq_listings_document"), ["document"])
