"""Deliveries keep below Discord's global limit of fifty requests a second; nothing else waits."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import discord
import pytest
from discord.http import Route

from bot.domain.deliveries import Sent, Unknown
from bot.pacing import MADE_UP_FOR, UNHURRIED_PER_SECOND, Pacing, paced
from bot.rendering.message import Rendered
from bot.sender import DiscordSender
from bot.services.measures import Measures
from tests.loopback.discord_faults import Broken, Cut, RateLimited
from tests.loopback.discord_server import LoopbackDiscord
from tests.services.scrape import Scraped

CHANNELS = 80
"""A message each: more than Discord takes in a second."""


@pytest.fixture
async def discord_server(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[LoopbackDiscord]:
    async with LoopbackDiscord() as server:
        monkeypatch.setattr(Route, "BASE", server.url)
        yield server


@pytest.fixture
def channels(discord_server: LoopbackDiscord) -> list[int]:
    guild = discord_server.add_guild("lab")
    return [discord_server.add_channel(guild, f"papers-{n}") for n in range(CHANNELS)]


@asynccontextmanager
async def logged_in(
    discord_server: LoopbackDiscord, pacing: Pacing | None
) -> AsyncGenerator[discord.Client]:
    options: dict[str, Any] = {"http_trace": pacing.trace()} if pacing is not None else {}
    async with discord.Client(intents=discord.Intents.none(), **options) as client:
        await client.login(discord_server.token)
        yield client


async def deliver(client: discord.Client, channels: list[int]) -> None:
    sender = DiscordSender(client)
    message = Rendered(content="a paper")
    outcomes = await asyncio.gather(*(sender.send(c, message, nonce=str(c)) for c in channels))
    assert all(isinstance(outcome, Sent) for outcome in outcomes)


async def test_discord_py_alone_runs_into_the_limit(
    discord_server: LoopbackDiscord, channels: list[int]
) -> None:
    """What the next test would see without our pacing."""
    async with logged_in(discord_server, None) as client:
        await deliver(client, channels)
    assert discord_server.tally.invalid > 0


async def test_a_paced_delivery_is_never_refused(
    discord_server: LoopbackDiscord, channels: list[int]
) -> None:
    async with logged_in(discord_server, Pacing()) as client:
        await deliver(client, channels)
    assert discord_server.tally.invalid == 0
    assert all(len(discord_server.messages(channel)) == 1 for channel in channels)


async def test_other_requests_do_not_wait_behind_a_delivery(
    discord_server: LoopbackDiscord, channels: list[int]
) -> None:
    async with logged_in(discord_server, Pacing()) as client:
        delivery = asyncio.create_task(deliver(client, channels))
        await discord_server.posted(channels[0])
        await client.fetch_channel(channels[0])
        waiting = [channel for channel in channels if not discord_server.messages(channel)]
        assert len(waiting) > CHANNELS / 2
        await delivery


async def test_requests_are_counted_by_their_answer_and_waits_of_deliveries_timed(
    discord_server: LoopbackDiscord, channels: list[int]
) -> None:
    """discord.py repeats what failed: each of its requests counts."""
    measures = Measures()
    discord_server.inject(Broken(502), "POST", "/channels/*/messages")
    async with logged_in(discord_server, Pacing(measures=measures)) as client:
        await deliver(client, channels[:1])
        discord_server.inject(Cut(), "POST", "/channels/*/messages")
        lost = await DiscordSender(client).send(channels[0], Rendered(content="?"), nonce="1")
        assert isinstance(lost, Unknown)

    seen = Scraped(measures.text())
    assert seen["discord_requests_total", "502"] == 1
    assert seen["discord_requests_total", "none"] == 1
    assert seen["discord_requests_total", "200"] == 2 + 1, "logging in takes two"
    waits = seen.all("rate_limit_wait_seconds_count")
    assert waits[("overall",)] == 3, "the message, twice, and the lost one"
    assert waits[("channel",)] == 2, "what was broken was not held back"


async def test_what_a_channels_own_limit_costs_is_timed(
    discord_server: LoopbackDiscord, channels: list[int]
) -> None:
    measures = Measures()
    discord_server.inject(RateLimited(retry_after=0.3), "POST", "/channels/*/messages")
    async with logged_in(discord_server, Pacing(measures=measures)) as client:
        await deliver(client, channels[:1])
    seen = Scraped(measures.text())
    assert seen["rate_limit_wait_seconds_sum", "channel"] >= 0.3


async def test_each_request_of_a_search_may_be_held_back(
    discord_server: LoopbackDiscord, channels: list[int]
) -> None:
    """A history is read page by page."""
    measures = Measures()
    async with logged_in(discord_server, Pacing(measures=measures)) as client:
        channel = client.get_partial_messageable(channels[0])
        with paced():
            for _ in range(2):
                assert [message async for message in channel.history(limit=1)] == []
    waits = Scraped(measures.text()).all("rate_limit_wait_seconds_count")
    assert waits == {("channel",): 2, ("overall",): 2}


async def test_what_can_wait_goes_when_no_delivery_waits(
    discord_server: LoopbackDiscord, channels: list[int]
) -> None:
    pacing = Pacing()
    async with logged_in(discord_server, pacing) as client:
        delivery = asyncio.create_task(deliver(client, channels))
        await discord_server.posted(channels[0])
        await pacing.unhurried()
        assert all(discord_server.messages(channel) for channel in channels[:-1])
        await delivery


async def test_what_can_wait_is_spaced_among_itself() -> None:
    pacing, loop = Pacing(), asyncio.get_running_loop()
    began = loop.time()
    await asyncio.gather(*(pacing.unhurried() for _ in range(4)))
    assert loop.time() - began >= 3 / UNHURRIED_PER_SECOND - MADE_UP_FOR
