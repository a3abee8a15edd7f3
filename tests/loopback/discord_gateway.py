"""Discord's gateway: one WebSocket a shard, sessions that survive a lost connection.

https://discord.com/developers/docs/events/gateway and
https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway
"""

import asyncio
import contextlib
import secrets
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from tests.loopback.discord_errors import Json
from tests.loopback.discord_limits import Rate
from tests.loopback.discord_objects import Event
from tests.loopback.discord_world import World

GUILDS: Final = 1 << 0
MEMBERS: Final = 1 << 1
PRESENCES: Final = 1 << 8
MESSAGE_CONTENT: Final = 1 << 15
PRIVILEGED: Final = MEMBERS | PRESENCES | MESSAGE_CONTENT
_ALL_INTENTS: Final = (1 << 26) - 1

_INTENT_OF: Final = {
    "GUILD_CREATE": (GUILDS, GUILDS),
    "GUILD_DELETE": (GUILDS, GUILDS),
    "GUILD_ROLE_CREATE": (GUILDS, GUILDS),
    "CHANNEL_CREATE": (GUILDS, GUILDS),
    "CHANNEL_UPDATE": (GUILDS, GUILDS),
    "CHANNEL_DELETE": (GUILDS, GUILDS),
    "GUILD_MEMBER_ADD": (MEMBERS, MEMBERS),
    "MESSAGE_CREATE": (1 << 9, 1 << 12),
    "MESSAGE_UPDATE": (1 << 9, 1 << 12),
    "MESSAGE_DELETE": (1 << 9, 1 << 12),
    "MESSAGE_DELETE_BULK": (1 << 9, 1 << 12),
    "MESSAGE_REACTION_ADD": (1 << 10, 1 << 13),
    "MESSAGE_REACTION_REMOVE": (1 << 10, 1 << 13),
    "MESSAGE_REACTION_REMOVE_ALL": (1 << 10, 1 << 13),
    "MESSAGE_REACTION_REMOVE_EMOJI": (1 << 10, 1 << 13),
}
"""Which intent an event needs, in a server and in direct messages; others are always sent:
https://discord.com/developers/docs/events/gateway#list-of-intents"""

_COMMANDS: Final = Rate(120, 60.0)
"""Payloads a client may send: https://discord.com/developers/docs/events/gateway#rate-limiting"""

_REPLAYED: Final = 10_000
"""Events kept for a session that may resume."""

_HEARTBEAT_GRACE: Final = 1.5
"""Intervals without a heartbeat after which a connection counts as dead."""


class Op(IntEnum):
    """Gateway opcodes."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE_UPDATE = 3
    VOICE_STATE_UPDATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_GUILD_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Close(IntEnum):
    """Gateway close codes."""

    UNKNOWN_ERROR = 4000
    UNKNOWN_OPCODE = 4001
    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    INVALID_SEQ = 4007
    RATE_LIMITED = 4008
    SESSION_TIMED_OUT = 4009
    INVALID_SHARD = 4010
    SHARDING_REQUIRED = 4011
    INVALID_VERSION = 4012
    INVALID_INTENTS = 4013
    DISALLOWED_INTENTS = 4014


class _Closed(Exception):
    """The client did what ends its connection."""

    def __init__(self, code: Close) -> None:
        super().__init__(code.name)
        self.code = code


@dataclass(slots=True, eq=False)
class Session:
    """What a shard identified as, and the events it has been sent; it outlives connections."""

    id: str
    shard_id: int
    shard_count: int
    intents: int
    connection: "_Connection | None" = None
    sequence: int = 0
    sent: deque[tuple[int, Json]] = field(default_factory=lambda: deque(maxlen=_REPLAYED))

    def serves(self, guild_id: int | None) -> bool:
        """Whether a server is on this shard; direct messages (`None`) are on shard 0:
        https://discord.com/developers/docs/events/gateway#sharding"""
        return self.shard_id == (0 if guild_id is None else (guild_id >> 22) % self.shard_count)

    def sees(self, event: Event) -> bool:
        """Whether an event is for this shard and of an intent that it named."""
        in_guild, in_direct = _INTENT_OF.get(event.name, (0, 0))
        needed = in_direct if event.guild_id is None else in_guild
        return self.serves(event.guild_id) and (not needed or bool(self.intents & needed))

    def dispatch(self, name: str, data: Json) -> None:
        """Number an event, keep it for a resume, send it if there is a connection."""
        self.sequence += 1
        payload = {"op": Op.DISPATCH, "t": name, "s": self.sequence, "d": data}
        self.sent.append((self.sequence, payload))
        if self.connection is not None:
            self.connection.send(payload)

    def missed(self, since: int) -> Iterator[Json] | None:
        """The events after number `since`; `None` if they are not all known any more."""
        oldest = self.sent[0][0] if self.sent else self.sequence + 1
        if not oldest - 1 <= since <= self.sequence:
            return None
        return (payload for number, payload in self.sent if number > since)


