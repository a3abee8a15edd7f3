"""Lists at rest: which papers each day had, and what the sources last said."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from sqlalchemy import Row, and_, case, func, or_, select, tuple_, update

from bot.domain.digests import Digest, Listing
from bot.domain.lookups import Appearance, VotesSeen
from bot.domain.papers import PaperId
from bot.storage import schema
from bot.storage.chunks import chunks
from bot.storage.connection import Connection
from bot.storage.documents import first_of
from bot.storage.indexing import Indexing
from bot.storage.papers import PaperStore
from bot.storage.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveCounts:
    """What a reading brought: papers that the day's list did not have, papers that no list had,
    and known ones of which votes, place or description changed."""

    new_listings: int
    new_papers: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A listing as it is stored, without its paper."""

    document: int
    position: int
    upvotes: int | None
    live: bool

    def followed_by(self, read: "_Place") -> "_Place":
        """What stands after `read`: live votes over written ones, and never none over some."""
        trusted = read.live or not self.live
        takes_votes = read.upvotes is not None and (trusted or self.upvotes is None)
        return _Place(
            document=self.document,
            position=read.position if trusted else self.position,
            upvotes=read.upvotes if takes_votes else self.upvotes,
            live=self.live or read.live,
        )


ListsVersion: TypeAlias = tuple[tuple[date, str, int], ...]
"""Day, source and how often that was read, newest day first."""


