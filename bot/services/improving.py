"""Cards that were posted before better bullets came are edited, where their people want that.

Which cards those are is in the store, since the moment the bullets were kept, until they show
them: a crash only makes us look at a card once more, and an edit that changes nothing is not made.
It is the message that was posted, never a second one, and edits are behind everything more urgent.
"""

import asyncio
import logging
from datetime import UTC, timedelta
from typing import Final, Protocol

from bot.domain.deliveries import FIRST_LOOKED_BACK
from bot.rendering.cards import paper_card
from bot.rendering.message import Rendered
from bot.services.clock import Now
from bot.services.measures import Measures
from bot.services.timing import DEFAULT_TIMING, Timing
from bot.services.tracking import ChannelRefuses, NotNow
from bot.storage.database import Database
from bot.storage.errors import StorageError
from bot.storage.improvements import Card

log = logging.getLogger(__name__)

AT_ONCE: Final = 100
"""Cards read from the store at a time."""

KEPT_FOR: Final = timedelta(days=FIRST_LOOKED_BACK + 2)
"""How old a list may be whose cards are still edited: a first delivery may bring one that old, and
an edit may have to wait."""


class Editor(Protocol):
    """Where cards stand. `bot.reactions.DiscordReactions` edits them."""

    async def show(self, channel_id: int, message_id: int, card: Rendered, plain: Rendered) -> bool:
        """Let a message of ours show this card, or as `plain` as it was posted; whether it showed
        another. What people said under it, and what stands above it, stays. Raises
        `ChannelRefuses` or `NotNow`."""
        ...


class Improving:
    """Edits the cards that are to be edited, the newest first."""

    def __init__(
        self,
        database: Database,
        editor: Editor,
        *,
        now: Now,
        timing: Timing = DEFAULT_TIMING,
        measures: Measures | None = None,
    ) -> None:
        self._database = database
        self._editor = editor
        self._now = now
        self._timing = timing
        self._measures = measures or Measures()
        self._wanted = False
        self._stopped = False
        # Lives while there is something to do, and no longer.
        self._improving: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """There may be cards to edit: call it at start, and when a summary was kept."""
        self._wanted = True
        if (self._improving is None or self._improving.done()) and not self._stopped:
            self._improving = asyncio.create_task(self._improve_wanted())

    async def close(self) -> None:
        """Stop: what is left is taken up at the next start."""
        self._stopped = True
        if self._improving is not None:
            self._improving.cancel()
            await asyncio.wait([self._improving])

    async def caught_up(self) -> None:
        """Return once no card is left to be edited."""
        if self._improving is not None:
            await asyncio.wait([self._improving])

    async def _improve_wanted(self) -> None:
        pause = self._timing.first_retry
        while self._wanted:
            self._wanted = False
            try:
                if await self._improve_all():
                    pause = self._timing.first_retry
                    continue
            except StorageError as error:
                log.error("no card is edited: %s", error)  # noqa: TRY400 - a known cause
            except Exception:
                log.exception("editing cards failed")
            self._wanted = True
            await asyncio.sleep(pause.total_seconds())
            pause = min(pause * 2, self._timing.last_retry)

    async def _improve_all(self) -> bool:
        """Whether none is left. A channel that fails now holds up no other, and a card that is
        being posted is waited for."""
        async with self._database.reading() as stores:
            if await stores.improvements.is_empty():
                return True
        oldest = (self._now() - KEPT_FOR).astimezone(UTC).date()
        async with self._database.transaction() as stores:
            await stores.improvements.forget(before=oldest)
        failed: set[int] = set()
        while True:
            async with self._database.reading() as stores:
                cards = await stores.improvements.cards(AT_ONCE, without=failed)
                unposted = await stores.improvements.unposted()
            if not cards:
                return not failed and not unposted
            for card in cards:
                if card.channel_id not in failed and not await self._improve(card):
                    failed.add(card.channel_id)

    async def _improve(self, card: Card) -> bool:
        """Whether the card shows what it can show."""
        try:
            if card.language is not None and await self._show(card, card.language):
                self._measures.improved()
                log.info("message %d shows better bullets", card.message_id)
        except ChannelRefuses as error:
            log.info("message %d keeps its bullets: %s", card.message_id, error)
        except NotNow as error:
            log.warning("message %d is not edited yet: %s", card.message_id, error)
            return False
        async with self._database.transaction() as stores:
            await stores.improvements.done([card.message])
        return True

    async def _show(self, card: Card, language: str) -> bool:
        async with self._database.reading() as stores:
            paper = await stores.papers.get(card.item.paper_id)
        shown, plain = (
            paper_card(
                paper,
                day=card.item.day,
                rank=card.item.rank,
                upvotes=card.upvotes,
                language=language,
                late=card.item.late,
                plain=plain,
            )
            for plain in (False, True)
        )
        return await self._editor.show(card.channel_id, card.message_id, shown, plain)
