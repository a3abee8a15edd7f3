"""Who may change a channel's subscription, and where one can be."""

from typing import Final

import discord

from bot.domain.errors import InvalidInput, NotAllowed
from bot.domain.phrases import Phrase, phrase
from bot.permissions import Channel, blocking, missing


def require_bot(channel: Channel, *, at_least: bool = False) -> None:
    """`NotAllowed`, naming exactly what is missing, unless the bot has all it needs in
    `channel`; `at_least`, what it cannot post without."""
    if lacking := blocking(channel) if at_least else missing(channel):
        raise NotAllowed(
            f"the bot lacks {lacking} in channel {channel.id}",
            reply=phrase(
                "I can't post in {channel} yet. In its settings under Permissions, "
                "give me: **{permissions}**. Then try again.",
                channel=channel.mention,
                permissions=tuple(phrase(name) for name in lacking),
            ),
        )


def may_manage(member: discord.Member | discord.User, channel: Channel) -> bool:
    """Whether `member` may manage `channel`."""
    return isinstance(member, discord.Member) and channel.permissions_for(member).manage_channels


def require_manager(member: discord.Member | discord.User, channel: Channel) -> None:
    """`NotAllowed` unless `member` may manage `channel`.

    Discord's default permissions are only a default: a server's settings may open a command to
    everyone, and they say nothing about another channel named in an option.
    """
    if not may_manage(member, channel):
        raise NotAllowed(
            f"user {member.id} may not manage channel {channel.id}",
            reply=phrase(
                "Only those who may manage {channel} can do that: "
                "it takes the **Manage Channels** permission there.",
                channel=channel.mention,
            ),
        )


def postable(channel: object) -> Channel:
    """`channel`, if papers can be posted in it; else `InvalidInput` that says where they can."""
    if isinstance(channel, Channel):
        return channel
    why = _NOT_THERE.get(type(channel), phrase("That kind of channel takes no daily papers"))
    raise InvalidInput(
        f"cannot post in a {type(channel).__name__}",
        reply=phrase("{why}. Choose a text channel, an announcement channel or a thread.", why=why),
    )


_NOT_THERE: Final[dict[type, Phrase]] = {
    discord.ForumChannel: phrase("A forum has only threads of its own: choose one of them"),
    discord.CategoryChannel: phrase("A category holds channels, not messages"),
    discord.VoiceChannel: phrase("A voice channel is for talking"),
    discord.StageChannel: phrase("A stage is for talking"),
    discord.DMChannel: phrase("Daily papers by direct message are not there yet"),
}


def require_role(role: discord.Role | None, channel: Channel) -> None:
    """`NotAllowed` or `InvalidInput` unless the bot's mention would reach `role` and only it."""
    if role is None:
        return
    if role.is_default():
        raise InvalidInput(
            "role is @everyone",
            reply=phrase(
                "I never mention @everyone. Choose a role that readers can take themselves."
            ),
        )
    if not role.mentionable and not channel.permissions_for(channel.guild.me).mention_everyone:
        raise NotAllowed(
            f"role {role.id} cannot be mentioned",
            reply=phrase(
                "My mention of {role} would reach nobody. In the role's settings "
                "turn on **Allow anyone to @mention this role**, then try again.",
                role=role.mention,
            ),
        )
