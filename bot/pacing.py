"""Keeps deliveries below Discord's global limit, which discord.py does not, and counts requests."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from aiolimiter import AsyncLimiter

from bot.services.measures import Measures

REQUESTS_PER_SECOND: Final = 45
"""Of the 50 requests a second that Discord allows a bot over all routes
(https://discord.com/developers/docs/topics/rate-limits#global-rate-limit); what is left is for
commands. Answers to interactions do not count towards it."""


@dataclass(slots=True)
class Requests:
    """The requests of one call: discord.py repeats one itself, and tells of the last alone."""

    in_doubt: bool = False
    """Whether one of them may have been carried out although it failed."""


_paced: ContextVar[Requests | None] = ContextVar("paced", default=None)


@contextmanager
def paced() -> Iterator[Requests]:
    """Requests within are a delivery's, and wait their turn."""
    requests = Requests()
    token = _paced.set(requests)
    try:
        yield requests
    finally:
        _paced.reset(token)


class Pacing:
    """A limiter where requests begin.

    It waits where aiohttp starts a request, so after discord.py has waited for the channel's
    own limit, and for each of its retries. Requests that are not `paced` never wait here;
    those of either kind are counted, by the status of their answer.
    """

    def __init__(
        self, per_second: float = REQUESTS_PER_SECOND, *, measures: Measures | None = None
    ) -> None:
        self._measures = measures or Measures()
        # One at a time, evenly spaced: a limiter of 45 in 1 s would let 90 go within one second.
        self._limiter = AsyncLimiter(1, 1 / per_second)

    def trace(self) -> aiohttp.TraceConfig:
        """The hook for discord.py's `http_trace`."""
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._wait)
        trace.on_request_end.append(self._note_answer)
        trace.on_request_exception.append(self._note_failure)
        return trace

    async def _wait(self, *_request: Any) -> None:
        if _paced.get() is not None:
            began = time.monotonic()
            await self._limiter.acquire()
            self._measures.waited_for_limit(time.monotonic() - began)

    async def _note_answer(
        self, _session: Any, _context: Any, ended: aiohttp.TraceRequestEndParams
    ) -> None:
        self._measures.request(ended.response.status)
        if (requests := _paced.get()) is not None and ended.response.status >= 500:
            requests.in_doubt = True

    async def _note_failure(
        self, _session: Any, _context: Any, failed: aiohttp.TraceRequestExceptionParams
    ) -> None:
        self._measures.request(None)
        requests = _paced.get()
        if requests is not None and not isinstance(failed.exception, aiohttp.ClientConnectorError):
            requests.in_doubt = True
