"""Cards get better bullets when they come: the same message, once, where people want that."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.digests import Digest, Listing
from bot.domain.papers import SummaryOrigin
from bot.rendering.message import Rendered
from bot.services.delivering import Delivering
from bot.services.improving import Improving
from bot.services.measures import Measures
from bot.services.summarising import EDITED_FOR
from bot.services.timing import DEFAULT_TIMING
from bot.services.tracking import ChannelRefuses, NotNow
from bot.storage.database import Database
from tests.builders import CHANNEL, DAY, a_paper, a_summary, utc
from tests.services.conftest import Channels, Clock, store, subscribe
from tests.services.scrape import Scraped
from tests.services.test_tracking import Unreliable

OTHER = CHANNEL + 1
SLOT = utc(2024, 6, 5)
BETTER = a_summary("모델이 쓴 요약이다.", language="ko", origin=SummaryOrigin.MODEL)


class Cards:
    """An `Editor` with what it was told to show."""

    def __init__(self) -> None:
        self.shown: defaultdict[int, list[str]] = defaultdict(list)
        self.footers: list[str] = []
        self.errors: defaultdict[int, list[Exception]] = defaultdict(list)
        """What meets the next edits in a channel."""

    async def show(self, channel_id: int, message_id: int, card: Rendered, plain: Rendered) -> bool:
        await asyncio.sleep(0)
        if self.errors[channel_id]:
            raise self.errors[channel_id].pop(0)
        embed = card.embeds[0]
        assert embed.thumbnail.url is not None
        assert plain.embeds[0].thumbnail.url is None
        said = str(embed.description)
        changed = said not in self.shown[message_id]
        self.shown[message_id].append(said)
        self.footers.append(str(embed.footer.text))
        return changed


@pytest.fixture
def cards() -> Cards:
    return Cards()


@asynccontextmanager
async def a_process(
    database: Database, cards: Cards, clock: Clock, measures: Measures | None = None
) -> AsyncGenerator[Improving]:
    improving = Improving(
        database,
        cards,
        now=clock,
        timing=replace(DEFAULT_TIMING, first_retry=timedelta(milliseconds=1)),
        measures=measures,
    )
    yield improving
    await improving.close()


async def all_improved(database: Database, cards: Cards, clock: Clock) -> None:
    async with a_process(database, cards, clock) as improving:
        improving.wake()
        async with asyncio.timeout(20):
            await improving.caught_up()


async def summarised(database: Database, number: int = 1, *, now: Clock) -> None:
    """A model's bullets of a paper are kept."""
    async with database.transaction() as stores:
        await stores.summaries.keep(a_paper(number).id, BETTER, posted_since=now() - EDITED_FOR)


async def left(database: Database) -> int:
    async with database.reading() as stores:
        return len(await stores.improvements.cards(99)) + await stores.improvements.unposted()


@pytest.fixture
async def posted(
    database: Database, channels: Channels, delivering: Delivering
) -> dict[int, list[int]]:
    """The cards of two Korean channels, of one that wants no edits, and of an English one."""
    papers = [a_paper(n, summaries=(), abstract=f"We measure {n} things.") for n in (1, 2)]
    listings = [Listing(paper=paper, upvotes=9 - n, live=True) for n, paper in enumerate(papers)]
    await store(database, Digest.of(DAY, listings))
    for channel_id, fields in (
        (CHANNEL, {"language": "ko"}),
        (OTHER, {"language": "ko"}),
        (CHANNEL + 2, {"language": "ko", "edit_cards": False}),
        (CHANNEL + 3, {"language": "en"}),
    ):
        await delivering.deliver(await subscribe(database, channel_id, **fields), SLOT)
    return {
        channel_id: [one.message_id for one in messages]
        for channel_id, messages in channels.posted.items()
    }


async def test_the_cards_of_a_paper_get_its_better_bullets_once(
    database: Database, cards: Cards, clock: Clock, posted: dict[int, list[int]]
) -> None:
    measures = Measures()
    await summarised(database, now=clock)
    async with a_process(database, cards, clock, measures) as improving:
        improving.wake()
        await improving.caught_up()
        improving.wake()
        await improving.caught_up()

    assert set(cards.shown) == {posted[CHANNEL][0], posted[OTHER][0]}
    assert all(len(shown) == 1 for shown in cards.shown.values())
    assert all("- 모델이 쓴 요약이다." in shown[0] for shown in cards.shown.values())
    assert cards.footers[0] == "#1 · 2024년 6월 4일 · arXiv 2406.00001 · AI 요약"
    assert Scraped(measures.text())["cards_improved_total"] == 2
    assert await left(database) == 0


async def test_what_one_process_left_the_next_one_edits(
    database: Database, cards: Cards, clock: Clock, posted: dict[int, list[int]]
) -> None:
    await summarised(database, now=clock)
    assert await left(database) == 2

    cards.errors[OTHER] = [NotNow("no answer")] * 10_000
    async with a_process(database, cards, clock) as improving:
        improving.wake()
        async with asyncio.timeout(10):
            while posted[CHANNEL][0] not in cards.shown:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
    cards.errors.clear()
    assert posted[OTHER][0] not in cards.shown

    await all_improved(database, cards, clock)
    assert len(cards.shown[posted[OTHER][0]]) == 1
    assert await left(database) == 0


