"""Lists for those who are not on Discord: a day with its neighbours, and the newest papers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeAlias

from bot.domain.digests import Digest
from bot.domain.lookups import NoList
from bot.domain.papers import PaperId
from bot.rendering.feeds import FeedEntry
from bot.services.absent_lists import NO_PAPERS, why_no_list
from bot.services.clock import Now
from bot.storage.database import Database, Stores
from bot.storage.lists import ListsVersion

FEED_LISTS: Final = 7
"""Lists that a feed goes back: more than a week, for there are none at the weekend. Feeds are
read again and again, so a longer one would cost more than it tells."""

DayVersion: TypeAlias = tuple[ListsVersion, tuple[date, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedDay:
    """A day's list, when each of its papers came to it, and the days with a list next to it."""

    digest: Digest
    seen: Mapping[PaperId, datetime]
    previous: date | None
    following: date | None


class Publishing:
    """What is published of the archive; `sources` are those that its lists come from.

    The versions tell whether what was made of a day or of the newest lists is still good: they
    cost a few small queries, where the lists themselves cost hundreds of rows.
    """

    def __init__(self, database: Database, *, now: Now, sources: Sequence[str] = ()) -> None:
        self._database = database
        self._now = now
        self._sources = tuple(sources)

    async def days(self) -> tuple[date, ...]:
        """Every day with a list, oldest first."""
        return await self._database.look_up(lambda stores: stores.archive.all_days())

    async def newest_day(self) -> date:
        """The newest day with a list; `NoList` while there is none."""
        today = self._today()

        async def look(stores: Stores) -> date:
            newest = await stores.archive.days(until=today + timedelta(days=1), limit=1)
            if not newest:
                raise NoList(today, reply=NO_PAPERS)
            return newest[0].day

        return await self._database.look_up(look)

    async def day(self, day: date) -> PublishedDay:
        """The list of `day`; `NoList` says why there is none, and which days around it have one."""

        async def look(stores: Stores) -> PublishedDay:
            digest = await stores.lists.digest(day)
            if not digest:
                raise NoList(
                    day,
                    reply=await why_no_list(
                        stores, day, today=self._today(), sources=self._sources
                    ),
                    nearest=await stores.archive.nearest(day, each=2),
                )
            nearest = await stores.archive.nearest(day, each=1)
            return PublishedDay(
                digest=digest,
                seen=await stores.lists.first_seen([day]),
                previous=min((near for near in nearest if near < day), default=None),
                following=max((near for near in nearest if near > day), default=None),
            )

        return await self._database.look_up(look)

    async def day_version(self, day: date) -> DayVersion:
        """Another one whenever `day` may give something else."""

        async def look(stores: Stores) -> DayVersion:
            return await stores.lists.version([day]), await stores.archive.nearest(day, each=1)

        return await self._database.look_up(look)

    async def newest_papers(self) -> tuple[FeedEntry, ...]:
        """The papers of the newest `FEED_LISTS` lists, each once, newest list first, best first."""

        async def look(stores: Stores) -> tuple[FeedEntry, ...]:
            days = await self._newest_days(stores)
            digests = await stores.lists.digests(days)
            return tuple(entries(digests, await stores.lists.first_seen(days)))

        return await self._database.look_up(look)

    async def newest_version(self) -> ListsVersion:
        """Another one whenever `newest_papers` may give something else."""

        async def look(stores: Stores) -> ListsVersion:
            return await stores.lists.version(await self._newest_days(stores))

        return await self._database.look_up(look)

    async def _newest_days(self, stores: Stores) -> list[date]:
        until = self._today() + timedelta(days=1)
        return [offered.day for offered in await stores.archive.days(until=until, limit=FEED_LISTS)]

    def _today(self) -> date:
        return self._now().astimezone(UTC).date()


def entries(digests: Sequence[Digest], seen: Mapping[PaperId, datetime]) -> Iterator[FeedEntry]:
    """The papers of lists that are ordered newest first, in that order; one that several of them
    have stands with the oldest, where its readers first met it."""
    first = {listing.paper.id: digest.day for digest in digests for listing in digest}
    for digest in digests:
        for listing in digest:
            paper_id = listing.paper.id
            if first[paper_id] == digest.day:
                yield FeedEntry(listing=listing, day=digest.day, seen_at=seen[paper_id])
