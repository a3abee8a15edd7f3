"""Our own reactions under cards, where a channel wants them: they invite others to react.

Which cards are to get them is in the store, since the moment the card was recorded, until they
have them: a crash only makes us react once more, which Discord takes for nothing new. No delivery
waits for it.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, Protocol

from bot.services.timing import DEFAULT_TIMING, Timing
from bot.services.tracking import ChannelRefuses, NotNow
from bot.storage.database import Database
from bot.storage.errors import StorageError
from bot.storage.interests import Seeding as Card

log = logging.getLogger(__name__)

AT_ONCE: Final = 100
"""Cards read from the store at a time."""


class Putter(Protocol):
    """Where reactions are put. `bot.reactions.DiscordReactions` asks Discord."""

    async def put(self, channel_id: int, message_id: int, emoji: str) -> None:
        """React; doing so twice changes nothing. Raises `ChannelRefuses` or `NotNow`."""
        ...


class Seeding:
    """Puts `emoji`, in order, under the cards that are to get them, the newest first."""

    def __init__(
        self,
        database: Database,
        putter: Putter,
        *,
        emoji: Sequence[str],
        timing: Timing = DEFAULT_TIMING,
    ) -> None:
        self._database = database
        self._putter = putter
        self._emoji = tuple(emoji)
        self._timing = timing
        self._wanted = False
        self._stopped = False
        # Lives while there is something to do, and no longer.
        self._seeding: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """There may be cards to seed: call it at start, and when one was posted."""
        self._wanted = True
        if (self._seeding is None or self._seeding.done()) and not self._stopped:
            self._seeding = asyncio.create_task(self._seed_wanted())

    async def close(self) -> None:
        """Stop: what is left is taken up at the next start."""
        self._stopped = True
        if self._seeding is not None:
            self._seeding.cancel()
            await asyncio.wait([self._seeding])

    async def caught_up(self) -> None:
        """Return once no card is left to be seeded."""
        if self._seeding is not None:
            await asyncio.wait([self._seeding])

    async def _seed_wanted(self) -> None:
        pause = self._timing.first_retry
        while self._wanted:
            self._wanted = False
            try:
                if await self._seed_all():
                    pause = self._timing.first_retry
                    continue
            except StorageError as error:
                log.error("no card is seeded: %s", error)  # noqa: TRY400 - a known cause
            except Exception:
                log.exception("seeding failed")
            self._wanted = True
            await asyncio.sleep(pause.total_seconds())
            pause = min(pause * 2, self._timing.last_retry)

    async def _seed_all(self) -> bool:
        """Whether none is left. A channel that fails now holds up no other."""
        failed: set[int] = set()
        while True:
            async with self._database.reading() as stores:
                cards = await stores.interests.to_seed(AT_ONCE, without=failed)
            if not cards:
                return not failed
            for card in cards:
                if card.channel_id not in failed and not await self._seed(card):
                    failed.add(card.channel_id)

    async def _seed(self, card: Card) -> bool:
        """Whether the card has what it can have."""
        try:
            for emoji in self._emoji:
                await self._putter.put(card.channel_id, card.message_id, emoji)
        except ChannelRefuses as error:
            log.info("channel %d takes no reactions of ours: %s", card.channel_id, error)
        except NotNow as error:
            log.warning("message %d is not seeded yet: %s", card.message_id, error)
            return False
        async with self._database.transaction() as stores:
            await stores.interests.seeded(card.message)
        return True
