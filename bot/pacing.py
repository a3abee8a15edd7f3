"""Keeps deliveries below Discord's global limit, which discord.py does not."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import aiohttp
from aiolimiter import AsyncLimiter

REQUESTS_PER_SECOND: Final = 45
"""Of the 50 requests a second that Discord allows a bot over all routes
(https://discord.com/developers/docs/topics/rate-limits#global-rate-limit); what is left is for
commands. Answers to interactions do not count towards it."""

_paced: ContextVar[bool] = ContextVar("paced", default=False)


@contextmanager
def paced() -> Iterator[None]:
    """Requests within are a delivery's, and wait their turn."""
    token = _paced.set(True)
    try:
        yield
    finally:
        _paced.reset(token)


class Pacing:
    """A limiter where requests begin.

    It waits where aiohttp starts a request, so after discord.py has waited for the channel's
    own limit, and for each of its retries. Requests that are not `paced` never wait here.
    """

    def __init__(self, per_second: float = REQUESTS_PER_SECOND) -> None:
        # One at a time, evenly spaced: a limiter of 45 in 1 s would let 90 go within one second.
        self._limiter = AsyncLimiter(1, 1 / per_second)

    def trace(self) -> aiohttp.TraceConfig:
        """The hook for discord.py's `http_trace`."""
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._wait)
        return trace

    async def _wait(self, *_request: Any) -> None:
        if _paced.get():
            await self._limiter.acquire()
