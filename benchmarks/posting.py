"""What our pipeline costs beside bare discord.py, and how long a day is planned.

Both post to the same loopback Discord, which runs in a process of its own and limits nothing:
bare `channel.send(embed=…, nonce=…)`; the same call with everything that our messages carry; and
our pipeline, with every message claimed, sent and recorded in SQLite. Rounds alternate, the best
of each counts, and what arrived is counted. Run it with `python -m benchmarks.posting`.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import discord

from bot.domain.deliveries import nonce
from bot.domain.digests import Digest, Listing
from bot.domain.papers import Bullet, Paper, PaperId, Summary, SummaryOrigin
from bot.domain.subscriptions import DailyTime, Preferences, Subscription
from bot.endpoint import use_api
from bot.presence import GatewayPresence
from bot.rendering.cards import paper_card
from bot.sender import DiscordSender
from bot.services.delivering import MESSAGES_AT_ONCE, Delivering
from bot.storage.database import Database, open_database

SERVERS: Final = 10
CHANNELS: Final = 5
"""In each server."""
PAPERS: Final = 14
"""The median of a day's list."""
ROUNDS: Final = 2
PLANNED: Final = (100, 400)
SOURCE: Final = "huggingface"
DAY: Final = date(2024, 6, 4)
SLOT: Final = datetime(2024, 6, 4, 9, tzinfo=UTC)

Client = discord.AutoShardedClient

