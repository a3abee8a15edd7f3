"""The real bot in a simulated Discord: what people type, and what they get to read."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import discord
import pytest
import simcord

from bot.app import App, open_app
from bot.services.clock import utc_now
from bot.settings import Settings, load_settings
from tests.builders import a_digest, utc
from tests.simcord_shim import StricterDiscord, stricter

NOON = utc(2024, 6, 4, 12)
"""The bot's present, some hours from any delivery."""


@dataclass
class Lab:
    """A server with a channel, its manager, and a member who manages nothing."""

    app: App
    env: simcord.Env
    settings: Settings
    strict: StricterDiscord
    guild: simcord.GuildHandle
    channel: simcord.ChannelHandle
    manager: simcord.MemberActor
    reader: simcord.MemberActor
    handled: list[BaseException] = field(default_factory=list)

    async def slash(
        self,
        command: str,
        *,
        by: simcord.MemberActor | None = None,
        at: simcord.ChannelHandle | None = None,
        **options: Any,
    ) -> simcord.ResponseMessage:
        """What `by` (the manager) gets to read, alone, for a command in a channel."""
        result = await (by or self.manager).slash(at or self.channel, command, **options)
        self.handled = self.env.errors
        assert result.response is not None
        assert result.response.ephemeral
        return result.response

    @asynccontextmanager
    async def restarted(self) -> AsyncGenerator[None]:
        """The bot started anew, with the world and the database as they are."""
        await self.app.bot.close()
        async with open_app(self.settings, shift=_shift_to(NOON)) as again:
            await self.env.restart_bot(again.bot)
            yield
            await again.bot.close()

    async def deliver(self, channel: simcord.ChannelHandle) -> None:
        """Bring a channel the papers of its next slot, as its timer would."""
        subscription = await self.app.subscribing.of_channel(channel.id)
        slot_at = subscription.next_slot(NOON)
        await self.app.delivering.deliver(subscription, slot_at)

    async def choices(self, command: str, option: str, typed: str) -> Mapping[str, str]:
        """Name and value of what is offered while `typed` stands in an option."""
        offered = await self.manager.autocomplete(self.channel, command, option, typed)
        return {choice["name"]: choice["value"] for choice in offered}

    def a_channel_denying(self, name: str, **permissions: bool) -> simcord.ChannelHandle:
        """A channel in which the bot lacks these."""
        assert self.guild.me is not None
        denied = discord.PermissionOverwrite(**dict.fromkeys(permissions, False))
        return self.guild.create_text_channel(name, overwrites={self.guild.me: denied})


@pytest.fixture
async def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Lab]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digests").mkdir()
    settings = load_settings(
        database_url=f"sqlite+aiosqlite:///{tmp_path / 'papers.db'}",
        sources=f"markdown:{tmp_path / 'digests'}",
        shard_count=1,
    )
    async with open_app(settings, shift=_shift_to(NOON)) as app:
        async with app.database.transaction() as stores:
            await stores.lists.save(a_digest(), source="huggingface", read_at=NOON, closed=False)
        env = simcord.Env(app.bot)
        await env.start()
        with stricter(env) as strict:
            guild = env.create_guild("lab")
            managing = discord.Permissions(manage_channels=True)
            mods = guild.create_role("mods", permissions=managing)
            lab = Lab(
                app=app,
                env=env,
                settings=settings,
                strict=strict,
                guild=guild,
                channel=guild.create_text_channel("papers"),
                manager=guild.add_member(env.create_user("minji"), roles=[mods]),
                reader=guild.add_member(env.create_user("reader")),
            )
            yield lab
            assert env.errors == lab.handled, "an error reached nobody"
            await app.bot.close()  # simcord would cancel what is under way, statements included
        await env.shutdown()


def _shift_to(instant: datetime) -> timedelta:
    return instant - utc_now()
