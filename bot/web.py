"""The bot's HTTP server: pages and a feed (`web_pages`), and for whatever looks after it

    GET /healthz   200 while the program answers at all; 503 with a sentence when it does not work
    GET /readyz    200 when it does all it is there for, else 503: JSON, a sentence for each check
    GET /metrics   Prometheus's text format

Nobody is asked for a password: that is why it is off unless HTTP_PORT is set, and for this
machine alone unless HTTP_HOST says otherwise. No answer names a server, a channel or a person.
"""

import errno
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from bot.domain.errors import SettingsError
from bot.services.measures import CONTENT_TYPE
from bot.settings import Settings

log = logging.getLogger(__name__)

LAST_ANSWERS: Final = 1.0
"""Seconds that answers under way have when the bot stops."""

_NO_STORE: Final = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What the answers are made of.

    `alive` gives a sentence when the program should be started anew, `ready` a sentence for each
    check that fails; `None` is well. `metrics` is Prometheus's text.
    """

    alive: Callable[[], str | None]
    ready: Callable[[], Awaitable[Mapping[str, str | None]]]
    metrics: Callable[[], Awaitable[bytes]]


class Web:
    """An HTTP server with these three addresses and further `routes`: open it with `async with`,
    on `port` 0 for any free one."""

    def __init__(
        self,
        watched: Watched,
        *,
        host: str,
        port: int,
        routes: Iterable[web.AbstractRouteDef] = (),
    ) -> None:
        self._watched = watched
        self._host = host
        self._port = port
        application = web.Application()
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/readyz", self._readyz)
        application.router.add_get("/metrics", self._metrics)
        application.router.add_routes(routes)
        application.on_response_prepare.append(_without_server)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=LAST_ANSWERS)

    @property
    def port(self) -> int:
        """The port it listens on."""
        port: int = self._runner.addresses[0][1]
        return port

    async def __aenter__(self) -> "Web":
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise SettingsError(self._why_not(error)) from error
        log.info("pages, health and metrics are served on %s port %d", self._host, self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def _why_not(self, error: OSError) -> str:
        if error.errno == errno.EADDRINUSE:
            return (
                f"HTTP_PORT {self._port} on {self._host} is in use by another program: "
                "write another port, or end that program."
            )
        return (
            f"cannot serve on HTTP_HOST {self._host}, HTTP_PORT {self._port} ({error.strerror}): "
            "write an address of this machine, such as 127.0.0.1, and a port above 1023."
        )

    async def _healthz(self, _request: web.Request) -> web.Response:
        trouble = self._watched.alive()
        return web.Response(
            text=f"{trouble or 'ok'}\n", status=200 if trouble is None else 503, headers=_NO_STORE
        )

    async def _readyz(self, _request: web.Request) -> web.Response:
        checks = await self._watched.ready()
        well = all(trouble is None for trouble in checks.values())
        return web.json_response(
            {name: trouble or "ok" for name, trouble in checks.items()},
            status=200 if well else 503,
            headers=_NO_STORE,
        )

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=await self._watched.metrics(), headers=_NO_STORE | {"Content-Type": CONTENT_TYPE}
        )


@asynccontextmanager
async def open_web(
    settings: Settings, watched: Watched, *, routes: Iterable[web.AbstractRouteDef] = ()
) -> AsyncGenerator[Web | None]:
    """Serve where the settings say, while the block runs; `None` and nothing without HTTP_PORT.

    Raises `SettingsError` if the address cannot be had.
    """
    if settings.http_port is None:
        yield None
        return
    server = Web(watched, host=settings.http_host, port=settings.http_port, routes=routes)
    async with server as opened:
        yield opened


async def _without_server(_request: web.Request, response: web.StreamResponse) -> None:
    """What program answers, in which version, is nobody's business."""
    response.headers.pop("Server", None)
