"""The tables. `migrations/` makes them; a test holds the two equal.

Identities of Discord are 64-bit; days are dates of lists (UTC); instants are aware UTC.
"""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant. SQLite keeps no offset, so a naive value is refused going in and
    what comes out is known to be UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - the signature is SQLAlchemy's
    ) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant has a time zone; {value!r} has none")
        return value.astimezone(UTC)

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - the same
    ) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite counts up only a column that is declared INTEGER.
_Identity = BigInteger().with_variant(Integer, "sqlite")

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


# --- papers -------------------------------------------------------------------------------

papers: Final = Table(
    "papers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("abstract", Text, nullable=False),
    Column("media", JSON, nullable=False),
    Column("code_url", Text),
    Column("stars", Integer),
    Column("project_url", Text),
    Column("organization", Text, nullable=False),
    Column("keywords", JSON, nullable=False),
)

authors: Final = Table(
    "authors",
    metadata,
    Column("id", _Identity, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),
    Column("folded", Text, nullable=False, index=True),
)

# Each word of a folded name, so that a family name finds its people too.
author_parts: Final = Table(
    "author_parts",
    metadata,
    Column("part", Text, primary_key=True),
    Column("author_id", ForeignKey(authors.c.id), primary_key=True),
)

# The same name may stand twice on a paper: sources repeat some, and two people share one.
paper_authors: Final = Table(
    "paper_authors",
    metadata,
    Column("paper_id", ForeignKey(papers.c.id), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("author_id", ForeignKey(authors.c.id), nullable=False),
    Index(None, "author_id", "paper_id"),
)

summaries: Final = Table(
    "summaries",
    metadata,
    Column("paper_id", ForeignKey(papers.c.id), primary_key=True),
    Column("language", Text, primary_key=True, index=True),
    Column("origin", Text, primary_key=True),
    Column("bullets", JSON, nullable=False),
)


# --- lists --------------------------------------------------------------------------------

# What each source was read to say of each day, and whether it will say more.
lists: Final = Table(
    "lists",
    metadata,
    # Tells in which order the sources of a day were first stored.
    Column("id", _Identity, primary_key=True, autoincrement=True),
    Column("day", Date, nullable=False),
    Column("source", Text, nullable=False),
    Column("first_read_at", Instant, nullable=False),
    Column("read_at", Instant, nullable=False),
    Column("closed", Boolean, nullable=False),
    # How often it was read, or a paper of it got a summary: what was kept of this list in memory
    # holds until that happens again.
    Column("readings", Integer, nullable=False),
    # The most papers that it had at any reading.
    Column("papers", Integer, nullable=False),
    UniqueConstraint("day", "source"),
)

listings: Final = Table(
    "listings",
    metadata,
    Column("day", Date, primary_key=True),
    Column("paper_id", ForeignKey(papers.c.id), primary_key=True, index=True),
    # Its number in the search index, which grows with the days: see `storage.documents`.
    Column("document", BigInteger, nullable=False, unique=True),
    # The source's order, which decides between equal votes.
    Column("position", Integer, nullable=False),
    Column("upvotes", Integer),
    Column("live", Boolean, nullable=False),
    Column("first_seen_at", Instant, nullable=False),
    Index(None, "upvotes", "day"),
)

# What a listing had for votes at the end of each day (UTC) on which it was read and they changed.
votes: Final = Table(
    "votes",
    metadata,
    Column("paper_id", ForeignKey(papers.c.id), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("seen_on", Date, primary_key=True),
    Column("upvotes", Integer, nullable=False),
)

sources: Final = Table(
    "sources",
    metadata,
    Column("name", Text, primary_key=True),
    Column("last_success_at", Instant),
    Column("down_since", Instant),
    Column("last_error", Text, nullable=False),
)


# --- subscriptions ------------------------------------------------------------------------

subscriptions: Final = Table(
    "subscriptions",
    metadata,
    Column("id", _Identity, primary_key=True, autoincrement=True),
    Column("guild_id", BigInteger, nullable=False, index=True),
    Column("channel_id", BigInteger, nullable=False, unique=True),
    # Whose direct messages the channel is; then there is no server, and the id above is 0.
    Column("reader_id", BigInteger, unique=True, index=True),
    Column("scope", Text, nullable=False),
    Column("state", Text, nullable=False),
    # Why it is suspended, and since when; when its people were to be told, and were.
    Column("cause", Text),
    Column("reason", Text, nullable=False),
    Column("suspended_at", Instant),
    Column("telling_at", Instant),
    Column("told_at", Instant),
    Column("hour", Integer, nullable=False),
    Column("minute", Integer, nullable=False),
    Column("zone", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("paper_limit", Integer, nullable=False),
    Column("role_id", BigInteger),
    Column("announce_quiet_days", Boolean, nullable=False),
    Column("seed_reactions", Boolean, nullable=False),
    Column("edit_cards", Boolean, nullable=False),
    Column("paper_order", Text, nullable=False),
    Column("remind_on", Integer),
    Column("created_at", Instant, nullable=False),
    Column("created_by", BigInteger),
    Column("counts_from", Instant),
    Column("last_slot_at", Instant),
    Column("quiet_until", Instant),
    Index(None, "state", "hour", "minute", "zone"),
    Index(None, "state", "last_slot_at"),
    # An ended subscription's deliveries keep its id: no later one may get it.
    sqlite_autoincrement=True,
)


# --- deliveries ---------------------------------------------------------------------------

deliveries: Final = Table(
    "deliveries",
    metadata,
    Column("id", _Identity, primary_key=True, autoincrement=True),
    # No foreign key: what was delivered is remembered longer than the subscription.
    Column("subscription_id", BigInteger, nullable=False, index=True),
    # Of its subscription, which may have ended; unknown of old ones.
    Column("guild_id", BigInteger, index=True),
    # Whose direct messages the channel is.
    Column("reader_id", BigInteger, index=True),
    Column("channel_id", BigInteger, nullable=False),
    Column("slot_at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("wait_until", Instant),
    Column("quiet_until", Instant),
    Column("quiet_reason", Text),
    Column("quiet_next_at", Instant),
    Column("quiet_spoken", Boolean),
    Column("quiet_since", Instant),
    UniqueConstraint("channel_id", "slot_at"),
    Index(None, "state", "slot_at"),
)

messages: Final = Table(
    "messages",
    metadata,
    Column("id", _Identity, primary_key=True, autoincrement=True),
    Column("delivery_id", ForeignKey(deliveries.c.id), nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("owner", Text),
    Column("lease_until", Instant),
    Column("first_sent_at", Instant),
    # Discord's id, once it has the message.
    Column("message_id", BigInteger),
    Column("posted_at", Instant),
    # Why the last try did not arrive.
    Column("error", Text, nullable=False),
    UniqueConstraint("delivery_id", "position"),
    # A reaction names the message under which it stands.
    Index(None, "message_id"),
    # A message that was given up is deleted; a late answer about it must not meet another.
    sqlite_autoincrement=True,
)

# A paper in a channel, planned or posted: once, ever.
posts: Final = Table(
    "posts",
    metadata,
    Column("channel_id", BigInteger, primary_key=True, autoincrement=False),
    Column("paper_id", ForeignKey(papers.c.id), primary_key=True),
    Column("message", ForeignKey(messages.c.id), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("day", Date, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("late", Boolean, nullable=False),
    Index(None, "channel_id", "day"),
)


# --- look-ups -----------------------------------------------------------------------------

# What was asked with an answer of several pages, so that its buttons work after a restart.
# Who asked is nobody's business and is not here.
questions: Final = Table(
    "questions",
    metadata,
    Column("token", Text, primary_key=True),
    Column("question", JSON, nullable=False),
    Column("used_at", Instant, nullable=False, index=True),
)


# --- interests ----------------------------------------------------------------------------

# What readers said of papers. Each row is a reason for a verdict: a reaction under a message, or
# (message 0) a button. The verdict stands while one of its reasons does.
interests: Final = Table(
    "interests",
    metadata,
    Column("reader_id", BigInteger, primary_key=True, autoincrement=False),
    Column("paper_id", ForeignKey(papers.c.id), primary_key=True),
    Column("verdict", Text, primary_key=True),
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    # As Discord writes it, or the id of a server's own; empty for a button.
    Column("emoji", Text, primary_key=True),
    Column("burst", Boolean, primary_key=True),
    # Where it was said; 0 for a server: in direct messages.
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("given_at", Instant, nullable=False),
    Index(None, "message_id"),
    Index(None, "guild_id", "verdict", "paper_id"),
    Index(None, "channel_id"),
)

# Messages under which the bot is still to put the reactions that invite others.
seedings: Final = Table(
    "seedings",
    metadata,
    Column("message", ForeignKey(messages.c.id), primary_key=True),
)


# What readers asked to be forgotten, and when.
readers: Final = Table(
    "readers",
    metadata,
    Column("reader_id", BigInteger, primary_key=True, autoincrement=False),
    # Their taste is learned from what they said since.
    Column("taste_since", Instant),
    # Everything was erased then; what they had reacted with before is not read again.
    Column("forgotten_at", Instant),
)

# Servers that put the bot out, until they are erased or have it again.
departures: Final = Table(
    "departures",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("left_at", Instant, nullable=False),
)

# What papers are about, as `domain.traits` has it: those of the newest papers, made when they are
# first needed. A paper that changes loses its own.
traits: Final = Table(
    "traits",
    metadata,
    Column("paper_id", ForeignKey(papers.c.id), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("traits", LargeBinary, nullable=False),
)


# --- summaries by a language model --------------------------------------------------------

# What a model was asked for and has not done: no row is left once its summary is kept.
summary_tries: Final = Table(
    "summary_tries",
    metadata,
    Column("paper_id", ForeignKey(papers.c.id), primary_key=True),
    Column("language", Text, primary_key=True),
    # Another model begins anew.
    Column("model", Text, nullable=False),
    # Counted before the model is asked, and taken back if it surely gave no answer.
    Column("asked", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    # The kinds of faults that its last answer had.
    Column("why", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
)

# What models were asked on each day (UTC), a request under way with the most it may come to.
model_usage: Final = Table(
    "model_usage",
    metadata,
    Column("day", Date, primary_key=True),
    Column("requests", Integer, nullable=False),
    Column("tokens_in", BigInteger, nullable=False),
    Column("tokens_out", BigInteger, nullable=False),
    # In millionths of whatever prices are in.
    Column("cost", BigInteger, nullable=False),
)

# Cards that were made before a better summary came, or may have been. No foreign key: a message
# that is given up takes nothing along, and its number never comes again.
improvements: Final = Table(
    "improvements",
    metadata,
    Column("message", _Identity, primary_key=True, autoincrement=False),
)


# --- follows ------------------------------------------------------------------------------

# Whom and what a person follows. Without an author's id it is a name that no paper had yet.
follows: Final = Table(
    "follows",
    metadata,
    Column("id", _Identity, primary_key=True, autoincrement=True),
    Column("reader_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("said", Text, nullable=False),
    Column("author_id", ForeignKey(authors.c.id)),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("reader_id", "kind", "said"),
    # An id stands behind choices that may be old: no later follow may get it.
    sqlite_autoincrement=True,
)


# --- the store itself ---------------------------------------------------------------------

# Instants in the store's own life: that it was copied, and that the copy was first used.
marks: Final = Table(
    "marks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("at", Instant, nullable=False),
)
