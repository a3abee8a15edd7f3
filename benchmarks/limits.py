"""How near we come to the least time that Discord's limits allow, and who waits for whom.

The whole bot on the day of its papers, before a slot fires: a loopback Discord in a process of
its own, with Discord's limits (50 requests a second in all, 5 messages in 5 s a channel), tells
when it stored each message and what it refused. For C channels and m messages in each no bot
can do better than max(C·m/50, (⌈m/5⌉-1)·5 s): https://discord.com/developers/docs/topics/rate-limits
tells the first, and bots have measured the second. Run it with `python -m benchmarks.limits`.
"""

import asyncio
import gc
import math
import multiprocessing
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from benchmarks.posting import DAY, SLOT, SOURCE, a_list
from bot.app import open_app
from bot.domain.digests import Digest
from bot.domain.subscriptions import DailyTime, Preferences
from bot.services.clock import utc_now
from bot.settings import load_settings
from bot.storage.database import open_database
from tests.loopback.discord_limits import Rates
from tests.loopback.discord_server import LoopbackDiscord

BEFORE: Final = timedelta(seconds=8)
"""From the start of the bot to its slot: it connects, reads its sources, and waits."""

AFTER: Final = timedelta(seconds=1)
"""From the last message on, so that a further one would be seen."""

PATIENCE: Final = timedelta(minutes=5)
"""For the longest case, which takes one."""

SMALL: Final = 50
"""Servers of one channel, which a large one must not hold up."""
LARGE: Final = 500
"""The channels of that one."""

Channels: TypeAlias = Mapping[int, Sequence[int]]
"""The channels of each server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What Discord saw: when it stored the messages of each channel, and its refusals."""

    stored_at: Mapping[int, Sequence[datetime]]
    refused: int
    """Answers of 429."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One slot's deliveries."""

    channels: Channels
    papers: int
    fired_at: datetime
    served: Served

    @property
    def least(self) -> float:
        """The seconds below which the limits let nobody come."""
        messages = self.papers * len(self.served.stored_at)
        rates = Rates()
        assert rates.overall is not None
        assert rates.messages is not None
        windows = math.ceil(self.papers / rates.messages.limit) - 1
        return max(messages / rates.overall.limit * rates.overall.per, windows * rates.messages.per)

    @property
    def first(self) -> float:
        """Seconds from the firing of the slot to the first message."""
        return (min(map(min, self.served.stored_at.values())) - self.fired_at).total_seconds()

    def last(self, channel_ids: Sequence[int] = ()) -> float:
        """Seconds from the firing to the last message in these channels, or in all."""
        stored_at = self.served.stored_at
        last = max(max(stored_at[channel_id]) for channel_id in channel_ids or stored_at)
        return (last - self.fired_at).total_seconds()


def serve(servers: Sequence[int], messages: int, pipe: "Connection[object, object]") -> None:
    """A Discord with servers of so many channels each, until it has so many messages: the
    process's work. It sends its address, its token and its channels, and then a `Served`."""
    asyncio.run(_serve(servers, messages, pipe))


async def _serve(servers: Sequence[int], messages: int, pipe: "Connection[object, object]") -> None:
    async with LoopbackDiscord() as discord_server:
        channels: dict[int, list[int]] = {}
        for number, size in enumerate(servers):
            guild_id = discord_server.add_guild(f"server {number}")
            channels[guild_id] = [
                discord_server.add_channel(guild_id, f"papers-{n}") for n in range(size)
            ]
        ids = [channel_id for of_server in channels.values() for channel_id in of_server]
        pipe.send((discord_server.url, discord_server.token, channels))
        for channel_id in ids:
            await discord_server.posted(channel_id, messages, within=math.inf)
        await asyncio.sleep(AFTER.total_seconds())
        stored_at = {
            channel_id: [message.sent_at for message in discord_server.messages(channel_id)]
            for channel_id in ids
        }
        pipe.send(Served(stored_at=stored_at, refused=discord_server.tally.by_status[429]))


