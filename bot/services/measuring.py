"""What can be read off the store, the gateway and our own counts, for whoever scrapes it.

That a delivery was missed shows in the store alone: a process that was down counted nothing.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.domain.errors import BotError
from bot.services.clock import Now
from bot.services.measures import Measures, ShardHealth
from bot.storage.database import Database
from bot.storage.figures import Figures

log = logging.getLogger(__name__)

KEPT_FOR: Final = timedelta(seconds=10)
"""How long figures of the store are shown again, so that scrapes cost it nothing to speak of."""

PATIENCE: Final = timedelta(seconds=5)
"""How long a scrape waits for the store: half of Prometheus's default time-out."""

OVERDUE_AFTER: Final = timedelta(minutes=10)
"""A slot that old and without a delivery was missed, and is not just about to be planned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Snapshot:
    """The store at an instant."""

    at: datetime
    figures: Figures
    overdue: int


class Measuring:
    """Reads the store now and then, and tells all that is measured.

    `sources` are those of the settings: the store remembers others. `gateway` tells how the
    shards stand.
    """

    def __init__(
        self,
        database: Database,
        measures: Measures,
        *,
        sources: Sequence[str],
        now: Now,
        gateway: Callable[[], Iterable[ShardHealth]] = tuple,
        kept_for: timedelta = KEPT_FOR,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._database = database
        self._measures = measures
        self._sources = tuple(sources)
        self._now = now
        self._gateway = gateway
        self._kept_for = kept_for.total_seconds()
        self._patience = patience.total_seconds()
        self._snapshot: _Snapshot | None = None
        self._trouble: str | None = None
        self._read_at: float | None = None
        self._reading: asyncio.Task[None] | None = None
        measures.include(_StoreCollector(self))

    async def text(self) -> bytes:
        """All measures in Prometheus's text format, the store's of the last seconds."""
        await self._refresh()
        self._measures.gateway(self._gateway())
        return self._measures.text()

    async def trouble(self) -> str | None:
        """Why the store cannot be read; `None` if it can."""
        await self._refresh()
        return self._trouble

    async def close(self) -> None:
        """Let a reading under way come to its end, before the store is closed."""
        if self._reading is not None:
            await asyncio.wait([self._reading])

    def families(self) -> Iterator[GaugeMetricFamily]:
        """The store's figures, or with a store that cannot be read, only that."""
        snapshot = self._snapshot
        yield _gauge("store_up", "1 while the database can be read.", snapshot is not None)
        if snapshot is None:
            return
        figures = snapshot.figures
        yield _gauges(
            "subscriptions",
            "Subscriptions, by state.",
            "state",
            {state.value: count for state, count in figures.subscriptions.items()},
        )
        yield _gauge(
            "subscriptions_overdue",
            "Active subscriptions whose time came over ten minutes ago, and no delivery with it.",
            snapshot.overdue,
        )
        yield _gauges(
            "deliveries_unfinished",
            "Deliveries that wait for a source, or are open: not all sent.",
            "state",
            {state.value: count for state, count in figures.unfinished.items()},
        )
        oldest = figures.oldest_unfinished_at
        yield _gauge(
            "oldest_unfinished_delivery_age_seconds",
            "Since the time of the oldest unfinished delivery; 0 without one.",
            _seconds(snapshot.at, oldest) if oldest is not None else 0,
        )
        yield _gauge(
            "messages_in_doubt",
            "Messages of which nobody knows whether they were posted, and nobody looks now.",
            figures.in_doubt,
        )
        known = {name: figures.sources[name] for name in self._sources if name in figures.sources}
        yield _gauges(
            "source_up",
            "1 while a source answers.",
            "source",
            # One that never answered is not up.
            {name: name in known and known[name].down_since is None for name in self._sources},
        )
        yield _gauges(
            "source_last_success_age_seconds",
            "Since a source last answered.",
            "source",
            {
                name: _seconds(snapshot.at, source.last_success_at)
                for name, source in known.items()
                if source.last_success_at is not None
            },
        )

    async def _refresh(self) -> None:
        """Read the store, unless that was done just now; give up waiting after a while."""
        if self._reading is None:
            if self._read_at is not None and time.monotonic() - self._read_at < self._kept_for:
                return
            self._reading = asyncio.create_task(self._read())
        done, _ = await asyncio.wait([self._reading], timeout=self._patience)
        if not done:
            # Its statement cannot be dropped half-way; the next scrape waits for the same.
            self._snapshot, self._trouble = None, "the database does not answer"

    async def _read(self) -> None:
        now = self._now()
        try:
            async with self._database.reading() as stores:
                figures = await stores.figures.at(now)
                missed = await stores.subscriptions.missed(now)
                waiting = await stores.figures.waiting()
        except BotError as error:
            self._snapshot, self._trouble = None, str(error)
        except Exception:
            log.exception("the store's figures could not be read")
            self._snapshot, self._trouble = None, "the database cannot be read: see the log"
        else:
            slots = [
                subscription.missed_slot(now)
                for subscription in missed
                if subscription.id not in waiting
            ]
            overdue = sum(slot is not None and now - slot > OVERDUE_AFTER for slot in slots)
            self._snapshot = _Snapshot(at=now, figures=figures, overdue=overdue)
            self._trouble = None
        finally:
            self._read_at = time.monotonic()
            self._reading = None


class _StoreCollector(Collector):
    """What Prometheus's library asks for the store's figures."""

    def __init__(self, measuring: Measuring) -> None:
        self._measuring = measuring

    def collect(self) -> Iterator[GaugeMetricFamily]:
        return self._measuring.families()


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"daily_papers_{name}", what, value=value)


def _gauges(name: str, what: str, label: str, values: dict[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"daily_papers_{name}", what, labels=[label])
    for value in sorted(values):
        family.add_metric([value], values[value])
    return family


def _seconds(now: datetime, since: datetime) -> float:
    return max((now - since).total_seconds(), 0)
