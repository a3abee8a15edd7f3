"""What happens in servers that may shut a channel to us, or open it again."""

import discord
from discord.ext import commands

from bot.services.privacy import Privacy
from bot.services.suspending import Suspending


class StandingCog(commands.Cog):
    """Tells `services.suspending` that something changed; it looks for itself what. Which servers
    are ours is told to `services.privacy` too."""

    def __init__(self, client: discord.Client, suspending: Suspending, privacy: Privacy) -> None:
        self._client = client
        self._suspending = suspending
        self._privacy = privacy

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        ours = {guild.id for guild in self._client.guilds}
        await self._privacy.compare(ours)
        await self._suspending.compare(ours)
        await self._suspending.sweep()

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        await self._privacy.returned(guild.id)
        await self._suspending.look_again(guild.id)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await self._privacy.left(guild.id)
        await self._suspending.removed(guild.id)

    @commands.Cog.listener()
    async def on_guild_channel_create(self, channel: discord.abc.GuildChannel) -> None:
        await self._suspending.look_again(channel.guild.id, [channel.id])

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self,
        _before: discord.abc.GuildChannel,
        after: discord.abc.GuildChannel,
    ) -> None:
        await self._suspending.look_again(after.guild.id, _concerned(after))

    @commands.Cog.listener()
    async def on_raw_thread_update(self, thread: discord.RawThreadUpdateEvent) -> None:
        await self._suspending.look_again(thread.guild_id, [thread.thread_id])

    @commands.Cog.listener()
    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        if before.permissions != after.permissions and after in after.guild.me.roles:
            await self._suspending.look_again(after.guild.id)

    @commands.Cog.listener()
    async def on_member_update(self, _before: discord.Member, after: discord.Member) -> None:
        if after.id == after.guild.me.id:
            await self._suspending.look_again(after.guild.id)


def _concerned(channel: discord.abc.GuildChannel) -> list[int]:
    """The channel, and those whose permissions hang on it."""
    below = getattr(channel, "channels", []) + list(getattr(channel, "threads", []))
    return [channel.id, *(one.id for one in below)]
