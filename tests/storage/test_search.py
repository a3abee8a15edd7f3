"""Finding papers by their words, over real indexes."""

import asyncio
import random
import shutil
import sqlite3
import traceback
from collections.abc import Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url

from bot.domain.digests import Listing
from bot.domain.queries import Query, Term, parse_query
from bot.domain.tokens import tokens
from bot.storage import search
from bot.storage.database import Database, open_database
from bot.storage.documents import Texts, day_of
from bot.storage.errors import IndexDamaged
from bot.storage.indexing import CURRENT
from bot.storage.search import Matches, SearchState
from tests.storage.samples import DAY, NOON, digest, paper, paper_id, save, summary

DAY_BEFORE = DAY - timedelta(days=1)


async def find(database: Database, query: str, **narrowed: object) -> Matches:
    async with database.reading() as stores:
        return await stores.search.find(parse_query(query), **narrowed)  # type: ignore[arg-type]


async def found(database: Database, query: str, **narrowed: object) -> list[int]:
    """The numbers of the papers that are found, best first."""
    return _numbers((await find(database, query, **narrowed)).matches)


async def titles(database: Database, typed: str, limit: int = 25) -> list[int]:
    async with database.reading() as stores:
        return _numbers(await stores.search.titles(typed, limit=limit))


async def state(database: Database) -> SearchState:
    async with database.reading() as stores:
        return await stores.search.state()


def _numbers(matches: Sequence[search.Match]) -> list[int]:
    return [int(match.paper_id.value[5:]) for match in matches]


# --- finding ---

WRITTEN = (
    paper(1, title="Diffusion for video", abstract="Frames, one by one."),
    paper(2, title="Sound and pictures", abstract="We use diffusion for video with sound."),
    paper(3, title="Language models", summaries=[summary("They plan with diffusion.")]),
    paper(4, title="GPT-4 as a judge", abstract=r"A bound of $\mathcal{O}(n^2)$ in C++."),
    paper(5, title="언어모델의 추론", summaries=[summary("새로운 모델을 제안한다", language="ko")]),
    paper(6, title="机器学习的新方法", abstract="深度学习模型"),
    paper(7, title="データ処理のモデル", abstract="Benjamin Thérien measured 3D scenes."),
)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("diffusion", [1, 3, 2]),  # in the title, in a bullet, in the abstract
        ("DIFFUSION video", [1, 2]),
        ('"diffusion for video"', [1, 2]),
        ('"video diffusion"', []),
        ("diffusion -sound", [1, 3]),
        ('diffusion -"for video"', [3]),
        ("gpt-4", [4]),
        ("gpt4", [4]),
        ('"GPT 4"', [4]),
        ("c++", [4]),
        ("n^2", [4]),
        ("n²", [4]),
        ("mathcal", []),
        ("therien", [7]),
        ("3d", [7]),
        ("언어모델", [5]),
        ("모델", [5]),
        ("어모", [5]),  # a part of a word
        ("추", [5]),  # a letter that begins one
        ("机器", [6]),
        ("学习", [6]),
        ("深度学习", [6]),
        ("モデル", [7]),
        ("処理", [7]),
        ("diffu", [1, 3, 2]),  # as the beginning of words
        ('"diffu"', []),
        ("di", []),
        ("nothing like it", []),
        ("-diffusion", []),
        ("title:diffusion", []),
        ("🔥", []),
        ("", []),
    ],
)
async def test_what_a_query_finds(database: Database, query: str, numbers: list[int]) -> None:
    await save(database, *WRITTEN)

    assert await found(database, query) == numbers


async def test_exact_words_come_before_beginnings(database: Database) -> None:
    await save(
        database,
        paper(1, title="Transformers, transformed"),
        paper(2, abstract="Something else with a transform at its very end."),
    )

    assert await found(database, "transform") == [2, 1]


async def test_an_exact_hangul_word_comes_before_a_part_of_one(database: Database) -> None:
    await save(database, paper(1, title="언어모델 하나"), paper(2, title="모델 하나"))
    await save(database, paper(3, title="언어모델 하나"), day=DAY + timedelta(days=1))

    assert (await found(database, "모델"))[0] == 2


async def test_of_equal_papers_the_newest_comes_first(database: Database) -> None:
    for age in range(3):
        await save(database, paper(age, title="The same"), day=DAY - timedelta(days=age))

    assert await found(database, "same") == [0, 1, 2]


