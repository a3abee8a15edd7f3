"""Who may ask Discord next."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from bot.services.turns import Turns, by_turns


def test_a_small_server_is_not_planned_behind_a_large_one() -> None:
    waiting = [(1, "a"), (1, "b"), (1, "c"), (2, "d"), (3, "e"), (2, "f")]
    in_turn = by_turns(waiting, server=lambda one: one[0])
    assert "".join(name for _, name in in_turn) == "adebfc"


class Hall:
    """Servers that want turns, and the order in which they got them."""

    def __init__(self, turns: Turns) -> None:
        self.got: list[int] = []
        self._turns = turns
        self._leave: list[tuple[int, asyncio.Event]] = []

    def want(self, servers: Sequence[int]) -> list[asyncio.Task[None]]:
        """One task for each that holds its place until it is let go."""
        return [asyncio.create_task(self._hold(server)) for server in servers]

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    async def let_go(self, *servers: int) -> None:
        """Let one holder of each server leave, one after the other."""
        for server in servers:
            next(leave for held, leave in self._leave if held == server).set()
            await self.settle()

    async def _hold(self, server: int) -> None:
        async with self._turns.turn(server):
            mine = (server, asyncio.Event())
            self.got.append(server)
            self._leave.append(mine)
            try:
                await mine[1].wait()
            finally:
                self._leave.remove(mine)


async def test_a_large_server_gets_one_turn_where_a_small_one_gets_one() -> None:
    hall = Hall(Turns(1, each=1))
    tasks = hall.want([1, 1, 1, 1, 1, 2, 3])
    await hall.settle()
    for _ in tasks:
        await hall.let_go(hall.got[-1])
    assert hall.got == [1, 2, 3, 1, 1, 1, 1]
    await asyncio.gather(*tasks)


async def test_a_server_whose_channels_all_hang_leaves_places_to_the_others() -> None:
    hall = Hall(Turns(4, each=3))
    stuck = hall.want([1] * 10)
    await hall.settle()
    assert hall.got == [1, 1, 1]

    others = hall.want([2, 3, 2])
    await hall.settle()
    assert hall.got[3:] == [2]
    await hall.let_go(2, 3, 2)
    assert hall.got[3:] == [2, 3, 2]
    await asyncio.gather(*others)

    await hall.let_go(1)
    assert len([server for server in hall.got if server == 1]) == 4
    for task in stuck:
        task.cancel()
    await asyncio.wait(stuck)


async def test_places_are_never_more_than_there_are_nor_lost_when_waiting_ends() -> None:
    hall = Hall(Turns(2, each=2))
    holding = hall.want([1, 2])
    await hall.settle()
    waiting = hall.want([1, 1, 2, 3])
    await hall.settle()
    assert len(hall.got) == 2

    for task in (waiting[0], waiting[3]):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    for task in holding:
        task.cancel()
    await hall.settle()
    assert hall.got == [1, 2, 1, 2]

    await hall.let_go(1, 2)
    await asyncio.gather(waiting[1], waiting[2])
    again = hall.want([3, 3])
    await hall.settle()
    assert hall.got[4:] == [3, 3]
    await hall.let_go(3, 3)
    await asyncio.gather(*again)


async def test_a_turn_that_is_granted_and_cancelled_in_one_moment_frees_its_place() -> None:
    turns = Turns(1, each=1)
    hall = Hall(turns)
    first, second, third = hall.want([1, 2, 3])
    await hall.settle()
    hall._leave[0][1].set()
    await asyncio.sleep(0)  # the first leaves, and the second is granted its place
    second.cancel()
    await hall.settle()
    assert hall.got[-1] == 3
    third.cancel()
    await asyncio.wait([first, second, third])
