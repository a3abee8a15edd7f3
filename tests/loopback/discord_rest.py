"""Discord's REST API, version 10: the routes that a bot of ours may call.

https://discord.com/developers/docs/reference; each handler names its page.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
from aiohttp import BodyPartReader, web

from tests.loopback.discord_commands import CHAT_INPUT, commands_errors
from tests.loopback.discord_errors import ApiError, FieldError, Json, invalid_form
from tests.loopback.discord_faults import (
    Broken,
    Cut,
    Denied,
    Faults,
    Held,
    Late,
    Page,
    RateLimited,
    Rule,
)
from tests.loopback.discord_gateway import Gateway
from tests.loopback.discord_interactions import Interactions
from tests.loopback.discord_limits import Allowance, RateLimits, Tally, refusal
from tests.loopback.discord_objects import (
    ANNOUNCEMENT,
    DIRECT,
    TEXT,
    VOICE,
    WITHOUT_CONTENT,
    Channel,
    Message,
    User,
)
from tests.loopback.discord_permissions import Permission
from tests.loopback.discord_validation import check_message
from tests.loopback.discord_world import World

API: Final = "/api/v10"
PAGE: Final = 50
LONGEST_PAGE: Final = 100

_WITH_MESSAGES: Final = frozenset({TEXT, DIRECT, VOICE, ANNOUNCEMENT})
_SETTABLE_FLAGS: Final = (1 << 2) | (1 << 12) | (1 << 15)
"""SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS, IS_COMPONENTS_V2."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Rest:
    """The routes over one world, with its limits and faults before them."""

    def __init__(
        self,
        world: World,
        gateway: Gateway,
        interactions: Interactions,
        limits: RateLimits,
        faults: Faults,
        *,
        token: str,
        shards: int,
        reads_content: bool,
    ) -> None:
        self.tally = Tally()
        self.latency = 0.0
        self._world = world
        self._gateway = gateway
        self._interactions = interactions
        self._limits = limits
        self._faults = faults
        self._token = token
        self._shards = shards
        self._reads_content = reads_content

    def application(self) -> web.Application:
        """The web application, gateway included."""
        app = web.Application(middlewares=[self._gatekeep], client_max_size=25 * 1024 * 1024)
        channel = f"{API}/channels/{{channel_id:\\d+}}"
        message = f"{channel}/messages/{{message_id:\\d+}}"
        reaction = f"{message}/reactions/{{emoji}}"
        commands = f"{API}/applications/{{application_id:\\d+}}"
        webhook = f"{API}/webhooks/{{application_id:\\d+}}/{{token}}"
        routes: list[tuple[str, str, _Handler]] = [
            ("GET", "/gateway", self._gateway.handle),
            ("GET", "/gateway/resume", self._gateway.handle),
            ("GET", f"{API}/gateway/bot", self._get_gateway_bot),
            ("GET", f"{API}/users/@me", self._get_current_user),
            ("POST", f"{API}/users/@me/channels", self._create_dm),
            ("GET", f"{API}/users/{{user_id:\\d+}}", self._get_user),
            ("GET", f"{API}/oauth2/applications/@me", self._get_application),
            ("GET", f"{API}/applications/@me", self._get_application),
            ("GET", f"{commands}/commands", self._get_commands),
            ("PUT", f"{commands}/commands", self._put_commands),
            ("GET", f"{commands}/guilds/{{guild_id:\\d+}}/commands", self._get_commands),
            ("PUT", f"{commands}/guilds/{{guild_id:\\d+}}/commands", self._put_commands),
            ("GET", f"{API}/guilds/{{guild_id:\\d+}}", self._get_guild),
            ("GET", f"{API}/guilds/{{guild_id:\\d+}}/channels", self._get_guild_channels),
            ("GET", f"{API}/guilds/{{guild_id:\\d+}}/members/{{user_id:\\d+}}", self._get_member),
            ("GET", channel, self._get_channel),
            ("GET", f"{channel}/messages", self._get_messages),
            ("POST", f"{channel}/messages", self._create_message),
            ("GET", message, self._get_message),
            ("PATCH", message, self._edit_message),
            ("DELETE", message, self._delete_message),
            ("PUT", f"{reaction}/@me", self._create_reaction),
            ("DELETE", f"{reaction}/@me", self._delete_own_reaction),
            ("DELETE", f"{reaction}/{{user_id:\\d+}}", self._delete_user_reaction),
            ("GET", reaction, self._get_reactions),
            ("DELETE", reaction, self._delete_emoji),
            ("DELETE", f"{message}/reactions", self._delete_all_reactions),
            (
                "POST",
                f"{API}/interactions/{{interaction_id:\\d+}}/{{token}}/callback",
                self._respond_to_interaction,
            ),
            ("POST", webhook, self._follow_up),
            ("GET", f"{webhook}/messages/{{which}}", self._get_response),
            ("PATCH", f"{webhook}/messages/{{which}}", self._edit_response),
            ("DELETE", f"{webhook}/messages/{{which}}", self._delete_response),
        ]
        for method, path, handler in routes:
            app.router.add_route(method, path, handler)
        return app

    # --- before and after every route -----------------------------------------------------

    @web.middleware
    async def _gatekeep(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Faults, limits, errors and the count of answers, around a handler."""
        if not request.path.startswith(f"{API}/"):
            return await handler(request)
        try:
            return await self._guarded(request, handler)
        except ConnectionError:
            # The client is gone in the middle of its request, as one that was killed.
            return web.Response()

    async def _guarded(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        if request.content_type == "application/json":
            # Discord has the request before anything happens to it.
            await request.read()
        if self.latency:
            await asyncio.sleep(self.latency)
        rule = self._faults.meeting(request.method, request.path.removeprefix(API))
        # Compared with None: an answer is also a mapping, and an empty one is false.
        in_place = await self._before(rule)
        answer = await self._answer(request, handler) if in_place is None else in_place
        response = await self._after(rule, answer)
        if response is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if rule is None or not isinstance(rule.fault, Page):
            # The answer of Discord itself and not of the shield before it; clients look for this.
            response.headers["Via"] = "1.1 google"
        resource = request.match_info.route.resource
        route = resource.canonical.removeprefix(API) if resource else "unknown"
        shared = response.headers.get("X-RateLimit-Scope") == "shared"
        self.tally.add(f"{request.method} {route}", response.status, shared=shared)
        return response

    async def _before(self, rule: Rule | None) -> web.Response | None:
        """What a fault answers in the place of Discord; `None` if the request is carried out."""
        match rule:
            case None:
                return None
            case Rule(fault=RateLimited() as fault):
                rule.mark_met()
                return _rate_limited(fault.retry_after, overall=fault.overall, shared=fault.shared)
            case Rule(fault=Broken(carried_out=False, status=status)):
                rule.mark_met()
                return _broken(status)
            case Rule(fault=Page(carried_out=False) as page):
                rule.mark_met()
                return _page(page)
            case Rule(fault=Denied(status=status, code=code)):
                rule.mark_met()
                return _json(ApiError(status, code).body(), status=status)
            case Rule(fault=Late(seconds=seconds)):
                rule.mark_met()
                await asyncio.sleep(seconds)
                return None
            case Rule(fault=Held(carried_out=False, answered=True)):
                rule.mark_met()
                await rule.held()
                return None
            case Rule(fault=Cut(carried_out=False) | Held(carried_out=False)):
                # The place is taken by an answer that nobody will get.
                return web.Response()
        return None

    async def _after(
        self, rule: Rule | None, response: web.StreamResponse
    ) -> web.StreamResponse | None:
        """What becomes of the answer on its way; `None` if the connection ends instead."""
        match rule:
            case Rule(fault=Broken(carried_out=True, status=status)):
                rule.mark_met()
                return _broken(status)
            case Rule(fault=Page(carried_out=True) as page):
                rule.mark_met()
                return _page(page)
            case Rule(fault=Cut()):
                rule.mark_met()
                return None
            case Rule(fault=Held(carried_out=carried_out, answered=answered)):
                if carried_out or not answered:
                    rule.mark_met()
                    await rule.held()
                return response if answered else None
        return response

    async def _answer(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        taken: Allowance | None = None
        try:
            if not _is_of_interaction(request):
                self._authenticate(request)
                overall = self._limits.take_overall()
                if overall is not None and not overall.granted:
                    return _rate_limited(overall.reset_after, overall=True)
            taken = self._take_bucket(request)
            if taken is not None and not taken.granted:
                return _rate_limited(taken.reset_after, headers=taken.headers())
            response = await handler(request)
        except ApiError as error:
            response = _json(error.body(), status=error.status)
        except web.HTTPException as error:
            response = _json(ApiError(error.status).body(), status=error.status)
        if taken is not None:
            response.headers.update(taken.headers())
        return response

    def _authenticate(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bot {self._token}":
            raise ApiError(401)

    def _take_bucket(self, request: web.Request) -> Allowance | None:
        resource = request.match_info.route.resource
        if resource is None or "channel_id" not in request.match_info:
            return None
        channel_id = _id(request, "channel_id")
        if request.method == "POST" and resource.canonical.endswith("/messages"):
            return self._limits.take_message(channel_id)
        if request.method in ("PUT", "DELETE") and "/reactions" in resource.canonical:
            return self._limits.take_reaction(channel_id)
        return None

    # --- the bot itself -------------------------------------------------------------------

    async def _get_gateway_bot(self, _request: web.Request) -> web.Response:
        """https://discord.com/developers/docs/events/gateway#get-gateway-bot"""
        limit = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}
        return _json(
            {"url": self._gateway.url, "shards": self._shards, "session_start_limit": limit}
        )

    async def _get_current_user(self, _request: web.Request) -> web.Response:
        """https://discord.com/developers/docs/resources/user#get-current-user"""
        more = {"verified": True, "mfa_enabled": False, "locale": "en-US", "email": None}
        return _json(self._world.bot.payload() | more)

    async def _get_user(self, request: web.Request) -> web.Response:
        """https://discord.com/developers/docs/resources/user#get-user"""
        return _json(self._world.user(_id(request, "user_id")).payload())

    async def _get_application(self, _request: web.Request) -> web.Response:
        """https://discord.com/developers/docs/resources/application#get-current-application"""
        world = self._world
        return _json(
            {
                "id": str(world.application_id),
                "name": world.bot.name,
                "icon": None,
                "description": "",
                "bot_public": True,
                "bot_require_code_grant": False,
                "verify_key": "0" * 64,
                "team": None,
                "owner": world.owner.payload(),
                "bot": world.bot.payload(),
                "flags": 0,
                "tags": [],
                "redirect_uris": [],
                "approximate_guild_count": sum(g.bot_is_in for g in world.guilds.values()),
            }
        )

    async def _get_commands(self, request: web.Request) -> web.Response:
        """.../docs/interactions/application-commands#get-global-application-commands"""
        if "guild_id" in request.match_info:
            guild = self._world.guild(_id(request, "guild_id"))
            return _json(self._world.guild_commands.get(guild.id, []))
        return _json(self._world.commands)

    async def _put_commands(self, request: web.Request) -> web.Response:
        """.../docs/interactions/application-commands#bulk-overwrite-global-application-commands"""
        world = self._world
        if _id(request, "application_id") != world.application_id:
            raise ApiError(403, 50001)
        given: list[Json] = await _read_json(request)
        if errors := tuple(commands_errors(given)):
            raise invalid_form(*errors)
        guild_id = _id(request, "guild_id") if "guild_id" in request.match_info else None
        known = world.commands if guild_id is None else world.guild_commands.get(guild_id, [])
        ids = {(command["type"], command["name"]): command["id"] for command in known}
        registered = [
            {
                "type": CHAT_INPUT,
                "description": "",
                "options": [],
                "default_member_permissions": None,
                "nsfw": False,
            }
            | command
            | {
                "id": ids.get((command.get("type", CHAT_INPUT), command["name"]))
                or str(world.new_id()),
                "application_id": str(world.application_id),
                "version": str(world.new_id()),
            }
            | ({} if guild_id is None else {"guild_id": str(guild_id)})
            for command in given
        ]
        if guild_id is None:
            world.commands = registered
        else:
            world.guild_commands[world.guild(guild_id).id] = registered
        return _json(registered)

    # --- servers and channels -------------------------------------------------------------

    async def _get_guild(self, request: web.Request) -> web.Response:
        """https://discord.com/developers/docs/resources/guild#get-guild"""
        guild = self._world.guild(_id(request, "guild_id"))
        return _json(guild.payload())

    async def _get_guild_channels(self, request: web.Request) -> web.Response:
        """https://discord.com/developers/docs/resources/guild#get-guild-channels"""
        guild = self._world.guild(_id(request, "guild_id"))
        return _json([channel.payload() for channel in guild.channels.values()])

    async def _get_member(self, request: web.Request) -> web.Response:
        """https://discord.com/developers/docs/resources/guild#get-guild-member"""
        guild = self._world.guild(_id(request, "guild_id"))
        member = guild.members.get(_id(request, "user_id"))
        if member is None:
            raise ApiError(404, 10007)
        return _json(member.payload())

    async def _get_channel(self, request: web.Request) -> web.Response:
        """https://discord.com/developers/docs/resources/channel#get-channel"""
        channel = self._channel(request)
        self._world.require(channel, Permission.VIEW_CHANNEL)
        return _json(channel.payload())

    async def _create_dm(self, request: web.Request) -> web.Response:
        """https://discord.com/developers/docs/resources/user#create-dm"""
        body, _ = await _read_message(request, self._world)
        if not str(body.get("recipient_id")).isdecimal():
            raise invalid_form(_not_a_number("recipient_id"))
        user = self._world.user(int(body["recipient_id"]))
        return _json(self._world.direct_channel(user).payload())

    # --- messages: https://discord.com/developers/docs/resources/message -------------------

    async def _get_messages(self, request: web.Request) -> web.Response:
        """…#get-channel-messages"""
        channel = self._channel(request)
        self._world.require(channel, Permission.VIEW_CHANNEL)
        limit = _number(request, "limit", PAGE)
        if not 1 <= limit <= LONGEST_PAGE:
            bound = "less than or equal to 100" if limit > 1 else "greater than or equal to 1"
            code = "NUMBER_TYPE_MAX" if limit > 1 else "NUMBER_TYPE_MIN"
            raise invalid_form(FieldError(("limit",), code, f"int value should be {bound}."))
        anchors = {
            name: _number(request, name)
            for name in ("before", "after", "around")
            if name in request.query
        }
        if len(anchors) > 1:
            raise invalid_form(
                *(FieldError((name,), "MUTUALLY_EXCLUSIVE", "Only one.") for name in anchors)
            )
        granted = self._world.permissions(channel, self._world.bot.id)
        if not granted & Permission.READ_MESSAGE_HISTORY:
            return _json([])
        page = self._world.history(channel, limit=limit, **anchors)
        return _json([self._message_payload(message) for message in page])

    async def _get_message(self, request: web.Request) -> web.Response:
        """…#get-channel-message"""
        channel = self._channel(request)
        self._world.require(channel, Permission.READ_MESSAGE_HISTORY)
        return _json(self._message_payload(self._message(request, channel)))

    async def _create_message(self, request: web.Request) -> web.Response:
        """…#create-message"""
        world = self._world
        channel = self._channel(request)
        if channel.type not in _WITH_MESSAGES:
            raise ApiError(400, 50008)
        body, files = await _read_message(request, world)
        needed = int(Permission.SEND_MESSAGES)
        needed |= Permission.EMBED_LINKS if body.get("embeds") else 0
        needed |= Permission.ATTACH_FILES if files else 0
        needed |= Permission.READ_MESSAGE_HISTORY if body.get("message_reference") else 0
        world.require(channel, needed)
        if channel.recipient is not None and not channel.recipient.takes_messages:
            raise ApiError(403, 50007)
        check_message(body, has_files=bool(files))
        nonce = body.get("nonce")
        if nonce is not None and body.get("enforce_nonce"):
            earlier = world.remembered(world.bot, channel, nonce)
            if earlier is not None:
                return _json(earlier.payload(world.bot.id))
        body["flags"] = (body.get("flags") or 0) & _SETTABLE_FLAGS
        message = world.compose(channel, world.bot, body | {"attachments": files})
        world.put(message)
        return _json(message.payload(world.bot.id))

    async def _edit_message(self, request: web.Request) -> web.Response:
        """…#edit-message"""
        world = self._world
        channel = self._channel(request)
        world.require(channel, Permission.VIEW_CHANNEL)
        message = self._message(request, channel)
        body, files = await _read_message(request, world)
        if message.author is not world.bot:
            raise ApiError(403, 50005)
        check_message(body, has_files=bool(files), editing=True)
        if files:
            body["attachments"] = [*message.attachments, *files]
        world.edit(message, body)
        return _json(message.payload(world.bot.id))

    async def _delete_message(self, request: web.Request) -> web.Response:
        """…#delete-message"""
        world = self._world
        channel = self._channel(request)
        world.require(channel, Permission.VIEW_CHANNEL)
        message = self._message(request, channel)
        if message.author is not world.bot:
            world.require(channel, Permission.MANAGE_MESSAGES)
        world.delete(message)
        return web.Response(status=204)

    async def _create_reaction(self, request: web.Request) -> web.Response:
        """…#create-reaction"""
        world = self._world
        channel = self._channel(request)
        message = self._message(request, channel)
        emoji = request.match_info["emoji"]
        needed = Permission.READ_MESSAGE_HISTORY
        if emoji not in message.reactions:
            needed |= Permission.ADD_REACTIONS
        world.require(channel, needed)
        if emoji.isascii() and ":" not in emoji:
            raise ApiError(400, 10014)
        world.react(channel, message, world.bot, emoji)
        return web.Response(status=204)

    async def _delete_own_reaction(self, request: web.Request) -> web.Response:
        """…#delete-own-reaction"""
        return self._unreact(request, self._world.bot)

    async def _delete_user_reaction(self, request: web.Request) -> web.Response:
        """…#delete-user-reaction"""
        self._world.require(self._channel(request), Permission.MANAGE_MESSAGES)
        return self._unreact(request, self._world.user(_id(request, "user_id")))

    def _unreact(self, request: web.Request, user: User) -> web.Response:
        channel = self._channel(request)
        message = self._message(request, channel)
        self._world.unreact(channel, message, user, request.match_info["emoji"])
        return web.Response(status=204)

    async def _get_reactions(self, request: web.Request) -> web.Response:
        """…#get-reactions"""
        world = self._world
        channel = self._channel(request)
        world.require(channel, Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY)
        message = self._message(request, channel)
        after = _number(request, "after", 0)
        limit = _number(request, "limit", 25)
        # Nobody here has a super reaction (type 1).
        plain = _number(request, "type", 0) == 0
        ids = sorted(message.reactions.get(request.match_info["emoji"], []) if plain else [])
        page = [id_ for id_ in ids if id_ > after][:limit]
        return _json([world.users[id_].payload() for id_ in page])

    async def _delete_all_reactions(self, request: web.Request) -> web.Response:
        """…#delete-all-reactions"""
        channel = self._channel(request)
        self._world.require(channel, Permission.MANAGE_MESSAGES)
        self._world.clear_reactions(channel, self._message(request, channel))
        return web.Response(status=204)

    async def _delete_emoji(self, request: web.Request) -> web.Response:
        """…#delete-all-reactions-for-emoji"""
        channel = self._channel(request)
        self._world.require(channel, Permission.MANAGE_MESSAGES)
        message = self._message(request, channel)
        self._world.clear_emoji(channel, message, request.match_info["emoji"])
        return web.Response(status=204)

    # --- interactions ---------------------------------------------------------------------

    async def _respond_to_interaction(self, request: web.Request) -> web.Response:
        """.../docs/interactions/receiving-and-responding#create-interaction-response"""
        body, files = await _read_message(request, self._world)
        if files:
            body.setdefault("data", {})["attachments"] = files
        interaction = self._interactions.respond(
            _id(request, "interaction_id"), request.match_info["token"], body
        )
        if request.query.get("with_response") in ("1", "true", "True"):
            return _json(self._interactions.callback_payload(interaction))
        return web.Response(status=204)

    async def _follow_up(self, request: web.Request) -> web.Response:
        """…#create-followup-message"""
        body, files = await _read_message(request, self._world)
        message = self._interactions.follow_up(
            *_of_response(request), body | {"attachments": files}, has_files=bool(files)
        )
        return _json(message.payload(self._world.bot.id))

    async def _get_response(self, request: web.Request) -> web.Response:
        """…#get-original-interaction-response"""
        which = request.match_info["which"]
        message = self._interactions.get(*_of_response(request), which)
        return _json(message.payload(self._world.bot.id))

    async def _edit_response(self, request: web.Request) -> web.Response:
        """…#edit-original-interaction-response"""
        body, files = await _read_message(request, self._world)
        if files:
            body["attachments"] = files
        which = request.match_info["which"]
        message = self._interactions.edit(*_of_response(request), which, body)
        return _json(message.payload(self._world.bot.id))

    async def _delete_response(self, request: web.Request) -> web.Response:
        """…#delete-original-interaction-response"""
        self._interactions.delete(*_of_response(request), request.match_info["which"])
        return web.Response(status=204)

    # --- what requests name ---------------------------------------------------------------

    def _channel(self, request: web.Request) -> Channel:
        return self._world.channel(_id(request, "channel_id"))

    def _message(self, request: web.Request, channel: Channel) -> Message:
        return self._world.message(channel, _id(request, "message_id"))

    def _message_payload(self, message: Message) -> Json:
        """A message as this bot may read it, without the message content intent or with it."""
        payload = message.payload(self._world.bot.id)
        hidden = self._world.is_content_of_others(message) and not self._reads_content
        return payload | WITHOUT_CONTENT if hidden else payload


