"""Keeps deliveries below Discord's global limit, which discord.py does not, and counts requests."""

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from bot.services.measures import Measures

REQUESTS_PER_SECOND: Final = 47.8
"""Of the 50 requests a second that Discord allows a bot over all routes
(https://discord.com/developers/docs/topics/rate-limits#global-rate-limit); what is left is for
the time that a request takes on its way, which is not always the same. Answers to interactions do
not count towards it."""

UNHURRIED_PER_SECOND: Final = 8.0
"""Requests that can wait, a second: a sixth of what Discord allows, so that reading a week's
reactions again in thousands of channels is hardly felt by anything else."""

MADE_UP_FOR: Final = 0.015
"""Seconds that the event loop may wake a request up late without the rate suffering: within any
second go at most 47.8 × 1.015 and one."""

_NOT_COUNTED: Final = re.compile(r"/(interactions|webhooks)/")


@dataclass(slots=True)
class Requests:
    """The requests of one call: discord.py repeats one itself, and tells of the last alone."""

    in_doubt: bool = False
    """Whether one of them may have been carried out although it failed."""
    waiting_since: float | None = None
    """Since when discord.py holds the next one back, by the monotonic clock; `None` if not."""


_paced: ContextVar[Requests | None] = ContextVar("paced", default=None)


@contextmanager
def paced() -> Iterator[Requests]:
    """Requests within are a delivery's, and wait their turn."""
    requests = Requests(waiting_since=time.monotonic())
    token = _paced.set(requests)
    try:
        yield requests
    finally:
        _paced.reset(token)


class Beat:
    """Room for so many requests a second, almost evenly spaced.

    Those that `wait` do so in turn; those that only `count` go at once and take room from the
    others. (A limiter that all must wait for would let a command queue behind a delivery.)
    """

    def __init__(self, per_second: float) -> None:
        self._interval = 1 / per_second
        self._taken_until = 0.0
        self._turn = asyncio.Lock()
        self._waiting = 0

    def count(self) -> None:
        """A request goes now."""
        earliest = time.monotonic() - MADE_UP_FOR
        self._taken_until = max(self._taken_until, earliest) + self._interval

    async def wait(self) -> None:
        """Return when there is room for one more request, and count it."""
        self._waiting += 1
        try:
            async with self._turn:
                while (delay := self._taken_until - time.monotonic()) > 0:  # noqa: ASYNC110 - others may take room meanwhile
                    await asyncio.sleep(delay)
                self.count()
        finally:
            self._waiting -= 1

    async def calm(self) -> None:
        """Return when nobody waits."""
        while self._waiting:  # noqa: ASYNC110 - looked at as often as somebody may go
            await asyncio.sleep(self._interval)


class Pacing:
    """A limiter where requests begin.

    It waits where aiohttp starts a request, so after discord.py has waited for the channel's
    own limit, and for each of its retries. Requests that are not `paced` never wait here.
    """

    def __init__(
        self, per_second: float = REQUESTS_PER_SECOND, *, measures: Measures | None = None
    ) -> None:
        self._measures = measures or Measures()
        self._beat = Beat(per_second)
        self._unhurried = Beat(min(UNHURRIED_PER_SECOND, per_second))

    async def unhurried(self) -> None:
        """Return when there is room for a request that can wait: behind all deliveries, and only
        so many a second. The request itself is not to be `paced`: it has waited."""
        await self._unhurried.wait()
        await self._beat.calm()

    def trace(self) -> aiohttp.TraceConfig:
        """The hook for discord.py's `http_trace`."""
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._wait)
        trace.on_request_end.append(self._note_answer)
        trace.on_request_exception.append(self._note_failure)
        return trace

    async def _wait(
        self, _session: Any, _context: Any, started: aiohttp.TraceRequestStartParams
    ) -> None:
        if (requests := _paced.get()) is not None:
            began = time.monotonic()
            if requests.waiting_since is not None:
                self._measures.waited_for_limit("channel", began - requests.waiting_since)
                requests.waiting_since = None
            await self._beat.wait()
            self._measures.waited_for_limit("overall", time.monotonic() - began)
        elif not _NOT_COUNTED.search(started.url.path):
            self._beat.count()

    async def _note_answer(
        self, _session: Any, _context: Any, ended: aiohttp.TraceRequestEndParams
    ) -> None:
        self._measures.request(ended.response.status)
        if (requests := _paced.get()) is None:
            return
        if ended.response.status >= 500:
            requests.in_doubt = True  # and repeated after a pause, which is no limit of Discord's
        else:
            requests.waiting_since = time.monotonic()

    async def _note_failure(
        self, _session: Any, _context: Any, failed: aiohttp.TraceRequestExceptionParams
    ) -> None:
        self._measures.request(None)
        requests = _paced.get()
        if requests is not None and not isinstance(failed.exception, aiohttp.ClientConnectorError):
            requests.in_doubt = True
