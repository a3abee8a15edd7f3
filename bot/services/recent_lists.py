"""The lists that deliveries draw from, read once for all channels until a source changes them.

A thousand channels at one hour want the same three lists. What is kept is checked against the
store at each use, so another process's reading counts as well.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from bot.domain.digests import Digest, Listing
from bot.domain.papers import PaperId
from bot.storage.database import Stores
from bot.storage.lists import ListsVersion

KEPT: Final = 16
"""Sets of days kept: deliveries of one hour ask for one or two, and three lists with their
papers are about half a megabyte."""


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of some days as they stand in the store."""

    version: ListsVersion
    digests: tuple[Digest, ...]
    by_paper: dict[tuple[date, PaperId], Listing]

    @property
    def sources(self) -> tuple[str, ...]:
        """Where they come from, the newest day's first source first."""
        return tuple(dict.fromkeys(source for _, source, _ in self.version))


class RecentLists:
    """Reads lists through a small memory."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[date, ...], Lists] = OrderedDict()

    async def get(self, stores: Stores, days: Sequence[date]) -> Lists:
        """The lists of `days`, as of the transaction of `stores`."""
        wanted = tuple(days)
        version = await stores.lists.version(wanted)
        known = self._kept.get(wanted)
        if known is None or known.version != version:
            digests = await stores.lists.digests(wanted)
            known = self._kept[wanted] = Lists(
                version=version,
                digests=digests,
                by_paper={(d.day, listing.paper.id): listing for d in digests for listing in d},
            )
        self._kept.move_to_end(wanted)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return known
