"""What the bot itself needs in a channel, and what it lacks there."""

from typing import Final

import discord

from bot.domain.phrases import translatable

Channel = discord.TextChannel | discord.Thread
"""Where a subscription can be: text and announcement channels, and threads."""

NEEDED: Final = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    read_message_history=True,
    add_reactions=True,
)
"""The least that the bot needs in a server: what `daily-papers invite` asks for."""


def invitation(application_id: int) -> str:
    """The link that invites the bot to a server, with the least permissions it needs."""
    return discord.utils.oauth_url(
        application_id, permissions=NEEDED, scopes=("bot", "applications.commands")
    )


_NAMES: Final = {
    "view_channel": translatable("View Channel"),
    "send_messages": translatable("Send Messages"),
    "send_messages_in_threads": translatable("Send Messages in Threads"),
    "embed_links": translatable("Embed Links"),
    "read_message_history": translatable("Read Message History"),
    "add_reactions": translatable("Add Reactions"),
}

_NICE_TO_HAVE: Final = frozenset({"add_reactions"})


def missing(channel: Channel) -> tuple[str, ...]:
    """The names, as Discord shows them in English, of what the bot lacks in `channel`."""
    return tuple(_NAMES[name] for name in _lacking(channel))


def blocking(channel: Channel) -> tuple[str, ...]:
    """Of those, the ones without which nothing can be posted safely.

    The history is among them: without it Discord answers that the channel is empty, and a post
    whose answer was lost could not be found again.
    """
    return tuple(_NAMES[name] for name in _lacking(channel) if name not in _NICE_TO_HAVE)


def _lacking(channel: Channel) -> list[str]:
    granted = channel.permissions_for(channel.guild.me)
    unneeded = (
        "send_messages" if isinstance(channel, discord.Thread) else "send_messages_in_threads"
    )
    return [name for name in _NAMES if name != unneeded and not getattr(granted, name)]
