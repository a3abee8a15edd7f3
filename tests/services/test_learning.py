"""Tastes over a real store: papers that fit, in order, with reasons, as things come and change."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.domain.digests import Digest, Listing
from bot.domain.interests import Place, Verdict
from bot.domain.papers import PaperId
from bot.services import learning as module
from bot.services.learning import Fit, Learning
from bot.storage.database import Database, Stores
from bot.storage.errors import DatabaseBusy, PaperNotFound
from tests.builders import CHANNEL, DAY, GUILD, a_paper
from tests.services.conftest import Clock, store
from tests.subjects import NEW, OLD, SUBJECTS, about, of, subject

HERE = Place(GUILD, CHANNEL)
READER, OTHER, THIRD = 1, 2, 3


async def say(
    database: Database,
    *papers: PaperId,
    verdict: Verdict = Verdict.LIKED,
    by: int = READER,
    place: Place = HERE,
    clock: Clock,
) -> None:
    async with database.transaction() as stores:
        for paper_id in papers:
            await stores.interests.press(by, paper_id, verdict, place=place, at=clock())


@pytest.fixture
async def learning(database: Database, clock: Clock) -> AsyncIterator[Learning]:
    await store(database, OLD, NEW)
    learning = Learning(database, now=clock)
    yield learning
    await learning.close()


async def for_reader(
    learning: Learning, *, since: date | None = None, limit: int = 3
) -> tuple[Fit, ...]:
    return await learning.for_reader(READER, HERE, since=since, limit=limit)


async def test_papers_that_fit_come_with_the_paper_that_is_their_reason(
    learning: Learning, database: Database, clock: Clock
) -> None:
    liked, saved = of(OLD, "robots")[0], of(OLD, "proofs")[0]
    await say(database, liked, clock=clock)
    await say(database, saved, verdict=Verdict.SAVED, clock=clock)

    fits = await for_reader(learning, limit=8)

    reasons = {(subject(fit.paper_id), fit.because, fit.said) for fit in fits}
    assert reasons == {("robots", liked, Verdict.LIKED), ("proofs", saved, Verdict.SAVED)}
    assert not {liked, saved} & {fit.paper_id for fit in fits}


async def test_only_papers_of_lists_since_a_day_are_found(
    learning: Learning, database: Database, clock: Clock
) -> None:
    await say(database, of(OLD, "robots")[0], clock=clock)

    fits = await for_reader(learning, since=NEW.day)

    assert {fit.paper_id for fit in fits} == set(of(NEW, "robots"))


async def test_what_others_here_liked_is_told_and_is_all_there_is_without_a_taste(
    learning: Learning, database: Database, clock: Clock
) -> None:
    one, two, mine = of(NEW, "images")
    assert await for_reader(learning) == ()

    await say(database, one, two, by=OTHER, clock=clock)
    await say(database, two, by=THIRD, verdict=Verdict.SAVED, clock=clock)
    await say(database, of(NEW, "proofs")[0], by=OTHER, place=Place(9, 9), clock=clock)
    assert await for_reader(learning) == (
        Fit(paper_id=two, liked_here=2),
        Fit(paper_id=one, liked_here=1),
    )
    assert await for_reader(learning, since=NEW.day + timedelta(days=1)) == ()

    await say(database, mine, clock=clock)
    fits = {fit.paper_id: fit for fit in await for_reader(learning, since=NEW.day)}
    assert fits[two] == Fit(paper_id=two, because=mine, said=Verdict.LIKED, liked_here=2)


async def test_a_taste_begins_anew_when_it_is_forgotten_and_verdicts_stay(
    learning: Learning, database: Database, clock: Clock
) -> None:
    await say(database, *of(OLD, "robots"), clock=clock)
    clock.advance(hours=1)
    async with database.transaction() as stores:
        await stores.readers.forget_taste(READER, at=clock())
    assert await for_reader(learning) == ()

    await say(database, of(OLD, "proofs")[0], clock=clock)

    fits = await for_reader(learning, limit=20)
    assert {subject(fit.paper_id) for fit in fits} == {"proofs"}


async def test_papers_that_come_later_are_found_and_changed_ones_by_what_they_are_now(
    learning: Learning, database: Database, clock: Clock
) -> None:
    await say(database, of(OLD, "robots")[0], clock=clock)
    assert len(await for_reader(learning, limit=20)) == 5

    late = about("robots", 31)
    changed = a_paper(72, title="robot gripper", authors=(), summaries=())
    turned = Listing(paper=changed, upvotes=1, live=True)
    await store(database, Digest.of(DAY, [Listing(paper=late, upvotes=1), turned]))
    assert late.id not in {fit.paper_id for fit in await for_reader(learning, limit=20)}
    clock.instant += module.LOOKED_AT

    found = {fit.paper_id for fit in await for_reader(learning, limit=20)}
    assert {late.id, turned.paper.id} <= found


async def test_a_shelf_is_kept_while_nothing_is_missing_and_an_hour_at_most(
    learning: Learning, clock: Clock
) -> None:
    first = await learning._current()
    clock.instant += module.LOOKED_AT
    assert await learning._current() is first

    clock.instant += module.KEPT
    assert await learning._current() is not first


async def test_similar_papers_are_of_the_same_subject_also_for_a_paper_beside_the_shelf(
    learning: Learning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ON_SHELF", 9)

    [first, *_] = of(OLD, "proofs")
    found = [fit.paper_id for fit in await learning.similar(first, limit=3)]

    assert set(found) == set(of(NEW, "proofs"))
    assert of(NEW, "proofs")[0] not in {
        fit.paper_id for fit in await learning.similar(of(NEW, "proofs")[0], limit=9)
    }
    with pytest.raises(PaperNotFound):
        await learning.similar(PaperId("2401.00001"), limit=3)


async def test_who_has_no_patience_gets_none_and_does_not_stop_the_others(
    learning: Learning,
) -> None:
    [first, *_] = of(OLD, "proofs")

    assert await learning.similar(first, limit=3, patience=timedelta(microseconds=1)) == ()
    assert len(await learning.similar(first, limit=3)) == 3
    assert len(await learning.similar(first, limit=3, patience=timedelta(seconds=30))) == 3


async def test_a_channels_likes_order_its_lists_with_room_for_something_else(
    learning: Learning, database: Database, clock: Clock
) -> None:
    listings = list(NEW)
    assert await learning.ordering(reader_id=None, channel_id=CHANNEL) is None

    await say(database, *of(OLD, "images")[:2], by=OTHER, clock=clock)
    await say(database, of(OLD, "images")[2], by=THIRD, clock=clock)
    await say(database, *of(OLD, "proofs"), by=OTHER, place=Place(GUILD, 77), clock=clock)

    ordering = await learning.ordering(reader_id=None, channel_id=CHANNEL)
    assert ordering is not None
    placed = ordering(listings, room=True)
    assert {subject(place.paper_id) for place in placed[:3]} == {"images"}
    assert [place.outside for place in placed] == [False] * 4 + [True] + [False] * 4
    assert sorted(p.paper_id for p in placed) == sorted(listing.paper.id for listing in NEW)
    assert not any(place.outside for place in ordering(listings, room=False))


async def test_a_readers_own_taste_orders_what_came_after_the_shelf_was_made(
    learning: Learning, database: Database, clock: Clock
) -> None:
    await say(database, *of(OLD, "proofs"), clock=clock)
    await say(database, *of(OLD, "images"), by=OTHER, clock=clock)
    ordering = await learning.ordering(reader_id=READER, channel_id=CHANNEL)
    assert ordering is not None

    later = [Listing(paper=about(s, 40 + n), upvotes=n) for n, s in enumerate(SUBJECTS)]
    placed = ordering(later, room=False)

    assert placed[0].paper_id == later[1].paper.id


async def test_a_shelf_that_is_late_or_cannot_be_read_leaves_the_order_to_the_votes(
    learning: Learning,
    database: Database,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await say(database, *of(OLD, "images"), clock=clock)
    monkeypatch.setattr(module, "PATIENCE", timedelta(microseconds=1))

    assert await learning.ordering(reader_id=None, channel_id=CHANNEL) is None

    assert "ordered by votes, its taste is not at hand: the shelf is not ready" in caplog.text


async def test_a_store_that_takes_nothing_keeps_nobody_from_similar_papers(
    learning: Learning,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    [first, *_] = of(OLD, "proofs")
    monkeypatch.setattr(module, "AT_ONCE", 5)

    @asynccontextmanager
    async def busy(_database: Database) -> AsyncIterator[Stores]:
        raise DatabaseBusy("another program holds the database")
        yield

    with monkeypatch.context() as locked:
        locked.setattr(Database, "transaction", busy)
        found = await learning.similar(first, limit=3)

    assert {subject(fit.paper_id) for fit in found} == {"proofs"}
    assert caplog.text.count("is not stored yet: another program holds") == 1
    async with database.reading() as stores:
        assert len(await stores.traits.missing(100)) == 18


def test_a_bot_that_nobody_asks_for_a_taste_brings_no_numpy() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import bot.app, sys; print('numpy' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )

    assert loaded.stdout == "False\n"
