"""What is kept about people and servers: shown to whom it is about, and erased."""

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from bot.domain.suspensions import KEPT_FOR, Access
from bot.services.clock import Now
from bot.services.delivering import Presence
from bot.services.measures import Measures
from bot.services.tracking import READ_BACK
from bot.storage.database import Database
from bot.storage.privacy import Erased, Said

log = logging.getLogger(__name__)

REMEMBERED: Final = READ_BACK + timedelta(days=1)
"""How long somebody who was erased is known by id: while reactions of before are read again."""

HIDDEN: Final = frozenset({"id", "owner", "lease_until", "author_id", "nonce"})
"""Columns that are the store's own business, and say nothing about anybody."""


class Privacy:
    """People see and erase what is theirs; servers that put the bot out are erased.

    `settled` returns once what readers did until now is stored. `owns` tells which servers this
    process looks after; `on_change` is called when subscriptions
    ended, `on_erased` with each card whose counts may have changed.
    """

    def __init__(
        self,
        database: Database,
        *,
        presence: Presence,
        now: Now,
        settled: Callable[[], Awaitable[None]],
        on_change: Callable[[], Awaitable[None]],
        owns: Callable[[int], bool] = lambda _guild_id: True,
        on_erased: Callable[[Said], None] = lambda _said: None,
        measures: Measures | None = None,
    ) -> None:
        self._database = database
        self._settled = settled
        self._measures = measures or Measures()
        self._presence = presence
        self._now = now
        self._on_change = on_change
        self._owns = owns
        self._on_erased = on_erased

    # --- people ---

    async def data(self, reader_id: int) -> Mapping[str, Any]:
        """Everything that is kept about a person, ready for JSON: rows of the tables of these
        names, by column; `made_for_channels` are the subscriptions that they made,
        `asked_to_forget` is when they asked, and `posts` are the papers that came to them."""
        async with self._database.reading() as stores:
            found = await stores.privacy.of_reader(reader_id)
        kept = {
            name: [
                {key: _written(value) for key, value in row.items() if key not in HIDDEN}
                for row in rows
            ]
            for name, rows in found.items()
        }
        return {"your_id": str(reader_id), "as_of": self._now().isoformat(), **kept}

    async def forget_taste(self, reader_id: int) -> None:
        """Learn a person's taste anew, from what they say from now on; what they said stays."""
        async with self._database.transaction() as stores:
            await stores.readers.forget_taste(reader_id, at=self._now())

    async def forget(self, reader_id: int) -> Erased:
        """Erase a person at once and everywhere. For `REMEMBERED` their id alone is kept, so that
        reactions of before are not taken for new ones."""
        # What they said until now is stored first, or it would be after.
        await self._settled()
        async with self._database.transaction() as stores:
            erased = await stores.privacy.forget_reader(reader_id, at=self._now())
        await self._on_change()
        for card in erased.cards:
            self._on_erased(card)
        log.info("a person was erased: %d posts to them are forgotten", erased.posts)
        self._measures.erased("person")
        return erased

    # --- servers ---

    async def left(self, guild_id: int) -> None:
        """A server put the bot out: what is kept of it waits, for it may come back."""
        async with self._database.transaction() as stores:
            if guild_id in await stores.privacy.guilds():
                await stores.privacy.left([guild_id], at=self._now())

    async def returned(self, guild_id: int) -> None:
        """A server has the bot again."""
        async with self._database.transaction() as stores:
            await stores.privacy.returned(guild_id)

    async def compare(self, guild_ids: Collection[int]) -> None:
        """We are connected, and in these servers only."""
        async with self._database.transaction() as stores:
            known = {each for each in await stores.privacy.guilds() if self._owns(each)}
            for guild_id in (await stores.privacy.departed()).keys() & guild_ids:
                await stores.privacy.returned(guild_id)
            await stores.privacy.left(known - set(guild_ids), at=self._now())

    async def sweep(self) -> None:
        """Erase servers that were without the bot for `KEPT_FOR`, and the ids of people who were
        erased `REMEMBERED` ago."""
        now = self._now()
        async with self._database.reading() as stores:
            departed = await stores.privacy.departed()
            forgotten = await stores.readers.forgotten_before(now - REMEMBERED)
        for guild_id, left_at in departed.items():
            # It may have come back while nobody ran: only what is seen to be gone is erased.
            standing = self._presence.standing(guild_id, 0)
            if standing.access is Access.ABSENT and now - left_at > KEPT_FOR:
                async with self._database.transaction() as stores:
                    posts = await stores.privacy.erase_guild(guild_id)
                self._measures.erased("server")
                log.info(
                    "server %d is erased, %s after it removed the bot: %d posts are forgotten",
                    guild_id,
                    now - left_at,
                    posts,
                )
        if forgotten:
            async with self._database.transaction() as stores:
                await stores.readers.drop(forgotten)


def _written(value: Any) -> Any:
    """Ids as text, for many a reader of JSON rounds numbers of that size."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value > 2**53:
        return str(value)
    return value.isoformat() if isinstance(value, datetime | date) else value