class Gateway:
    """All sessions and connections, and the levers of a test."""

    def __init__(self, world: World, *, token: str, privileged: int, heartbeat: float) -> None:
        self.url = ""
        """What `GET /gateway/bot` names."""
        self.resume_url = ""
        """What READY names for coming back."""
        self.identified: list[tuple[int, int]] = []
        """(shard, count) of every IDENTIFY that was taken, in order."""
        self.resumed: list[int] = []
        """The shard of every RESUME that was taken, in order."""
        self._world = world
        self._token = token
        self._privileged = privileged
        self._heartbeat = heartbeat
        self._sessions: dict[str, Session] = {}
        self._connections: set[_Connection] = set()
        self._refusals: deque[int] = deque()
        self._changed = asyncio.Event()
        world.listeners.append(self._dispatch)

    # --- what tests do --------------------------------------------------------------------

    @property
    def shards(self) -> set[int]:
        """The shards that are connected and identified."""
        return {s.shard_id for s in self._sessions.values() if s.connection is not None}

    async def connected(self, *shards: int, within: float = 30) -> None:
        """Return once these shards are connected and identified."""
        async with asyncio.timeout(within):
            while not set(shards) <= self.shards:
                await self._changed.wait()

    async def serving(self, guild_id: int | None, *, within: float = 30) -> None:
        """Return once a shard is connected that gets the events of this server."""
        async with asyncio.timeout(within):
            while not any(
                session.connection is not None and session.serves(guild_id)
                for session in self._sessions.values()
            ):
                await self._changed.wait()

    async def disconnected(self, *, within: float = 30) -> None:
        """Return once no shard is connected."""
        async with asyncio.timeout(within):
            while self.shards:
                await self._changed.wait()

    async def close(self, code: int, shard_id: int | None = None) -> None:
        """Close with a code; sessions stay, and may be resumed if the code allows it."""
        chosen = self._chosen(shard_id)
        await asyncio.gather(*(connection.close(code) for connection in chosen))

    def cut(self, shard_id: int | None = None) -> None:
        """End connections without a word."""
        for connection in self._chosen(shard_id):
            connection.cut()

    def ask_to_reconnect(self, shard_id: int | None = None) -> None:
        """RECONNECT: the client should come back and resume."""
        for connection in self._chosen(shard_id):
            connection.send({"op": Op.RECONNECT, "d": None})

    def invalidate(self, shard_id: int | None = None, *, resumable: bool = False) -> None:
        """INVALID_SESSION; unless it is `resumable` the session is forgotten."""
        for connection in self._chosen(shard_id):
            if not resumable and connection.session is not None:
                self._sessions.pop(connection.session.id, None)
            connection.send({"op": Op.INVALID_SESSION, "d": resumable})

    def forget_sessions(self) -> None:
        """Who comes back to resume is told INVALID_SESSION; connections stay as they are."""
        self._sessions = {
            id_: session
            for id_, session in self._sessions.items()
            if session.connection is not None
        }

    def refuse(self, times: int = 1, *, status: int = 503) -> None:
        """Answer the next handshakes with an HTTP error."""
        self._refusals.extend([status] * times)

    def end(self) -> None:
        """Cut everything."""
        for connection in list(self._connections):
            connection.cut()

    def _chosen(self, shard_id: int | None) -> list["_Connection"]:
        return [
            connection
            for connection in self._connections
            if shard_id is None
            or (connection.session is not None and connection.session.shard_id == shard_id)
        ]

    # --- what clients do ------------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One WebSocket, from the handshake to its end."""
        if self._refusals:
            return web.Response(status=self._refusals.popleft())
        socket = web.WebSocketResponse(compress=False, max_msg_size=4096 * 4)
        await socket.prepare(request)
        connection = _Connection(socket, request, request.query.get("compress"))
        self._connections.add(connection)
        try:
            _check_version(request)
            hello = {"heartbeat_interval": int(self._heartbeat * 1000)}
            connection.send({"op": Op.HELLO, "d": hello, "s": None, "t": None})
            await self._converse(connection)
        except _Closed as closed:
            await connection.close(closed.code)
        finally:
            self._connections.discard(connection)
            await connection.end()
            self._lose(connection)
        return socket

    async def _converse(self, connection: "_Connection") -> None:
        clock = asyncio.get_running_loop().time
        beaten_at = clock()
        received: deque[float] = deque(maxlen=_COMMANDS.limit)
        while True:
            patience = beaten_at + self._heartbeat * _HEARTBEAT_GRACE - clock()
            try:
                frame = await connection.socket.receive(timeout=max(patience, 0.001))
            except TimeoutError:
                raise _Closed(Close.SESSION_TIMED_OUT) from None
            if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            now = clock()
            if len(received) == _COMMANDS.limit and now - received[0] < _COMMANDS.per:
                raise _Closed(Close.RATE_LIMITED)
            received.append(now)
            op, data = _parse(frame.data)
            if op is Op.HEARTBEAT:
                beaten_at = now
                connection.send({"op": Op.HEARTBEAT_ACK})
            else:
                self._take(connection, op, data)

    def _take(self, connection: "_Connection", op: Op, data: Any) -> None:
        if op in (Op.IDENTIFY, Op.RESUME):
            if connection.session is not None:
                raise _Closed(Close.ALREADY_AUTHENTICATED)
            if not isinstance(data, dict):
                raise _Closed(Close.DECODE_ERROR)
            if data.get("token") != self._token:
                raise _Closed(Close.AUTHENTICATION_FAILED)
            take = self._identify if op is Op.IDENTIFY else self._resume
            take(connection, data)
        elif connection.session is None:
            raise _Closed(Close.NOT_AUTHENTICATED)
        elif op is Op.REQUEST_GUILD_MEMBERS:
            self._send_members(connection.session, data)
        elif op not in (Op.PRESENCE_UPDATE, Op.VOICE_STATE_UPDATE):
            raise _Closed(Close.UNKNOWN_OPCODE)

    def _identify(self, connection: "_Connection", data: Json) -> None:
        shard_id, shard_count = data.get("shard") or (0, 1)
        intents = data.get("intents")
        if not 0 <= shard_id < shard_count:
            raise _Closed(Close.INVALID_SHARD)
        if not isinstance(intents, int) or intents & ~_ALL_INTENTS:
            raise _Closed(Close.INVALID_INTENTS)
        if intents & PRIVILEGED & ~self._privileged:
            raise _Closed(Close.DISALLOWED_INTENTS)
        # Discord drops a session that nobody resumes after some minutes; here it goes when its
        # shard begins anew, so that a long run keeps no heap of them.
        self._sessions = {
            id_: old
            for id_, old in self._sessions.items()
            if old.connection is not None or old.shard_id != shard_id
        }
        session = Session(secrets.token_hex(16), shard_id, shard_count, intents)
        self._sessions[session.id] = session
        self._join(connection, session)
        self.identified.append((shard_id, shard_count))
        world = self._world
        mine = [
            guild for guild in world.guilds.values() if guild.bot_is_in and session.serves(guild.id)
        ]
        ready = {
            "v": 10,
            "user": world.bot.payload() | {"verified": True, "mfa_enabled": False, "email": None},
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in mine],
            "session_id": session.id,
            "resume_gateway_url": self.resume_url,
            "session_type": "normal",
            "private_channels": [],
            "shard": [shard_id, shard_count],
            "application": {"id": str(world.application_id), "flags": 0},
        }
        session.dispatch("READY", ready)
        if intents & GUILDS:
            for guild in mine:
                # `unavailable` tells a server that was known from one that the bot joins.
                available = guild.full_payload(world.bot.id) | {"unavailable": False}
                session.dispatch("GUILD_CREATE", available)

    def _resume(self, connection: "_Connection", data: Json) -> None:
        session = self._sessions.get(data.get("session_id") or "")
        if session is None:
            connection.send({"op": Op.INVALID_SESSION, "d": False})
            return
        since = data.get("seq")
        missed = session.missed(since) if isinstance(since, int) else None
        if missed is None:
            raise _Closed(Close.INVALID_SEQ)
        for payload in missed:
            connection.send(payload)
        self._join(connection, session)
        self.resumed.append(session.shard_id)
        session.dispatch("RESUMED", {})

    def _join(self, connection: "_Connection", session: Session) -> None:
        """A session has one connection: a second one for it ends the first."""
        if session.connection is not None:
            session.connection.session = None
            session.connection.cut()
        session.connection = connection
        connection.session = session
        self._change()

    def _lose(self, connection: "_Connection") -> None:
        session, connection.session = connection.session, None
        if session is None:
            return
        session.connection = None
        if connection.socket.close_code in (WSCloseCode.OK, WSCloseCode.GOING_AWAY) and (
            not connection.closed_by_us
        ):
            # https://discord.com/developers/docs/events/gateway#initiating-a-disconnect
            self._sessions.pop(session.id, None)
        self._change()

    def _send_members(self, session: Session, data: Any) -> None:
        """GUILD_MEMBERS_CHUNK: by id, or by the beginning of the name."""
        world = self._world
        guild = world.guilds.get(int(data["guild_id"]))
        if guild is None:
            return
        wanted = data.get("user_ids")
        ids = {int(id_) for id_ in ([wanted] if isinstance(wanted, str | int) else wanted or [])}
        members = [
            member
            for member in guild.members.values()
            if (member.user.id in ids if ids else member.user.name.startswith(data["query"]))
        ]
        chunk: Json = {
            "guild_id": str(guild.id),
            "members": [member.payload() for member in members],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": [str(id_) for id_ in ids - {member.user.id for member in members}],
        }
        if (nonce := data.get("nonce")) is not None:
            chunk["nonce"] = nonce
        session.dispatch("GUILD_MEMBERS_CHUNK", chunk)

    def _dispatch(self, event: Event) -> None:
        for session in self._sessions.values():
            if session.sees(event):
                redacted = event.redacted is not None and not session.intents & MESSAGE_CONTENT
                data = event.redacted if redacted and event.redacted is not None else event.data
                session.dispatch(event.name, data)

    def _change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class _Connection:
    """One WebSocket: payloads are queued here, so that whoever makes events never waits."""

    def __init__(
        self, socket: web.WebSocketResponse, request: web.Request, compression: str | None
    ) -> None:
        self.socket = socket
        self.session: Session | None = None
        self.closed_by_us = False
        self._request = request
        self._encode = _encoder(compression)
        self._outgoing: asyncio.Queue[Json] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write())

    def send(self, payload: Json) -> None:
        self._outgoing.put_nowait(payload)

    async def close(self, code: int) -> None:
        self.closed_by_us = True
        await self.socket.close(code=code)

    def cut(self) -> None:
        self.closed_by_us = True
        if self._request.transport is not None:
            self._request.transport.abort()

    async def end(self) -> None:
        self._writer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._writer

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                text = orjson.dumps(await self._outgoing.get())
                if self._encode is None:
                    await self.socket.send_str(text.decode())
                else:
                    await self.socket.send_bytes(self._encode(text))


def _encoder(compression: str | None) -> Callable[[bytes], bytes] | None:
    """zlib-stream, one context for the life of a connection; text to whoever asks for another:
    https://discord.com/developers/docs/events/gateway#transport-compression"""
    if compression != "zlib-stream":
        return None
    deflate = zlib.compressobj()
    return lambda text: deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH)


def _check_version(request: web.Request) -> None:
    if request.query.get("v") not in ("9", "10"):
        raise _Closed(Close.INVALID_VERSION)


def _parse(frame: str | bytes) -> tuple[Op, Any]:
    try:
        payload = orjson.loads(frame)
        op = payload["op"]
    except (ValueError, TypeError, KeyError):
        raise _Closed(Close.DECODE_ERROR) from None
    try:
        return Op(op), payload.get("d")
    except ValueError:
        raise _Closed(Close.UNKNOWN_OPCODE) from None
