"""Each reader's own list: what is on it, what is read, and what can be taken from it."""

import pytest

from bot.domain.digests import Digest, Listing
from bot.domain.interests import Place, Reaction, Verdict
from bot.domain.lookups import Asker, Saved
from bot.domain.papers import PaperId
from bot.services import saving as module
from bot.services.saving import Saving, saved_by
from bot.storage.database import Database
from tests.builders import DAY, a_paper
from tests.services.conftest import Clock, store

HERE = Place(1, 10)
READER = Asker(7, HERE)
OTHER = Asker(8, HERE)
CARD = 500


@pytest.fixture
async def saving(database: Database, clock: Clock) -> Saving:
    await store(
        database,
        Digest.of(
            DAY,
            [
                Listing(paper=a_paper(1, title="Robots that walk", authors=("Ada Lovelace",))),
                Listing(paper=a_paper(2, title="Proofs that hold", authors=("Emmy Noether",))),
                Listing(paper=a_paper(3, title="Robots that prove", authors=("Emmy Noether",))),
            ],
        ),
    )
    return Saving(database, now=clock)


def paper(number: int) -> PaperId:
    return PaperId(f"2406.{number:05d}")


async def save(database: Database, clock: Clock, *numbers: int, by: Asker = READER) -> None:
    """With buttons, an hour after one another."""
    for number in numbers:
        clock.advance(hours=1)
        async with database.transaction() as stores:
            await stores.interests.press(
                by.reader_id, paper(number), Verdict.SAVED, place=by.place, at=clock()
            )


async def react(database: Database, clock: Clock, number: int, *, message_id: int = CARD) -> None:
    async with database.transaction() as stores:
        await stores.interests.reacted(
            Reaction(READER.reader_id, "🔖"),
            message_id=message_id,
            paper_id=paper(number),
            verdict=Verdict.SAVED,
            place=HERE,
            at=clock(),
        )


async def listed(database: Database, question: Saved, by: Asker = READER) -> dict[int, bool]:
    """The numbers of the papers, and whether they are read, in their order."""
    found = await database.look_up(lambda stores: saved_by(stores, question, by.reader_id))
    return {int(paper_id.value[-5:]): is_read for paper_id, is_read in found.items()}


async def test_what_was_saved_last_comes_first_and_everybody_has_their_own(
    database: Database, clock: Clock, saving: Saving
) -> None:
    await save(database, clock, 2, 3)
    await save(database, clock, 1, by=OTHER)

    assert await listed(database, Saved()) == {3: False, 2: False}
    assert await listed(database, Saved(), by=OTHER) == {1: False}


async def test_a_paper_that_was_saved_twice_is_on_it_once_since_the_first_time(
    database: Database, clock: Clock, saving: Saving
) -> None:
    await save(database, clock, 1, 2)
    await react(database, clock, 1)

    assert list(await listed(database, Saved())) == [2, 1]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (Saved("robot"), [3, 1]),
        (Saved("noether"), [3, 2]),
        (Saved("robots -walk"), [3]),
        (Saved("robots", unread=True), [1]),
        (Saved(unread=True), [2, 1]),
        (Saved("quasars"), []),
        (Saved("!?"), []),
    ],
)
async def test_it_is_searched_as_the_archive_is(
    database: Database, clock: Clock, saving: Saving, question: Saved, found: list[int]
) -> None:
    await save(database, clock, 1, 2, 3)
    await saving.mark(READER, [paper(3)])

    assert list(await listed(database, question)) == found
    assert [each.id for each in await saving.papers(question, READER)] == list(map(paper, found))


async def test_only_what_one_saved_is_marked_and_marking_again_takes_it_back(
    database: Database, clock: Clock, saving: Saving
) -> None:
    await save(database, clock, 1, 2)

    await saving.mark(READER, [paper(1), paper(3)])
    assert await listed(database, Saved()) == {2: False, 1: True}
    await saving.mark(READER, [paper(1), paper(2)])
    assert await listed(database, Saved()) == {2: True, 1: False}

    await save(database, clock, 3)
    assert (await listed(database, Saved()))[3] is False


async def test_what_is_taken_from_it_is_gone_with_what_was_said_of_reading_it(
    database: Database, clock: Clock, saving: Saving
) -> None:
    await save(database, clock, 1)
    await saving.mark(READER, [paper(1)])

    assert await saving.remove(READER, [paper(1), paper(2)]) == ()
    assert await listed(database, Saved()) == {}

    await save(database, clock, 1)
    assert await listed(database, Saved()) == {1: False}


@pytest.mark.parametrize("by_button_too", [True, False])
async def test_what_a_reaction_says_stays_as_it_was_and_is_told_with_the_newest_message(
    database: Database, clock: Clock, saving: Saving, *, by_button_too: bool
) -> None:
    if by_button_too:
        await save(database, clock, 1)
    await react(database, clock, 1)
    await react(database, clock, 1, message_id=CARD + 1)
    await saving.mark(READER, [paper(1)])

    [stands] = await saving.remove(READER, [paper(1)])

    assert (stands.paper.id, stands.message_id, stands.place) == (paper(1), CARD + 1, HERE)
    assert await listed(database, Saved()) == {1: True}
    assert await saving.remove(READER, [paper(1)]) == (stands,), "asking again gives nothing"


async def test_a_file_holds_the_newest(
    database: Database, clock: Clock, saving: Saving, monkeypatch: pytest.MonkeyPatch
) -> None:
    await save(database, clock, 1, 2, 3)
    monkeypatch.setattr(module, "EXPORTED", 2)

    assert [each.id for each in await saving.papers(Saved(), READER)] == [paper(3), paper(2)]
