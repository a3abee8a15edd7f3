"""The bot as Discord sees it: its connection, its commands, its answers to errors."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.ext import commands

from bot.answering import NOT_ANSWERED, answer_error, begin_answer, command_name, first_answer
from bot.domain.errors import BotError, SettingsError
from bot.endpoint import GlobalLimit, expecting_discord, use_named_gateway
from bot.pacing import Pacing
from bot.services.measures import Measures, ShardHealth
from bot.translating import CommandTranslator

log = logging.getLogger(__name__)

INTENTS: Final = discord.Intents(
    guilds=True, guild_reactions=True, dm_reactions=True, guild_messages=True
)
"""Servers, their channels and roles, to check permissions; reactions; and of messages, that one
was deleted (`hear_no_messages` drops the rest). Nothing privileged."""


# discord.py warns at every start that it cannot speak. This bot writes.
discord.VoiceClient.warn_nacl = False
discord.VoiceClient.warn_dave = False

FIRST_REGISTERING_AGAIN: Final = timedelta(seconds=5)
LAST_REGISTERING_AGAIN: Final = timedelta(minutes=10)
REGISTERING: Final = timedelta(minutes=1)
"""How long Discord may take for the commands, its own request to wait included."""

LAST_ANSWERS: Final = timedelta(seconds=5)
"""How long commands under way have when the bot stops."""

_HANDLERS: Final = (
    *("discord.py: ", "CommandTree-invoker"),
    *("discord-ui-view-dispatch-", "discord-ui-dynamic-item-"),
)
"""How the names of discord.py's tasks begin."""

