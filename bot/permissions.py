"""What the bot itself needs in a channel, and what it lacks there."""

from typing import Final

import discord

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

_NAMES: Final = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "send_messages_in_threads": "Send Messages in Threads",
    "embed_links": "Embed Links",
    "read_message_history": "Read Message History",
    "add_reactions": "Add Reactions",
}

_NICE_TO_HAVE: Final = frozenset({"add_reactions"})


def missing(channel: Channel) -> tuple[str, ...]:
    """The names, as Discord shows them, of what the bot lacks in `channel`."""
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
