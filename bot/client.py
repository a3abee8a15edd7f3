"""The bot as Discord sees it: its connection, its commands, its answers to errors."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.errors import BotError, InvalidInput, NotAllowed, NotFound
from bot.endpoint import use_named_gateway
from bot.pacing import Pacing

log = logging.getLogger(__name__)

INTENTS: Final = discord.Intents(guilds=True)
"""Servers, their channels and roles: enough to check permissions. Nothing privileged."""


# discord.py warns at every start that it cannot speak. This bot writes.
discord.VoiceClient.warn_nacl = False
discord.VoiceClient.warn_dave = False


class PaperTree(app_commands.CommandTree[commands.AutoShardedBot]):
    """Answers every error of a command with one sentence, and logs what was not foreseen."""

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
            await _answer(interaction, cause.reply)
        elif isinstance(cause, app_commands.TransformerError):
            await _answer(
                interaction, f"I can't read “{str(cause.value)[:80]}”. Please choose again."
            )
        elif isinstance(
            cause, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch
        ):
            await _answer(
                interaction, "This command has changed since Discord loaded it. Reload Discord."
            )
        else:
            reference = secrets.token_hex(4)
            log.error("command %s failed [%s]", _name(interaction), reference, exc_info=cause)
            await _answer(
                interaction,
                f"That went wrong on my side. My operator finds it in the log as `{reference}`.",
            )


class PaperBot(commands.AutoShardedBot):
    """The client: give it its faces, what to start once it is logged in, and what to end.

    `named_gateway` connects to the gateway that the API names, whatever discord.py's default.
    """

    def __init__(
        self,
        *,
        pacing: Pacing,
        shard_count: int | None = None,
        shard_ids: Sequence[int] | None = None,
        named_gateway: bool = False,
    ) -> None:
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
            http_trace=pacing.trace(),
            **options,
        )
        self._named_gateway = named_gateway
        self._faces: list[commands.Cog] = []
        self._on_start: list[Callable[[], Awaitable[None]]] = []
        self._closing: asyncio.Task[None] | None = None
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
        await self.tree.sync()
        for start in self._on_start:
            await start()

    async def close(self) -> None:
        """Stop what runs, then disconnect. Asked again meanwhile, it waits for the same end."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        for stop in reversed(self._on_stop):
            await stop()
        await super().close()

    async def on_ready(self) -> None:
        log.info(
            "connected as %s (%d): %d servers, %d shards",
            self.user,
            self.user.id if self.user is not None else 0,
            len(self.guilds),
            len(self.shards),
        )


def _name(interaction: discord.Interaction[Any]) -> str:
    return interaction.command.qualified_name if interaction.command is not None else "?"


async def _answer(interaction: discord.Interaction[Any], text: str) -> None:
    """Tell the person alone; an answer that no longer reaches them is logged, not raised."""
    try:
        if interaction.response.is_done():
            await interaction.followup.send(text, ephemeral=True)
        else:
            await interaction.response.send_message(text, ephemeral=True)
    except discord.HTTPException as error:
        log.warning("command %s: the answer did not arrive: %s", _name(interaction), error)