async def test_a_channel_that_refuses_is_asked_once(
    database: Database,
    cards: Cards,
    clock: Clock,
    posted: dict[int, list[int]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    await summarised(database, now=clock)
    cards.errors[OTHER] = [ChannelRefuses("not permitted")]
    await all_improved(database, cards, clock)

    assert set(cards.shown) == {posted[CHANNEL][0]}
    assert f"message {posted[OTHER][0]} keeps its bullets: not permitted" in caplog.text
    assert await left(database) == 0


async def test_who_wants_no_edits_any_more_gets_none(
    database: Database, cards: Cards, clock: Clock, posted: dict[int, list[int]]
) -> None:
    await summarised(database, now=clock)
    async with database.transaction() as stores:
        here = await stores.subscriptions.of_channel(CHANNEL)
        assert here is not None
        await stores.subscriptions.change(
            here.id, replace(here.preferences, edit_cards=False), at=clock()
        )
        there = await stores.subscriptions.of_channel(OTHER)
        assert there is not None
        await stores.subscriptions.remove(there.id)
    await all_improved(database, cards, clock)

    assert not cards.shown
    assert await left(database) == 0


async def test_cards_of_old_deliveries_stay_as_they_are(
    database: Database, cards: Cards, clock: Clock, posted: dict[int, list[int]]
) -> None:
    await summarised(database, 1, now=clock)
    clock.advance(days=2, seconds=1)
    await summarised(database, 2, now=clock)
    assert await left(database) == 2  # of the first paper alone

    clock.advance(days=10)
    await all_improved(database, cards, clock)
    assert not cards.shown
    assert await left(database) == 0


async def test_a_card_that_is_being_posted_is_edited_after(
    database: Database, cards: Cards, clock: Clock, channels: Channels, delivering: Delivering
) -> None:
    """It may have been made before the bullets came, and nobody can tell."""
    await store(
        database,
        Digest.of(DAY, [Listing(paper=a_paper(1, summaries=(), abstract="We measure."))]),
    )
    subscription = await subscribe(database, language="ko")
    channels.then[CHANNEL] = [channels.STORED_BUT_LOST]
    kept = asyncio.Event()
    real = channels.send

    async def meanwhile(channel_id: int, message: Rendered, *, nonce: str) -> object:
        if not kept.is_set():
            await summarised(database, now=clock)
            kept.set()
        return await real(channel_id, message, nonce=nonce)

    channels.send = meanwhile  # type: ignore[assignment, method-assign]
    async with a_process(database, cards, clock) as improving:
        delivery = asyncio.create_task(delivering.deliver(subscription, SLOT))
        await kept.wait()
        improving.wake()
        await delivery
        async with asyncio.timeout(20):
            await improving.caught_up()

    [message] = channels.posted[CHANNEL]
    assert "모델이 쓴 요약이다." not in str(message.message.embeds[0].description)
    assert "모델이 쓴 요약이다." in cards.shown[message.message_id][0]


async def test_a_delivery_that_finds_better_bullets_posts_them_and_edits_nothing(
    database: Database, cards: Cards, clock: Clock, channels: Channels, delivering: Delivering
) -> None:
    await store(
        database,
        Digest.of(DAY, [Listing(paper=a_paper(1, summaries=(), abstract="We measure."))]),
    )
    await summarised(database, now=clock)
    await delivering.deliver(await subscribe(database, language="ko"), SLOT)
    await all_improved(database, cards, clock)

    [message] = channels.posted[CHANNEL]
    assert "모델이 쓴 요약이다." in str(message.message.embeds[0].description)
    assert not cards.shown


async def test_what_fails_is_tried_again(
    database: Database,
    cards: Cards,
    clock: Clock,
    posted: dict[int, list[int]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await summarised(database, now=clock)
    unreliable = Unreliable(database)
    unreliable.busy = True
    cards.errors[OTHER] = [NotNow("no answer"), RuntimeError("a defect")]
    async with a_process(unreliable, cards, clock) as improving:  # type: ignore[arg-type]
        improving.wake()
        async with asyncio.timeout(10):
            while "no card is edited: another program" not in caplog.text:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        unreliable.busy = False
        await improving.caught_up()

    assert set(cards.shown) == {posted[CHANNEL][0], posted[OTHER][0]}
    assert "editing cards failed" in caplog.text
    assert "is not edited yet: no answer" in caplog.text


async def test_nothing_is_begun_after_the_end(
    database: Database, cards: Cards, clock: Clock, posted: dict[int, list[int]]
) -> None:
    async with a_process(database, cards, clock) as improving:
        await improving.caught_up()
    await summarised(database, now=clock)
    improving.wake()
    await improving.caught_up()
    assert not cards.shown