async def test_a_paper_of_two_lists_is_found_once_with_its_newest_list(
    database: Database,
) -> None:
    await save(database, Listing(paper=paper(1, title="Twice"), upvotes=8), day=DAY_BEFORE)
    await save(database, Listing(paper=paper(1, title="Twice"), upvotes=3), day=DAY)

    [newest] = (await find(database, "twice")).matches
    [before] = (await find(database, "twice", until=DAY_BEFORE)).matches

    assert (newest.day, newest.upvotes) == (DAY, 3)
    assert (before.day, before.upvotes) == (DAY_BEFORE, 8)
    assert (day_of(newest.document), newest.paper_id) == (DAY, paper_id(1))


@pytest.mark.parametrize(
    ("narrowed", "numbers"),
    [
        ({"since": DAY}, [2, 3]),
        ({"until": DAY_BEFORE}, [1]),
        ({"since": DAY_BEFORE, "until": DAY}, [2, 1, 3]),
        ({"since": DAY, "until": DAY_BEFORE}, []),
        ({"since": date.min, "until": date.max}, [2, 1, 3]),
        ({"since": DAY + timedelta(days=1)}, []),
        ({"min_votes": 5}, [2, 1]),
        ({"min_votes": 6}, [2]),
        ({"min_votes": 0}, [2, 1]),  # nobody knows the votes of 3
        ({"limit": 1}, [2]),
        ({"limit": 0}, []),
    ],
)
async def test_a_search_can_be_narrowed(
    database: Database, narrowed: dict[str, object], numbers: list[int]
) -> None:
    await save(database, Listing(paper=paper(1, title="word"), upvotes=5), day=DAY_BEFORE)
    await save(
        database,
        Listing(paper=paper(2, title="word"), upvotes=9),
        Listing(paper=paper(3, abstract="word")),
    )

    assert await found(database, "word", **narrowed) == numbers
    assert await found(database, "wor", **narrowed) == numbers


async def test_a_search_among_the_papers_of_an_author(database: Database) -> None:
    await save(
        database,
        paper(1, title="word", authors=["Ada", "Ada"]),
        paper(2, title="word", authors=["Bob"]),
        paper(3, title="other", authors=["Ada"]),
    )
    async with database.reading() as stores:
        ada, bob = [
            (await stores.papers.by_author(name, limit=1))[0].authors[0] for name in ("ada", "bob")
        ]
    assert (ada, bob) == ("Ada", "Bob")
    ids = author_ids(database)

    assert await found(database, "word", author_id=ids["Ada"]) == [1]
    assert await found(database, "word", author_id=ids["Bob"]) == [2]
    assert await found(database, "word", author_id=99) == []


def author_ids(database: Database) -> dict[str, int]:
    with closing(sqlite3.connect(database.file)) as connection:
        return dict(connection.execute("SELECT name, id FROM authors").fetchall())


async def test_an_empty_archive_has_nothing(database: Database) -> None:
    assert await find(database, "word") == Matches(())
    assert await titles(database, "word") == await titles(database, "") == []


async def test_more_than_the_limit_is_said_to_be_there(database: Database) -> None:
    await save(database, *(paper(n, title="word wordy") for n in range(5)))

    assert (await find(database, "word", limit=5)).is_capped is False
    assert (await find(database, "word", limit=4)).is_capped is True
    assert (await find(database, "wor", limit=4)).is_capped is True


async def test_words_and_beginnings_together_reach_the_limit(database: Database) -> None:
    await save(database, *(paper(n, title="word" if n < 2 else "words") for n in range(5)))

    some = await find(database, "word", limit=3)
    all_of_them = await find(database, "word", limit=5)

    assert set(_numbers(some.matches[:2])) == {0, 1}
    assert (len(some.matches), some.is_capped) == (3, True)
    assert (len(all_of_them.matches), all_of_them.is_capped) == (5, False)


async def test_a_paper_listed_day_after_day_does_not_hide_others(database: Database) -> None:
    await save(database, paper(1, title="word"), day=DAY - timedelta(days=9))
    for age in range(5):
        await save(database, paper(2, title="word"), day=DAY - timedelta(days=age))

    assert await found(database, "word", limit=2) == [2, 1]
    assert (await find(database, "word", limit=1)).is_capped


# --- large archives ---


@pytest.fixture
def _weighs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "WEIGHED", 0)


@pytest.mark.usefixtures("_weighs_nothing")
async def test_without_weights_titles_come_first_then_bullets(database: Database) -> None:
    await save(database, *WRITTEN)

    assert await found(database, "diffusion") == [1, 3, 2]
    assert await found(database, "diffusion -sound") == [1, 3]
    assert await found(database, "diffu") == [1, 3, 2]
    assert await found(database, "video diffusion") == [1, 2]
    assert await found(database, "nothing") == []


