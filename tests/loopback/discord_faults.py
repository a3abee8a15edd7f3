"""What can go wrong between a bot and Discord, on demand and by count.

`carried_out` tells the two cases apart that look the same to the bot: whether Discord had done
what was asked when the answer was lost.
"""

import asyncio
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class RateLimited:
    """429 out of the blue: of the route, of the whole bot, or of a resource shared with others."""

    retry_after: float = 0.05
    overall: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Broken:
    """A 5xx."""

    status: int = 503
    carried_out: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection ends without an answer."""

    carried_out: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """No answer until the rule is released; then the connection is cut, or the request is
    `answered` as if nothing had been."""

    carried_out: bool = False
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Late:
    """Carried out and answered as usual, but `seconds` later, whether or not anyone still waits."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Page:
    """A page of HTML: an answer of the shield before Discord, or of a proxy, not of Discord.

    With 429 it tells in `retry_after` for how many seconds it lets nothing through:
    https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
    """

    status: int
    carried_out: bool = False
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Denied:
    """A refusal with a code of Discord's, although nothing that the bot was told explains it.

    https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
    """

    status: int = 403
    code: int = 50013


Fault: TypeAlias = RateLimited | Broken | Cut | Held | Late | Page | Denied


class Rule:
    """A fault that meets the next `times` requests of a kind; every one if `times` is `None`.

    `path` is a shell pattern over the path below `/api/v10`, such as `/channels/*/messages`.
    """

    def __init__(self, fault: Fault, *, method: str, path: str, times: int | None) -> None:
        self.fault = fault
        self.hits = 0
        self._method = method
        self._path = path
        self._left = times
        self._met = asyncio.Event()
        self._released = asyncio.Event()

    async def met(self) -> None:
        """Return once a request has met the fault: carried out, if that is the fault's kind."""
        await self._met.wait()

    def release(self) -> None:
        """Let the requests go that are held, and those to come."""
        self._released.set()

    def withdraw(self) -> None:
        """Meet no more requests."""
        self._left = 0

    def claim(self, method: str, path: str) -> bool:
        """Whether this request meets the fault; it counts if so."""
        if self._left == 0 or method != self._method or not fnmatchcase(path, self._path):
            return False
        if self._left is not None:
            self._left -= 1
        self.hits += 1
        return True

    def mark_met(self) -> None:
        """Wake those who wait for the fault to happen."""
        self._met.set()

    async def held(self) -> None:
        """Wait for the release."""
        await self._released.wait()


class Faults:
    """The rules in force, oldest first: one request meets one fault at most."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def add(self, rule: Rule) -> Rule:
        """Put a rule in force."""
        self._rules.append(rule)
        return rule

    def meeting(self, method: str, path: str) -> Rule | None:
        """The rule that this request meets."""
        return next((rule for rule in self._rules if rule.claim(method, path)), None)

    def end(self) -> None:
        """Withdraw every rule and let all held requests go."""
        for rule in self._rules:
            rule.withdraw()
            rule.release()
        self._rules.clear()
