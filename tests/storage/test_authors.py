"""Whom a typed name may mean, over real names in a real database."""

from datetime import timedelta

import pytest

from bot.domain.digests import Listing
from bot.domain.lookups import Author
from bot.storage.authors import COMPANY
from bot.storage.database import Database
from tests.storage.samples import DAY, paper, paper_id, save

NAMES = (
    "Benjamin Thérien",
    "Yann LeCun",
    "Y. LeCun",
    "Yannis Lecunoglou",
    "Wei Wang",
    "Wei-Lin Wang",
    "Wang Weiming",
    "Łukasz Kaiser",
    "김민수",
    "Jean-Baptiste Alayrac",
    "+",
)


async def found(database: Database, typed: str, *, limit: int = 25) -> list[str]:
    authors = await database.look_up(lambda stores: stores.authors.find(typed, limit=limit))
    return [author.name for author in authors]


async def one(database: Database, typed: str) -> Author:
    [author] = await database.look_up(lambda stores: stores.authors.find(typed, limit=1))
    return author


@pytest.fixture
async def known(database: Database) -> Database:
    await save(database, paper(1, authors=NAMES))
    return database


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("therien", ["Benjamin Thérien"]),
        ("THÉRIEN benjamin", ["Benjamin Thérien"]),
        ("B. Thérien", ["Benjamin Thérien"]),
        ("thérien b", ["Benjamin Thérien"]),
        ("yann lecun", ["Yann LeCun", "Yannis Lecunoglou", "Y. LeCun"]),
        ("Y. LeCun", ["Y. LeCun", "Yann LeCun", "Yannis Lecunoglou"]),
        ("lecun", ["Y. LeCun", "Yann LeCun", "Yannis Lecunoglou"]),
        ("wei wang", ["Wei Wang", "Wei-Lin Wang", "Wang Weiming"]),
        ("wang wei", ["Wei Wang", "Wei-Lin Wang", "Wang Weiming"]),
        ("lukasz", ["Łukasz Kaiser"]),
        ("김민수", ["김민수"]),
        ("김민", ["김민수"]),
        ("alayrac jean baptiste", ["Jean-Baptiste Alayrac"]),
        ("j b alayrac", ["Jean-Baptiste Alayrac"]),
        ("wei wei wang wang wang", ["Wei Wang", "Wei-Lin Wang", "Wang Weiming"]),
        ("benjamin lecun", []),
        ("nobody", []),
        ("+", []),
        ("%", []),
        ("", []),
        ("'; --", []),
    ],
)
async def test_whom_a_name_may_mean_the_likeliest_first(
    known: Database, typed: str, names: list[str]
) -> None:
    assert await found(known, typed) == names


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("wei WANG", ["Wei Wang"]),
        ("benjamin therien", ["Benjamin Thérien"]),
        ("+", ["+"]),
        ("wei", []),
        ("wang wei", []),
        ("", []),
        (" ", []),
    ],
)
async def test_a_name_that_is_typed_whole_is_nobody_elses(
    known: Database, typed: str, names: list[str]
) -> None:
    authors = await known.look_up(lambda stores: stores.authors.named(typed))

    assert [(author.name, author.papers) for author in authors] == [(name, 1) for name in names]


async def test_an_initial_meets_one_word_of_a_name_and_no_more(known: Database) -> None:
    assert await found(known, "j. b. a. k.") == []
    assert await found(known, "j. b. a.") == ["Jean-Baptiste Alayrac"]


async def test_who_wrote_more_comes_first_among_equals(database: Database) -> None:
    await save(database, paper(1, authors=["Kai Chen"]), paper(2, authors=["Bo Chen"]))
    await save(database, paper(3, authors=["Kai Chen"]))

    assert await found(database, "chen") == ["Kai Chen", "Bo Chen"]
    assert (await one(database, "kai")).papers == 2


