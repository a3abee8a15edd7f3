"""Who may ask Discord next: servers take turns, and each has its share of the places."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

T = TypeVar("T")


def by_turns(waiting: Sequence[T], *, server: Callable[[T], int]) -> list[T]:
    """The first of each server, then the second of each, and so on."""
    seen: Counter[int] = Counter()
    rounds: list[tuple[int, T]] = []
    for one in waiting:
        rounds.append((seen[server(one)], one))
        seen[server(one)] += 1
    return [one for _, one in sorted(rounds, key=lambda of_round: of_round[0])]


class Turns:
    """`places` for everybody, at most `each` of them for one server at a time.

    A server with five hundred channels gets one turn where a server with one channel gets one;
    within a server it is first come, first served. A server whose every channel hangs holds
    `each` places, and the others go on in the rest.
    """

    def __init__(self, places: int, *, each: int) -> None:
        self._free = places
        self._each = each
        self._held: Counter[int] = Counter()
        self._waiting: dict[int, deque[asyncio.Future[None]]] = {}
        # Servers that wait and may have one more place, the one whose turn is next first.
        self._next: OrderedDict[int, None] = OrderedDict()

    @asynccontextmanager
    async def turn(self, server: int) -> AsyncIterator[None]:
        """Wait for a place for `server`, and hold it within the block."""
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(server, deque()).append(granted)
        self._queue(server)
        self._grant()
        try:
            await granted
            yield
        finally:
            if granted.done() and not granted.cancelled():
                self._free += 1
                self._held[server] -= 1
            self._queue(server)
            self._grant()

    def _queue(self, server: int) -> None:
        """Put a server among the next if anything of it waits and it may have one more place."""
        waiting = self._waiting.get(server)
        while waiting and waiting[0].cancelled():
            waiting.popleft()
        if not waiting:
            self._waiting.pop(server, None)
            self._next.pop(server, None)
            if not self._held[server]:
                del self._held[server]
        elif self._held[server] < self._each:
            self._next.setdefault(server)
        else:
            self._next.pop(server, None)

    def _grant(self) -> None:
        while self._free and self._next:
            server, _ = self._next.popitem(last=False)
            granted = self._waiting[server].popleft()
            if not granted.cancelled():
                self._free -= 1
                self._held[server] += 1
                granted.set_result(None)
            self._queue(server)
