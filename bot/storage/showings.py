"""What was shown to whom, and what they said of it: what tastes are learned from."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select

from bot.domain.deliveries import MessageKind
from bot.domain.interests import Place, Verdict
from bot.domain.papers import PaperId
from bot.domain.showings import WORTH, Showing
from bot.storage import schema
from bot.storage.connection import Connection

_interests = schema.interests.c
_messages = schema.messages.c
_posts = schema.posts.c
_deliveries = schema.deliveries.c

_TASTES = [verdict.value for verdict in WORTH]


class ShowingStore:
    """Showings at rest: the caller owns the transaction, this class the SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def to_reader(
        self, reader_id: int, *, since: datetime | None, limit: int
    ) -> tuple[Showing, ...]:
        """What somebody was shown when they gave their newest `limit` verdicts, those given
        since then if it is not `None`."""
        given = _interests.reader_id == reader_id
        if since is not None:
            given = and_(given, _interests.given_at >= since)
        return await self._showings(given, limit)

    async def in_channel(self, channel_id: int, *, limit: int) -> tuple[Showing, ...]:
        """What a channel was shown when its readers gave the newest `limit` verdicts there."""
        return await self._showings(_interests.channel_id == channel_id, limit)

    async def listed_since(self, day: date) -> frozenset[PaperId]:
        """The papers on lists of that day and later."""
        listings = schema.listings.c
        rows = await self._connection.scalars(
            select(listings.paper_id).where(listings.day >= day).distinct()
        )
        return frozenset(map(PaperId, rows))

    async def liked_at(self, place: Place, *, without: int) -> dict[PaperId, int]:
        """How many readers of a server, but for one, liked or saved which papers; in direct
        messages nobody else is there."""
        if not place.guild_id:
            return {}
        rows = await self._connection.execute(
            select(
                _interests.paper_id, func.count(_interests.reader_id.distinct()).label("readers")
            )
            .where(
                _interests.guild_id == place.guild_id,
                _interests.verdict.in_([Verdict.LIKED.value, Verdict.SAVED.value]),
                _interests.reader_id != without,
            )
            .group_by(_interests.paper_id)
        )
        return {PaperId(row.paper_id): row.readers for row in rows}

    async def _showings(self, given: ColumnElement[bool], limit: int) -> tuple[Showing, ...]:
        said = (
            select(
                _interests.channel_id,
                _interests.reader_id,
                _interests.paper_id,
                _interests.verdict,
                func.min(_interests.given_at).label("given_at"),
            )
            .where(given, _interests.verdict.in_(_TASTES))
            .group_by(
                _interests.channel_id,
                _interests.reader_id,
                _interests.paper_id,
                _interests.verdict,
            )
            .order_by(func.min(_interests.given_at).desc(), _interests.paper_id)
            .limit(limit)
        )
        verdicts = (await self._connection.execute(said)).all()
        chosen = said.subquery()
        here = (
            select(_messages.delivery_id)
            .join_from(schema.posts, schema.messages)
            .join(
                chosen,
                and_(
                    chosen.c.channel_id == _posts.channel_id, chosen.c.paper_id == _posts.paper_id
                ),
            )
        )
        shown = await self._connection.execute(
            select(_deliveries.channel_id, _deliveries.slot_at, _posts.paper_id)
            .join_from(schema.posts, schema.messages)
            .join(schema.deliveries)
            .where(_messages.delivery_id.in_(here), _messages.kind == MessageKind.PAPER.value)
        )
        return _told(verdicts, shown)


def _told(verdicts: Iterable[Row[Any]], shown: Iterable[Row[Any]]) -> tuple[Showing, ...]:
    """One showing for each delivery, and one for each day of what was found in look-ups, with
    nothing beside it. What somebody said of a paper in several places they said once."""
    lists: defaultdict[tuple[int, datetime], set[str]] = defaultdict(set)
    of: dict[tuple[int, str], tuple[int, datetime]] = {}
    for row in shown:
        lists[row.channel_id, row.slot_at].add(row.paper_id)
        of[row.channel_id, row.paper_id] = (row.channel_id, row.slot_at)
    together: defaultdict[tuple[int, datetime], list[tuple[PaperId, Verdict]]] = defaultdict(list)
    alone: defaultdict[date, list[tuple[PaperId, Verdict]]] = defaultdict(list)
    known: set[tuple[int, PaperId, Verdict]] = set()
    for row in verdicts:
        said = (PaperId(row.paper_id), Verdict(row.verdict))
        if (row.reader_id, *said) in known:
            continue
        known.add((row.reader_id, *said))
        if (delivery := of.get((row.channel_id, row.paper_id))) is not None:
            together[delivery].append(said)
        else:
            alone[row.given_at.date()].append(said)
    return (
        *(
            Showing(delivery[1].date(), frozenset(map(PaperId, lists[delivery])), tuple(several))
            for delivery, several in together.items()
        ),
        *(
            Showing(day, frozenset(paper_id for paper_id, _ in several), tuple(several))
            for day, several in alone.items()
        ),
    )