async def test_a_name_that_nobody_signs_with_any_more_is_not_offered(database: Database) -> None:
    await save(database, Listing(paper=paper(1, authors=["Old Name"]), live=True))
    await save(database, Listing(paper=paper(1, authors=["New Name"]), live=True))

    assert await found(database, "name") == ["New Name"]
    assert await database.look_up(lambda stores: stores.authors.named("old name")) == ()


async def test_two_spellings_are_two_authors(database: Database) -> None:
    await save(database, paper(1, authors=["Benjamin Thérien", "Benjamin Therien"]))

    assert sorted(await found(database, "benjamin therien")) == [
        "Benjamin Therien",
        "Benjamin Thérien",
    ]


async def test_a_common_word_does_not_hide_a_name_with_it(database: Database) -> None:
    crowd = [f"Wang Person{number}" for number in range(1_500)]
    await save(database, paper(1, authors=[*crowd, "Xiaoming Wang"]))

    assert await found(database, "x wang") == ["Xiaoming Wang"]
    assert await found(database, "wang xiaoming") == ["Xiaoming Wang"]


async def test_the_very_word_comes_before_words_that_it_begins_however_many(
    database: Database,
) -> None:
    crowd = [f"Adam{number} Person" for number in range(150)]
    await save(database, paper(1, authors=[*crowd, "Ada Ad", "Zoe Ada"]))

    assert await found(database, "ada", limit=3) == ["Ada Ad", "Zoe Ada", "Adam0 Person"]
    assert await found(database, "ad", limit=2) == ["Ada Ad", "Adam0 Person"]


@pytest.mark.parametrize("crowd", [3, 150])
async def test_who_has_the_very_words_comes_before_who_has_more(
    database: Database, crowd: int
) -> None:
    very = [f"J Wang Person{number}" for number in range(crowd)]
    await save(database, paper(1, authors=["Aaron Jules Wang", *very, "Jun Wang"]))
    await save(database, paper(2, authors=["Aaron Jules Wang", "Jun Wang", very[2]]))

    names = await found(database, "J. Wang")

    assert names[0] == very[2]
    assert set(names[:3]) <= set(very)
    assert len(names) == min(crowd + 2, 25)


async def test_an_authors_papers_are_listed_newest_first_each_once(database: Database) -> None:
    mine = ["Ada Lovelace", "Ada Lovelace"]  # sources repeat some
    await save(database, Listing(paper=paper(1, authors=mine), upvotes=3), paper(9))
    await save(database, paper(2, authors=mine), day=DAY + timedelta(days=1))
    await save(
        database,
        Listing(paper=paper(1, authors=mine), upvotes=7, live=True),
        day=DAY + timedelta(days=2),
    )
    ada = await one(database, "ada")

    papers = await database.look_up(lambda stores: stores.authors.papers(ada.id))

    assert [(entry.id, entry.day, entry.upvotes) for entry in papers] == [
        (paper_id(1), DAY + timedelta(days=2), 7),
        (paper_id(2), DAY + timedelta(days=1), None),
    ]
    assert ada.papers == 2


async def test_coauthors_are_those_met_most_often_but_for_crowds(database: Database) -> None:
    await save(
        database,
        paper(1, authors=["Ada", "Bo", "Cy"]),
        paper(2, authors=["Ada", "Bo"]),
        paper(3, authors=["Ada", *(f"Member {n}" for n in range(COMPANY))]),
        paper(4, authors=["Bo", "Dee"]),
    )
    ada = await one(database, "ada")

    met = await database.look_up(
        lambda stores: stores.authors.coauthors(ada.id, [paper_id(n) for n in (1, 2, 3)], limit=5)
    )

    assert [(author.name, author.papers) for author in met] == [("Bo", 2), ("Cy", 1)]


async def test_an_author_is_had_by_number(known: Database) -> None:
    author = await one(known, "therien")

    assert await known.look_up(lambda stores: stores.authors.get(author.id)) == author
    assert await known.look_up(lambda stores: stores.authors.get(10**15)) is None
