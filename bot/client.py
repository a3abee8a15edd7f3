"""The bot as Discord sees it: its connection, its commands, its answers to errors."""

import asyncio
import logging
import math
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.ext import commands

from bot.domain.errors import BotError, InvalidInput, NotAllowed, NotFound, SettingsError
from bot.domain.text import quoted
from bot.endpoint import GlobalLimit, expecting_discord, use_named_gateway
from bot.pacing import Pacing
from bot.services.measures import Measures, ShardHealth

log = logging.getLogger(__name__)

INTENTS: Final = discord.Intents(guilds=True)
"""Servers, their channels and roles: enough to check permissions. Nothing privileged."""


# discord.py warns at every start that it cannot speak. This bot writes.
discord.VoiceClient.warn_nacl = False
discord.VoiceClient.warn_dave = False

FIRST_REGISTERING_AGAIN: Final = timedelta(seconds=5)
LAST_REGISTERING_AGAIN: Final = timedelta(minutes=10)
REGISTERING: Final = timedelta(minutes=1)
"""How long Discord may take for the commands, its own request to wait included."""

LAST_ANSWERS: Final = timedelta(seconds=5)
"""How long commands under way have when the bot stops."""

_HANDLERS: Final = ("discord.py: ", "CommandTree-invoker", "discord-ui-view-dispatch-")
"""How the names of discord.py's tasks begin."""

_AUTHENTICATION_FAILED: Final = 4004
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway"""

_ALREADY_ACKNOWLEDGED: Final = 40060
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#json"""

_NOT_ANSWERED: Final = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)
"""What an answer of ours meets when Discord, or the way to it, fails."""

_KINDS: Final = {
    discord.InteractionType.application_command: "command",
    discord.InteractionType.autocomplete: "autocomplete",
}

_answering: ContextVar[discord.Interaction[Any] | None] = ContextVar("answering", default=None)


class TokenRefused(SettingsError):
    """Discord took the token once, and does no longer."""

    def __init__(self) -> None:
        super().__init__(
            "Discord does not take this DISCORD_TOKEN any longer: copy the new one from "
            "https://discord.com/developers/applications, Bot, Reset Token."
        )


class PaperTree(app_commands.CommandTree[commands.AutoShardedBot]):
    """Answers every error of a command with one sentence, and logs what was not foreseen."""

    client: "PaperBot"

    async def interaction_check(
        self, interaction: discord.Interaction[commands.AutoShardedBot]
    ) -> bool:
        """Let everybody pass, and remember for the first answer what is being answered."""
        _answering.set(interaction)
        return True

    async def on_error(
        self,
        interaction: discord.Interaction[commands.AutoShardedBot],
        error: app_commands.AppCommandError,
    ) -> None:
        cause = error.__cause__ if isinstance(error, app_commands.CommandInvokeError) else error
        if isinstance(cause, BotError):
            expected = isinstance(cause, InvalidInput | NotAllowed | NotFound)
            log.log(
                logging.INFO if expected else logging.WARNING,
                "command %s: %s",
                _name(interaction),
                cause,
            )
            if not expected:
                self.client.measures.command_failed(_name(interaction))
            await _answer(interaction, cause.reply)
        elif isinstance(cause, app_commands.TransformerError):
            await _answer(interaction, f"I can't read {quoted(str(cause.value))}. Choose again.")
        elif isinstance(
            cause, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch
        ):
            await _answer(
                interaction, "This command has changed since Discord loaded it. Reload Discord."
            )
        elif isinstance(cause, _NOT_ANSWERED):
            log.warning(
                "command %s: Discord failed: %s",
                _name(interaction),
                str(cause) or type(cause).__name__,
            )
            await _answer(interaction, "Discord did not let me finish that. Please try again.")
        else:
            reference = secrets.token_hex(4)
            self.client.measures.command_failed(_name(interaction))
            log.error("command %s failed [%s]", _name(interaction), reference, exc_info=cause)
            await _answer(
                interaction,
                f"That went wrong on my side. My operator finds it in the log as `{reference}`.",
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
        for face in self._faces:
            await self.add_cog(face)
        self._registering = asyncio.create_task(self._register_commands())
        for start in self._on_start:
            await start()

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
            except _NOT_ANSWERED as error:
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
        """A request was answered: if it was the first answer to a command, that took so long."""
        interaction = _answering.get()
        answers = ended.url.path.endswith("/callback") and ended.response.status < 400
        if interaction is None or not answers:
            return
        _answering.set(None)
        took: timedelta = datetime.now(interaction.created_at.tzinfo) - interaction.created_at
        self.measures.answered(
            _name(interaction), kind=_KINDS[interaction.type], seconds=took.total_seconds()
        )

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


def _name(interaction: discord.Interaction[Any]) -> str:
    return interaction.command.qualified_name if interaction.command is not None else "?"


async def _answer(interaction: discord.Interaction[Any], text: str) -> None:
    """Tell the person alone; an answer that does not reach them is logged, not raised."""
    try:
        if not interaction.response.is_done():
            try:
                await interaction.response.send_message(text, ephemeral=True)
            except discord.HTTPException as error:
                # Acknowledged before, and only the answer to that was lost.
                if error.code != _ALREADY_ACKNOWLEDGED:
                    raise
            else:
                return
        await interaction.followup.send(text, ephemeral=True)
    except _NOT_ANSWERED as error:
        log.warning(
            "command %s: the answer did not arrive: %s",
            _name(interaction),
            str(error) or type(error).__name__,
        )
