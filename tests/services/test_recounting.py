"""Cards come to show new counts: soon, seldom, and at no price to anything else."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest

from bot.domain.interests import Place, Verdict
from bot.domain.papers import PaperId
from bot.services import recounting as module
from bot.services.recounting import Changed, Recounting
from bot.services.tracking import ChannelRefuses, NotNow
from bot.storage.database import Database
from bot.storage.errors import StorageError
from tests.builders import CHANNEL, GUILD, a_digest, utc
from tests.services.conftest import store

HERE = Place(GUILD, CHANNEL)
PAPER = PaperId("2406.00001")
AT_ONCE = timedelta(milliseconds=1)
CARD = Changed(501, HERE, PAPER)
OTHER_CARD = Changed(502, HERE, PaperId("2406.00002"))


class Cards:
    """A `Counters` that remembers what it was to show."""

    def __init__(self) -> None:
        self.shown: list[tuple[int, Mapping[Verdict, int]]] = []
        self.errors: list[Exception] = []

    async def recount(
        self, channel_id: int, message_id: int, paper_id: PaperId, counts: Mapping[Verdict, int]
    ) -> None:
        assert (channel_id, paper_id.value[:4]) == (CHANNEL, "2406")
        if self.errors:
            raise self.errors.pop(0)
        self.shown.append((message_id, dict(counts)))


async def press(database: Database, *reader_ids: int) -> None:
    async with database.transaction() as stores:
        for reader_id in reader_ids:
            await stores.interests.press(
                reader_id, PAPER, Verdict.LIKED, place=HERE, at=utc(2024, 6, 5)
            )


@pytest.fixture
def cards() -> Cards:
    return Cards()


async def test_many_changes_are_one_count(database: Database, cards: Cards) -> None:
    await store(database, a_digest())
    await press(database, 1, 2)
    recounting = Recounting(database, cards, soon=AT_ONCE, seldom=AT_ONCE)
    recounting.changed(CARD)
    recounting.changed(OTHER_CARD)
    recounting.changed(CARD)
    await recounting.caught_up()

    assert cards.shown == [(501, {Verdict.LIKED: 2}), (502, {})]

    recounting.changed(CARD)
    await recounting.caught_up()
    assert len(cards.shown) == 3
    await recounting.close()


async def test_one_card_is_counted_seldom(database: Database, cards: Cards) -> None:
    recounting = Recounting(database, cards, soon=AT_ONCE, seldom=timedelta(days=1))
    recounting.changed(CARD)
    await recounting.caught_up()

    recounting.changed(CARD)
    recounting.changed(OTHER_CARD)
    async with asyncio.timeout(10):
        while len(cards.shown) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    await recounting.close()

    assert [message_id for message_id, _ in cards.shown] == [501, 502]
    recounting.changed(OTHER_CARD)
    await recounting.caught_up()
    assert len(cards.shown) == 2, "nothing is begun after the end"


async def test_what_fails_is_left_as_it_is(
    database: Database, cards: Cards, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    cards.errors = [
        NotNow("no answer"),
        ChannelRefuses("not permitted"),
        StorageError("the disk is full"),
        RuntimeError("a defect"),
    ]
    recounting = Recounting(database, cards, soon=AT_ONCE, seldom=AT_ONCE)
    for number in range(4):
        recounting.changed(Changed(number, HERE, PAPER))
    await recounting.caught_up()

    assert cards.shown == []
    assert [record.levelname for record in caplog.records] == ["INFO"] * 3 + ["ERROR"]


async def test_of_too_many_cards_the_oldest_are_left(
    database: Database, cards: Cards, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 1)
    recounting = Recounting(database, cards, soon=AT_ONCE, seldom=AT_ONCE)
    recounting.changed(CARD)
    recounting.changed(OTHER_CARD)
    await recounting.caught_up()

    assert [message_id for message_id, _ in cards.shown] == [502]