class ListStore:
    """Lists at rest: the caller owns the transaction, this class the SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._papers = PaperStore(connection)
        self._indexing = Indexing(connection)

    async def save(
        self, digest: Digest, *, source: str, read_at: datetime, closed: bool
    ) -> SaveCounts:
        """Take in what `source` says of a day.

        Nothing is ever taken off a list: a source that shrinks or fails loses nothing. Live
        votes and descriptions stand over written ones. Saving the same again writes only that
        it was read. `closed`: the source will not change this list any more.
        """
        saved = await self._papers.save(digest.listings)
        stored = await self._places(digest.day)
        # The numbers of those that the list does not have yet.
        unused = max(
            (place.document + 1 for place in stored.values()), default=first_of(digest.day)
        )
        read = {
            listing.paper.id.value: _Place(
                document=unused + position,
                position=position,
                upvotes=listing.upvotes,
                live=listing.live,
            )
            for position, listing in enumerate(digest)
        }
        wanted = {
            paper_id: stored[paper_id].followed_by(place) if paper_id in stored else place
            for paper_id, place in read.items()
        }
        changed = {
            paper_id: place for paper_id, place in wanted.items() if place != stored.get(paper_id)
        }
        await self._write_places(digest.day, changed, seen_at=read_at)
        added = {paper_id: place for paper_id, place in changed.items() if paper_id not in stored}
        await self._indexing.listed(
            {place.document: saved.papers[PaperId(paper_id)] for paper_id, place in added.items()}
        )
        await self._write_votes(
            digest.day,
            {
                paper_id: place.upvotes
                for paper_id, place in changed.items()
                # Nobody knows of which day the votes of a written list are.
                if place.live and (paper_id in added or place.upvotes != stored[paper_id].upvotes)
            },
            seen_at=read_at,
        )
        await self._write_reading(digest, source=source, read_at=read_at, closed=closed)
        return SaveCounts(
            new_listings=len(added),
            new_papers=saved.new,
            changed=saved.changed + len(changed) - len(added),
        )

    async def digest(self, day: date) -> Digest:
        """The list of `day` over all sources, best first; empty if none is stored."""
        return (await self.digests([day]))[0]

    async def digests(self, days: Collection[date]) -> tuple[Digest, ...]:
        """The lists of `days`, in the order asked; those that are not stored are empty."""
        columns = schema.listings.c
        rows: defaultdict[date, list[Row[Any]]] = defaultdict(list)
        for chunk in chunks(days):
            found = await self._connection.execute(
                select(schema.listings)
                .where(columns.day.in_(chunk))
                .order_by(columns.day, columns.position, columns.paper_id)
            )
            for row in found:
                rows[row.day].append(row)
        papers = await self._papers.get_many(
            [PaperId(row.paper_id) for of_day in rows.values() for row in of_day]
        )
        return tuple(
            Digest.of(
                day,
                (
                    Listing(paper=papers[PaperId(row.paper_id)], upvotes=row.upvotes, live=row.live)
                    for row in rows.get(day, ())
                ),
            )
            for day in days
        )

    async def appearances(self, paper_id: PaperId) -> tuple[Appearance, ...]:
        """The lists that have a paper, newest first, with its rank and its votes over time."""
        listed, other = schema.listings.c, schema.listings.alias().c
        votes, other_votes = func.coalesce(listed.upvotes, -1), func.coalesce(other.upvotes, -1)
        # As `Digest.of` orders them: by votes, then as `digests` reads them.
        before = or_(
            other_votes > votes,
            and_(
                other_votes == votes,
                tuple_(other.position, other.paper_id) < tuple_(listed.position, listed.paper_id),
            ),
        )
        better = select(func.count()).where(other.day == listed.day, before).scalar_subquery()
        rows = await self._connection.execute(
            select(listed.day, listed.upvotes, (better + 1).label("rank"))
            .where(listed.paper_id == paper_id.value)
            .order_by(listed.day.desc())
        )
        seen = await self._votes_seen(paper_id)
        return tuple(
            Appearance(
                day=row.day, rank=row.rank, upvotes=row.upvotes, seen=tuple(seen.get(row.day, ()))
            )
            for row in rows
        )

    async def first_seen(self, days: Collection[date]) -> dict[PaperId, datetime]:
        """When each paper of these lists first came to one of them."""
        columns = schema.listings.c
        seen: dict[PaperId, datetime] = {}
        for chunk in chunks(days):
            found = await self._connection.execute(
                select(columns.paper_id, columns.first_seen_at).where(columns.day.in_(chunk))
            )
            for row in found:
                paper_id = PaperId(row.paper_id)
                seen[paper_id] = min(row.first_seen_at, seen.get(paper_id, row.first_seen_at))
        return seen

    async def newest(
        self, *, until: date | None = None, since: date | None = None
    ) -> Digest | None:
        """The newest list that has a paper, between `since` and `until`, both included."""
        query = select(func.max(schema.listings.c.day))
        if until is not None:
            query = query.where(schema.listings.c.day <= until)
        if since is not None:
            query = query.where(schema.listings.c.day >= since)
        day = await self._connection.scalar(query)
        return await self.digest(day) if day is not None else None

    async def closed_days(
        self, days: Collection[date], sources: Collection[str], *, now: datetime
    ) -> frozenset[date]:
        """Those of `days` whose lists every one of `sources` has closed.

        A list that was closed later than `now` was so by a clock that ran ahead: it may still
        be growing.
        """
        wanted = set(sources)
        columns = schema.lists.c
        closed: defaultdict[date, set[str]] = defaultdict(set)
        for chunk in chunks(days):
            rows = await self._connection.execute(
                select(columns.day, columns.source).where(
                    columns.day.in_(chunk),
                    columns.source.in_(wanted),
                    columns.closed,
                    columns.read_at <= now,
                )
            )
            for row in rows:
                closed[row.day].add(row.source)
        return frozenset(day for day in days if closed[day] == wanted)

    async def version(self, days: Collection[date]) -> ListsVersion:
        """What tells whether the lists of `days` may have changed: how often each was read, or a
        paper of it got a summary."""
        columns = schema.lists.c
        rows: list[tuple[date, str, int]] = []
        for chunk in chunks(days):
            found = await self._connection.execute(
                select(columns.day, columns.source, columns.readings)
                .where(columns.day.in_(chunk), columns.papers > 0)
                .order_by(columns.day.desc(), columns.id)
            )
            rows += [(row.day, row.source, row.readings) for row in found]
        return tuple(rows)

    async def described(self, paper_id: PaperId) -> None:
        """A paper got a summary: what was kept of its lists in memory is old."""
        listed = select(schema.listings.c.day).where(schema.listings.c.paper_id == paper_id.value)
        columns = schema.lists.c
        await self._connection.execute(
            update(schema.lists)
            .where(columns.day.in_(listed))
            .values(readings=columns.readings + 1)
        )

    async def note_success(self, source: str, at: datetime) -> None:
        """`source` answered, be it with an empty list."""
        statement = insert(self._connection, schema.sources).values(
            name=source, last_success_at=at, down_since=None, last_error=""
        )
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[schema.sources.c.name],
                set_={
                    name: statement.excluded[name]
                    for name in ("last_success_at", "down_since", "last_error")
                },
            )
        )

    async def note_failure(self, source: str, at: datetime, error: str) -> None:
        """`source` did not answer; it is down since the first failure after its last answer."""
        statement = insert(self._connection, schema.sources).values(
            name=source, down_since=at, last_error=error
        )
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[schema.sources.c.name],
                set_={
                    "down_since": func.coalesce(
                        schema.sources.c.down_since, statement.excluded.down_since
                    ),
                    "last_error": statement.excluded.last_error,
                },
            )
        )

    async def down_since(self, sources: Collection[str]) -> datetime | None:
        """The earliest instant since which one of `sources` has only failed; `None` if each
        answered when last asked, or was never asked."""
        columns = schema.sources.c
        instant: datetime | None = await self._connection.scalar(
            select(func.min(columns.down_since)).where(columns.name.in_(list(sources)))
        )
        return instant

    async def _votes_seen(self, paper_id: PaperId) -> Mapping[date, list[VotesSeen]]:
        columns = schema.votes.c
        rows = await self._connection.execute(
            select(columns.day, columns.seen_on, columns.upvotes)
            .where(columns.paper_id == paper_id.value)
            .order_by(columns.day, columns.seen_on)
        )
        seen: defaultdict[date, list[VotesSeen]] = defaultdict(list)
        for row in rows:
            seen[row.day].append(VotesSeen(row.seen_on, row.upvotes))
        return seen

    async def _places(self, day: date) -> dict[str, _Place]:
        rows = await self._connection.execute(
            select(schema.listings).where(schema.listings.c.day == day)
        )
        return {
            row.paper_id: _Place(
                document=row.document, position=row.position, upvotes=row.upvotes, live=row.live
            )
            for row in rows
        }

    async def _write_places(
        self, day: date, places: dict[str, _Place], *, seen_at: datetime
    ) -> None:
        if not places:
            return
        statement = insert(self._connection, schema.listings)
        statement = statement.on_conflict_do_update(
            index_elements=list(schema.listings.primary_key.columns),
            set_={name: statement.excluded[name] for name in ("position", "upvotes", "live")},
        )
        await self._connection.execute(
            statement,
            [
                {
                    "day": day,
                    "paper_id": paper_id,
                    "document": place.document,
                    "position": place.position,
                    "upvotes": place.upvotes,
                    "live": place.live,
                    "first_seen_at": seen_at,
                }
                for paper_id, place in places.items()
            ],
        )

    async def _write_votes(
        self, day: date, upvotes: Mapping[str, int | None], *, seen_at: datetime
    ) -> None:
        rows = [
            {
                "paper_id": paper_id,
                "day": day,
                "seen_on": seen_at.astimezone(UTC).date(),
                "upvotes": count,
            }
            for paper_id, count in upvotes.items()
            if count is not None
        ]
        if not rows:
            return
        statement = insert(self._connection, schema.votes)
        statement = statement.on_conflict_do_update(
            index_elements=list(schema.votes.primary_key.columns),
            set_={"upvotes": statement.excluded.upvotes},
        )
        await self._connection.execute(statement, rows)

    async def _write_reading(
        self, digest: Digest, *, source: str, read_at: datetime, closed: bool
    ) -> None:
        stored = schema.lists.c
        statement = insert(self._connection, schema.lists).values(
            day=digest.day,
            source=source,
            first_read_at=read_at,
            read_at=read_at,
            closed=closed,
            readings=1,
            papers=len(digest),
        )
        read = statement.excluded
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[stored.day, stored.source],
                set_={
                    "read_at": read.read_at,
                    # An earlier reading with a later date was made by a clock that ran ahead.
                    "closed": case(
                        (stored.read_at > read.read_at, read.closed),
                        else_=or_(stored.closed, read.closed),
                    ),
                    "readings": stored.readings + 1,
                    "papers": case((read.papers > stored.papers, read.papers), else_=stored.papers),
                },
            )
        )