_AUTHENTICATION_FAILED: Final = 4004
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway"""


class TokenRefused(SettingsError):
    """Discord took the token once, and does no longer."""

    def __init__(self) -> None:
        super().__init__(
            "Discord does not take this DISCORD_TOKEN any longer: copy the new one from "
            "https://discord.com/developers/applications, Bot, Reset Token."
        )


class PaperTree(app_commands.CommandTree[commands.AutoShardedBot]):
    """Answers every error of a command with one sentence (see `answering`)."""

    client: "PaperBot"

    async def interaction_check(
        self, interaction: discord.Interaction[commands.AutoShardedBot]
    ) -> bool:
        """Let everybody pass, and remember for the first answer what is being answered."""
        begin_answer(interaction, name=command_name(interaction))
        return True

    async def on_error(
        self,
        interaction: discord.Interaction[commands.AutoShardedBot],
        error: app_commands.AppCommandError,
    ) -> None:
        await answer_error(
            interaction, error, name=command_name(interaction), measures=self.client.measures
        )


class PaperBot(commands.AutoShardedBot):
    """The client: give it its faces, what to start once it is logged in, and what to end.

    `named_gateway` connects to the gateway that the API names, whatever discord.py's default.
    `failure` is why it stopped on purpose, if it did.
    """

    def __init__(
        self,
        *,
        pacing: Pacing,
        shard_count: int | None = None,
        shard_ids: Sequence[int] | None = None,
        named_gateway: bool = False,
        measures: Measures | None = None,
    ) -> None:
        self.measures = measures or Measures()
        self.failure: BotError | None = None
        trace = pacing.trace()
        trace.on_request_end.append(self._note_first_answer)
        options: dict[str, Any] = {}
        if shard_count is not None:
            options["shard_count"] = shard_count
        if shard_ids is not None:
            options["shard_ids"] = list(shard_ids)
        super().__init__(
            command_prefix=(),
            help_command=None,
            tree_cls=PaperTree,
            intents=INTENTS,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),
            http_trace=trace,
            **options,
        )
        # The session that calls the trace is made while logging in.
        trace.on_request_end.append(GlobalLimit(self).note)
        self._named_gateway = named_gateway
        self._faces: list[commands.Cog] = []
        self._on_start: list[Callable[[], Awaitable[None]]] = []
        self._closing: asyncio.Task[None] | None = None
        self._registering: asyncio.Task[None] | None = None
        self._on_stop: list[Callable[[], Awaitable[None]]] = []

    def wire(
        self,
        *,
        faces: Sequence[commands.Cog],
        start: Callable[[], Awaitable[None]],
        stop: Callable[[], Awaitable[None]],
    ) -> None:
        """Take what runs while the bot does: `start` after login, `stop` before disconnecting,
        so that a post under way can still be finished."""
        self._faces.extend(faces)
        self._on_start.append(start)
        self._on_stop.append(stop)

    async def setup_hook(self) -> None:
        if self._named_gateway:
            await use_named_gateway(self)
        await self.learn_commands()
        self._registering = asyncio.create_task(self._register_commands())
        for start in self._on_start:
            await start()

    async def learn_commands(self) -> None:
        """Fill the command tree: what Discord is to be told, in every language."""
        await self.tree.set_translator(CommandTranslator())
        for face in self._faces:
            await self.add_cog(face)

    async def connect(self, *, reconnect: bool = True) -> None:
        """Be connected until closed; `TokenRefused` if Discord ends it for that."""
        try:
            await super().connect(reconnect=reconnect)
        except discord.ConnectionClosed as error:
            if error.code == _AUTHENTICATION_FAILED:
                raise TokenRefused from None
            raise

    async def launch_shard(
        self, gateway: yarl.URL, shard_id: int, *, initial: bool = False
    ) -> None:
        """Connect a shard. discord.py tries again until it can, closed or not: this ends it."""
        if not self.is_closed():
            await super().launch_shard(gateway, shard_id, initial=initial)

    def fail(self, error: BotError) -> None:
        """Stop on purpose, because of `error`: the first one is remembered as `failure`.

        It returns at once, so that what fails may be part of what is being stopped.
        """
        if self.failure is None:
            self.failure = error
            log.critical("the bot stops: %s", error)
        self._begin_to_close()

    async def close(self) -> None:
        """Stop what runs, then disconnect. Asked again meanwhile, it waits for the same end."""
        await asyncio.shield(self._begin_to_close())

    def _begin_to_close(self) -> asyncio.Task[None]:
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        return self._closing

    async def _close(self) -> None:
        if self._registering is not None:
            self._registering.cancel()
        for stop in reversed(self._on_stop):
            await stop()
        # Who has just asked something still gets the answer, and nobody is torn from the store.
        if under_way := _handlers():
            await asyncio.wait(under_way, timeout=LAST_ANSWERS.total_seconds())
        await super().close()
        if late := _handlers():
            for handler in late:
                handler.cancel()
            await asyncio.wait(late)

    async def _register_commands(self) -> None:
        """Tell Discord our commands, again and again until it takes them.

        Posting does not depend on it: the commands of the last start stand meanwhile.
        """
        pause = FIRST_REGISTERING_AGAIN
        while True:
            try:
                async with asyncio.timeout(REGISTERING.total_seconds()):
                    with expecting_discord():
                        await self.tree.sync()
            except NOT_ANSWERED as error:
                log.warning(
                    "Discord did not take the commands, again in %d s: %s",
                    pause.total_seconds(),
                    str(error) or type(error).__name__,
                )
                await asyncio.sleep(pause.total_seconds())
                pause = min(pause * 2, LAST_REGISTERING_AGAIN)
            else:
                return

    def shard_health(self) -> tuple[ShardHealth, ...]:
        """How each shard of this process stands with the gateway, those that never could
        connect among them."""
        expected = self.shard_ids or range(self.shard_count or 1)
        never = [ShardHealth(shard=i, connected=False) for i in expected if i not in self.shards]
        return tuple(never) + tuple(
            ShardHealth(
                shard=shard_id,
                connected=not shard.is_closed(),
                latency=shard.latency if math.isfinite(shard.latency) else None,
            )
            for shard_id, shard in sorted(self.shards.items())
        )

    def trouble(self) -> str | None:
        """Why events of some servers do not reach us; `None` if all do."""
        if not self.is_ready():
            return "not connected to Discord yet"
        lost = [str(shard.shard) for shard in self.shard_health() if not shard.connected]
        return f"connecting to Discord again: shard {', '.join(lost)}" if lost else None

    async def _note_first_answer(
        self, _session: Any, _context: Any, ended: aiohttp.TraceRequestEndParams
    ) -> None:
        """A request was answered: if that answered a person for the first time, it took so long."""
        if not ended.url.path.endswith("/callback") or ended.response.status >= 400:
            return
        if (asked := first_answer()) is None:
            return
        asked_at = asked.interaction.created_at
        took = datetime.now(asked_at.tzinfo) - asked_at
        self.measures.answered(asked.name, kind=asked.kind, seconds=took.total_seconds())

    async def on_ready(self) -> None:
        log.info(
            "connected as %s (%d): %d servers, %d shards",
            self.user,
            self.user.id if self.user is not None else 0,
            len(self.guilds),
            len(self.shards),
        )


def _handlers() -> set[asyncio.Task[Any]]:
    """The commands, buttons and events that are being handled now.

    discord.py starts a task for each and keeps none; it does name them.
    """
    return {task for task in asyncio.all_tasks() if task.get_name().startswith(_HANDLERS)}
