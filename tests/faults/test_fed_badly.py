"""Hugging Face misbehaves for days: the archive stays whole, and the channel gets what can be had.

Faults of a single reading are rows of the matrix; here are those that take their time.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any

import pytest

from bot.app import App
from tests.faults.stage import DAY, TITLES, Stage, listed, titles
from tests.loopback.discord_faults import Held
from tests.loopback.discord_limits import Rates
from tests.loopback.hugging_face import Body, Endless, Failure, Slow, Status, Truncated

BEFORE = DAY - timedelta(days=1)
DAY_LATER = timedelta(days=1)


@asynccontextmanager
async def later(stage: Stage, by: timedelta) -> AsyncIterator[App]:
    """The bot, started again on the same store so much later."""
    stage.shift += by
    try:
        async with stage.running() as app:
            yield app
    finally:
        stage.shift -= by


async def posted(stage: Stage, app: App, count: int) -> list[str]:
    """What stands in the channel, once there is so much, and after one round more."""
    await stage.discord.posted(stage.well, count, within=10)
    await app.scheduling.collect()
    return titles(stage.discord.messages(stage.well))


async def subscribe(stage: Stage, app: App) -> None:
    stage.discord.limits.rates = Rates.off()
    await stage.subscribe(app, {stage.well: stage.channels[stage.well]})


@pytest.mark.parametrize(
    "failure",
    [
        Status(503),
        Slow(60),
        Truncated(),
        Body(b"<!DOCTYPE html><p>Sorry.", "text/html"),
        Endless(100 * 2**20),
    ],
    ids=["down", "slow", "truncated", "html", "endless"],
)
async def test_after_a_day_without_answers_all_that_can_be_had_comes_once(
    stage: Stage, failure: Failure
) -> None:
    """Two slots pass; then there are two lists, and each paper of them comes."""
    stage.publish([1, 2, 3], DAY)
    async with stage.running() as app:
        await subscribe(stage, app)
        await app.scheduling.collect()
        assert await posted(stage, app, 3) == TITLES

    stage.publish([4, 5], DAY + DAY_LATER)
    stage.publish([6, 7], DAY + 2 * DAY_LATER)
    stage.hub.fail_always(failure)
    for days in (1, 2):
        async with later(stage, days * DAY_LATER) as app:
            await app.scheduling.collect()
            assert await stage.down_since(app) is not None
            assert await stage.archived(app) == TITLES
            assert await posted(stage, app, 3) == TITLES

    stage.hub.fail_always(None)
    async with later(stage, 2 * DAY_LATER + timedelta(hours=1)) as app:
        await app.scheduling.collect()
        assert await posted(stage, app, 7) == [*TITLES, *(f"Paper {n}" for n in (6, 7, 4, 5))]
        assert await stage.down_since(app) is None


async def test_a_list_that_shrinks_costs_no_paper(stage: Stage) -> None:
    async with stage.running() as app:
        stage.publish([1, 2, 3])
        await app.collecting.refresh()
        stage.publish([2])
        await subscribe(stage, app)
        await app.scheduling.collect()
        assert sorted(await posted(stage, app, 3)) == TITLES
        assert sorted(await stage.archived(app)) == TITLES


async def test_a_list_that_is_emptied_costs_no_paper(stage: Stage) -> None:
    async with stage.running() as app:
        stage.publish([1, 2, 3])
        await app.collecting.refresh()
        stage.publish([])
        await subscribe(stage, app)
        await app.scheduling.collect()
        assert await posted(stage, app, 3) == TITLES


async def test_a_paper_withdrawn_after_it_was_posted_is_not_posted_again_when_it_returns(
    stage: Stage,
) -> None:
    async with stage.running() as app:
        stage.publish([1, 2, 3])
        await app.collecting.refresh()
        await subscribe(stage, app)
        await app.scheduling.collect()
        await stage.discord.posted(stage.well, 3)
        stage.publish([1, 3])
        await app.scheduling.collect()
        stage.publish([1, 2, 3])
        assert await posted(stage, app, 3) == TITLES

    async with later(stage, DAY_LATER) as app:
        await app.scheduling.collect()
        assert await posted(stage, app, 3) == TITLES


async def test_a_paper_withdrawn_after_it_was_planned_still_comes(stage: Stage) -> None:
    """While the first card is under way the list loses the other two."""
    first = stage.discord.inject(
        Held(carried_out=True, answered=True), "POST", f"/channels/{stage.well}/messages"
    )
    async with stage.running() as app:
        stage.publish([1, 2, 3])
        await app.collecting.refresh()
        await subscribe(stage, app)
        posting = asyncio.create_task(app.scheduling.collect())
        await first.met()
        stage.publish([1])
        await app.collecting.refresh()
        first.release()
        await posting
        assert await posted(stage, app, 3) == TITLES


async def test_votes_that_fall_are_believed_and_change_no_post(stage: Stage) -> None:
    async with stage.running() as app:
        stage.publish([1, 2, 3])
        await app.collecting.refresh()
        await subscribe(stage, app)
        await app.scheduling.collect()
        assert await posted(stage, app, 3) == TITLES
        before = [message.embeds for message in stage.discord.messages(stage.well)]

        stage.hub.list(DAY, [listed(n, upvotes=n) for n in (1, 2, 3)])
        await app.scheduling.collect()
        assert await stage.archived(app) == TITLES[::-1]
        assert await posted(stage, app, 3) == TITLES
        assert [message.embeds for message in stage.discord.messages(stage.well)] == before


@pytest.mark.parametrize(
    "lists",
    [
        {DAY: [1, 1, 2, 3, 2]},
        {DAY: [1, 2, 3], BEFORE: [1, 2, 3]},
        {DAY: [1, 2], BEFORE: [2, 3]},
    ],
    ids=["twice in one answer", "on two dates", "partly on two dates"],
)
async def test_a_paper_listed_twice_comes_once(
    stage: Stage, lists: dict[date, Sequence[int]]
) -> None:
    """The first delivery brings the newest list; the next one what else there is."""
    for day, numbers in lists.items():
        stage.hub.list(day, [listed(n, upvotes=50 - n) for n in numbers])
    async with stage.running() as app:
        await subscribe(stage, app)
        await app.scheduling.collect()
        newest = sorted(set(lists[DAY]))
        assert await posted(stage, app, len(newest)) == [f"Paper {n}" for n in newest]

    async with later(stage, DAY_LATER) as app:
        await app.scheduling.collect()
        shown = await posted(stage, app, len(newest))
    assert len(set(shown)) == len(shown)


async def test_a_server_that_gives_its_first_page_for_ever_ends(stage: Stage) -> None:
    """It says at each page that there is another one."""
    stage.hub.pages = False
    stage.hub.page_size = 3
    stage.publish([1, 2, 3, 4])
    async with stage.running() as app:
        await subscribe(stage, app)
        await app.scheduling.collect()
        assert await posted(stage, app, 3) == TITLES
    assert len(stage.hub.requests) < 30


HOSTILE: dict[str, Any] = {
    "title": "@everyone <@&1> [free](https://evil.example) `x` **b** \u202etxt.exe\x00\x1b[2J" * 20,
    "summary": "<script>alert(1)</script> ignore all previous instructions ||spoiler|| " * 200,
    "authors": [{"name": "@here <@1> \u202e\x07" * 50, "hidden": False}, {"name": None}, 7],
    "upvotes": -(2**62),
    "githubRepo": "javascript:alert(1)",
    "projectPage": "file:///etc/passwd",
    "mediaUrls": ["/avatars/x.svg", "http://127.0.0.1:1/x.png", {"a": 1}, "data:image/png;base64,"],
    "thumbnail": "//evil.example/x.png",
    "ai_summary": {"not": "text"},
    "ai_keywords": "not a list",
    "organization": [],
}


async def test_an_entry_with_hostile_fields_spoils_nothing_beside_it(stage: Stage) -> None:
    """It is posted as harmless text or left out; the others come as ever, and nobody is pinged."""
    broken = [None, 7, {}, {"paper": None}, {"paper": {"id": "../../etc/passwd"}}]
    stage.hub.list(
        DAY,
        [
            listed(1, upvotes=9),
            *broken,
            {**listed(9), "paper": {**listed(9)["paper"], **HOSTILE}},
            listed(2, upvotes=8),
        ],
    )
    async with stage.running() as app:
        await subscribe(stage, app)
        await app.scheduling.collect()
        messages = await stage.discord.posted(stage.well, 2, within=10)
        await app.scheduling.collect()
        messages = stage.discord.messages(stage.well)

    shown = titles(messages)
    assert [title for title in shown if title in TITLES] == ["Paper 1", "Paper 2"]
    for message in messages:
        assert not message.mentions
        assert not message.mention_roles
        assert not message.mention_everyone
        text = str(message.embeds) + message.content
        assert not any(mark in text for mark in ("\u202e", "\x00", "\x1b", "javascript:", "file:"))
    assert stage.unforeseen() == []
