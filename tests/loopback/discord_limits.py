"""Discord's rate limits: https://discord.com/developers/docs/topics/rate-limits

Discord publishes the form of its limits and the global one; the size of a route's bucket is
told by headers alone and may change. The sizes here are those that bots have measured.
"""

import hashlib
import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

INVALID_STATUSES: Final = frozenset({401, 403, 429})
"""Answers that Discord counts as invalid requests; 10,000 in 10 minutes cut a bot off."""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `limit` requests in a window of `per` seconds, which the first one opens."""

    limit: int
    per: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The limits of this Discord; `None` switches one off, and its headers with it.

    `overall` counts all routes of the bot but the interaction ones; `messages` and `reactions`
    count each channel for itself.
    """

    overall: Rate | None = Rate(50, 1.0)
    messages: Rate | None = Rate(5, 5.0)
    reactions: Rate | None = Rate(1, 0.25)

    @classmethod
    def off(cls) -> "Rates":
        """No limit at all."""
        return cls(overall=None, messages=None, reactions=None)


@dataclass(frozen=True, slots=True)
class Allowance:
    """How a request stands to a limit, before it is answered."""

    granted: bool
    rate: Rate
    remaining: int
    reset_after: float
    bucket: str

    def headers(self) -> dict[str, str]:
        """What Discord says of a route's limit with every answer."""
        return {
            "X-RateLimit-Limit": str(self.rate.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": f"{time.time() + self.reset_after:.3f}",
            "X-RateLimit-Reset-After": f"{self.reset_after:.3f}",
            "X-RateLimit-Bucket": self.bucket,
        }


@dataclass(slots=True)
class _Window:
    opened_at: float
    used: int = 0


class RateLimits:
    """What has been used of each limit."""

    def __init__(self, rates: Rates, clock: Callable[[], float] = time.monotonic) -> None:
        self.rates = rates
        self._clock = clock
        self._windows: dict[tuple[str, int], _Window] = {}

    def take_overall(self) -> Allowance | None:
        """One request of the bot's fifty a second; `None` where there is no such limit."""
        return self._take("overall", 0, self.rates.overall)

    def take_message(self, channel_id: int) -> Allowance | None:
        """One new message in a channel."""
        return self._take("messages", channel_id, self.rates.messages)

    def take_reaction(self, channel_id: int) -> Allowance | None:
        """One change of the reactions in a channel."""
        return self._take("reactions", channel_id, self.rates.reactions)

    def _take(self, name: str, major: int, rate: Rate | None) -> Allowance | None:
        if rate is None:
            return None
        now = self._clock()
        window = self._windows.get((name, major))
        if window is None or now >= window.opened_at + rate.per:
            window = self._windows[name, major] = _Window(now)
        granted = window.used < rate.limit
        if granted:
            window.used += 1
        return Allowance(
            granted=granted,
            rate=rate,
            remaining=rate.limit - window.used,
            reset_after=window.opened_at + rate.per - now,
            bucket=hashlib.sha256(name.encode()).hexdigest()[:32],
        )


def refusal(retry_after: float, *, overall: bool = False, shared: bool = False) -> dict[str, str]:
    """The headers of a 429 beside a route's own: whose limit it is, and when to come back.

    `Via` shows that Discord answered and not the shield before it; discord.py retries then only.
    """
    headers = {
        "Retry-After": str(math.ceil(retry_after)),
        "X-RateLimit-Scope": "global" if overall else "shared" if shared else "user",
    }
    if overall:
        headers["X-RateLimit-Global"] = "true"
    return headers


@dataclass(slots=True)
class Tally:
    """What was answered, for tests to read."""

    by_status: Counter[int] = field(default_factory=Counter)
    by_route: Counter[str] = field(default_factory=Counter)
    """Keys such as `POST /channels/{channel_id}/messages`."""

    invalid: int = 0
    """Requests that count against the bot: 401, 403, and 429 that is not of a shared limit."""

    def add(self, route: str, status: int, *, shared: bool) -> None:
        """Count one answer."""
        self.by_status[status] += 1
        self.by_route[route] += 1
        if status in INVALID_STATUSES and not shared:
            self.invalid += 1
