"""Timers: one for each distinct (hour, minute, zone), never one for each subscription.

The store is the truth. Timers are made from it at start and after every change; a timer that
fires reads the store again. A hundred thousand subscriptions share some thousand timers, and a
timer that fires late still fires (APScheduler would drop it by default after one second).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from bot.domain.subscriptions import DailyTime, Subscription
from bot.services.clock import Now
from bot.services.collecting import Collecting
from bot.services.delivering import Delivering
from bot.services.suspending import Suspending
from bot.services.timing import DEFAULT_TIMING
from bot.storage.database import Database
from bot.storage.errors import StorageError

log = logging.getLogger(__name__)

ROUNDS_AT_ONCE: Final = 8
FRESH: Final = timedelta(minutes=2)
PATIENCE: Final = timedelta(seconds=20)
STOP_PATIENCE: Final = timedelta(seconds=5)


class DailyTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler 3 ships no types
    """Fires once a day at a wall-clock time, as `DailyTime` counts days.

    APScheduler's own cron trigger fires twice on the night that clocks go back. `shift` is how
    far the bot's clock is ahead of the machine's, which APScheduler reads: zero but in the demo.
    """

    def __init__(self, daily: DailyTime, *, shift: timedelta = timedelta(0)) -> None:
        self._daily = daily
        self._shift = shift

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        after = previous_fire_time if previous_fire_time is not None else now
        return self._daily.next_after(after + self._shift) - self._shift

    def __str__(self) -> str:
        return f"daily at {self._daily}"


class Scheduling:
    """Starts collecting and delivering at the right moments.

    `owns` tells which servers' subscriptions this process delivers: those of its own shards.
    """

    def __init__(
        self,
        *,
        database: Database,
        collecting: Collecting,
        delivering: Delivering,
        suspending: Suspending,
        now: Now,
        collect_every: timedelta,
        owns: Callable[[int], bool] = lambda _guild_id: True,
        shift: timedelta = timedelta(0),
        resume_every: timedelta = DEFAULT_TIMING.resume_every,
        hourly: Sequence[Callable[[], Awaitable[None]]] = (),
    ) -> None:
        self._database = database
        self._collecting = collecting
        self._delivering = delivering
        self._suspending = suspending
        self._now = now
        self._collect_every = collect_every
        self._owns = owns
        self._shift = shift
        self._resume_every = resume_every
        self._hourly = tuple(hourly)
        self._slots: dict[DailyTime, str] = {}
        self._running: set[asyncio.Task[Any]] = set()
        self._started = False
        self._stopping = False
        self._scheduler = AsyncIOScheduler(timezone="UTC")

    @property
    def slots(self) -> frozenset[DailyTime]:
        """The delivery times that have a timer."""
        return frozenset(self._slots)

    def trouble(self) -> str | None:
        """Why nothing is delivered at its hour; `None` while timers run."""
        return None if self._scheduler.running and not self._stopping else "no timers are running"

    def stopped_by_itself(self) -> str | None:
        """Why the program should be started anew; `None` while it starts, runs or stops."""
        if self._started and not self._stopping and not self._scheduler.running:
            return "the scheduler has stopped"
        return None

    async def start(self) -> None:
        """Make the timers, read the sources, and deliver what was missed while nobody ran."""
        self._scheduler.start()
        self._started = True
        await self.track()
        for job, every in (
            (self.collect, self._collect_every),
            (self._delivering.resume, self._resume_every),
            (self._suspending.sweep, self._resume_every),
            *((chore, timedelta(hours=1)) for chore in self._hourly),
        ):
            self._scheduler.add_job(
                self._run,
                "interval",
                args=[job],
                seconds=every.total_seconds(),
                misfire_grace_time=None,
                coalesce=True,
                # One channel that Discord answers slowly keeps a round open for minutes.
                max_instances=ROUNDS_AT_ONCE,
            )
        self._scheduler.add_job(self._run, args=[self._catch_up], misfire_grace_time=None)
        log.info("scheduled %d delivery times", len(self._slots))

    async def stop(self, *, patience: timedelta = STOP_PATIENCE) -> None:
        """Fire nothing more, and let what is under way end; what takes longer is broken off.

        Nothing is lost by that: the store holds how far everything came.
        """
        if not self._scheduler.running:
            return
        self._scheduler.pause()
        self._stopping = True
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=patience.total_seconds())
            for job in late:
                job.cancel()
            if late:
                await asyncio.wait(late)
        self._scheduler.shutdown(wait=False)

    async def track(self) -> None:
        """Make the timers equal to the stored subscriptions: call it after any of them changed."""
        if self._stopping:
            return
        async with self._database.reading() as stores:
            wanted = await stores.subscriptions.slots()
        for daily in wanted - self._slots.keys():
            job: Any = self._scheduler.add_job(
                self._run,
                DailyTrigger(daily, shift=self._shift),
                args=[self.fire, daily],
                misfire_grace_time=None,
                coalesce=True,
                max_instances=1,
            )
            self._slots[daily] = job.id
        for daily in self._slots.keys() - wanted:
            self._scheduler.remove_job(self._slots.pop(daily))

    async def fire(self, daily: DailyTime) -> None:
        """A delivery time has come: deliver to everyone who chose it."""
        # A timer may fire a hair early by the bot's own clock.
        slot_at = daily.last_until(self._now() + timedelta(seconds=1))
        await self._collecting.freshen(max_age=FRESH, patience=PATIENCE)
        async with self._database.reading() as stores:
            subscriptions = await stores.subscriptions.at(daily)
        await self._deliver([(subscription, slot_at) for subscription in subscriptions])

    async def collect(self) -> None:
        """Read the lists that may still change; deliveries that waited for one go out."""
        await self._collecting.refresh()
        await self.sweep()

    async def sweep(self) -> None:
        """Take up what was left: half-sent deliveries, and slots whose timer did not fire."""
        await self._delivering.resume()
        now = self._now()
        async with self._database.reading() as stores:
            subscriptions = await stores.subscriptions.missed(now)
        due = [(subscription, subscription.missed_slot(now)) for subscription in subscriptions]
        await self._deliver(
            [(subscription, slot) for subscription, slot in due if slot is not None]
        )

    async def follow(self) -> None:
        """Subscriptions came back: make their timers, and soon deliver what they are owed."""
        await self.track()
        if not self._stopping:
            self._scheduler.add_job(self._run, args=[self.sweep], misfire_grace_time=None)

    async def _run(self, job: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - APScheduler runs coroutines as tasks
        self._running.add(task)
        try:
            await job(*arguments)
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        except StorageError as error:
            # The store holds how far everything came: the next round goes on from there.
            log.error("%s stands still: %s", job.__name__, error)  # noqa: TRY400 - a known cause
        finally:
            self._running.discard(task)

    async def _catch_up(self) -> None:
        await self._collecting.freshen(max_age=FRESH, patience=PATIENCE)
        await self.sweep()

    async def _deliver(self, due: list[tuple[Subscription, datetime]]) -> None:
        await self._delivering.deliver_all(
            [
                (subscription, slot)
                for subscription, slot in due
                if self._owns(subscription.guild_id)
            ]
        )