@pytest.fixture
async def years(database: Database) -> Database:
    """Ten lists of one paper each, a day apart; paper 0 is the newest."""
    for age in range(10):
        listing = Listing(paper=paper(age, title=f"word w{'x' * age}"), upvotes=age)
        await save(database, listing, day=DAY - timedelta(days=age))
    return database


@pytest.mark.parametrize("window", [1, 2, 3, 100])
async def test_windows_miss_nothing(
    years: Database, monkeypatch: pytest.MonkeyPatch, window: int
) -> None:
    monkeypatch.setattr(search, "WINDOW", window)

    assert await found(years, "word") == list(range(10))
    assert await found(years, "word", min_votes=8) == [8, 9]
    assert await found(years, "wxxx") == [3, *range(4, 10)]
    assert await found(years, "word", until=DAY - timedelta(days=7)) == [7, 8, 9]
    assert await found(years, "word", since=DAY - timedelta(days=2)) == [0, 1, 2]


async def test_a_search_goes_no_further_back_than_it_must(
    years: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "WINDOW", 1)

    newest = await find(years, "word", limit=2)

    assert (_numbers(newest.matches), newest.is_capped) == ([0, 1], True)


async def test_a_search_that_has_no_more_time_says_how_far_it_came(
    years: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "WINDOW", 3)
    now = 0.0

    def ticking() -> float:
        nonlocal now
        now += search.SECONDS * 0.45
        return now

    monkeypatch.setattr(search, "monotonic", ticking)

    stopped = await find(years, "word")

    assert _numbers(stopped.matches) == list(range(9))  # windows of 3 and of 6 days
    assert stopped.searched_since == DAY - timedelta(days=8)


# --- titles, as they are typed ---


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("diff", [1]),
        ("di", [1]),
        ("video diff", [1]),
        ("for vid", [1]),
        ("Diffusion for v", [1]),  # one letter says nothing yet
        ("a", [4]),
        ("g", []),
        ("diff ", []),
        ('"diffusion', [1]),
        ("gpt", [4]),
        ("gpt-4", [4]),
        ("gpt-4 as a ju", [4]),
        ("언어", [5]),
        ("모델", [5]),
        ("추", [5]),
        ("学习", [6]),
        ("モデ", [7]),
        ("frames", []),  # it is not in the title
        ("🔥", []),
        ('-"*', []),
    ],
)
async def test_titles_are_found_while_they_are_typed(
    database: Database, typed: str, numbers: list[int]
) -> None:
    await save(database, *WRITTEN)

    assert await titles(database, typed) == numbers


async def test_nothing_typed_offers_the_newest(years: Database) -> None:
    assert await titles(years, " ", limit=3) == [0, 1, 2]
    assert await titles(years, "word", limit=3) == [0, 1, 2]
    assert await titles(years, "word", limit=0) == []


async def test_a_title_is_offered_once(database: Database) -> None:
    for age in range(3):
        await save(database, paper(1, title="word"), day=DAY - timedelta(days=age))

    assert await titles(database, "word") == await titles(database, "") == [1]


# --- the index is what is stored ---


async def test_a_changed_text_is_found_by_its_new_words_alone(database: Database) -> None:
    await save(database, Listing(paper=paper(1, title="Before", abstract="Kept."), live=True))
    await save(database, Listing(paper=paper(1, title="Before"), live=True), day=DAY_BEFORE)
    await save(database, Listing(paper=paper(1, title="After", stars=3), live=True))

    assert await found(database, "before") == await titles(database, "before") == []
    for query in ("after", "kept", "after kept"):
        assert await found(database, query) == [1]
        assert await found(database, query, until=DAY_BEFORE) == [1]
    assert await state(database) == SearchState(listings=2, is_current=True, wrong=0)


async def test_words_that_are_added_are_found(database: Database) -> None:
    await save(database, paper(1))
    await save(database, paper(1, summaries=[summary("모델", language="ko")]), source="markdown")

    assert await found(database, "모델") == [1]
    assert (await state(database)).wrong == 0


