"""Killed at random moments, again and again: each paper stands once in each channel, in order."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from tests.killing.findings import Difference, Edition, Followed, Report, compare
from tests.killing.process import TIMING
from tests.killing.rounds import DAY, MODES, Rounds
from tests.killing.scene import POSTS, Scene
from tests.killing.soak import table
from tests.loopback.discord_faults import RateLimited
from tests.loopback.discord_limits import Rates
from tests.loopback.discord_objects import Message, User
from tests.loopback.discord_server import LoopbackDiscord

EACH: Final = 2
"""Rounds of each mode, at the same time."""


@pytest.mark.parametrize("first", range(len(MODES)), ids=[mode.name for mode in MODES])
async def test_nothing_is_lost_nothing_doubled_and_all_in_order(first: int, tmp_path: Path) -> None:
    seeds = [first + len(MODES) * number for number in range(EACH)]
    reports = await asyncio.gather(*map(Rounds(tmp_path).play, seeds))

    for report in reports:
        assert not report.problems, f"{report}\nkept in {tmp_path}"
        assert report.kills


async def test_a_global_limit_that_outlasts_our_patience_does_not_stop_the_bot_for_good(
    tmp_path: Path,
) -> None:
    """discord.py holds every request back while one waits for the end of such a limit; that one
    is broken off by our time-out."""
    async with LoopbackDiscord(rates=Rates.off()) as server:
        scene = Scene(server, tmp_path / "scene", seed=0)
        await scene.build(datetime.now(UTC) - timedelta(minutes=5), [DAY])
        scene.editions.append(DAY)
        patience = TIMING.request_timeout.total_seconds()
        server.inject(RateLimited(retry_after=2 * patience, overall=True), *POSTS)
        try:
            await scene.finish()
        finally:
            await scene.end()

        assert not scene.report("global limit", seed=0).problems


AUTHOR: Final = User(1, "daily-papers", "en-US", True)
EDITIONS: Final = (Edition(range(1, 4)), Edition(range(4, 6)))


def channel(*numbers: int, headed: tuple[int, ...] = (1, 4)) -> list[Message]:
    """Messages about papers of these numbers, with a heading on those of `headed`."""
    return [
        Message(
            id=position,
            channel_id=1,
            author=AUTHOR,
            content="heading" if number in headed else "",
            embeds=[{"title": f"Paper {number}"}],
        )
        for position, number in enumerate(numbers)
    ]


def test_a_channel_that_holds_what_it_should_differs_in_nothing() -> None:
    assert not compare(EDITIONS, channel(1, 2, 3, 4, 5))


@pytest.mark.parametrize(
    ("messages", "difference"),
    [
        (channel(1, 3, 4, 5), Difference(lost=1)),
        (channel(), Difference(lost=5)),
        (channel(1, 2, 2, 3, 4, 5, 5), Difference(doubled=2)),
        (channel(1, 2, 3, 4, 5, 6), Difference(doubled=1)),
        (channel(1, 3, 2, 4, 5), Difference(disordered=2)),
        (channel(2, 3, 4, 5, 1, headed=(2, 4)), Difference(disordered=5, headings=2)),
        (channel(1, 2, 3, 4, 5, headed=(1, 2, 4)), Difference(headings=1)),
        (channel(1, 2, 3, 4, 5, headed=(1,)), Difference(headings=1)),
    ],
)
def test_what_is_wrong_in_a_channel_is_told_by_its_kind(
    messages: list[Message], difference: Difference
) -> None:
    assert compare(EDITIONS, messages) == difference


def links(*numbers: int) -> Message:
    """The one message of somebody who only follows, with links to papers of these numbers."""
    lines = [f"- [Paper {n}](https://arxiv.org/abs/2406.{n:05d}) ▲ 3" for n in numbers]
    embed = {"title": "New for you", "description": "\n".join(lines)}
    return Message(id=1, channel_id=1, author=AUTHOR, content="", embeds=[embed])


def test_one_message_brings_what_somebody_follows() -> None:
    followed = Followed([3, 12])

    assert followed.brought_by(links(3, 12))
    assert not followed.brought_by(links(3))
    assert not followed.brought_by(links(3, 12, 12))
    assert not compare([followed], [links(3, 12)])
    assert compare([followed], [links(3, 12), links(3, 12)]) == Difference(doubled=1)
    assert compare([followed], []) == Difference(lost=1)


def test_the_table_of_a_soak_adds_up_what_each_mode_came_to() -> None:
    report = Report(
        mode="SIGTERM",
        seed=1,
        kills=3,
        restarts=4,
        faults=500,
        lost=0,
        doubled=1,
        disordered=0,
        problems=("a paper is there twice",),
    )

    lines = list(table([report, replace(report, seed=2, faults=700, doubled=0)]))

    assert lines[0].split(" | ")[1:3] == ["rounds", "kills"]
    assert "| SIGTERM | 2 | 6 | 8 | 1,200 | 0 | 1 | 0 |" in lines
    assert "| power cut | 0 | 0 | 0 | 0 | 0 | 0 | 0 |" in lines
    assert lines[-1] == "| **all** | 2 | 6 | 8 | 1,200 | 0 | 1 | 0 |"
    assert "a paper is there twice" in str(report)
