"""Answers to what people do: in their language, to them alone, whatever goes wrong."""

import contextlib
import logging
import secrets
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeAlias

import aiohttp
import discord
from discord import app_commands

from bot.domain.errors import BotError, InvalidInput, NotAllowed, NotFound
from bot.domain.phrases import Phrase, phrase
from bot.domain.text import quoted
from bot.rendering import limits
from bot.rendering.words import spoken, timestamp
from bot.services.measures import Measures

log = logging.getLogger(__name__)

Interaction: TypeAlias = discord.Interaction[Any]

NOT_ANSWERED: Final = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)
"""What a request of ours meets when Discord, or the way to it, fails."""

_ALREADY_ACKNOWLEDGED: Final = 40060
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#json"""

_PUBLIC: Final = "answers publicly"
"""Where an interaction remembers that everybody sees its answer being waited for."""

_KINDS: Final = {
    discord.InteractionType.application_command: "command",
    discord.InteractionType.autocomplete: "autocomplete",
    discord.InteractionType.component: "component",
    discord.InteractionType.modal_submit: "modal",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody did, under the name that logs and metrics give it."""

    interaction: Interaction
    name: str

    @property
    def kind(self) -> str:
        """A command, an autocomplete, a component or a modal."""
        return _KINDS[self.interaction.type]


_unanswered: ContextVar[Asked | None] = ContextVar("unanswered", default=None)


def begin_answer(interaction: Interaction, *, name: str) -> None:
    """Remember what this task answers from here on, so that its first answer can be timed."""
    _unanswered.set(Asked(interaction, name))


def first_answer() -> Asked | None:
    """What this task has just answered for the first time; afterwards `None`."""
    asked = _unanswered.get()
    _unanswered.set(None)
    return asked


def command_name(interaction: Interaction) -> str:
    """The whole English name of the command that was used; the id of what was no command."""
    command = interaction.command
    return command.qualified_name if command is not None else str(interaction.id)


def language_of(interaction: Interaction) -> str:
    """The language that the reader's Discord is in, as a BCP 47 tag: "en-US", "ko"."""
    return str(interaction.locale)


async def think(interaction: Interaction, *, share: bool) -> None:
    """Acknowledge at once: Discord waits three seconds for that, and then for minutes.

    `share`: everybody sees that an answer comes, and then the answer; but not what goes wrong.
    """
    interaction.extras[_PUBLIC] = share
    await interaction.response.defer(ephemeral=not share, thinking=True)


async def say(interaction: Interaction, said: Phrase, *, ephemeral: bool = True) -> None:
    """Answer, or answer further if an answer was begun; `ephemeral`: for this person alone.

    An answer that does not reach them is logged, not raised.
    """
    text = spoken(said, language_of(interaction))
    try:
        if not interaction.response.is_done():
            try:
                await interaction.response.send_message(text, ephemeral=ephemeral)
            except discord.HTTPException as error:
                # Acknowledged before, and only the answer to that was lost.
                if error.code != _ALREADY_ACKNOWLEDGED:
                    raise
            else:
                return
        if ephemeral and interaction.extras.pop(_PUBLIC, False):
            await _say_apart(interaction, text)
        else:
            await interaction.followup.send(text, ephemeral=ephemeral)
    except (*NOT_ANSWERED, RuntimeError) as error:
        if not _is_not_answered(interaction, error):
            raise
        log.warning(
            "%s %s: the answer did not arrive: %s",
            _KINDS.get(interaction.type, "interaction"),
            command_name(interaction),
            str(error) or type(error).__name__,
        )


async def _say_apart(interaction: Interaction, text: str) -> None:
    """Answer this person alone where everybody sees that an answer is being waited for.

    Discord puts the next message there, for everybody to read, and has refused it where that
    place was deleted empty (https://github.com/discord/discord-api-docs/issues/2739). So
    something else fills it, and is deleted. Where that fails the answer comes all the same, for
    everybody if need be.
    """
    try:
        await interaction.edit_original_response(content=limits.ELLIPSIS)
    except NOT_ANSWERED:
        await interaction.followup.send(text, ephemeral=True)
        return
    await interaction.followup.send(text, ephemeral=True)
    with contextlib.suppress(*NOT_ANSWERED):
        await interaction.delete_original_response()


def _is_not_answered(interaction: Interaction, error: BaseException | None) -> bool:
    """Whether it was Discord, or the way to it, that failed."""
    if isinstance(error, RuntimeError):
        # aiohttp's word for a session that was closed: the bot has stopped meanwhile.
        stopped: bool = interaction.client.is_closed()
        return stopped
    return isinstance(error, NOT_ANSWERED)


async def answer_error(
    interaction: Interaction, error: Exception, *, name: str, measures: Measures
) -> None:
    """Answer with the sentence that belongs to `error`; log and count it if it is no reader's.

    `name` says in the log what failed: a command, a button, a select or a modal.
    """
    cause = error.__cause__ if isinstance(error, app_commands.CommandInvokeError) else error
    kind = _KINDS.get(interaction.type, "interaction")
    if isinstance(cause, BotError):
        expected = isinstance(cause, InvalidInput | NotAllowed | NotFound)
        log.log(logging.INFO if expected else logging.WARNING, "%s %s: %s", kind, name, cause)
        if not expected:
            measures.command_failed(name)
        reply = cause.reply
    elif isinstance(cause, app_commands.TransformerError):
        reply = phrase("I can't read {typed}. Choose again.", typed=quoted(str(cause.value)))
    elif isinstance(cause, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
        reply = phrase("This command has changed since Discord loaded it. Reload Discord.")
    elif isinstance(cause, app_commands.CommandOnCooldown):
        log.info("%s %s: cooldown of %.0f s", kind, name, cause.retry_after)
        again_at = interaction.created_at + timedelta(seconds=cause.retry_after)
        reply = phrase(
            "That was a lot at once. Ask again {in_time}.",
            in_time=timestamp(again_at, "R"),
        )
    elif _is_not_answered(interaction, cause):
        log.warning("%s %s: Discord failed: %s", kind, name, str(cause) or type(cause).__name__)
        reply = phrase("Discord did not let me finish that. Please try again.")
    else:
        reference = secrets.token_hex(4)
        measures.command_failed(name)
        log.error("%s %s failed [%s]", kind, name, reference, exc_info=cause)
        reply = phrase(
            "That went wrong on my side. My operator finds it in the log as {reference}.",
            reference=f"`{reference}`",
        )
    await say(interaction, reply)