async def test_what_is_rolled_back_is_not_in_the_index(database: Database) -> None:
    await save(database, Listing(paper=paper(1, title="Before"), live=True))

    async def fail() -> None:
        async with database.transaction() as stores:
            await stores.lists.save(
                digest(Listing(paper=paper(1, title="After"), live=True), paper(2, title="New")),
                source="huggingface",
                read_at=NOON,
                closed=False,
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    assert [await found(database, word) for word in ("before", "after", "new")] == [[1], [], []]
    assert (await state(database)).wrong == 0


async def test_a_database_without_an_index_gets_one(database_url: str) -> None:
    async with open_database(database_url) as database:
        await save(database, *WRITTEN)
        await save(database, WRITTEN[0], day=DAY_BEFORE)
    corrupt(database_url, "DROP TABLE search", "DROP TABLE search_titles", "DELETE FROM marks")

    async with open_database(database_url) as database:
        assert await found(database, "diffusion") == [1, 3, 2]
        assert await titles(database, "diff") == [1]
        assert await state(database) == SearchState(listings=8, is_current=True, wrong=0)


async def test_an_index_of_another_version_is_built_anew(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_database(database_url) as database:
        await save(database, *WRITTEN)
    corrupt(
        database_url,
        "UPDATE marks SET name = 'search index 0.0'",
        "INSERT INTO search (search) VALUES ('delete-all')",
    )
    monkeypatch.setattr(search, "PAPERS_AT_ONCE", 2)

    async with open_database(database_url) as database:
        assert await found(database, "diffusion") == [1, 3, 2]
    with closing(sqlite3.connect(file_of(database_url))) as connection:
        marks = connection.execute("SELECT name FROM marks").fetchall()
    assert marks == [(CURRENT,)]


async def test_a_long_building_is_told_of(
    database: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    await save(database, *WRITTEN)
    monkeypatch.setattr(search, "PAPERS_AT_ONCE", 2)
    monkeypatch.setattr(search, "_SAY_HOW_FAR", 4)
    caplog.set_level("INFO", logger="bot.storage.search")

    async with database.transaction() as stores:
        assert await stores.search.rebuild() == 7

    assert "search index: 4 of 7 listings" in caplog.messages
    assert caplog.messages[-1].startswith("search index: built from 7 listings in ")


def file_of(database_url: str) -> str:
    file = make_url(database_url).database
    assert file is not None
    return file


def corrupt(database_url: str, *statements: str) -> None:
    """Write what the program never would."""
    with closing(sqlite3.connect(file_of(database_url), isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


DAMAGE = [
    "DELETE FROM search_data WHERE id > 10",
    "DELETE FROM search_data WHERE id = 1",
    "DELETE FROM search_data",
    "UPDATE search_data SET block = x'ffffffffffffffff'",
    "UPDATE search_config SET v = 9",
    "DROP TABLE search_config",
    "DROP TABLE search_idx",
    "DROP TABLE search",
    "DROP TABLE search_titles_data",
    "DELETE FROM search_titles_data WHERE id > 10",
    "DELETE FROM search_docsize WHERE id = (SELECT max(id) FROM search_docsize)",
    "INSERT INTO search (rowid, title) VALUES (5, 'stray')",
    "INSERT INTO search (search) VALUES ('delete-all')",
    "INSERT INTO search_titles (search_titles) VALUES ('delete-all')",
    "UPDATE papers SET title = 'Changed behind its back'",
]


@pytest.mark.parametrize("damage", DAMAGE)
async def test_a_damaged_index_is_seen_and_can_be_built_anew(
    database_url: str, damage: str
) -> None:
    async with open_database(database_url) as database:
        await save(database, *WRITTEN)
        assert await state(database) == SearchState(listings=7, is_current=True, wrong=0)
    corrupt(database_url, damage)

    async with open_database(database_url) as database:
        assert (await state(database)).wrong > 0
        async with database.transaction() as stores:
            await stores.search.rebuild()
        assert await state(database) == SearchState(listings=7, is_current=True, wrong=0)


async def test_a_search_in_a_damaged_index_names_the_cure(database_url: str) -> None:
    async with open_database(database_url) as database:
        await save(database, *WRITTEN)
    corrupt(database_url, DAMAGE[0])

    async with open_database(database_url) as database:
        with pytest.raises(IndexDamaged, match="check --rebuild-index"):
            await find(database, "diffusion")
        async with database.reading() as stores:
            assert len(await stores.lists.digest(DAY)) == 7  # the rest goes on


async def test_what_was_looked_for_in_a_damaged_index_is_not_in_the_error(
    database_url: str,
) -> None:
    async with open_database(database_url) as database:
        await save(database, *WRITTEN)
    corrupt(database_url, "DROP TABLE search")

    query = parse_query("confidential")
    async with open_database(database_url) as database:
        with pytest.raises(IndexDamaged) as raised:
            await database.look_up(lambda stores: stores.search.find(query))
    assert "confidential" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    "damage", ["DELETE FROM search_data", "DROP TABLE search_config", "DROP TABLE search"]
)
async def test_a_list_that_meets_a_damaged_index_is_stored_the_next_time(
    database_url: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_database(database_url) as database:
        await save(database, *WRITTEN)
        corrupt(database_url, damage)
        with pytest.raises(IndexDamaged):
            await save(database, paper(99, title="Something new"))
        await save(database, paper(99, title="Something new"))
        assert (await state(database)).wrong == 0
        assert await found(database, "something") == [99]
        assert "it is built anew" in caplog.text

        corrupt(database_url, damage)
        for _ in range(2):
            with pytest.raises(IndexDamaged):  # again: its disk needs a person
                await save(database, paper(100, title="Something newer"))


async def test_of_a_large_archive_some_documents_are_looked_for(
    years: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LOOKED_FOR", 2)
    corrupt(
        f"sqlite:///{years.file}", "INSERT INTO search_titles (search_titles) VALUES ('delete-all')"
    )

    assert (await state(years)).wrong == 2


# --- against a plain reading of everything ---


def says(texts: Texts, query: Query, *, prefixes: bool) -> bool:
    """Whether some column has each wanted term, and none an unwanted one."""
    pieces = [tokens(piece) for piece in (texts.title, *texts.points, texts.abstract)]

    def has(term: Term, *, begins: bool) -> bool:
        *before, last = term.words
        return any(
            words[at : at + len(before)] == before
            and (
                words[at + len(before)] == last
                or (begins and words[at + len(before)].startswith(last))
            )
            for words in pieces
            for at in range(len(words) - len(before))
        )

    return all(
        has(term, begins=term.begins_words or (prefixes and term.may_begin_words))
        for term in query.wanted
    ) and not any(has(term, begins=term.begins_words) for term in query.excluded)


LETTERS = "ab모델을学習デ"
SOME_TEXT = st.text(LETTERS + "  ,-4+", max_size=24)
SOME_PAPERS = st.lists(st.tuples(SOME_TEXT, SOME_TEXT, SOME_TEXT), min_size=1, max_size=6)
SOME_QUERY = st.text(LETTERS + '   "-*4', max_size=14) | st.text(max_size=30)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=SOME_PAPERS, queries=st.lists(SOME_QUERY, min_size=1, max_size=12))
def test_any_query_finds_what_a_plain_reading_finds(
    tmp_path: Path, migrated_file: Path, texts: list[tuple[str, str, str]], queries: list[str]
) -> None:
    file = shutil.copy(migrated_file, tmp_path / "any.db")
    papers = [
        paper(n, title=title.strip() or "-", abstract=abstract, summaries=[summary(point, "·")])
        for n, (title, point, abstract) in enumerate(
            (title, point or "-", abstract) for title, point, abstract in texts
        )
    ]

    async def check() -> None:
        async with open_database(f"sqlite+aiosqlite:///{file}") as database:
            await save(database, *papers)
            for typed in queries:
                query = parse_query(typed)
                exact, wider = (
                    {
                        n
                        for n, each in enumerate(papers)
                        if query.wanted and says(Texts.of(each), query, prefixes=prefixes)
                    }
                    for prefixes in (False, True)
                )
                numbers = await found(database, typed)
                assert set(numbers) == wider
                assert set(numbers[: len(exact)]) == exact
                await titles(database, typed)

    asyncio.run(check())


SYLLABLES = "가나다라마바사아자차카타파하거너더러머버서어저처커터퍼허고노도로모보소오조초코토포호"


async def test_parts_of_korean_words_are_found_as_a_plain_search_finds_them(
    database: Database,
) -> None:
    chance = random.Random(4)
    words = ["".join(chance.choices(SYLLABLES, k=chance.randint(2, 5))) for _ in range(400)]
    texts = [" ".join(chance.choices(words, k=12)) for _ in range(300)]
    await save(database, *(paper(n, title=text) for n, text in enumerate(texts)))

    asked = found_by_both = 0
    for length in (2, 3, 4):
        for _ in range(60):
            word = chance.choice([each for each in words if len(each) >= length])
            start = chance.randint(0, len(word) - length)
            part = word[start : start + length]
            plain = {n for n, text in enumerate(texts) if part in text}
            ours = set(await found(database, part))
            assert ours <= plain
            asked += len(plain)
            found_by_both += len(ours & plain)

    assert asked > 500
    assert found_by_both / asked >= 0.99
