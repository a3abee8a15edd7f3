"""Where discord.py sends its requests, and how long it waits: the one place that reaches into
its internals.

discord.py 2.7 keeps the API's base and the gateway's address in class attributes and asks
`GET /gateway/bot` for the gateway only when it chooses the number of shards itself. Behind a
proxy, or in front of a simulated Discord, every connection must go where that answer says.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

_UNREADABLE: Final = (TypeError, KeyError, ValueError)
"""What discord.py raises on an answer of 200 that is a proxy's page."""


class NotDiscord(aiohttp.ClientPayloadError):
    """What answers is not Discord: a proxy's page, or another program."""

    def __init__(self) -> None:
        super().__init__("what answers is not Discord")


@contextmanager
def expecting_discord() -> Iterator[None]:
    """`NotDiscord` where discord.py meets an answer of 200 that it cannot read."""
    try:
        yield
    except aiohttp.ClientError:  # some are a ValueError as well
        raise
    except _UNREADABLE as error:
        raise NotDiscord from error


def use_api(url: str) -> None:
    """Send every request to the API at `url`, such as `http://127.0.0.1:8080/api/v10`."""
    Route.BASE = url.rstrip("/")


async def use_named_gateway(client: discord.Client) -> None:
    """Connect every shard to the gateway that `GET /gateway/bot` names: at start, also with
    explicit shards, to resume, and after an invalid session. Call it once logged in."""
    _, url, _ = await client.http.get_bot_gateway()
    named = yarl.URL(url)
    DiscordWebSocket.DEFAULT_GATEWAY = named
    # A session's READY names another address for resuming; behind a proxy that is a way around.
    DiscordWebSocket.gateway = property(lambda _: named, lambda _, __: None)  # type: ignore[assignment]


class GlobalLimit:
    """Ends discord.py's wait for the global rate limit when it is over, whatever happens.

    discord.py stops all requests, sleeps, and lets them go again: if the sleep is cut short by a
    time-out of ours, nobody does, and every request of the process waits for good.
    """

    def __init__(self, client: discord.Client) -> None:
        self._http: Any = client.http
        self._over_at = 0.0

    async def note(
        self, _session: Any, _context: Any, ended: aiohttp.TraceRequestEndParams
    ) -> None:
        """Take note of an answer; for aiohttp's `on_request_end`."""
        headers = ended.response.headers
        if ended.response.status != 429 or "X-RateLimit-Global" not in headers:
            return
        loop = asyncio.get_running_loop()
        # A second more than Discord asks for: discord.py, if it still waits, comes first.
        over_at = loop.time() + float(headers.get("Retry-After", "1")) + 1
        self._over_at = max(self._over_at, over_at)
        loop.call_at(over_at, self._let_go, over_at)

    def _let_go(self, over_at: float) -> None:
        if over_at == self._over_at:  # no later answer asked for a longer wait
            self._http._global_over.set()


def hear_no_messages(client: discord.Client) -> None:
    """Drop what people write, unread. The intent that tells of deleted messages brings every
    message of every server as well, and discord.py would make an object of each."""
    parsers: Any = client._connection.parsers
    parsers["MESSAGE_CREATE"] = parsers["MESSAGE_UPDATE"] = lambda _data: None


def bound_requests(client: discord.Client, timeout: timedelta) -> None:
    """Let no request of the client's, of a command's or of the gateway's handshake take longer
    than `timeout`; discord.py would wait five minutes for each. Call it before logging in.

    The session is made while logging in, which is bounded as a whole.
    """
    http: Any = client.http
    log_in = http.static_login

    async def static_login(token: str) -> Any:
        async with asyncio.timeout(timeout.total_seconds()):
            user = await log_in(token)
        _bound_session(client, timeout)
        return user

    http.static_login = static_login


def bound_requests_once_started(client: discord.AutoShardedClient, timeout: timedelta) -> None:
    """The same from the first shard's launch on, with another `timeout`. A request that fails
    before that ends the process, so it is given longer."""
    launch = client.launch_shard

    async def launch_shard(*arguments: Any, **options: Any) -> None:
        _bound_session(client, timeout)
        await launch(*arguments, **options)

    client.launch_shard = launch_shard  # type: ignore[method-assign]


def _bound_session(client: discord.Client, timeout: timedelta) -> None:
    http: Any = client.http
    http._HTTPClient__session._timeout = aiohttp.ClientTimeout(total=timeout.total_seconds())


def expect_discord(client: discord.Client) -> None:
    """Let logging in, and asking for the gateway, end with `NotDiscord` where discord.py would
    stumble over a proxy's page. Call it before logging in."""
    http: Any = client.http
    state = client._connection

    def readable(request: Callable[..., Any], read: Callable[[Any], object]) -> Callable[..., Any]:
        async def checked(*arguments: Any) -> Any:
            with expecting_discord():
                answer = await request(*arguments)
                read(answer)
            return answer

        return checked

    http.static_login = readable(
        http.static_login, lambda user: discord.ClientUser(state=state, data=user)
    )
    http.application_info = readable(
        http.application_info, lambda application: discord.AppInfo(state, application)
    )
    http.get_bot_gateway = readable(http.get_bot_gateway, lambda gateway: yarl.URL(gateway[1]))