def _id(request: web.Request, name: str) -> int:
    return int(request.match_info[name])


def _number(request: web.Request, name: str, default: int = 0) -> int:
    """A parameter of the query."""
    text = request.query.get(name, str(default))
    if not text.isdecimal():
        raise invalid_form(_not_a_number(name))
    return int(text)


def _not_a_number(name: str) -> FieldError:
    return FieldError((name,), "NUMBER_TYPE_COERCE", f'Value "{name}" is not an int.')


def _of_response(request: web.Request) -> tuple[int, str]:
    return _id(request, "application_id"), request.match_info["token"]


def _is_of_interaction(request: web.Request) -> bool:
    """Routes that a token in their path opens; the bot's overall limit does not count them:
    https://discord.com/developers/docs/topics/rate-limits#global-rate-limit"""
    return request.path.startswith((f"{API}/interactions/", f"{API}/webhooks/"))


async def _read_json(request: web.Request) -> Any:
    if request.content_type != "application/json":
        raise invalid_form(
            FieldError(
                (),
                "CONTENT_TYPE_INVALID",
                "Expected \"Content-Type\" header to be one of {'application/json'}.",
            )
        )
    return _parsed(await request.read())


async def _read_message(request: web.Request, world: World) -> tuple[Json, list[Json]]:
    """A body as JSON, or as a form with files: .../docs/reference#uploading-files"""
    if request.content_type != "multipart/form-data":
        return _object(await _read_json(request)), []
    payload: Json = {}
    files: list[Json] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read())
        if part.name == "payload_json":
            payload = _object(_parsed(content))
            continue
        id_ = str(world.new_id())
        url = f"https://cdn.discordapp.com/attachments/{id_}/{part.filename}"
        files.append(
            {
                "id": id_,
                "filename": part.filename,
                "size": len(content),
                "url": url,
                "proxy_url": url,
            }
        )
    return payload, files


