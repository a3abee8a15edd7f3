"""The counts on cards, brought up to date after reactions changed them.

A press is answered on its card at once. A reaction is not: it is seen by itself, and a card under
which many react would be edited again and again. So that is done after a while, seldom, and
behind everything more urgent; nothing is lost if it is not done at all.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from bot.domain.interests import Place, Verdict
from bot.domain.papers import PaperId
from bot.services.tracking import ChannelRefuses, NotNow
from bot.storage.database import Database
from bot.storage.errors import StorageError

log = logging.getLogger(__name__)

SOON: Final = timedelta(seconds=30)
"""From the first change to the new count: those who react to a post often do so together."""

SELDOM: Final = timedelta(minutes=5)
"""Between two new counts on one card."""

MOST_WAITING: Final = 1_000
"""Cards to be brought up to date, beyond which the oldest is left as it is."""


class Counters(Protocol):
    """Where cards stand. `bot.reactions.DiscordReactions` edits them."""

    async def recount(
        self, channel_id: int, message_id: int, paper_id: PaperId, counts: Mapping[Verdict, int]
    ) -> None:
        """Show these counts on a card. Raises `ChannelRefuses` or `NotNow`."""
        ...


@dataclass(frozen=True, slots=True)
class Changed:
    """Something was said, or taken back, under a card."""

    message_id: int
    place: Place
    paper_id: PaperId


class Recounting:
    """Shows new counts `soon` after a change, and on one card not before `seldom` has passed."""

    def __init__(
        self,
        database: Database,
        counters: Counters,
        *,
        soon: timedelta = SOON,
        seldom: timedelta = SELDOM,
    ) -> None:
        self._database = database
        self._counters = counters
        self._soon = soon.total_seconds()
        self._seldom = seldom.total_seconds()
        self._waiting: dict[int, tuple[float, Changed]] = {}
        self._done_at: dict[int, float] = {}
        self._task: asyncio.Task[None] | None = None
        self._stopped = False

    def changed(self, change: Changed) -> None:
        """Take note that a card may show old counts."""
        if self._stopped or change.message_id in self._waiting:
            return
        now = asyncio.get_running_loop().time()
        before = self._done_at.get(change.message_id, now - self._seldom)
        if len(self._waiting) >= MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[change.message_id] = (max(now + self._soon, before + self._seldom), change)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._recount_all())

    async def close(self) -> None:
        """Stop: counts that are not shown yet will be with the next change."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def caught_up(self) -> None:
        """Return once no card waits for its counts."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _recount_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            message_id, (due_at, change) = min(self._waiting.items(), key=lambda one: one[1][0])
            if (delay := due_at - loop.time()) > 0:
                await asyncio.sleep(delay)
                continue
            del self._waiting[message_id]
            self._done_at = {
                known: at for known, at in self._done_at.items() if at > loop.time() - self._seldom
            }
            self._done_at[message_id] = loop.time()
            try:
                await self._recount(change)
            except (ChannelRefuses, NotNow, StorageError) as error:
                log.info("message %d keeps its counts: %s", message_id, error)
            except Exception:
                log.exception("message %d keeps its counts", message_id)

    async def _recount(self, change: Changed) -> None:
        async with self._database.reading() as stores:
            counts = await stores.interests.counts(change.place, [change.paper_id])
        await self._counters.recount(
            change.place.channel_id, change.message_id, change.paper_id, counts[change.paper_id]
        )
