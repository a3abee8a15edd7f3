"""Whether what is stored holds together: SQLite's own checks, ours, and the index of authors.

Everything here only reads, and reads whole tables: it is for `daily-papers check` and for
copies, not for daily life.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, text

from bot.domain.deliveries import DeliveryState, MessageKind, MessageState
from bot.domain.subscriptions import SubscriptionState
from bot.domain.text import fold
from bot.storage import schema, sqlite
from bot.storage.connection import Connection
from bot.storage.papers import parts_of

_AUTHORS_AT_ONCE: Final = 50_000
"""Each batch reads the table of name parts once; a million authors are twenty batches."""

_subscriptions = schema.subscriptions.c
_deliveries = schema.deliveries.c
_messages = schema.messages.c
_posts = schema.posts.c


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Rows that the program never writes: how many, and the first of them."""

    what: str
    count: int
    first: str


@dataclass(frozen=True, slots=True)
class IndexState:
    """How many names are stored, and how many of them a search would not find as it should."""

    authors: int
    wrong: int


def _of_delivery(*criteria: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(_messages.delivery_id == _deliveries.id, *criteria)


_NEVER_WRITTEN: Final[Mapping[str, Select[str]]] = {
    "messages posted without Discord's id": select(_messages.id).where(
        _messages.state == MessageState.POSTED.value,
        or_(_messages.message_id.is_(None), _messages.posted_at.is_(None)),
    ),
    "messages under way that no worker holds": select(_messages.id).where(
        _messages.state.in_([MessageState.SENDING.value, MessageState.UNKNOWN.value]),
        or_(_messages.owner.is_(None), _messages.lease_until.is_(None)),
    ),
    "messages about a paper that is not noted as posted": select(_messages.id).where(
        _messages.kind == MessageKind.PAPER.value,
        ~exists().where(_posts.message == _messages.id),
    ),
    "papers noted as posted by another channel's message": select(_posts.paper_id)
    .join_from(schema.posts, schema.messages)
    .join(schema.deliveries)
    .where(_posts.channel_id != _deliveries.channel_id),
    "open deliveries without messages": select(_deliveries.id).where(
        _deliveries.state == DeliveryState.OPEN.value, ~_of_delivery()
    ),
    "deliveries that wait for a list and have messages": select(_deliveries.id).where(
        _deliveries.state == DeliveryState.WAITING.value, _of_delivery()
    ),
    "finished deliveries with messages that are not": select(_deliveries.id).where(
        _deliveries.state == DeliveryState.DONE.value,
        _of_delivery(
            _messages.state.not_in([MessageState.POSTED.value, MessageState.REJECTED.value])
        ),
    ),
    "suspended subscriptions without a cause, or a cause without suspension": select(
        _subscriptions.id
    ).where(
        or_(
            and_(
                _subscriptions.state == SubscriptionState.SUSPENDED.value,
                _subscriptions.cause.is_(None),
            ),
            and_(
                _subscriptions.state != SubscriptionState.SUSPENDED.value,
                _subscriptions.cause.is_not(None),
            ),
        )
    ),
    "days with papers that no source is noted for": select(schema.listings.c.day)
    .where(~exists().where(schema.lists.c.day == schema.listings.c.day))
    .distinct(),
}


class IntegrityStore:
    """What is wrong at rest: the caller owns the transaction, this class the SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def faults(self) -> tuple[str, ...]:
        """What SQLite finds wrong with the file's pages, tables and indexes; empty if all is
        well. It reads the whole file. One that is too damaged raises `DatabaseDamaged`.
        """
        return sqlite.faults(await self._connection.scalars(text(sqlite.INTEGRITY_CHECK)))

    async def dangling(self) -> Mapping[str, int]:
        """How many rows of each table refer to something that is not there."""
        found: defaultdict[str, int] = defaultdict(int)
        for row in await self._connection.execute(text("PRAGMA foreign_key_check")):
            found[row[0]] += 1
        return dict(found)

    async def contradictions(self) -> tuple[Contradiction, ...]:
        """What this program never writes, and finds all the same."""
        found = []
        for what, rows in _NEVER_WRITTEN.items():
            query = rows.subquery()
            counted = select(func.count().label("rows"), func.min(query.c[0]).label("first"))
            row = (await self._connection.execute(counted.select_from(query))).one()
            if row.rows:
                found.append(Contradiction(what, row.rows, str(row.first)))
        return tuple(found)

    async def unknown_zones(self) -> tuple[str, ...]:
        """The time zones of subscriptions that this machine does not know; with any, no
        subscription can be read."""
        zones = await self._connection.scalars(select(_subscriptions.zone).distinct())
        return tuple(sorted(zone for zone in zones if not _is_known(zone)))

    async def authors(self) -> IndexState:
        """Whether each author is found by the name and by each word of it, as typed."""
        authors, parts = schema.authors.c, schema.author_parts.c
        count = wrong = last = 0
        while True:
            rows = (
                await self._connection.execute(
                    select(authors.id, authors.name, authors.folded)
                    .where(authors.id > last)
                    .order_by(authors.id)
                    .limit(_AUTHORS_AT_ONCE)
                )
            ).all()
            if not rows:
                return IndexState(count, wrong)
            stored: defaultdict[int, set[str]] = defaultdict(set)
            for part in await self._connection.execute(
                select(parts.author_id, parts.part).where(
                    parts.author_id > last, parts.author_id <= rows[-1].id
                )
            ):
                stored[part.author_id].add(part.part)
            wrong += sum(
                row.folded != fold(row.name) or stored.get(row.id, set()) != set(parts_of(row.name))
                for row in rows
            )
            count += len(rows)
            last = rows[-1].id


def _is_known(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True