async def measure(servers: Sequence[int], papers: int) -> Measured:
    """Deliver so many papers to every channel of servers of these sizes."""
    context = multiprocessing.get_context("spawn")
    pipe, other_end = context.Pipe()
    process = context.Process(target=serve, args=(servers, papers, other_end), daemon=True)
    process.start()
    try:
        url, token, channels = await asyncio.to_thread(pipe.recv)
        async with due(url, token, channels, papers) as fired_at:
            assert await asyncio.to_thread(pipe.poll, PATIENCE.total_seconds()), "some are missing"
            served = await asyncio.to_thread(pipe.recv)
    finally:
        process.terminate()
        process.join()
    assert {len(stored) for stored in served.stored_at.values()} == {papers}
    return Measured(channels=channels, papers=papers, fired_at=fired_at, served=served)


@asynccontextmanager
async def due(url: str, token: str, channels: Channels, papers: int) -> AsyncIterator[datetime]:
    """The bot at work from a moment before the slot of all these channels; when it fires."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(
            discord_token=token,
            discord_api_url=url,
            database_url=f"sqlite+aiosqlite:///{Path(folder, 'papers.db')}",
            sources=f"markdown:{folder}",
        )
        await subscribe(settings.database_url, channels, papers)
        fired_at = utc_now() + BEFORE
        async with open_app(settings, shift=SLOT - fired_at) as app:
            gc.collect()
            gc.freeze()  # as `daily-papers run` does
            running = asyncio.create_task(app.bot.start(token))
            await app.bot.wait_until_ready()
            assert utc_now() < fired_at, "the bot was not ready in time"
            yield fired_at
            await app.bot.close()
            await running


async def subscribe(database_url: str, channels: Channels, papers: int) -> None:
    """Every channel at the hour of `SLOT`, and a list of so many papers for it."""
    preferences = Preferences(
        daily=DailyTime(at=SLOT.time(), zone=ZoneInfo("UTC")),
        limit=papers,
        announce_quiet_days=False,
    )
    digest = Digest.of(DAY, list(a_list(0))[:papers])
    async with open_database(database_url) as database, database.transaction() as stores:
        await stores.lists.save(digest, source=SOURCE, read_at=SLOT, closed=False)
        for guild_id, channel_ids in channels.items():
            for channel_id in channel_ids:
                await stores.subscriptions.add(
                    guild_id=guild_id,
                    channel_id=channel_id,
                    preferences=preferences,
                    created_at=SLOT - timedelta(days=1),
                )


async def main() -> None:
    """Measure and print."""
    print(
        f"{'channels × papers':<20} {'least':>8} {'first to last':>18} {'firing to last':>18}"
        f" {'firing to first':>16} {'429':>5}"
    )
    report(await measure([5] * 40, 6))
    report(await measure([20], 14))
    alone = await measure([1] * SMALL, 6)
    report(alone)
    beside = await measure([LARGE] + [1] * SMALL, 6)
    report(beside)
    small = [ids[0] for ids in beside.channels.values() if len(ids) == 1]
    alone_s, beside_s = alone.last(), beside.last(small)
    print(
        f"{SMALL} servers of one channel have their last paper after {alone_s:.2f} s; beside a "
        f"server of {LARGE} channels after {beside_s:.2f} s ({beside_s / alone_s:.2f})"
    )


def report(measured: Measured) -> None:
    """One line; the ratios to the least time are what travels from one machine to another."""
    least, last = measured.least, measured.last()
    spread = last - measured.first
    print(
        f"{f'{len(measured.served.stored_at)} × {measured.papers}':<20} {least:6.1f} s"
        f" {spread:8.2f} s ({spread / least:.3f}) {last:8.2f} s ({last / least:.3f})"
        f" {measured.first:14.2f} s {measured.served.refused:>5}"
    )


if __name__ == "__main__":
    asyncio.run(main())
