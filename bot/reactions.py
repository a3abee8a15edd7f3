"""Reactions where they stand: read from Discord, and put there, behind everything more urgent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any, Final

import aiohttp
import discord

from bot.domain.interests import Meanings, Reaction, Seen, Verdict
from bot.domain.papers import PaperId
from bot.domain.subscriptions import NO_GUILD
from bot.rendering.counters import recounted_view, shows
from bot.rendering.message import Rendered
from bot.services.timing import DEFAULT_TIMING
from bot.services.tracking import PAGE, ChannelRefuses, NotNow

USERS: Final = 100
"""People in one page of those who reacted
(https://discord.com/developers/docs/resources/message#get-reactions)."""

_NORMAL: Final = 0
_BURST: Final = 1
"""https://discord.com/developers/docs/resources/message#get-reactions-reaction-types"""

_UNKNOWN_MESSAGE: Final = 10008
_UNKNOWN_EMOJI: Final = 10014
_NOT_THE_CHANNELS: Final = frozenset({0, 40333})
"""A proxy's answer, or that of Discord's own network: neither says anything about the channel.
https://discord.com/developers/docs/topics/opcodes-and-status-codes#json"""
_LASTING: Final = frozenset({400, 403, 404})
"""Statuses that the same request would meet again."""


class DiscordReactions:
    """Asks Discord through `client`.

    `turn` returns when there is room for a request that can wait; each has its own.
    """

    def __init__(
        self,
        client: discord.Client,
        *,
        meanings: Meanings,
        turn: Callable[[], Awaitable[None]],
        timeout: timedelta = DEFAULT_TIMING.request_timeout,
    ) -> None:
        self._client = client
        self._meanings = meanings
        self._turn = turn
        self._timeout = timeout.total_seconds()

    def guild_of(self, channel_id: int) -> int | None:
        """The server of a channel that the gateway has told of, 0 for direct messages that were
        opened by this process; `None` for any other."""
        channel = self._client.get_channel(channel_id)
        if isinstance(channel, discord.DMChannel):
            return NO_GUILD
        guild = getattr(channel, "guild", None)
        return None if guild is None else guild.id

    async def read(self, channel_id: int, message_ids: Sequence[int]) -> AsyncIterator[Seen]:
        """What stands under these messages, the newest first: one page of history tells the
        emoji under all of them, and who reacted is asked only where somebody other than us did.

        Raises `ChannelRefuses` or `NotNow`.
        """
        async with self._asking():
            page = _list(
                await self._client.http.logs_from(channel_id, PAGE, before=message_ids[0] + 1)
            )
        messages = {int(message["id"]): message for message in page}
        # A page that is not full reaches back to the beginning. An empty one says nothing: that
        # is how Discord shows a history that we may not read.
        whole = 0 < len(page) < PAGE
        oldest = 0 if whole else min(messages, default=message_ids[0])
        for message_id in message_ids:
            if message_id < oldest:
                return
            try:
                message = messages.get(message_id) or await self._one(channel_id, message_id)
                reactions = await self._under(channel_id, message_id, message)
            except _NoSuchMessage:
                yield Seen(message_id=message_id, reactions=None)
            else:
                yield Seen(message_id=message_id, reactions=reactions)

    async def put(self, channel_id: int, message_id: int, emoji: str) -> None:
        """React ourselves; `ChannelRefuses` if that will never be taken, or `NotNow`."""
        try:
            async with self._asking():
                await self._client.http.add_reaction(channel_id, message_id, emoji)
        except (_NoSuchMessage, _NoSuchEmoji) as error:
            raise ChannelRefuses(str(error)) from error

    async def recount(
        self, channel_id: int, message_id: int, paper_id: PaperId, counts: Mapping[Verdict, int]
    ) -> None:
        """Show these counts on a card, if it shows others. Raises `ChannelRefuses` or `NotNow`."""
        channel = self._client.get_partial_messageable(channel_id)
        try:
            async with self._asking():
                message = await channel.fetch_message(message_id)
            if not shows(message, paper_id, counts):
                async with self._asking():
                    await message.edit(view=recounted_view(message, paper_id, counts))
        except _NoSuchMessage as error:
            raise ChannelRefuses(str(error)) from error

    async def show(self, channel_id: int, message_id: int, card: Rendered, plain: Rendered) -> bool:
        """Let a message of ours show this card, or as `plain` as it was posted; whether it showed
        another. Only its embed is edited: the line above it and the buttons stay as they are.
        Raises `ChannelRefuses` or `NotNow`."""
        channel = self._client.get_partial_messageable(channel_id)
        try:
            async with self._asking():
                message = await channel.fetch_message(message_id)
            embed = (card if _has_picture(message) else plain).embeds[0]
            if not any(shown.url == embed.url for shown in message.embeds):
                raise ChannelRefuses(f"message {message_id} is another card")
            if any(_says(shown) == _says(embed) for shown in message.embeds):
                return False
            async with self._asking():
                await message.edit(embed=embed)
        except _NoSuchMessage as error:
            raise ChannelRefuses(str(error)) from error
        return True

    async def _one(self, channel_id: int, message_id: int) -> Any:
        """A message that its channel's history does not show."""
        async with self._asking():
            return await self._client.http.get_message(channel_id, message_id)

    async def _under(self, channel_id: int, message_id: int, message: Any) -> frozenset[Reaction]:
        found: set[Reaction] = set()
        for shown in message.get("reactions", ()):
            emoji = emoji_key(shown["emoji"])
            if emoji is None or self._meanings.of(emoji) is None:
                continue
            details = shown.get("count_details") or {"normal": shown["count"], "burst": 0}
            for burst, count, ours in (
                (False, details["normal"], shown["me"]),
                (True, details["burst"], shown.get("me_burst", False)),
            ):
                if count > int(ours):
                    written = _written(shown["emoji"])
                    people = await self._people(channel_id, message_id, written, burst=burst)
                    found |= {Reaction(reader_id, emoji, burst) for reader_id in people}
        return frozenset(found)

    async def _people(
        self, channel_id: int, message_id: int, emoji: str, *, burst: bool
    ) -> set[int]:
        """Who reacted, without bots."""
        kind: Any = _BURST if burst else _NORMAL
        people: set[int] = set()
        after: int | None = None
        while True:
            try:
                async with self._asking():
                    users = _list(
                        await self._client.http.get_reaction_users(
                            channel_id, message_id, emoji, USERS, after=after, type=kind
                        )
                    )
            except _NoSuchEmoji:
                return people  # the last of them has just taken it back
            people |= {int(user["id"]) for user in users if not user.get("bot", False)}
            if len(users) < USERS:
                return people
            after = max(int(user["id"]) for user in users)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """A request: in its turn, bounded, and its failures in our words."""
        await self._turn()
        with _in_our_words():
            async with asyncio.timeout(self._timeout):
                yield


class _NoSuchMessage(Exception):
    """The message is no more."""


class _NoSuchEmoji(Exception):
    """Nobody has reacted with it, or there is no such emoji."""


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except discord.HTTPException as error:
        if error.code == _UNKNOWN_MESSAGE:
            raise _NoSuchMessage(str(error)) from error
        if error.code == _UNKNOWN_EMOJI:
            raise _NoSuchEmoji(str(error)) from error
        if error.status in _LASTING and error.code not in _NOT_THE_CHANNELS:
            raise ChannelRefuses(str(error)) from error
        raise NotNow(str(error)) from error
    except (OSError, aiohttp.ClientError, TimeoutError) as error:
        raise NotNow(f"no answer: {error!r}") from error
    except (TypeError, KeyError, ValueError) as error:  # what discord.py makes of a proxy's page
        raise NotNow(f"the answer makes no sense: {error!r}") from error


def _has_picture(message: discord.Message) -> bool:
    return any(embed.thumbnail for embed in message.embeds)


def _says(embed: discord.Embed) -> tuple[str, str]:
    """What an embed says of its paper, as Discord trims it."""
    return (embed.description or "").strip(), (embed.footer.text or "").strip()


def _list(answer: Any) -> list[Any]:
    """An answer of 200 that is a list; a proxy's page is none."""
    if not isinstance(answer, list):
        raise NotNow("the answer makes no sense")
    return answer


def emoji_key(emoji: discord.PartialEmoji | Mapping[str, Any]) -> str | None:
    """How we call an emoji: its character, or the id of a server's own. `None` for one that is
    no more."""
    if isinstance(emoji, discord.PartialEmoji):
        return str(emoji.id) if emoji.id is not None else emoji.name or None
    known: str | None = emoji["id"] or emoji["name"]
    return known


def _written(emoji: Mapping[str, Any]) -> str:
    """How a request names it."""
    return f"{emoji['name']}:{emoji['id']}" if emoji["id"] else emoji["name"]
