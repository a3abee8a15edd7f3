"""Who may do what in a channel: https://discord.com/developers/docs/topics/permissions"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag
from typing import Final


class Permission(IntFlag):
    """The bits that this Discord looks at; others are carried and ignored."""

    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_APPLICATION_COMMANDS = 1 << 31
    SEND_MESSAGES_IN_THREADS = 1 << 38


ALL: Final = (1 << 51) - 1
"""Every permission there is, as an owner or an administrator has."""

EVERYONE: Final = int(
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.ADD_REACTIONS
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.SEND_MESSAGES_IN_THREADS
)
"""What a new server's @everyone may do, as far as this Discord looks at it."""

_WITH_SENDING: Final = (
    Permission.EMBED_LINKS | Permission.ATTACH_FILES | Permission.MENTION_EVERYONE
)


@dataclass(frozen=True, slots=True)
class Overwrite:
    """What one role (`kind` 0) or member (`kind` 1) is denied and allowed in one channel."""

    id: int
    kind: int
    allow: int = 0
    deny: int = 0

    def payload(self) -> dict[str, str | int]:
        return {
            "id": str(self.id),
            "type": self.kind,
            "allow": str(self.allow),
            "deny": str(self.deny),
        }


def in_guild(everyone: int, roles: Iterable[int]) -> int:
    """The permissions of a member whose roles grant `roles`, before any channel's overwrites."""
    granted = everyone
    for role in roles:
        granted |= role
    return ALL if granted & Permission.ADMINISTRATOR else granted


def in_channel(
    base: int,
    overwrites: Iterable[Overwrite],
    *,
    guild_id: int,
    role_ids: Iterable[int],
    member: int,
) -> int:
    """The permissions of a member in a channel: @everyone's overwrite, its roles', its own.

    As in https://discord.com/developers/docs/topics/permissions#permission-overwrites, with the
    implicit ones: who cannot see a channel can do nothing there, who cannot send cannot embed.
    """
    if base & Permission.ADMINISTRATOR:
        return ALL
    by_id = {overwrite.id: overwrite for overwrite in overwrites}
    granted = _overwritten(base, [by_id[guild_id]] if guild_id in by_id else [])
    granted = _overwritten(granted, [by_id[role] for role in role_ids if role in by_id])
    granted = _overwritten(granted, [by_id[member]] if member in by_id else [])
    if not granted & Permission.VIEW_CHANNEL:
        return 0
    if not granted & Permission.SEND_MESSAGES:
        granted &= ~int(_WITH_SENDING)
    return granted


def _overwritten(granted: int, overwrites: Iterable[Overwrite]) -> int:
    denied = allowed = 0
    for overwrite in overwrites:
        denied |= overwrite.deny
        allowed |= overwrite.allow
    return (granted & ~denied) | allowed
