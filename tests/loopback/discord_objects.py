"""What there is in a Discord: users, servers, roles, channels, messages.

Each is written out as Discord's reference has it: https://discord.com/developers/docs, pages
resources/user, resources/guild, topics/permissions#role-object, resources/channel,
resources/message.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from tests.loopback.discord_errors import Json
from tests.loopback.discord_permissions import Overwrite

EPOCH: Final = datetime(2015, 1, 1, tzinfo=UTC)
"""The zero of snowflakes: https://discord.com/developers/docs/reference#snowflakes"""

BUILT_AT: Final = datetime(2016, 1, 1, tzinfo=UTC)
"""When servers, channels and people came to be: their ids are the same in every run."""

TEXT, DIRECT, VOICE, CATEGORY, ANNOUNCEMENT, PUBLIC_THREAD, FORUM = 0, 1, 2, 4, 5, 11, 15
"""Channel types: https://discord.com/developers/docs/resources/channel#channel-object-channel-types"""

EPHEMERAL: Final = 1 << 6
LOADING: Final = 1 << 7
"""Message flags: https://discord.com/developers/docs/resources/message#message-object-message-flags"""

WITHOUT_CONTENT: Final[Json] = {"content": "", "embeds": [], "attachments": [], "components": []}
"""What stands in a message that a bot may not read."""


@dataclass(slots=True)
class User:
    """A person, or a bot. `takes_messages` is false for who shut their direct messages."""

    id: int
    name: str
    locale: str = "en-US"
    is_bot: bool = False
    takes_messages: bool = True

    def payload(self) -> Json:
        return {
            "id": str(self.id),
            "username": self.name,
            "discriminator": "0",
            "global_name": None if self.is_bot else self.name.title(),
            "avatar": None,
            "bot": self.is_bot,
            "system": False,
            "public_flags": 0,
            "flags": 0,
        }


@dataclass(slots=True)
class Role:
    """A role of a server; the one with the server's own id is @everyone."""

    id: int
    name: str
    permissions: int
    mentionable: bool = False
    managed: bool = False
    position: int = 0

    def payload(self) -> Json:
        return {
            "id": str(self.id),
            "name": self.name,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "icon": None,
            "unicode_emoji": None,
            "position": self.position,
            "permissions": str(self.permissions),
            "managed": self.managed,
            "mentionable": self.mentionable,
            "flags": 0,
        }


@dataclass(slots=True)
class Member:
    """A user in a server."""

    user: User
    role_ids: tuple[int, ...] = ()

    def payload(self, *, with_user: bool = True) -> Json:
        payload: Json = {
            "nick": None,
            "avatar": None,
            "banner": None,
            "roles": [str(role_id) for role_id in self.role_ids],
            "joined_at": BUILT_AT.isoformat(),
            "premium_since": None,
            "deaf": False,
            "mute": False,
            "flags": 0,
            "pending": False,
            "communication_disabled_until": None,
        }
        return payload | ({"user": self.user.payload()} if with_user else {})


@dataclass(slots=True)
class Message:
    """A message, with what was sent as Discord stores it."""

    id: int
    channel_id: int
    author: User
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    nonce: str | int | None = None
    flags: int = 0
    type: int = 0
    edited_at: datetime | None = None
    mentions: list[User] = field(default_factory=list)
    """Whom it pings: mentioned, and allowed to be."""
    mention_roles: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    reactions: dict[str, list[int]] = field(default_factory=dict)
    """Who reacted with what, first one first."""
    reference: Json | None = None
    interaction: Json | None = None
    application_id: int | None = None
    """Of the bot whose answer to an interaction it is."""

    @property
    def sent_at(self) -> datetime:
        """When Discord stored it, as its id says."""
        return EPOCH + timedelta(milliseconds=self.id >> 22)

    def payload(self, reader_id: int) -> Json:
        """The message as the user `reader_id` gets it."""
        payload: Json = {
            "id": str(self.id),
            "channel_id": str(self.channel_id),
            "author": self.author.payload(),
            "content": self.content,
            "timestamp": self.sent_at.isoformat(),
            "edited_timestamp": self.edited_at and self.edited_at.isoformat(),
            "tts": False,
            "mention_everyone": self.mention_everyone,
            "mentions": [user.payload() for user in self.mentions],
            "mention_roles": [str(role_id) for role_id in self.mention_roles],
            "attachments": self.attachments,
            "embeds": self.embeds,
            "components": self.components,
            "pinned": False,
            "type": self.type,
            "flags": self.flags,
        }
        if self.nonce is not None:
            payload["nonce"] = self.nonce
        if self.reactions:
            payload["reactions"] = [
                _reaction_payload(emoji, users, reader_id)
                for emoji, users in self.reactions.items()
            ]
        if self.reference is not None:
            payload["message_reference"] = {"channel_id": str(self.channel_id)} | self.reference
        if self.interaction is not None:
            payload["interaction_metadata"] = self.interaction
        if self.application_id is not None:
            payload["webhook_id"] = payload["application_id"] = str(self.application_id)
        return payload