def _object(value: Any) -> Json:
    if not isinstance(value, dict):
        raise invalid_form(
            FieldError((), "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        )
    return value


def _parsed(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        raise ApiError(400, 50109) from None


def _json(body: Any, *, status: int = 200) -> web.Response:
    """An answer of exactly `application/json`: with a charset discord.py takes it for text."""
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


def _broken(status: int) -> web.Response:
    return web.Response(body=b"upstream connect error", status=status, content_type="text/plain")


def _page(page: Page) -> web.Response:
    text = "<!DOCTYPE html><title>Attention Required!</title><p>Not Discord, but in its place."
    response = web.Response(text=text, status=page.status, content_type="text/html")
    if page.retry_after is not None:
        response.headers["Retry-After"] = str(page.retry_after)
    return response


def _rate_limited(
    retry_after: float,
    *,
    overall: bool = False,
    shared: bool = False,
    headers: dict[str, str] | None = None,
) -> web.Response:
    """https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit"""
    whose = "The resource is" if shared else "You are"
    body = {
        "message": f"{whose} being rate limited.",
        "retry_after": round(retry_after, 3),
        "global": overall,
    }
    response = _json(body, status=429)
    response.headers.update((headers or {}) | refusal(retry_after, overall=overall, shared=shared))
    return response
