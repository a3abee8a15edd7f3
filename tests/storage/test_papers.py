from dataclasses import replace

import pytest

from bot.domain.digests import Listing
from bot.domain.papers import Bullet, Paper, PaperId, Summary, SummaryOrigin
from bot.storage.database import Database
from bot.storage.errors import PaperNotFound
from tests.storage.samples import paper, paper_id, save, summary

FULL = Paper(
    id=PaperId("2406.01574"),
    title='Robert\'); DROP TABLE papers;-- "quoted" \\ $\\mathcal{O}(n)$ 한국어 🎉 @everyone',
    authors=("Ada O'Hara", "Ada O'Hara", "김철수", "Ørjan Thérien"),
    abstract="It holds % and _ and ' and ; and a \N{COMBINING ACUTE ACCENT}.",
    media=("/avatars/relative.svg", "https://example.org/film.mp4"),
    code_url="https://example.org/code",
    stars=0,
    project_url="https://example.org",
    organization="Örg",
    keywords=("one", "둘"),
    summaries=(
        Summary(
            language="en",
            bullets=(Bullet("says", "What"), Bullet("", "Label only")),
            origin=SummaryOrigin.DIGEST,
        ),
        Summary(language="ko", bullets=(Bullet("말한다"),), origin=SummaryOrigin.HUGGING_FACE),
    ),
)


async def test_a_paper_comes_back_as_it_was_stored(database: Database) -> None:
    await save(database, FULL)

    async with database.reading() as stores:
        assert await stores.papers.get(FULL.id) == FULL


async def test_a_paper_with_only_an_id_and_a_title_comes_back_as_it_was_stored(
    database: Database,
) -> None:
    await save(database, paper(1))

    async with database.reading() as stores:
        assert await stores.papers.get(paper_id(1)) == paper(1)


async def test_a_paper_that_is_not_stored_is_named_in_the_reply(database: Database) -> None:
    async with database.reading() as stores:
        with pytest.raises(PaperNotFound) as caught:
            await stores.papers.get(paper_id(7))

    assert caught.value.reply.values == {"paper": "`2406.00007`"}


async def test_many_papers_come_in_the_order_asked_and_unknown_ones_are_left_out(
    database: Database,
) -> None:
    stored = [paper(number, authors=[f"Author {number}"]) for number in range(1201)]
    await save(database, *stored)
    asked = [paper_id(number) for number in range(1300, -1, -1)]

    async with database.reading() as stores:
        found = await stores.papers.get_many(asked)

    assert list(found.values()) == stored[::-1]


async def test_papers_are_had_without_their_authors(database: Database) -> None:
    ada = paper(1, authors=["Ada"], abstract="Of engines.")
    await save(database, ada)

    async with database.reading() as stores:
        found = await stores.papers.get_many([ada.id], authors=False)

    assert found == {ada.id: replace(ada, authors=())}


async def test_3303_authors_keep_their_order(database: Database) -> None:
    names = tuple(f"Author {number % 3000} of {number}" for number in range(3303))
    await save(database, paper(1, authors=names))

    async with database.reading() as stores:
        assert (await stores.papers.get(paper_id(1))).authors == names


async def test_an_author_whose_name_has_no_word_is_kept(database: Database) -> None:
    await save(database, paper(1, authors=["+"]))

    async with database.reading() as stores:
        assert (await stores.papers.get(paper_id(1))).authors == ("+",)


async def test_a_changed_list_of_authors_replaces_the_old_one(database: Database) -> None:
    await save(database, paper(1, authors=["One"]), paper(2, authors=["Two"]))
    live = Paper(id=paper_id(1), title="A title", authors=("Three", "One"))
    await save(database, Listing(paper=live, live=True))

    async with database.reading() as stores:
        found = await stores.papers.get_many([paper_id(1), paper_id(2)])
    assert [each.authors for each in found.values()] == [("Three", "One"), ("Two",)]


async def test_languages_are_those_of_summaries_most_frequent_first(database: Database) -> None:
    await save(
        database,
        paper(1, summaries=[summary("a", language="ko"), summary("b", language="zh")]),
        paper(2, summaries=[summary("c", language="ko"), summary("d", language="en")]),
        paper(3, summaries=[summary("e", language="en"), summary("f", language="ko")]),
    )

    async with database.reading() as stores:
        assert await stores.papers.languages() == ("ko", "en", "zh")


async def test_an_empty_archive_has_no_languages(database: Database) -> None:
    async with database.reading() as stores:
        assert await stores.papers.languages() == ()


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("orjan", [4, 3]),
        ("therien", [3]),
        ("ørjan", []),  # the caller folds
        ("o'hara", []),
        ("o", [4, 3, 1]),
        ("%", []),
        ("_", []),
        ("김철", [2]),
    ],
)
async def test_papers_are_found_by_how_a_name_or_a_word_of_it_begins(
    database: Database, typed: str, found: list[int]
) -> None:
    await save(
        database,
        paper(1, authors=["Ada O'Hara"]),
        paper(2, authors=["김철수"]),
        paper(3, authors=["Ørjan Thérien", "Ada Nobody"]),
        paper(4, authors=["Orjan Else"]),
    )

    async with database.reading() as stores:
        papers = await stores.papers.by_author(typed, limit=10)

    assert [each.id for each in papers] == [paper_id(number) for number in found]


async def test_papers_by_an_author_stop_at_the_limit(database: Database) -> None:
    await save(database, *(paper(number, authors=["Ada"]) for number in range(5)))

    async with database.reading() as stores:
        papers = await stores.papers.by_author("ada", limit=2)

    assert [each.id for each in papers] == [paper_id(4), paper_id(3)]
