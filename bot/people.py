"""Writing to those who look after a channel that is shut to us."""

from collections.abc import AsyncIterator, Sequence

import discord

from bot.domain.deliveries import NotSent, Outcome, Refused, Rejected
from bot.domain.subscriptions import Subscription
from bot.permissions import blocking
from bot.rendering.suspended import suspended
from bot.sender import DiscordSender


class DiscordPeople:
    """The `People` of a channel: who subscribed it, its server's own channel, its owner."""

    def __init__(self, client: discord.Client, sender: DiscordSender) -> None:
        self._client = client
        self._sender = sender

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
            if not isinstance(place, Refused | Rejected):
                return place
        return Refused("nobody can be reached")

    async def _places(
        self, subscription: Subscription, guild: discord.Guild
    ) -> AsyncIterator[int | Outcome]:
        """Channels to try, or why one could not be had."""
        if subscription.created_by is not None:
            yield await self._sender.direct(subscription.created_by)
        for channel in (guild.public_updates_channel, guild.system_channel):
            if channel is not None and not blocking(channel):
                yield channel.id
        if guild.owner_id is not None and guild.owner_id != subscription.created_by:
            yield await self._sender.direct(guild.owner_id)
