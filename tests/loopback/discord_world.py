"""All that a loopback Discord knows, and the rules by which it changes.

What changes is published as gateway events to who listens:
https://discord.com/developers/docs/events/gateway-events
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from tests.loopback.discord_errors import ApiError, Json
from tests.loopback.discord_objects import (
    BUILT_AT,
    DIRECT,
    PUBLIC_THREAD,
    TEXT,
    WITHOUT_CONTENT,
    Channel,
    Event,
    Guild,
    Member,
    Message,
    Role,
    User,
    emoji_payload,
    snowflake,
)
from tests.loopback.discord_permissions import (
    ALL,
    EVERYONE,
    Overwrite,
    Permission,
    in_channel,
    in_guild,
)

NONCE_REMEMBERED: Final = timedelta(minutes=5)
"""Discord promises "the past few minutes"."""

_REPLY: Final = 19
_USER_MENTION: Final = re.compile(r"<@!?(\d+)>")
_ROLE_MENTION: Final = re.compile(r"<@&(\d+)>")
_EVERYONE_MENTION: Final = re.compile(r"@(?:everyone|here)\b")
_ALL_MENTIONS: Final[Json] = {"parse": ["users", "roles", "everyone"]}


class World:
    """One bot, and the servers, channels and people around it."""

    def __init__(
        self, *, now: Callable[[], datetime], nonce_remembered: timedelta, bot_permissions: int
    ) -> None:
        self.now = now
        self.nonce_remembered = nonce_remembered
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.users: dict[int, User] = {}
        self.commands: list[Json] = []
        self.guild_commands: dict[int, list[Json]] = {}
        self.listeners: list[Callable[[Event], None]] = []
        self._bot_permissions = bot_permissions
        self._built = 0
        self._last_id = 0
        self._direct: dict[int, Channel] = {}
        self._nonces: dict[tuple[int, int, str], tuple[datetime, Message]] = {}
        self.bot = self.add_user("daily-papers", is_bot=True)
        self.application_id = self.bot.id
        self.owner = self.add_user("owner")

    # --- ids ------------------------------------------------------------------------------

    def built_id(self) -> int:
        """The next id of something that was there from the start: the same in every run."""
        self._built += 1
        return snowflake(BUILT_AT + timedelta(days=1, milliseconds=self._built))

    def new_id(self) -> int:
        """An id of this instant, greater than all given before."""
        self._last_id = max(self._last_id + 1, snowflake(self.now()))
        return self._last_id

    # --- building -------------------------------------------------------------------------

    def add_user(self, name: str, *, locale: str = "en-US", is_bot: bool = False) -> User:
        user = User(self.built_id(), name, locale, is_bot)
        self.users[user.id] = user
        return user

    def add_guild(self, name: str) -> Guild:
        """A new server with the bot in it, owned by somebody else."""
        # Apart from other ids and one millisecond after the other, so that shards take turns.
        guild_id = snowflake(BUILT_AT + timedelta(milliseconds=len(self.guilds)))
        guild = Guild(guild_id, name, self.owner.id)
        guild.roles[guild.id] = Role(guild.id, "@everyone", EVERYONE)
        bot_role = Role(
            self.built_id(), self.bot.name, self._bot_permissions, managed=True, position=1
        )
        guild.roles[bot_role.id] = bot_role
        guild.members[self.owner.id] = Member(self.owner)
        self.guilds[guild.id] = guild
        self.invite_bot(guild)
        return guild

    def add_role(
        self, guild: Guild, name: str, permissions: int = 0, *, mentionable: bool = False
    ) -> Role:
        role = Role(self.built_id(), name, permissions, mentionable, position=len(guild.roles))
        guild.roles[role.id] = role
        data = {"guild_id": str(guild.id), "role": role.payload()}
        self.publish(Event("GUILD_ROLE_CREATE", data, guild.id))
        return role

    def add_member(self, guild: Guild, user: User, role_ids: Iterable[int] = ()) -> Member:
        member = Member(user, tuple(role_ids))
        guild.members[user.id] = member
        data = member.payload() | {"guild_id": str(guild.id)}
        self.publish(Event("GUILD_MEMBER_ADD", data, guild.id))
        return member

    def add_channel(self, guild: Guild, name: str, kind: int = TEXT) -> Channel:
        channel = Channel(self.built_id(), name, kind, guild, position=len(guild.channels))
        self._put_channel(channel, guild)
        return channel

    def add_thread(self, parent: Channel, name: str) -> Channel:
        """A public thread, which can be looked at and not written in here."""
        thread = Channel(self.built_id(), name, PUBLIC_THREAD, parent.guild, parent=parent)
        self.channels[thread.id] = thread
        return thread

    def _put_channel(self, channel: Channel, guild: Guild) -> None:
        self.channels[channel.id] = guild.channels[channel.id] = channel
        self.publish(Event("CHANNEL_CREATE", channel.payload(), guild.id))

    def remove_channel(self, channel: Channel) -> Callable[[], None]:
        """Delete a server's channel; what is returned brings it back as it was."""
        guild = channel.guild
        if guild is None:
            raise ValueError("direct messages are not deleted")
        del self.channels[channel.id], guild.channels[channel.id]
        self.publish(Event("CHANNEL_DELETE", channel.payload(), guild.id))
        return lambda: self._put_channel(channel, guild)

    def expel_bot(self, guild: Guild) -> None:
        """The bot is no member of this server any more."""
        guild.bot_is_in = False
        guild.members.pop(self.bot.id, None)
        self.publish(Event("GUILD_DELETE", {"id": str(guild.id)}, guild.id))

    def invite_bot(self, guild: Guild) -> None:
        """The bot joins this server, for the first time or again."""
        guild.bot_is_in = True
        role_ids = tuple(role.id for role in guild.roles.values() if role.managed)
        guild.members[self.bot.id] = Member(self.bot, role_ids)
        self.publish(Event("GUILD_CREATE", guild.full_payload(self.bot.id), guild.id))

    def overwrite(self, channel: Channel, member_id: int, overwrite: Overwrite | None) -> None:
        """Set what a channel denies and allows one member, or lift it."""
        channel.overwrites.pop(member_id, None)
        if overwrite is not None:
            channel.overwrites[member_id] = overwrite
        self.publish(Event("CHANNEL_UPDATE", channel.payload(), channel.guild_id))

    def direct_channel(self, user: User) -> Channel:
        """The channel of the bot and one person, opened when it is first asked for."""
        if (channel := self._direct.get(user.id)) is None:
            channel = Channel(self.new_id(), user.name, DIRECT, recipient=user)
            self.channels[channel.id] = self._direct[user.id] = channel
        return channel

    # --- looking up -----------------------------------------------------------------------

    def channel(self, channel_id: int) -> Channel:
        """A channel, or Discord's 404."""
        if (channel := self.channels.get(channel_id)) is None:
            raise ApiError(404, 10003)
        return channel

    def guild(self, guild_id: int) -> Guild:
        """A server of the bot's, or Discord's 404."""
        guild = self.guilds.get(guild_id)
        if guild is None or not guild.bot_is_in:
            raise ApiError(404, 10004)
        return guild

    def user(self, user_id: int) -> User:
        """Anybody, or Discord's 404."""
        if (user := self.users.get(user_id)) is None:
            raise ApiError(404, 10013)
        return user

    @staticmethod
    def message(channel: Channel, message_id: int) -> Message:
        """A message, or Discord's 404."""
        if (message := channel.messages.get(message_id)) is None:
            raise ApiError(404, 10008)
        return message

    def permissions(self, channel: Channel, user_id: int) -> int:
        """What a user may do in a channel: nothing, for who is not in its server."""
        guild = channel.guild
        if guild is None:
            return ALL & ~int(Permission.MANAGE_MESSAGES)
        if user_id == guild.owner_id:
            return ALL
        if (member := guild.members.get(user_id)) is None:
            return 0
        roles = [guild.roles[role_id].permissions for role_id in member.role_ids]
        return in_channel(
            in_guild(guild.roles[guild.id].permissions, roles),
            (channel.parent or channel).overwrites.values(),
            guild_id=guild.id,
            role_ids=member.role_ids,
            member=user_id,
        )

    def require(self, channel: Channel, needed: int) -> None:
        """Raise what Discord answers if the bot may not do this here.

        50001 for a channel that it cannot see, 50013 for what it may not do in one it sees.
        """
        granted = self.permissions(channel, self.bot.id)
        if not granted & Permission.VIEW_CHANNEL:
            raise ApiError(403, 50001)
        if needed & ~granted:
            raise ApiError(403, 50013)

    def is_content_of_others(self, message: Message) -> bool:
        """Whether the bot needs the message content intent to read a message:
        https://discord.com/developers/docs/events/gateway#message-content-intent"""
        return (
            self.channels[message.channel_id].guild is not None
            and message.author is not self.bot
            and self.bot not in message.mentions
        )

    # --- messages -------------------------------------------------------------------------

    def remembered(self, author: User, channel: Channel, nonce: str | int) -> Message | None:
        """The message that this author sent here with this nonce a short while ago."""
        found = self._nonces.get((author.id, channel.id, str(nonce)))
        if found is None or self.now() - found[0] > self.nonce_remembered:
            return None
        return found[1]

    def forget_nonces(self) -> None:
        """As if the few minutes were over."""
        self._nonces.clear()

    def compose(self, channel: Channel, author: User, body: Json) -> Message:
        """A message from what was sent, not yet anywhere."""
        message = Message(self.new_id(), channel.id, author)
        self.apply(message, body)
        message.nonce = body.get("nonce")
        if (reference := body.get("message_reference")) is not None:
            message.reference = reference
            message.type = _REPLY
        return message

    def apply(self, message: Message, body: Json) -> None:
        """Take the fields that `body` names into a message; `null` empties one."""
        if "content" in body:
            message.content = (body["content"] or "").strip()
        if "embeds" in body:
            message.embeds = [_stored_embed(embed) for embed in body["embeds"] or []]
        if "components" in body:
            message.components = body["components"] or []
        if "attachments" in body:
            message.attachments = body["attachments"] or []
        if "flags" in body:
            message.flags = body["flags"] or 0
        self._mention(message, body.get("allowed_mentions"))

    def put(self, message: Message) -> None:
        """A message appears in its channel."""
        channel = self.channels[message.channel_id]
        channel.messages[message.id] = message
        if message.nonce is not None:
            key = (message.author.id, channel.id, str(message.nonce))
            self._nonces[key] = (self.now(), message)
        self._publish_message("MESSAGE_CREATE", channel, message)

    def edit(self, message: Message, body: Json) -> None:
        """A message changes, wherever it is."""
        self.apply(message, body)
        message.edited_at = self.now()
        channel = self.channels.get(message.channel_id)
        if channel is not None and message.id in channel.messages:
            self._publish_message("MESSAGE_UPDATE", channel, message)

    def delete(self, message: Message) -> None:
        """A message is gone."""
        channel = self.channels[message.channel_id]
        del channel.messages[message.id]
        data = {"id": str(message.id), **channel.place}
        self.publish(Event("MESSAGE_DELETE", data, channel.guild_id))

    def delete_many(self, channel: Channel, messages: Sequence[Message]) -> None:
        """Messages of one channel go at once, as when a moderator tidies up."""
        for message in messages:
            del channel.messages[message.id]
        data = {"ids": [str(message.id) for message in messages], **channel.place}
        self.publish(Event("MESSAGE_DELETE_BULK", data, channel.guild_id))

    @staticmethod
    def history(
        channel: Channel,
        *,
        limit: int,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
    ) -> list[Message]:
        """A page of messages, newest first: the ones next to the id that is named."""
        messages = list(channel.messages.values())
        if before is not None:
            page = [message for message in messages if message.id < before][-limit:]
        elif after is not None:
            page = [message for message in messages if message.id > after][:limit]
        elif around is not None:
            newer = [message for message in messages if message.id >= around]
            half = max(limit // 2, limit - len(newer))
            older = messages[: len(messages) - len(newer)]
            page = older[max(len(older) - half, 0) :]
            page += newer[: limit - len(page)]
        else:
            page = messages[-limit:]
        return page[::-1]

    def react(self, channel: Channel, message: Message, user: User, emoji: str) -> None:
        """Somebody reacts; doing so twice changes nothing."""
        users = message.reactions.setdefault(emoji, [])
        if user.id in users:
            return
        users.append(user.id)
        data = _reaction(channel, message, user, emoji)
        data["message_author_id"] = str(message.author.id)
        if channel.guild is not None:
            data["member"] = channel.guild.member(user).payload()
        self.publish(Event("MESSAGE_REACTION_ADD", data, channel.guild_id))

    def unreact(self, channel: Channel, message: Message, user: User, emoji: str) -> None:
        """Somebody takes a reaction back; Discord's 404 if there is none."""
        users = message.reactions.get(emoji, [])
        if user.id not in users:
            raise ApiError(404, 10014)
        users.remove(user.id)
        if not users:
            del message.reactions[emoji]
        data = _reaction(channel, message, user, emoji)
        self.publish(Event("MESSAGE_REACTION_REMOVE", data, channel.guild_id))

    def clear_reactions(self, channel: Channel, message: Message) -> None:
        """All reactions of a message go at once."""
        message.reactions.clear()
        data = {"message_id": str(message.id), **channel.place}
        self.publish(Event("MESSAGE_REACTION_REMOVE_ALL", data, channel.guild_id))

    def clear_emoji(self, channel: Channel, message: Message, emoji: str) -> None:
        """All reactions with one emoji go at once; Discord's 404 if there are none."""
        if message.reactions.pop(emoji, None) is None:
            raise ApiError(404, 10014)
        data = {
            "message_id": str(message.id),
            "emoji": emoji_payload(emoji),
            **channel.place,
        }
        self.publish(Event("MESSAGE_REACTION_REMOVE_EMOJI", data, channel.guild_id))

    def _mention(self, message: Message, allowed: Json | None) -> None:
        """Find whom a message pings:
        https://discord.com/developers/docs/resources/message#allowed-mentions-object"""
        allowed = _ALL_MENTIONS if allowed is None else allowed
        parse = allowed.get("parse") or []
        channel = self.channels[message.channel_id]
        granted = self.permissions(channel, message.author.id)
        may_ping_all = bool(granted & Permission.MENTION_EVERYONE)

        def permitted(kind: str, ids: Sequence[str]) -> list[int]:
            listed = {str(id_) for id_ in allowed.get(kind) or []}
            return [int(id_) for id_ in dict.fromkeys(ids) if kind in parse or id_ in listed]

        user_ids = permitted("users", _USER_MENTION.findall(message.content))
        role_ids = permitted("roles", _ROLE_MENTION.findall(message.content))
        roles = {} if channel.guild is None else channel.guild.roles
        message.mentions = [self.users[id_] for id_ in user_ids if id_ in self.users]
        message.mention_roles = [
            id_ for id_ in role_ids if id_ in roles and (may_ping_all or roles[id_].mentionable)
        ]
        message.mention_everyone = (
            "everyone" in parse
            and may_ping_all
            and _EVERYONE_MENTION.search(message.content) is not None
        )

    # --- events ---------------------------------------------------------------------------

    def publish(self, event: Event) -> None:
        """Tell those who listen."""
        for listener in self.listeners:
            listener(event)

    def _publish_message(self, name: str, channel: Channel, message: Message) -> None:
        data = message.payload(self.bot.id) | channel.place
        if channel.guild is not None:
            data["member"] = channel.guild.member(message.author).payload(with_user=False)
        redacted = data | WITHOUT_CONTENT if self.is_content_of_others(message) else None
        self.publish(Event(name, data, channel.guild_id, redacted))


def _reaction(channel: Channel, message: Message, user: User, emoji: str) -> Json:
    return {
        "user_id": str(user.id),
        "message_id": str(message.id),
        "emoji": emoji_payload(emoji),
        "burst": False,
        "type": 0,
        **channel.place,
    }


def _stored_embed(embed: Json) -> Json:
    """What Discord makes of an embed that was sent: always `rich`, text trimmed."""
    stored = {
        key: value.strip() if isinstance(value, str) else value for key, value in embed.items()
    }
    return stored | {"type": "rich"}
