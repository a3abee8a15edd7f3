"""How we stand in a channel, from what the gateway has told: no request is made."""

import discord

from bot import permissions
from bot.domain.subscriptions import NO_GUILD, shard_of
from bot.domain.suspensions import Access, Standing


class GatewayPresence:
    """The `Presence` that reads discord.py's cache."""

    def __init__(self, client: discord.AutoShardedClient) -> None:
        self._client = client

    def standing(self, guild_id: int, channel_id: int) -> Standing:
        if guild_id == NO_GUILD:
            return Standing(Access.UNSEEN)  # nothing tells whether a person is open to us
        if not self._client.is_ready() or not self._serves(guild_id):
            return Standing(Access.UNSEEN)
        guild = self._client.get_guild(guild_id)
        if guild is None:
            return Standing(Access.ABSENT)
        if guild.unavailable:
            return Standing(Access.UNSEEN)
        channel = guild.get_channel_or_thread(channel_id)
        if not isinstance(channel, permissions.Channel):
            return Standing(Access.UNSEEN)
        if lacking := permissions.blocking(channel):
            return Standing(Access.SHUT, lacking)
        return Standing(Access.OPEN)

    def _serves(self, guild_id: int) -> bool:
        """Whether the server is one of those that Discord tells this process of."""
        return shard_of(guild_id, self._client.shard_count or 1) in self._client.shards
