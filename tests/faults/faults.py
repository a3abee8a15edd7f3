"""What can go wrong, each as something that begins and ends around a moment of the bot's life.

A fault is for the request that a phase is about (`route`), and for the faulted channel only,
unless Discord itself would not stop there. It fails the test if nothing ever met it.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol, TypeAlias

from sqlalchemy import Connection, Engine, event

from tests.faults.stage import STORE_PATIENCE, Stage, until
from tests.loopback import hugging_face as hub
from tests.loopback import language_model as model
from tests.loopback.discord_faults import (
    Broken,
    Cut,
    Denied,
    Held,
    Late,
    Page,
    RateLimited,
)
from tests.loopback.discord_faults import (
    Fault as Misbehaviour,
)
from tests.loopback.discord_gateway import Close

Route: TypeAlias = tuple[str, str]
"""Method and path of a request to Discord."""

LOST_BY: Final = 0.9
"""Seconds by which an answer is late: past our time-out, not past its retries."""


class Family(StrEnum):
    """Who misbehaves."""

    DISCORD = "Discord's REST API"
    GATEWAY = "Discord's gateway"
    SOURCE = "Hugging Face"
    MODEL = "the language model"
    STORE = "the store"


class Arrange(Protocol):
    """Begins a fault, and ends it."""

    def __call__(self, stage: Stage, route: Route, /) -> AbstractAsyncContextManager[None]: ...


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that goes wrong; `fatal`: nobody can go on after it without mending something."""

    name: str
    family: Family
    what: str
    arrange: Arrange = field(repr=False)
    fatal: bool = False


# --- Discord's REST API -------------------------------------------------------------------


def answering(fault: Misbehaviour, times: int = 1) -> Arrange:
    """The next requests of the route meet `fault`."""

    @asynccontextmanager
    async def arrange(stage: Stage, route: Route) -> AsyncIterator[None]:
        rule = stage.discord.inject(fault, *route, times=times)
        yield
        rule.withdraw()
        rule.release()
        assert rule.hits, f"no request met {fault}"

    return arrange


BROKEN_FOR: Final = 7
"""Requests: more than discord.py and we try in a row, so that another round is needed."""

_REST: Final[dict[str, tuple[str, Arrange]]] = {
    "429": ("429 of the route", answering(RateLimited(), 2)),
    "429-global": ("429 of the whole bot", answering(RateLimited(overall=True), 2)),
    "429-shared": ("429 of a resource shared with others", answering(RateLimited(shared=True), 2)),
    "429-shield": (
        "429 of the shield before Discord: HTML, no `Via`",
        answering(Page(429, retry_after=1)),
    ),
    **{
        f"{status}-before": (
            f"{status}, seven times",
            answering(Broken(status, carried_out=False), BROKEN_FOR),
        )
        for status in (500, 502, 503, 504)
    },
    **{
        f"{status}-after": (
            f"{status}, although it was done",
            answering(Broken(status, carried_out=True), 2),
        )
        for status in (500, 502, 503, 504)
    },
    "timeout-before": ("no answer, not done", answering(Held(carried_out=False))),
    "timeout-after": ("no answer, although it was done", answering(Held(carried_out=True))),
    "cut-before": ("connection cut, not done", answering(Cut(carried_out=False), 2)),
    "cut-after": ("connection cut, although it was done", answering(Cut(carried_out=True), 2)),
    "late": ("done and answered after our time-out", answering(Late(LOST_BY))),
    **{
        f"html-{status}-{when}": (
            f"HTML with {status}, {words}",
            answering(Page(status, carried_out=when == "after")),
        )
        for status in (200, 403, 502)
        for when, words in (("before", "not done"), ("after", "although it was done"))
    },
    "403": ("403, code 50013", answering(Denied(403, 50013))),
    "404": ("404, code 10003", answering(Denied(404, 10003))),
}


# --- Discord's gateway --------------------------------------------------------------------

FATAL_CLOSES: Final = (
    Close.AUTHENTICATION_FAILED,
    Close.INVALID_SHARD,
    Close.SHARDING_REQUIRED,
    Close.INVALID_VERSION,
    Close.INVALID_INTENTS,
    Close.DISALLOWED_INTENTS,
)
"""Those after which a client may not come back:
https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes"""


def _sessions(stage: Stage) -> int:
    gateway = stage.discord.gateway
    return len(gateway.identified) + len(gateway.resumed)


def closing(code: Close) -> Arrange:
    @asynccontextmanager
    async def arrange(stage: Stage, _route: Route) -> AsyncIterator[None]:
        before = _sessions(stage)
        await stage.discord.gateway.close(code)
        yield
        if code in FATAL_CLOSES:
            await until(stage.app.bot.is_closed)
        else:
            await until(lambda: _sessions(stage) > before)

    return arrange


