"""Rounds of killing: a delivery to many channels by processes that are killed until it is done.

One round is one store, one Discord that misbehaves at random, and one way of killing (a `Mode`).
When every channel has been served the round is looked at: each paper was posted exactly once in
each channel, in order, the heading on the first message of each delivery; the store knows every
post that Discord has, and no other; nothing is left open; the log shows no traceback.

A seed names a round: its mode and all that is drawn in it. The timing of processes is not
repeatable, so the same seed need not find the same thing again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from tests.killing.findings import Edition, Report
from tests.killing.process import FACTOR
from tests.killing.scene import ANSWER, Scene, Stuck
from tests.loopback.discord_limits import Rates
from tests.loopback.discord_server import LoopbackDiscord
from tests.loopback.discord_world import NONCE_REMEMBERED
from tests.loopback.hugging_face import Entry, LoopbackHuggingFace, Slow, entry

DAY: Final = Edition(range(1, 7))
NEXT_DAY: Final = Edition(range(7, 13))

_PAGE: Final = 0.1
"""Seconds in which Hugging Face answers."""


@dataclass(frozen=True, slots=True)
class Mode:
    """A way of killing. `days` are the lists that the store holds at the start; without any,
    the first day's is to be had from a Hugging Face. With `people`, some are written to as well."""

    name: str
    act: Callable[[Scene, LoopbackHuggingFace], Awaitable[None]]
    days: tuple[Edition, ...] = (DAY,)
    people: bool = False


async def _kill(scene: Scene, _hub: LoopbackHuggingFace) -> None:
    for _ in range(scene.random.randint(2, 4)):
        process = scene.start()
        await scene.a_moment()
        await scene.kill(process)


async def _terminate(scene: Scene, _hub: LoopbackHuggingFace) -> None:
    for _ in range(scene.random.randint(2, 4)):
        process = scene.start()
        await scene.online()
        await scene.a_moment()
        await scene.terminate(process)


async def _cut_power(scene: Scene, _hub: LoopbackHuggingFace) -> None:
    for _ in range(scene.random.randint(2, 4)):
        process = scene.start()
        await scene.online()
        await scene.a_moment()
        await scene.cut_power(process)


async def _kill_one_of_two(scene: Scene, _hub: LoopbackHuggingFace) -> None:
    """Two at once on one store and the same shards, by mistake; either may be killed, or both."""
    two = [scene.start(), scene.start()]
    for _ in range(scene.random.randint(2, 3)):
        await scene.a_moment()
        victims = scene.random.sample(two, scene.random.randint(1, 2))
        await scene.kill(*victims)
        two = [process for process in two if process not in victims]
        two += [scene.start() for _ in victims]
    # Both go on to the end.
    await scene.served()
    await scene.kill(*two)


async def _set_clock_back(scene: Scene, hub: LoopbackHuggingFace) -> None:
    """By an hour, once the delivery is planned; until then it would not be due again."""
    process = scene.start()
    await scene.planned(len(scene.channels))
    await scene.a_moment()
    await scene.kill(process)
    scene.shift = timedelta(hours=-1)
    await _kill(scene, hub)


async def _set_clock_forward(scene: Scene, _hub: LoopbackHuggingFace) -> None:
    """By a day, and back again."""
    for shift in (timedelta(0), timedelta(days=1), timedelta(0)):
        scene.shift = shift
        process = scene.start()
        await scene.a_moment()
        await scene.kill(process)


async def _kill_while_collecting(scene: Scene, hub: LoopbackHuggingFace) -> None:
    for _ in range(scene.random.randint(2, 3)):
        asked = len(hub.requests) + scene.random.randint(1, 5)
        process = scene.start()
        await scene.until(lambda asked=asked: len(hub.requests) >= asked)  # type: ignore[misc]
        await asyncio.sleep(scene.random.uniform(0, _PAGE))
        await scene.kill(process)
    process = scene.start()
    await scene.a_moment()
    await scene.kill(process)


async def _kill_while_planning(scene: Scene, _hub: LoopbackHuggingFace) -> None:
    for deliveries in sorted(scene.random.sample(range(1, len(scene.channels) + 1), 3)):
        process = scene.start()
        await scene.planned(deliveries)
        await scene.kill(process)


async def _kill_on_two_days(scene: Scene, hub: LoopbackHuggingFace) -> None:
    await _kill(scene, hub)
    process = scene.start()
    await scene.served()
    await scene.kill(process)
    scene.shift = timedelta(days=1)
    scene.editions.append(NEXT_DAY)
    await _kill(scene, hub)


async def _kill_while_shut(scene: Scene, _hub: LoopbackHuggingFace) -> None:
    """Some channels take a permission from the bot and give it back, at any moment."""
    for _ in range(scene.random.randint(2, 3)):
        process = scene.start()
        await scene.online()
        scene.shut_some()
        await asyncio.sleep(scene.random.uniform(0, 1))
        if scene.random.random() < 0.5:
            scene.open_all()
            await scene.a_moment()
        await scene.kill(process)
    scene.open_all()


async def _kill_while_cards_are_shared(scene: Scene, hub: LoopbackHuggingFace) -> None:
    """Before, between and after the posts stand answers that show the same papers."""
    process = scene.start()
    async with scene.sharing():
        await scene.online()
        await scene.a_moment()
        await scene.kill(process)
        await _kill(scene, hub)
        await scene.finish()