@dataclass(slots=True)
class Channel:
    """A channel and its messages, oldest first; with a `recipient` it is direct messages, with
    a `parent` a thread in that channel."""

    id: int
    name: str
    type: int = TEXT
    guild: "Guild | None" = None
    recipient: User | None = None
    parent: "Channel | None" = None
    locked: bool = False
    position: int = 0
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)

    @property
    def guild_id(self) -> int | None:
        return self.guild.id if self.guild is not None else None

    @property
    def place(self) -> Json:
        """How events name it."""
        place: Json = {"channel_id": str(self.id)}
        return place if self.guild is None else place | {"guild_id": str(self.guild.id)}

    def payload(self) -> Json:
        common: Json = {
            "id": str(self.id),
            "type": self.type,
            "last_message_id": str(max(self.messages)) if self.messages else None,
            "flags": 0,
        }
        if self.recipient is not None:
            return common | {"recipients": [self.recipient.payload()]}
        if self.parent is not None:
            return common | self._thread_payload(self.parent)
        voice = {"bitrate": 64000, "user_limit": 0} if self.type == VOICE else {}
        return (
            common
            | voice
            | {
                "guild_id": str(self.guild_id),
                "name": self.name,
                "position": self.position,
                "parent_id": None,
                "topic": None,
                "nsfw": False,
                "rate_limit_per_user": 0,
                "permission_overwrites": [o.payload() for o in self.overwrites.values()],
            }
        )

    def _thread_payload(self, parent: "Channel") -> Json:
        """https://discord.com/developers/docs/resources/channel#thread-metadata-object"""
        return {
            "guild_id": str(self.guild_id),
            "parent_id": str(parent.id),
            "owner_id": str(self.guild.owner_id if self.guild is not None else 0),
            "name": self.name,
            "rate_limit_per_user": 0,
            "message_count": len(self.messages),
            "total_message_sent": len(self.messages),
            "member_count": 1,
            "thread_metadata": {
                "archived": self.locked,
                "auto_archive_duration": 1440,
                "archive_timestamp": BUILT_AT.isoformat(),
                "locked": self.locked,
                "create_timestamp": BUILT_AT.isoformat(),
            },
        }


@dataclass(slots=True)
class Guild:
    """A server; `bot_is_in` turns false when it throws the bot out."""

    id: int
    name: str
    owner_id: int
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    locale: str = "en-US"
    bot_is_in: bool = True

    def member(self, user: User) -> Member:
        """A user as a member; as one without roles if they have left."""
        return self.members.get(user.id) or Member(user)

    def payload(self) -> Json:
        return {
            "id": str(self.id),
            "name": self.name,
            "icon": None,
            "splash": None,
            "discovery_splash": None,
            "owner_id": str(self.owner_id),
            "afk_channel_id": None,
            "afk_timeout": 300,
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "roles": [role.payload() for role in self.roles.values()],
            "emojis": [],
            "stickers": [],
            "features": [],
            "mfa_level": 0,
            "application_id": None,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "rules_channel_id": None,
            "public_updates_channel_id": None,
            "safety_alerts_channel_id": None,
            "vanity_url_code": None,
            "description": None,
            "banner": None,
            "premium_tier": 0,
            "premium_progress_bar_enabled": False,
            "preferred_locale": self.locale,
            "nsfw_level": 0,
        }

    def full_payload(self, bot_id: int) -> Json:
        """A server with all that is in it. Without the presences intent the bot is told of no
        member but itself: https://discord.com/developers/docs/events/gateway-events#guild-create"""
        return self.payload() | {
            "joined_at": BUILT_AT.isoformat(),
            "large": len(self.members) >= 250,
            "member_count": len(self.members),
            "voice_states": [],
            "members": [self.members[bot_id].payload()],
            "channels": [channel.payload() for channel in self.channels.values()],
            "threads": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }


@dataclass(frozen=True, slots=True)
class Event:
    """A gateway event: of which server (`None`: direct messages), with what.

    `redacted` is what a bot without the message content intent gets instead.
    """

    name: str
    data: Json
    guild_id: int | None = None
    redacted: Json | None = None


def emoji_payload(emoji: str) -> Json:
    """A unicode emoji, or one of a server written `name:id`."""
    name, _, emoji_id = emoji.partition(":")
    return {"id": emoji_id or None, "name": name}


def snowflake(instant: datetime) -> int:
    """The first id of a millisecond."""
    return ((instant - EPOCH) // timedelta(milliseconds=1)) << 22


def _reaction_payload(emoji: str, user_ids: list[int], reader_id: int) -> Json:
    return {
        "count": len(user_ids),
        "count_details": {"burst": 0, "normal": len(user_ids)},
        "me": reader_id in user_ids,
        "me_burst": False,
        "emoji": emoji_payload(emoji),
        "burst_colors": [],
    }