def losing_the_session(lose: Callable[[Stage], None]) -> Arrange:
    """Goes on once the bot is back, by a session of old or a new one."""

    @asynccontextmanager
    async def arrange(stage: Stage, _route: Route) -> AsyncIterator[None]:
        before = _sessions(stage)
        lose(stage)
        yield
        await until(lambda: _sessions(stage) > before)

    return arrange


def _refuse_handshakes(stage: Stage) -> None:
    stage.discord.gateway.refuse(3)
    stage.discord.gateway.cut()


_GATEWAY: Final[dict[str, tuple[str, Arrange]]] = {
    **{
        f"close-{code}": (f"closed with {code:d}, {code.name.lower().replace('_', ' ')}",
                          closing(code))
        for code in Close
    },
    "cut": ("connection cut", losing_the_session(lambda stage: stage.discord.gateway.cut())),
    "reconnect": (
        "asks to reconnect",
        losing_the_session(lambda stage: stage.discord.gateway.ask_to_reconnect()),
    ),
    "session-resumable": (
        "session invalid, may be resumed",
        losing_the_session(lambda stage: stage.discord.gateway.invalidate(resumable=True)),
    ),
    "session-lost": (
        "session invalid",
        losing_the_session(lambda stage: stage.discord.gateway.invalidate()),
    ),
    "handshake": ("connection cut, three handshakes refused",
                  losing_the_session(_refuse_handshakes)),
}  # fmt: skip


# --- Hugging Face -------------------------------------------------------------------------


def always(failure: hub.Failure) -> Arrange:
    """Every request to Hugging Face fails like this."""

    @asynccontextmanager
    async def arrange(stage: Stage, _route: Route) -> AsyncIterator[None]:
        asked = len(stage.hub.requests)
        stage.hub.fail_always(failure)
        yield
        stage.hub.fail_always(None)
        assert len(stage.hub.requests) > asked, "Hugging Face was not asked"

    return arrange


def once(failure: hub.Failure) -> Arrange:
    """The next request to Hugging Face fails like this."""

    @asynccontextmanager
    async def arrange(stage: Stage, _route: Route) -> AsyncIterator[None]:
        stage.hub.fail_next(failure)
        asked = len(stage.hub.requests)
        yield
        assert len(stage.hub.requests) > asked, "Hugging Face was not asked"

    return arrange


_HTML: Final = b"<!DOCTYPE html><title>Hugging Face</title><p>We are down for maintenance."

_SOURCE: Final[dict[str, tuple[str, Arrange]]] = {
    "stumble": ("503 once", once(hub.Status(503))),
    "429": ("429 once, with `ratelimit`", once(hub.Status(429, {"ratelimit": '"api";r=0;t=0'}))),
    "down": ("503 for as long as it takes", always(hub.Status(503))),
    "blocked": (
        "429 for as long as it takes",
        always(hub.Status(429, {"ratelimit": '"api";r=0;t=55'})),
    ),
    "slow": ("no answer in time", always(hub.Slow(60))),
    "cut": ("connection cut in the middle of the list", always(hub.Cut())),
    "truncated": ("half a list", always(hub.Truncated())),
    "html": ("HTML, said to be so", always(hub.Body(_HTML, "text/html"))),
    "html-as-json": ("HTML, said to be JSON", always(hub.Body(_HTML))),
    "object": ("JSON that is not a list", always(hub.Body(b'{"papers": []}'))),
    "endless": ("100 MB", always(hub.Endless(100 * 2**20))),
}


# --- the language model -------------------------------------------------------------------


def answers_always(way: model.Way) -> Arrange:
    """Every request to the language model is answered so."""

    @asynccontextmanager
    async def arrange(stage: Stage, _route: Route) -> AsyncIterator[None]:
        asked = len(stage.model.asked)
        stage.model.always(way)
        yield
        stage.model.always(None)
        assert len(stage.model.asked) > asked, "the language model was not asked"

    return arrange


def answers_once(way: model.Way) -> Arrange:
    """The next request to the language model is answered so."""

    @asynccontextmanager
    async def arrange(stage: Stage, _route: Route) -> AsyncIterator[None]:
        asked = len(stage.model.asked)
        stage.model.then(way)
        yield
        assert len(stage.model.asked) > asked, "the language model was not asked"

    return arrange


