"""The archive as look-ups read it: days and their lists, the best of a while, how much there is.

Only what an answer shows is read: a page has titles, not whole papers.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import BindParameter, Row, Select, bindparam, func, select

from bot.domain.lookups import About, DayOffered, Entry, SourceState
from bot.domain.papers import PaperId
from bot.storage import schema
from bot.storage.chunks import chunks
from bot.storage.connection import Connection

_TO_SPARE: Final = 50
"""Rows beyond a limit, for the papers that are on two lists."""

_listings = schema.listings.c
_lists = schema.lists.c
_papers = schema.papers.c
_sources = schema.sources.c

_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_ENTRIES: Final = select(
    _listings.paper_id, _listings.day, _listings.upvotes, _papers.title
).join_from(schema.listings, schema.papers)
_ON: Final = _ENTRIES.where(_listings.day == bindparam("day")).order_by(
    func.coalesce(_listings.upvotes, -1).desc(), _listings.position, _listings.paper_id
)
_NEWEST: Final = _ENTRIES.where(_listings.paper_id.in_(_IDS)).order_by(
    _listings.document  # a later one takes the place of an earlier
)
_TITLES: Final = select(_papers.id, _papers.title).where(_papers.id.in_(_IDS))
_ENDS: Final = select(
    # Each by itself, for so each is the end of an index.
    select(func.min(_lists.day)).where(_lists.papers > 0).scalar_subquery().label("first"),
    select(func.max(_lists.day)).where(_lists.papers > 0).scalar_subquery().label("last"),
)


class ArchiveStore:
    """Lists and papers as they are looked up: the caller owns the transaction, this class the
    SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def days(
        self, *, since: date | None = None, until: date | None = None, limit: int
    ) -> tuple[DayOffered, ...]:
        """The newest days that have a list, between the two, both included."""
        query = _days_between(since, until).order_by(_lists.day.desc()).limit(limit)
        return await self._offered((await self._connection.scalars(query)).all())

    async def all_days(self) -> tuple[date, ...]:
        """Every day that has a list, oldest first."""
        query = _days_between(None, None).order_by(_lists.day)
        return tuple(await self._connection.scalars(query))

    async def nearest(self, day: date, *, each: int) -> tuple[date, ...]:
        """The days with a list before and after `day`, at most `each` on either side, newest
        first."""
        days = _days_between(None, None)
        before = days.where(_lists.day < day).order_by(_lists.day.desc())
        after = days.where(_lists.day > day).order_by(_lists.day)
        found = [*await self._connection.scalars(after.limit(each))][::-1]
        return (*found, *await self._connection.scalars(before.limit(each)))

    async def ends(self) -> tuple[date, date] | None:
        """The first and the last day that have a list; `None` without any."""
        row = (await self._connection.execute(_ENDS)).one()
        return None if row.first is None else (row.first, row.last)

    async def was_read(self, day: date) -> bool:
        """Whether any source was read for a day, be it that it had nothing."""
        return (
            await self._connection.scalar(select(_lists.day).where(_lists.day == day).limit(1))
            is not None
        )

    async def on(self, day: date) -> tuple[Entry, ...]:
        """The papers of a day's list, best first, as `Digest` orders them."""
        return tuple(map(_entry, await self._connection.execute(_ON, {"day": day})))

    async def best(self, *, since: date | None, until: date, limit: int) -> tuple[Entry, ...]:
        """The papers with most votes on a list of the period, newer ones first among equals.
        One that is on two lists counts with its higher votes."""
        query = (
            select(_listings.paper_id, _listings.day, _listings.upvotes)
            .where(_listings.upvotes.is_not(None), _listings.day <= until)
            .order_by(_listings.upvotes.desc(), _listings.day.desc(), _listings.position)
            .limit(limit + _TO_SPARE)
        )
        if since is not None:
            query = query.where(_listings.day >= since)
        found: dict[str, Row[Any]] = {}
        for row in (await self._connection.execute(query)).all():
            found.setdefault(row.paper_id, row)
        rows = list(found.values())[:limit]
        titles = await self.titles([PaperId(row.paper_id) for row in rows])
        return tuple(
            Entry(id=id_, title=titles[id_], day=row.day, upvotes=row.upvotes)
            for row in rows
            if (id_ := PaperId(row.paper_id)) in titles
        )

    async def newest(self, ids: Collection[PaperId]) -> tuple[Entry, ...]:
        """Those of `ids` that are stored, in their order, each with its newest list."""
        found: dict[str, Entry] = {}
        for chunk in chunks(paper_id.value for paper_id in ids):
            rows = await self._connection.execute(_NEWEST, {"ids": chunk})
            found |= {row.paper_id: _entry(row) for row in rows.all()}
        return tuple(found[paper_id.value] for paper_id in ids if paper_id.value in found)

    async def titles(self, ids: Iterable[PaperId]) -> dict[PaperId, str]:
        """The titles of those of `ids` that are stored."""
        titles: dict[PaperId, str] = {}
        for chunk in chunks(paper_id.value for paper_id in ids):
            rows: Sequence[Any] = (await self._connection.execute(_TITLES, {"ids": chunk})).all()
            titles |= {PaperId(value): title for value, title in rows}
        return titles

    async def about(self, sources: Sequence[str]) -> About:
        """How much there is, and how the `sources` stand."""
        ends = await self.ends()
        known = {
            row.name: row
            for row in await self._connection.execute(
                select(_sources.name, _sources.last_success_at, _sources.down_since).where(
                    _sources.name.in_(list(sources))
                )
            )
        }
        days = select(func.count(_lists.day.distinct())).where(_lists.papers > 0)
        return About(
            papers=await self._connection.scalar(select(func.count()).select_from(schema.papers)),
            days=await self._connection.scalar(days),
            first_day=ends[0] if ends is not None else None,
            last_day=ends[1] if ends is not None else None,
            sources=tuple(
                SourceState(
                    name=name,
                    last_success_at=known[name].last_success_at if name in known else None,
                    down_since=known[name].down_since if name in known else None,
                )
                for name in sources
            ),
        )

    async def _offered(self, days: Sequence[date]) -> tuple[DayOffered, ...]:
        counted = await self._connection.execute(
            select(_listings.day, func.count().label("papers"))
            .where(_listings.day.in_(days))
            .group_by(_listings.day)
        )
        papers = {row.day: row.papers for row in counted}
        return tuple(DayOffered(day, papers[day]) for day in days if day in papers)


def _days_between(since: date | None, until: date | None) -> Select[date]:
    query = select(_lists.day).where(_lists.papers > 0).distinct()
    if since is not None:
        query = query.where(_lists.day >= since)
    if until is not None:
        query = query.where(_lists.day <= until)
    return query


def _entry(row: Row[Any]) -> Entry:
    return Entry(id=PaperId(row.paper_id), title=row.title, day=row.day, upvotes=row.upvotes)
