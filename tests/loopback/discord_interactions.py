"""People who use a bot's commands, buttons, selects and modals, and what they get to see.

https://discord.com/developers/docs/interactions/receiving-and-responding
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from tests.loopback.discord_commands import (
    CHANNEL,
    CHAT_INPUT,
    MESSAGE_MENU,
    ROLE,
    USER,
    choices_errors,
    defined,
    offered,
    option,
    subcommand,
    within,
)
from tests.loopback.discord_components import (
    BUTTON,
    STRING_SELECT,
    check_modal,
    chosen,
    component_of,
    filled,
)
from tests.loopback.discord_errors import ApiError, FieldError, Json, invalid_form
from tests.loopback.discord_objects import EPHEMERAL, LOADING, Channel, Event, Message, User
from tests.loopback.discord_validation import check_message
from tests.loopback.discord_world import World

FIRST_ANSWER: Final = timedelta(seconds=3)
TOKEN_LIVES: Final = timedelta(minutes=15)

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
"""Interaction types: …#interaction-object-interaction-type"""

MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
"""Callback types: …#interaction-response-object-interaction-callback-type"""

_CHAT_INPUT_ANSWER, _MENU_ANSWER = 20, 23
"""https://discord.com/developers/docs/resources/message#message-object-message-types"""