async def _kill_while_readers_react(scene: Scene, hub: LoopbackHuggingFace) -> None:
    """In the end what is stored of reactions is what Discord shows."""
    async with scene.reacting():
        await _kill(scene, hub)
        process = scene.start()
        await scene.online()
        await scene.served()
        await scene.kill(process)
        process = scene.start()
        await scene.online()
        await scene.a_moment()
    await scene.mirrored()
    await scene.kill(process)


async def _kill_while_people_are_written_to(scene: Scene, hub: LoopbackHuggingFace) -> None:
    """People follow and have their own papers; some take no direct messages for a while, some
    react. In the end each has each paper once, and what is stored is what Discord shows."""
    async with scene.reacting():
        scene.shut_some_people()
        await _kill(scene, hub)
        process = scene.start()
        await scene.online()
        await scene.let_people_come_back()
        await scene.a_moment()
        await scene.kill(process)
        process = scene.start()
        await scene.online()
        await scene.let_people_come_back()
        await scene.served()
    await scene.mirrored()
    await scene.kill(process)


async def _go_on_from_a_backup(scene: Scene, _hub: LoopbackHuggingFace) -> None:
    """Killed some time after a copy was made, perhaps a day, and the store is lost."""
    process = scene.start()
    await scene.planned(len(scene.channels))
    await scene.a_moment()
    copy = await scene.back_up()
    await scene.a_moment()
    if scene.random.random() < 0.5:
        await scene.served()
        await scene.kill(process)
        scene.shift = timedelta(days=1)
        scene.editions.append(NEXT_DAY)
        process = scene.start()
        await scene.a_moment()
    await scene.kill(process)
    scene.put_back(copy)


MODES: Final = (
    Mode("kill -9", _kill),
    Mode("SIGTERM", _terminate),
    Mode("power cut", _cut_power),
    Mode("two processes", _kill_one_of_two),
    Mode("clock set back an hour", _set_clock_back),
    Mode("clock set forward a day and back", _set_clock_forward),
    Mode("kill -9 while collecting", _kill_while_collecting, days=()),
    Mode("kill -9 while planning", _kill_while_planning),
    Mode("kill -9 on two days", _kill_on_two_days, days=(DAY, NEXT_DAY)),
    Mode("kill -9 while channels shut and open", _kill_while_shut),
    Mode("kill -9 while cards are shared", _kill_while_cards_are_shared),
    Mode("kill -9 while readers react", _kill_while_readers_react),
    Mode("gone on from a backup", _go_on_from_a_backup, days=(DAY, NEXT_DAY)),
    Mode("kill -9 while people are written to", _kill_while_people_are_written_to, people=True),
)


def mode_of(seed: int) -> Mode:
    """Modes take turns."""
    return MODES[seed % len(MODES)]


class Rounds:
    """Rounds in folders of their own below `folder`, some at once: a start keeps a processor
    busy for a while, and what is killed is best killed while it gets on."""

    def __init__(self, folder: Path, *, at_once: int = 2) -> None:
        self._folder = folder
        self._turn = asyncio.Semaphore(at_once)
        # Alembic migrates one database of a process at a time.
        self._building = asyncio.Lock()

    def folder(self, seed: int) -> Path:
        """Where a round keeps its store and its log."""
        return self._folder / f"seed {seed}"

    async def play(self, seed: int) -> Report:
        """The round that `seed` names, from an empty folder to its report."""
        async with self._turn, AsyncExitStack() as stack:
            server = await stack.enter_async_context(
                LoopbackDiscord(rates=Rates.off(), nonce_remembered=NONCE_REMEMBERED * FACTOR)
            )
            server.delay_answers(ANSWER)
            hub = await stack.enter_async_context(LoopbackHuggingFace(page_size=2))
            hub.fail_always(Slow(_PAGE))
            scene = Scene(server, self.folder(seed), seed)
            stack.push_async_callback(scene.end)
            mode = mode_of(seed)
            await self._build(scene, hub, mode)
            await self._act(scene, hub, mode)
            return scene.report(mode.name, seed)

    async def _build(self, scene: Scene, hub: LoopbackHuggingFace, mode: Mode) -> None:
        slot_at = datetime.now(UTC) - timedelta(minutes=5)
        hub.list(slot_at.date(), _entries(DAY))
        async with self._building:
            if mode.days:
                await scene.build(slot_at, mode.days)
            else:
                await scene.build(slot_at, (), SOURCES="huggingface", HUGGINGFACE_URL=hub.url)
            if mode.people:
                await scene.add_people(slot_at, DAY)
        scene.editions.append(DAY)

    async def _act(self, scene: Scene, hub: LoopbackHuggingFace, mode: Mode) -> None:
        spoiling = asyncio.create_task(scene.spoil())
        try:
            await mode.act(scene, hub)
            await scene.finish()
        except Stuck as stuck:
            scene.problems.append(str(stuck))
        finally:
            spoiling.cancel()


def _entries(edition: Edition) -> list[Entry]:
    return [
        entry(f"2406.{number:05d}", title=f"Paper {number}", upvotes=100 - number)
        for number in edition.numbers
    ]