_MODEL: Final[dict[str, tuple[str, Arrange]]] = {
    "stumble": ("500 once", answers_once(hub.Status(500))),
    "429": ("429 once", answers_once(hub.Status(429, {"Retry-After": "0"}))),
    "down": ("503 for as long as it takes", answers_always(hub.Status(503))),
    "blocked": (
        "429 for as long as it takes",
        answers_always(hub.Status(429, {"Retry-After": "1"})),
    ),
    "slow": ("no answer in time", answers_always(hub.Slow(60))),
    "cut": ("connection cut in the middle of the answer", answers_always(hub.Cut())),
    "html": ("HTML", answers_always(hub.Body(_HTML, "text/html"))),
    "key": ("401: the key is not known", answers_always(hub.Status(401))),
    "talk": ("words in place of JSON, once", answers_once(model.Says("Of course! It says …"))),
    "half": ("half the JSON, once", answers_once(model.Cuts())),
    "refusal": ("a refusal, once", answers_once(model.Says(None))),
    "invented": ("a number that nobody measured, once", answers_once(model.Invents())),
    "script": ("another language, once", answers_once(model.Mistakes("ko"))),
}


# --- the store ----------------------------------------------------------------------------

_HOLD_THE_LOCK: Final = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


@asynccontextmanager
async def locked(file: str) -> AsyncIterator[Callable[[], None]]:
    """Another process has begun to write and does not end; what is yielded ends it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _HOLD_THE_LOCK,
        file,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert await process.stdout.readline() == b"held\n"
    try:
        yield process.stdin.close
    finally:
        process.stdin.close()
        await process.wait()


@asynccontextmanager
async def locked_for_a_while(stage: Stage, _route: Route) -> AsyncIterator[None]:
    """Shorter than writers wait."""
    async with locked(stage.file) as release:
        asyncio.get_running_loop().call_later(STORE_PATIENCE.total_seconds() / 3, release)
        yield


@asynccontextmanager
async def locked_for_long(stage: Stage, _route: Route) -> AsyncIterator[None]:
    """Longer than writers wait."""
    async with locked(stage.file):
        yield


@asynccontextmanager
async def full(_stage: Stage, _route: Route) -> AsyncIterator[None]:
    """No transaction that writes finds room: SQLite's own limit stands for the disk's."""
    refused = []
    is_full = True

    def no_room(connection: Connection) -> None:
        if not is_full or connection.exec_driver_sql("PRAGMA query_only").scalar():
            return
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # as many as there are
        try:
            connection.exec_driver_sql("CREATE TABLE ballast AS SELECT zeroblob(4000000) AS it")
        finally:
            connection.exec_driver_sql("PRAGMA max_page_count = 4294967294")
            refused.append(True)

    # It stays: to take it away while another thread begins a transaction is no safe thing.
    event.listen(Engine, "begin", no_room)
    try:
        yield
    finally:
        is_full = False
    assert refused, "nothing was written"


def cancelled(task_of: str, statement: str) -> Arrange:
    """The tasks of this function are cancelled in the middle of the transaction with this
    statement: as when the bot is told to stop, or a time-out runs out around them."""

    @asynccontextmanager
    async def arrange(_stage: Stage, _route: Route) -> AsyncIterator[None]:
        hits: list[str] = []

        def cancel(_c: Any, _cursor: Any, sql: str, *_more: Any) -> None:
            if statement in sql and not hits:
                hits.append(sql)
                for task in asyncio.all_tasks():
                    if getattr(task.get_coro(), "__qualname__", "").endswith(task_of):
                        task.cancel()

        # It stays, as above: it strikes once.
        event.listen(Engine, "before_cursor_execute", cancel)
        yield
        await until(lambda: bool(hits))

    return arrange


_STORE: Final[dict[str, tuple[str, Arrange]]] = {
    "locked": ("held by another process for a moment", locked_for_a_while),
    "locked-long": ("held by another process for longer than we wait", locked_for_long),
    "full": ("no room on the disk", full),
    "cancelled-collecting": (
        "a transaction of collecting is cancelled",
        cancelled("Collecting.refresh", "INSERT INTO listings"),
    ),
    "cancelled-planning": (
        "a transaction of planning is cancelled",
        cancelled("Delivering._guarded", "INSERT INTO messages"),
    ),
    "cancelled-recording": (
        "a transaction of recording is cancelled",
        cancelled("Delivering._guarded", "message_id=?"),
    ),
}


def _of(family: Family, entries: dict[str, tuple[str, Arrange]], prefix: str) -> list[Fault]:
    fatal = {f"close-{code}" for code in FATAL_CLOSES}
    return [
        Fault(
            name=prefix + name,
            family=family,
            what=what,
            arrange=arrange,
            fatal=family is Family.GATEWAY and name in fatal,
        )
        for name, (what, arrange) in entries.items()
    ]


FAULTS: Final = (
    *_of(Family.DISCORD, _REST, ""),
    *_of(Family.GATEWAY, _GATEWAY, "gateway-"),
    *_of(Family.SOURCE, _SOURCE, "source-"),
    *_of(Family.MODEL, _MODEL, "model-"),
    *_of(Family.STORE, _STORE, "store-"),
)