@dataclass(slots=True)
class Interaction:
    """One use of a command, a component or a modal, and what the bot made of it so far."""

    id: int
    token: str
    kind: int
    user: User
    channel: Channel
    began_at: datetime
    data: Json
    message_used: Message | None = None
    """The message whose component was used, or with whose component the modal was opened."""
    opened_by: "Interaction | None" = None
    """What opened the modal that was submitted."""
    answer: Json | None = None
    """The bot's first answer as it was sent: `type` and `data`."""
    original: Message | None = None
    """The message that the first answer made, `LOADING` in its flags while the bot thinks, or
    the one whose component was used, if that is to be changed instead."""
    followups: list[Message] = field(default_factory=list)
    changed_original: int = 0
    """How often the original was changed after the first answer, or by it."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def answered(self, *, within: float = 10) -> Json:
        """The bot's first answer."""
        await self._until(lambda: self.answer is not None, within)
        assert self.answer is not None
        return self.answer

    async def message(self, *, within: float = 10) -> Message:
        """The bot's first message, once it is more than "thinking…"."""
        await self._until(
            lambda: self.original is not None and not self.original.flags & LOADING, within
        )
        assert self.original is not None
        return self.original

    async def followed_up(self, count: int = 1, *, within: float = 10) -> list[Message]:
        """The messages after the first, once there are `count`."""
        await self._until(lambda: len(self.followups) >= count, within)
        return self.followups

    async def changed(self, *, within: float = 10) -> Message:
        """The message whose component was used, once it is changed."""
        await self._until(lambda: bool(self.changed_original), within)
        assert self.original is not None
        return self.original

    async def modal(self, *, within: float = 10) -> Json:
        """The modal that the bot opens."""
        answer = await self.answered(within=within)
        if answer["type"] != MODAL:
            raise ValueError(f"no modal, but an answer of type {answer['type']}")
        modal: Json = answer["data"]
        return modal

    async def choices(self, *, within: float = 10) -> list[Json]:
        """What an autocomplete offers: `name` and `value` of each."""
        answer = await self.answered(within=within)
        choices: list[Json] = answer["data"]["choices"]
        return choices

    def change(self) -> None:
        """Wake those who wait."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def _until(self, is_so: Callable[[], bool], within: float) -> None:
        async with asyncio.timeout(within):
            while not is_so():
                await self._changed.wait()


class Interactions:
    """All interactions: begun by people, answered by the bot."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_token: dict[str, Interaction] = {}

    # --- begun by people ------------------------------------------------------------------

    def slash(
        self,
        channel: Channel,
        user: User,
        name: str,
        options: Mapping[str, Any],
        *,
        focused: str | None = None,
        forged: bool = False,
    ) -> Interaction:
        """Somebody runs `name`, a registered command with its subcommands after it.

        Options are checked against what the bot registered, as Discord's own client does;
        users, channels and roles are given by id. With `focused` somebody is still typing
        that option, and asks for choices. A `forged` one comes from where it is not offered.
        """
        first, *rest = name.split()
        if forged:
            command = defined(self._known(channel), first)
        else:
            command = offered(self._known(channel), CHAT_INPUT, first, channel)
        path, definitions = subcommand(command, rest)
        sent = [
            option(defined(definitions, key), value, typing=key == focused)
            for key, value in options.items()
        ]
        if focused is None:
            missing = {d["name"] for d in definitions if d.get("required")} - set(options)
            if missing:
                raise ValueError(f"/{name} needs {', '.join(sorted(missing))}")
        data: Json = {
            "id": command["id"],
            "name": command["name"],
            "type": CHAT_INPUT,
            "options": within(path, sent),
        }
        if focused is None and (resolved := self._resolved(channel, sent)):
            data["resolved"] = resolved
        return self._begin(COMMAND if focused is None else AUTOCOMPLETE, channel, user, data)

    def menu(self, channel: Channel, user: User, name: str, message: Message) -> Interaction:
        """Somebody chooses `name` in the menu of a message. The bot gets to read that message:
        https://discord.com/developers/docs/events/gateway#message-content-intent"""
        command = offered(self._known(channel), MESSAGE_MENU, name, channel)
        target = str(message.id)
        data: Json = {
            "id": command["id"],
            "name": command["name"],
            "type": MESSAGE_MENU,
            "target_id": target,
            "resolved": {"messages": {target: message.payload(self._world.bot.id)}},
        }
        return self._begin(COMMAND, channel, user, data)

    def click(self, channel: Channel, message: Message, user: User, custom_id: str) -> Interaction:
        """Somebody clicks a button of a message that it really has."""
        button = component_of(message.components, custom_id)
        if button["type"] != BUTTON:
            raise LookupError(f"{custom_id!r} is no button")
        return self.forge(channel, message, user, custom_id)

    def choose(
        self,
        channel: Channel,
        message: Message,
        user: User,
        custom_id: str,
        values: Sequence[str],
    ) -> Interaction:
        """Somebody chooses options of a select that the message really has."""
        select = component_of(message.components, custom_id)
        if select["type"] != STRING_SELECT:
            raise LookupError(f"{custom_id!r} is no select")
        return self.forge(channel, message, user, custom_id, chosen(select, values))

    def forge(
        self,
        channel: Channel,
        message: Message,
        user: User,
        custom_id: str,
        values: Sequence[str] | None = None,
    ) -> Interaction:
        """Somebody's client claims that a button was clicked or, with `values`, options of a
        select were chosen, whether or not there is one."""
        data: Json = {"custom_id": custom_id, "component_type": BUTTON, "id": 1}
        if values is not None:
            data |= {"component_type": STRING_SELECT, "values": list(values)}
        return self._begin(COMPONENT, channel, user, data, message)

    def submit(
        self, opener: Interaction, texts: Mapping[str, str], *, custom_id: str | None = None
    ) -> Interaction:
        """Who was shown a modal fills it in; with a `custom_id` that is not its own, forged."""
        if opener.answer is None or opener.answer["type"] != MODAL:
            raise LookupError("no modal is open")
        modal = opener.answer["data"]
        data: Json = {
            "custom_id": custom_id or modal["custom_id"],
            "components": filled(modal, texts),
        }
        message, user = opener.message_used, opener.user
        return self._begin(MODAL_SUBMIT, opener.channel, user, data, message, opener)

    def _begin(
        self,
        kind: int,
        channel: Channel,
        user: User,
        data: Json,
        message: Message | None = None,
        opener: Interaction | None = None,
    ) -> Interaction:
        world = self._world
        interaction = Interaction(
            world.new_id(),
            secrets.token_urlsafe(48),
            kind,
            user,
            channel,
            world.now(),
            data,
            message,
            opener,
        )
        self._by_token[interaction.token] = interaction
        payload: Json = {
            "id": str(interaction.id),
            "application_id": str(world.application_id),
            "type": kind,
            "data": data,
            "token": interaction.token,
            "version": 1,
            "channel_id": str(channel.id),
            "channel": channel.payload(),
            "locale": user.locale,
            "app_permissions": str(world.permissions(channel, world.bot.id)),
            "entitlements": [],
            "attachment_size_limit": 10 * 1024 * 1024,
        }
        if message is not None:
            payload["message"] = message.payload(world.bot.id)
        guild = channel.guild
        if guild is None:
            payload |= {
                "user": user.payload(),
                "context": 1,
                "authorizing_integration_owners": {"0": "0"},
            }
        else:
            member = guild.member(user).payload()
            permissions = str(world.permissions(channel, user.id))
            payload |= {
                "guild_id": str(guild.id),
                "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
                "guild_locale": guild.locale,
                "member": member | {"permissions": permissions},
                "context": 0,
                "authorizing_integration_owners": {"0": str(guild.id)},
            }
        world.publish(Event("INTERACTION_CREATE", payload, channel.guild_id))
        return interaction

    def _known(self, channel: Channel) -> list[Json]:
        return [*self._world.guild_commands.get(channel.guild_id or 0, []), *self._world.commands]

    def _resolved(self, channel: Channel, sent: Sequence[Json]) -> Json:
        world = self._world
        guild = channel.guild
        resolved: dict[str, Json] = {}
        for given in sent:
            value = given["value"]
            if given["type"] == USER:
                user = world.user(int(value))
                resolved.setdefault("users", {})[value] = user.payload()
                if guild is not None and (member := guild.members.get(user.id)) is not None:
                    payload = member.payload(with_user=False)
                    payload["permissions"] = str(world.permissions(channel, user.id))
                    resolved.setdefault("members", {})[value] = payload
            elif given["type"] == CHANNEL:
                picked = world.channel(int(value))
                payload = picked.payload()
                payload["permissions"] = str(world.permissions(picked, world.owner.id))
                resolved.setdefault("channels", {})[value] = payload
            elif given["type"] == ROLE and guild is not None:
                role = guild.roles[int(value)]
                resolved.setdefault("roles", {})[value] = role.payload()
        return resolved

    # --- answered by the bot --------------------------------------------------------------

    def respond(self, interaction_id: int, token: str, body: Json) -> Interaction:
        """Take the first answer; Discord's 404 or 400 if it is late or a second one."""
        interaction = self._by_token.get(token)
        if interaction is None or interaction.id != interaction_id:
            raise ApiError(404, 10062)
        if interaction.answer is not None:
            raise ApiError(400, 40060)
        if self._world.now() - interaction.began_at > FIRST_ANSWER:
            raise ApiError(404, 10062)
        kind, data = body.get("type"), body.get("data") or {}
        allowed = self._allowed(interaction)
        if kind not in allowed:
            raise invalid_form(
                FieldError(("type",), "BASE_TYPE_CHOICES", f"Value must be one of {allowed}.")
            )
        if kind == MESSAGE:
            check_message(data, prefix=("data",))
            interaction.original = self._message(interaction, data)
            self._show(interaction.original)
        elif kind == DEFERRED:
            flags = LOADING | (data.get("flags", 0) & EPHEMERAL)
            interaction.original = self._message(interaction, {"flags": flags})
            self._show(interaction.original)
        elif kind in (DEFERRED_UPDATE, UPDATE):
            assert interaction.message_used is not None
            if kind == UPDATE:
                check_message(data, prefix=("data",), editing=True)
                self._edit(interaction, interaction.message_used, data)
            interaction.original = interaction.message_used
        elif kind == MODAL:
            check_modal(data, prefix=("data",))
        elif errors := tuple(choices_errors(data.get("choices") or [], ("data", "choices"))):
            raise invalid_form(*errors)
        interaction.answer = body
        interaction.change()
        return interaction

    @staticmethod
    def _allowed(interaction: Interaction) -> tuple[int, ...]:
        """Only who used a message's component can change that message; no modal opens another."""
        match interaction:
            case Interaction(kind=2):
                return (MESSAGE, DEFERRED, MODAL)
            case Interaction(kind=3):
                return (MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, MODAL)
            case Interaction(kind=5, message_used=Message()):
                return (MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE)
            case Interaction(kind=5):
                return (MESSAGE, DEFERRED)
        return (CHOICES,)

    def callback_payload(self, interaction: Interaction) -> Json:
        """What `with_response` asks for: .../receiving-and-responding#interaction-callback"""
        assert interaction.answer is not None
        kind = interaction.answer["type"]
        about: Json = {"id": str(interaction.id), "type": interaction.kind}
        payload: Json = {"interaction": about}
        if (message := interaction.original) is not None:
            about |= {
                "response_message_id": str(message.id),
                "response_message_loading": bool(message.flags & LOADING),
                "response_message_ephemeral": bool(message.flags & EPHEMERAL),
            }
            resource = {"type": kind, "message": message.payload(self._world.bot.id)}
            payload["resource"] = resource
        return payload

    def follow_up(self, application_id: int, token: str, body: Json, *, has_files: bool) -> Message:
        """One more message. The first after a deferral fills the deferred one instead:
        .../receiving-and-responding#create-followup-message"""
        interaction = self._valid(application_id, token)
        check_message(body, has_files=has_files)
        first = interaction.original
        if first is not None and first.flags & LOADING:
            self._fill(interaction, body)
            return first
        message = self._message(interaction, body)
        interaction.followups.append(message)
        self._show(message)
        interaction.change()
        return message

    def edit(self, application_id: int, token: str, which: str, body: Json) -> Message:
        """Change the original (`@original`) or a later message."""
        interaction = self._valid(application_id, token)
        message = self._find(interaction, which)
        check_message(body, editing=True)
        if message is interaction.original and message.flags & LOADING:
            self._fill(interaction, body)
        else:
            self._edit(interaction, message, body)
        return message

    def get(self, application_id: int, token: str, which: str) -> Message:
        """The original (`@original`) or a later message."""
        return self._find(self._valid(application_id, token), which)

    def delete(self, application_id: int, token: str, which: str) -> None:
        """Take the original (`@original`) or a later message away."""
        interaction = self._valid(application_id, token)
        message = self._find(interaction, which)
        if message is interaction.original:
            interaction.original = None
        else:
            interaction.followups.remove(message)
        if not message.flags & EPHEMERAL:
            self._world.delete(message)
        interaction.change()

    def _valid(self, application_id: int, token: str) -> Interaction:
        interaction = self._by_token.get(token)
        if interaction is None or application_id != self._world.application_id:
            raise ApiError(404, 10015)
        if interaction.answer is None:
            raise ApiError(404, 10015)
        if self._world.now() - interaction.began_at > TOKEN_LIVES:
            raise ApiError(401, 50027)
        return interaction

    @staticmethod
    def _find(interaction: Interaction, which: str) -> Message:
        candidates = [interaction.original, *interaction.followups]
        for message in candidates:
            if message is None:
                continue
            if which == str(message.id) or (which == "@original" and message is candidates[0]):
                return message
        raise ApiError(404, 10008)

    def _message(self, interaction: Interaction, body: Json) -> Message:
        world = self._world
        # Without allowed_mentions an answer pings users alone, unlike a message of its own:
        # https://discord.com/developers/docs/resources/message#allowed-mentions-object
        body = {"allowed_mentions": {"parse": ["users"]}} | body
        message = world.compose(interaction.channel, world.bot, body)
        if interaction.kind == COMMAND:
            is_menu = interaction.data["type"] == MESSAGE_MENU
            message.type = _MENU_ANSWER if is_menu else _CHAT_INPUT_ANSWER
        message.application_id = world.application_id
        message.interaction = self._metadata(interaction)
        if interaction.original is not None:
            message.interaction["original_response_message_id"] = str(interaction.original.id)
        return message

    def _metadata(self, interaction: Interaction) -> Json:
        """https://discord.com/developers/docs/resources/message#message-interaction-metadata-object"""
        metadata: Json = {
            "id": str(interaction.id),
            "type": interaction.kind,
            "user": interaction.user.payload(),
            "authorizing_integration_owners": {"0": str(interaction.channel.guild_id or 0)},
        }
        if "target_id" in interaction.data:
            metadata["target_message_id"] = interaction.data["target_id"]
        if interaction.kind == COMPONENT and interaction.message_used is not None:
            metadata["interacted_message_id"] = str(interaction.message_used.id)
        if interaction.opened_by is not None:
            metadata["triggering_interaction_metadata"] = self._metadata(interaction.opened_by)
        return metadata

    def _show(self, message: Message) -> None:
        """Ephemeral messages stand in no channel: only one person sees them."""
        if not message.flags & EPHEMERAL:
            self._world.put(message)

    def _fill(self, interaction: Interaction, body: Json) -> None:
        """Put into the deferred message what was thought of; it stays as private as it was."""
        message = interaction.original
        assert message is not None
        kept = message.flags & EPHEMERAL
        message.flags = (body.get("flags") or 0) & ~(LOADING | EPHEMERAL) | kept
        fields = {name: value for name, value in body.items() if name != "flags"}
        self._edit(interaction, message, fields)

    def _edit(self, interaction: Interaction, message: Message, body: Json) -> None:
        """Change a message, unless somebody has deleted it."""
        stands = message.flags & EPHEMERAL or message.id in interaction.channel.messages
        if not stands:
            raise ApiError(404, 10008)
        self._world.edit(message, body)
        if message is interaction.original or message is interaction.message_used:
            interaction.changed_original += 1
        interaction.change()
