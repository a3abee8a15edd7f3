"""People who use a bot's commands and buttons, and what they get to see.

https://discord.com/developers/docs/interactions/receiving-and-responding
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from tests.loopback.discord_errors import ApiError, FieldError, Json, invalid_form
from tests.loopback.discord_objects import EPHEMERAL, LOADING, Channel, Event, Message, User
from tests.loopback.discord_validation import check_message
from tests.loopback.discord_world import World

FIRST_ANSWER: Final = timedelta(seconds=3)
TOKEN_LIVES: Final = timedelta(minutes=15)
CHOICES: Final = 25

COMMAND, COMPONENT, AUTOCOMPLETE = 2, 3, 4
"""Interaction types."""

_MESSAGE, _DEFERRED, _DEFERRED_UPDATE, _UPDATE, _CHOICES, _MODAL = 4, 5, 6, 7, 8, 9
"""Callback types."""

_BUTTON: Final = 2
"""https://discord.com/developers/docs/components/reference#component-object-component-types"""

_SUB_COMMAND, _SUB_COMMAND_GROUP = 1, 2
_USER, _CHANNEL, _ROLE = 6, 7, 8
"""Command option types:
https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-type"""


@dataclass(slots=True)
class Interaction:
    """One use of a command or a button, and what the bot made of it so far."""

    id: int
    token: str
    kind: int
    user: User
    channel: Channel
    began_at: datetime
    answer: Json | None = None
    """The bot's first answer as it was sent: `type` and `data`."""
    original: Message | None = None
    """The message that the first answer made; `LOADING` in its flags while the bot thinks."""
    followups: list[Message] = field(default_factory=list)
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
    ) -> Interaction:
        """Somebody runs `name`, a registered command with its subcommands after it.

        Options are checked against what the bot registered, as Discord's own client does;
        users, channels and roles are given by id. With `focused` somebody is still typing
        that option, and asks for choices.
        """
        command, path, definitions = self._registered(channel, name)
        chosen = [
            _option(_defined(definitions, key, name), value, typing=key == focused)
            for key, value in options.items()
        ]
        if focused is None:
            missing = {d["name"] for d in definitions if d.get("required")} - set(options)
            if missing:
                raise ValueError(f"/{name} needs {', '.join(sorted(missing))}")
        data: Json = {
            "id": command["id"],
            "name": command["name"],
            "type": 1,
            "options": _within(path, chosen),
        }
        if focused is None and (resolved := self._resolved(channel, chosen)):
            data["resolved"] = resolved
        return self._begin(COMMAND if focused is None else AUTOCOMPLETE, channel, user, data)

    def click(self, channel: Channel, message: Message, user: User, custom_id: str) -> Interaction:
        """Somebody clicks a button of a message that it really has."""
        buttons = (child for row in message.components for child in row["components"])
        button = next((b for b in buttons if b.get("custom_id") == custom_id), None)
        if button is None:
            raise LookupError(f"message {message.id} has no button {custom_id!r}")
        return self.forge(channel, message, user, custom_id, kind=button["type"])

    def forge(
        self, channel: Channel, message: Message, user: User, custom_id: str, *, kind: int = _BUTTON
    ) -> Interaction:
        """Somebody's client claims that a component was used, whether or not there is one."""
        data = {"custom_id": custom_id, "component_type": kind}
        interaction = self._begin(COMPONENT, channel, user, data, message)
        interaction.original = message
        return interaction

    def _begin(
        self, kind: int, channel: Channel, user: User, data: Json, message: Message | None = None
    ) -> Interaction:
        world = self._world
        interaction = Interaction(
            world.new_id(), secrets.token_urlsafe(48), kind, user, channel, world.now()
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

    def _registered(self, channel: Channel, name: str) -> tuple[Json, list[Json], list[Json]]:
        """The command that `name` begins with, its subcommands named after it, their options."""
        first, *rest = name.split()
        known = [*self._world.guild_commands.get(channel.guild_id or 0, []), *self._world.commands]
        command = next((c for c in known if c["name"] == first), None)
        if command is None:
            raise LookupError(f"the bot has not registered /{first}")
        options: list[Json] = command.get("options") or []
        path: list[Json] = []
        for word in rest:
            step = _defined(options, word, name)
            if step["type"] not in (_SUB_COMMAND, _SUB_COMMAND_GROUP):
                raise LookupError(f"/{name}: {word} is an option, not a subcommand")
            path.append(step)
            options = step.get("options") or []
        if any(option["type"] in (_SUB_COMMAND, _SUB_COMMAND_GROUP) for option in options):
            raise LookupError(f"/{name} is not a whole command")
        return command, path, options

    def _resolved(self, channel: Channel, chosen: Sequence[Json]) -> Json:
        world = self._world
        guild = channel.guild
        resolved: dict[str, Json] = {}
        for option in chosen:
            value = option["value"]
            if option["type"] == _USER:
                user = world.user(int(value))
                resolved.setdefault("users", {})[value] = user.payload()
                if guild is not None and (member := guild.members.get(user.id)) is not None:
                    payload = member.payload(with_user=False)
                    payload["permissions"] = str(world.permissions(channel, user.id))
                    resolved.setdefault("members", {})[value] = payload
            elif option["type"] == _CHANNEL:
                picked = world.channel(int(value))
                payload = picked.payload()
                payload["permissions"] = str(world.permissions(picked, world.owner.id))
                resolved.setdefault("channels", {})[value] = payload
            elif option["type"] == _ROLE and guild is not None:
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
        allowed = {
            COMMAND: (_MESSAGE, _DEFERRED, _MODAL),
            COMPONENT: (_MESSAGE, _DEFERRED, _DEFERRED_UPDATE, _UPDATE, _MODAL),
            AUTOCOMPLETE: (_CHOICES,),
        }[interaction.kind]
        if kind not in allowed:
            raise invalid_form(
                FieldError(("type",), "BASE_TYPE_CHOICES", f"Value must be one of {allowed}.")
            )
        if kind == _MESSAGE:
            check_message(data, prefix=("data",))
            interaction.original = self._message(interaction, data)
            self._show(interaction.original)
        elif kind == _DEFERRED:
            flags = LOADING | (data.get("flags", 0) & EPHEMERAL)
            interaction.original = self._message(interaction, {"flags": flags})
            self._show(interaction.original)
        elif kind == _UPDATE:
            check_message(data, prefix=("data",), editing=True)
            assert interaction.original is not None
            self._world.edit(interaction.original, data)
        elif kind == _CHOICES and len(data.get("choices") or []) > CHOICES:
            raise invalid_form(
                FieldError(
                    ("data", "choices"),
                    "BASE_TYPE_MAX_LENGTH",
                    f"Must be {CHOICES} or fewer in length.",
                )
            )
        interaction.answer = body
        interaction.change()
        return interaction

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
            self._world.edit(message, body)
            interaction.change()
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
        message.type = 20 if interaction.kind == COMMAND else 0
        message.application_id = world.application_id
        message.interaction = {
            "id": str(interaction.id),
            "type": interaction.kind,
            "user": interaction.user.payload(),
            "authorizing_integration_owners": {"0": str(interaction.channel.guild_id or 0)},
        }
        return message

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
        self._world.edit(message, fields)
        interaction.change()


def _defined(definitions: Sequence[Json], name: str, command: str) -> Json:
    found = next((d for d in definitions if d["name"] == name), None)
    if found is None:
        raise LookupError(f"/{command} has no {name}")
    return found


def _option(definition: Json, value: Any, *, typing: bool) -> Json:
    kind = definition["type"]
    if not typing:
        choices = [choice["value"] for choice in definition.get("choices") or []]
        if choices and value not in choices:
            raise ValueError(f"{definition['name']} is one of {choices}, not {value!r}")
        _check_bounds(definition, value)
    if kind in (_USER, _CHANNEL, _ROLE):
        value = str(value)
    option: Json = {"name": definition["name"], "type": kind, "value": value}
    return option | ({"focused": True} if typing else {})


def _check_bounds(definition: Json, value: Any) -> None:
    """Discord's client sends no number out of the registered bounds, and no text of such length."""
    size = len(value) if isinstance(value, str) else value
    low, high = (
        ("min_length", "max_length") if isinstance(value, str) else ("min_value", "max_value")
    )
    if low in definition and size < definition[low]:
        raise ValueError(f"{definition['name']} is at least {definition[low]}")
    if high in definition and size > definition[high]:
        raise ValueError(f"{definition['name']} is at most {definition[high]}")


def _within(path: Sequence[Json], options: list[Json]) -> list[Json]:
    for step in reversed(path):
        options = [{"name": step["name"], "type": step["type"], "options": options}]
    return options