Post = Callable[[int, Listing, int], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a round went: the client's side of it, wall clock and processor."""

    messages: int
    seconds: float
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        return self.messages / self.seconds

    @property
    def cpu_per_message(self) -> float:
        """Microseconds."""
        return self.cpu_seconds / self.messages * 1e6


class Stopwatch:
    """Measures a block, wall clock and processor time of this process."""

    def __enter__(self) -> "Stopwatch":
        self._began = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        wall, cpu = self._began
        self.seconds = time.perf_counter() - wall
        self.cpu_seconds = time.process_time() - cpu

    def pace(self, messages: int) -> Pace:
        return Pace(messages, self.seconds, self.cpu_seconds)


def a_list(number: int) -> Digest:
    """A day of papers as large as real ones; every `number` gives other papers."""
    bullets = tuple(
        Bullet(f"Statement {n}: " + "what was measured, against what, and by how much. " * 3)
        for n in range(4)
    )
    summary = Summary(language="en", bullets=bullets, origin=SummaryOrigin.DIGEST)
    papers = (
        Paper(
            id=PaperId(f"2406.{number * PAPERS + n:05d}"),
            title=f"On Measuring What a Program Costs, Part {n}: A Study With $\\alpha$-Rounds",
            authors=tuple(f"Author Number{a} Family{n}" for a in range(12)),
            abstract="We measure. " * 90,
            code_url="https://github.com/example/measuring",
            summaries=(summary,),
        )
        for n in range(PAPERS)
    )
    return Digest.of(DAY, [Listing(paper=p, upvotes=n, live=True) for n, p in enumerate(papers)])


@asynccontextmanager
async def loopback_discord() -> AsyncIterator[dict[str, Any]]:
    """A Discord in its own process: `url`, `token`, and `guilds` with their channels."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.loopback.discord_server", "--unlimited"),
        *("--guilds", str(SERVERS), "--channels", str(CHANNELS)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.terminate()
        await process.wait()


async def post_bare(client: Client, channels: Sequence[int], digest: Digest) -> Pace:
    """`channel.send(embed=…)` with a nonce; the embeds are made beforehand."""
    ready = [card(listing, rank).arguments()["embeds"][0] for rank, listing in enumerate(digest, 1)]

    async def post(channel_id: int, listing: Listing, rank: int) -> None:
        channel = client.get_partial_messageable(channel_id)
        key = nonce(channel_id, f"bare {listing.paper.id}")
        await channel.send(embed=ready[rank - 1], nonce=key)

    return await in_every_channel(channels, digest, post)


async def post_whole(client: Client, channels: Sequence[int], digest: Digest) -> Pace:
    """The same with everything our messages carry, rendered each time: and no store."""

    async def post(channel_id: int, listing: Listing, rank: int) -> None:
        channel = client.get_partial_messageable(channel_id)
        key = nonce(channel_id, f"whole {listing.paper.id}")
        await channel.send(**card(listing, rank).arguments(), nonce=key)

    return await in_every_channel(channels, digest, post)


async def in_every_channel(channels: Sequence[int], digest: Digest, post: Post) -> Pace:
    """One queue a channel, as many messages at once as in our pipeline."""
    under_way = asyncio.Semaphore(MESSAGES_AT_ONCE)

    async def fill(channel_id: int) -> None:
        for rank, listing in enumerate(digest, start=1):
            async with under_way:
                await post(channel_id, listing, rank)

    with Stopwatch() as watch:
        await asyncio.gather(*map(fill, channels))
    return watch.pace(len(channels) * len(digest))


def card(listing: Listing, rank: int) -> Any:
    return paper_card(listing.paper, day=DAY, rank=rank, upvotes=listing.upvotes, language="en")


async def post_by_pipeline(client: Client, channels: Sequence[int], digest: Digest) -> Pace:
    """Planned, claimed, rendered, sent and recorded, in a database on disk."""
    async with a_database(digest) as database:
        due = await subscribe(database, channels)
        delivering = deliveries(database, client)
        with Stopwatch() as watch:
            await delivering.deliver_all(due)
        await delivering.close()
    return watch.pace(len(channels) * len(digest))


async def plan_only(client: Client, channels: int) -> Pace:
    """Decide and write a day for so many channels. Whoever was told to stop sends nothing."""
    async with a_database(a_list(0)) as database:
        due = await subscribe(database, range(1, channels + 1))
        delivering = deliveries(database, client)
        await delivering.close()
        with Stopwatch() as watch:
            await delivering.deliver_all(due)
        async with database.reading() as stores:
            planned = await stores.deliveries.unfinished()
        assert [len(delivery.messages) for delivery in planned] == [PAPERS] * channels
    return watch.pace(channels)


@asynccontextmanager
async def a_database(digest: Digest) -> AsyncIterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        async with open_database(f"sqlite+aiosqlite:///{Path(folder, 'papers.db')}") as database:
            async with database.transaction() as stores:
                await stores.lists.save(digest, source=SOURCE, read_at=SLOT, closed=False)
            yield database


async def subscribe(
    database: Database, channels: Sequence[int]
) -> list[tuple[Subscription, datetime]]:
    preferences = Preferences(daily=DailyTime(at=SLOT.time(), zone=ZoneInfo("UTC")))
    async with database.transaction() as stores:
        return [
            (
                await stores.subscriptions.add(
                    guild_id=channel_id,
                    channel_id=channel_id,
                    preferences=preferences,
                    created_at=SLOT,
                ),
                SLOT,
            )
            for channel_id in channels
        ]


def deliveries(database: Database, client: discord.AutoShardedClient) -> Delivering:
    return Delivering(
        database,
        DiscordSender(client),
        GatewayPresence(client),
        sources=[SOURCE],
        now=lambda: SLOT,
    )


async def arrived(client: Client, channels: Sequence[int]) -> int:
    """The messages that stand in the channels."""
    count = 0
    for channel_id in channels:
        channel = client.get_partial_messageable(channel_id)
        count += len([message.id async for message in channel.history(limit=None)])
    return count


async def main() -> None:
    """Measure, check what arrived, print."""
    ways = {
        "bare send(embed, nonce)": post_bare,
        "our whole message, no store": post_whole,
        "our pipeline": post_by_pipeline,
    }
    best: dict[str, Pace] = {}
    async with loopback_discord() as world:
        use_api(world["url"])
        channels = [int(id_) for ids in world["guilds"].values() for id_ in ids]
        async with discord.AutoShardedClient(intents=discord.Intents.none()) as client:
            await client.login(world["token"])
            await post_bare(client, channels, a_list(0))  # to warm up
            expected = len(channels) * PAPERS
            for number in range(1, ROUNDS + 1):
                for name, post in ways.items():
                    pace = await post(client, channels, a_list(number))
                    expected += pace.messages
                    if name not in best or pace.cpu_per_message < best[name].cpu_per_message:
                        best[name] = pace
            assert await arrived(client, channels) == expected
            plans = {count: await plan_only(client, count) for count in PLANNED}
    report(best, plans)


def report(best: dict[str, Pace], plans: dict[int, Pace]) -> None:
    """Print the figures; the ratios are what travels from one machine to another."""
    print(f"{SERVERS * CHANNELS} channels, {PAPERS} messages each; best of {ROUNDS} rounds")
    bare = next(iter(best.values()))
    for name, pace in best.items():
        speed, cost = pace.per_second, pace.cpu_per_message
        print(
            f"{name:<28} {speed:7.0f} messages/s ({speed / bare.per_second:.2f})"
            f" {cost:7.0f} µs CPU each ({cost / bare.cpu_per_message:.2f})"
        )
    print(f"planning a day of {PAPERS} papers, written and read again")
    for count, pace in plans.items():
        print(
            f"{count:>6} channels {pace.seconds:18.2f} s {pace.cpu_per_message / 1e3:11.2f} ms CPU"
            f" a channel ({pace.cpu_per_message / bare.cpu_per_message:.1f} bare messages)"
        )


if __name__ == "__main__":
    asyncio.run(main())
