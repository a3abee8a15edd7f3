"""The whole bot with a language model: bullets come when they come, and no post waits for them."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.digests import Digest, Listing
from bot.domain.subscriptions import DailyTime, Preferences
from bot.services.clock import utc_now
from tests.builders import a_daily_time, a_paper
from tests.injections.corpus import AFTER, BEFORE
from tests.loopback.discord_objects import Message
from tests.loopback.discord_server import LoopbackDiscord
from tests.loopback.hugging_face import Status
from tests.loopback.language_model import Later, LoopbackModel
from tests.test_app import (
    _discord_py_restored,  # noqa: F401 - a fixture that every test here uses, too
    online,
    transaction,
)


@pytest.fixture
async def discord_server() -> AsyncGenerator[LoopbackDiscord]:
    async with LoopbackDiscord() as server:
        yield server


@pytest.fixture
async def model() -> AsyncGenerator[LoopbackModel]:
    async with LoopbackModel() as running:
        yield running


@pytest.fixture
def environment(
    discord_server: LoopbackDiscord,
    model: LoopbackModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, str]:
    """The settings of a bot with a model, and an empty folder for a source."""
    (tmp_path / "digests").mkdir()
    environment = {
        "DISCORD_TOKEN": discord_server.token,
        "DISCORD_API_URL": discord_server.url,
        "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'papers.db'}",
        "SOURCES": f"markdown:{tmp_path / 'digests'}",
        "LLM_MODEL": "loopback-1",
        "LLM_BASE_URL": model.url,
    }
    monkeypatch.chdir(tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment


@pytest.fixture
async def channel(discord_server: LoopbackDiscord, environment: dict[str, str]) -> int:
    """A Korean channel that is owed two papers, of which there are abstracts alone."""
    guild = discord_server.add_guild("lab")
    channel_id = discord_server.add_channel(guild, "papers")
    now = utc_now()
    at = (now - timedelta(minutes=5)).replace(second=0, microsecond=0)
    papers = [
        a_paper(number, title=f"Lantern {number}", abstract=BEFORE + AFTER, summaries=())
        for number in (1, 2)
    ]
    async with transaction(environment) as stores:
        await stores.lists.save(
            Digest.of(at.date(), [Listing(paper=paper, upvotes=3) for paper in papers]),
            source="huggingface",
            read_at=now,
            closed=False,
        )
        await stores.subscriptions.add(
            guild_id=guild,
            channel_id=channel_id,
            preferences=Preferences(
                daily=DailyTime(at=at.time(), zone=a_daily_time(zone="UTC").zone), language="ko"
            ),
            created_at=now - timedelta(days=2),
        )
    return channel_id


def footers(messages: list[Message]) -> list[str]:
    return [message.embeds[0]["footer"]["text"].rpartition(" · ")[2] for message in messages]


async def shown(discord_server: LoopbackDiscord, channel: int, *origins: str) -> list[Message]:
    """The cards of a channel, once they have these words for where their bullets come from."""
    async with asyncio.timeout(20):
        while footers(discord_server.messages(channel)) != list(origins):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return discord_server.messages(channel)


async def test_a_slow_model_delays_no_post_and_its_bullets_come_to_the_cards(
    discord_server: LoopbackDiscord, model: LoopbackModel, channel: int
) -> None:
    held = Later()
    model.always(held)
    async with online(discord_server) as app:
        posted = await discord_server.posted(channel, 2)
        assert footers(posted) == ["초록(영어)"] * 2
        ids = [message.id for message in posted]
        heading, buttons = posted[0].content, posted[0].components

        held.released.set()
        edited = await shown(discord_server, channel, "AI 요약", "AI 요약")
        assert app.summarising is not None
        await app.improving.caught_up()
        await app.scheduling.sweep()

    assert [message.id for message in edited] == ids
    assert edited[0].content == heading
    assert edited[0].components == buttons
    assert "이 논문은 새로운 방법을 제안한다" in edited[0].embeds[0]["description"]
    assert sorted(model.titles("ko")) == ["Lantern 1", "Lantern 2"]
    assert discord_server.tally.invalid == 0


async def test_what_a_process_that_ended_left_the_next_one_writes_and_shows(
    discord_server: LoopbackDiscord, model: LoopbackModel, channel: int
) -> None:
    held = Later()
    model.about("Lantern 2", held)
    async with online(discord_server):
        await shown(discord_server, channel, "AI 요약", "초록(영어)")
    model.about("Lantern 2", Later(released=held.released))
    held.released.set()

    async with online(discord_server):
        await shown(discord_server, channel, "AI 요약", "AI 요약")
    assert model.titles("ko").count("Lantern 1") == 1


async def test_a_broken_model_costs_nothing_but_its_bullets(
    discord_server: LoopbackDiscord, model: LoopbackModel, channel: int
) -> None:
    model.always(Status(401))
    async with online(discord_server) as app:
        posted = await discord_server.posted(channel, 2)
        assert app.summarising is not None
        await app.summarising.caught_up()
        await app.improving.caught_up()

    assert footers(posted) == ["초록(영어)"] * 2
    assert all(message.edited_at is None for message in posted)


async def test_without_a_model_nothing_is_asked(
    discord_server: LoopbackDiscord,
    model: LoopbackModel,
    channel: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("LLM_MODEL")
    async with online(discord_server) as app:
        await discord_server.posted(channel, 2)
        assert app.summarising is None

    assert model.asked == []
