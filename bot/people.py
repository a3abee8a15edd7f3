"""Writing to those who look after a channel that is shut to us."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import aiohttp
import discord

from bot.domain.deliveries import NotSent, Outcome, Refused
from bot.domain.subscriptions import Subscription
from bot.pacing import paced
from bot.permissions import blocking
from bot.rendering.suspended import suspended
from bot.sender import DiscordSender, outcome_of
from bot.services.timing import DEFAULT_TIMING


class DiscordPeople:
    """The `People` of a channel: who subscribed it, its server's own channel, its owner."""

    def __init__(
        self,
        client: discord.Client,
        sender: DiscordSender,
        *,
        timeout: timedelta = DEFAULT_TIMING.request_timeout,
    ) -> None:
        self._client = client
        self._sender = sender
        self._timeout = timeout.total_seconds()

    async def tell(self, subscriptions: Sequence[Subscription], *, nonce: str) -> Outcome:
        """Say it to the first of them that takes it."""
        subscription = subscriptions[0]
        guild = self._client.get_guild(subscription.guild_id)
        if guild is None or self._client.user is None:
            return NotSent("not connected to the server")
        message = suspended(subscriptions, guild=guild.name)
        async for place in self._places(subscription, guild):
            if isinstance(place, int):
                place = await self._sender.send(place, message, nonce=nonce)
            if not isinstance(place, Refused):
                return place
        return Refused("nobody can be reached")

    async def _places(
        self, subscription: Subscription, guild: discord.Guild
    ) -> AsyncIterator[int | Outcome]:
        """Channels to try, or why one could not be had."""
        if subscription.created_by is not None:
            yield await self._direct(subscription.created_by)
        for channel in (guild.public_updates_channel, guild.system_channel):
            if channel is not None and not blocking(channel):
                yield channel.id
        if guild.owner_id is not None and guild.owner_id != subscription.created_by:
            yield await self._direct(guild.owner_id)

    async def _direct(self, user_id: int) -> int | Outcome:
        """The direct messages with a person."""
        try:
            with paced():
                async with asyncio.timeout(self._timeout):
                    channel = await self._client.create_dm(discord.Object(user_id))
        except discord.HTTPException as error:
            return outcome_of(error.status, error.code, error.text)
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            return NotSent(f"no direct message could be begun: {error!r}")
        return channel.id
