"""Look-ups over a real archive, from what people type to what they get."""

from collections.abc import AsyncIterator, Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.digests import Digest, Listing
from bot.domain.errors import BotError, InvalidInput, NotFound
from bot.domain.interests import Place, Verdict
from bot.domain.lookups import (
    MOST,
    PAGE,
    Answer,
    Asker,
    Best,
    ByAuthor,
    Candidates,
    ForYou,
    Named,
    NoList,
    OnDay,
    Period,
    Question,
    QuestionExpired,
    Reason,
    Search,
    Similar,
)
from bot.domain.papers import PaperId
from bot.rendering.words import spoken
from bot.services.finding import OFFERED, Finding, _meant
from bot.services.learning import Learning
from bot.storage.database import Database, open_database
from bot.storage.errors import PaperNotFound
from bot.storage.questions import KEPT_FOR
from tests.builders import a_paper, a_summary, utc
from tests.services.conftest import Clock
from tests.subjects import NEW, OLD, of, subject

TUESDAY = date(2024, 6, 4)
HERE = Place(1, 2)
KOREAN = a_summary("확산 모델의 속도를 두 배로 올립니다.", language="ko")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(f"sqlite+aiosqlite:///{tmp_path / 'papers.db'}") as database:
        yield database


@pytest.fixture
def clock() -> Clock:
    """Thursday morning."""
    return Clock(utc(2024, 6, 6, 9))


@pytest.fixture
def finding(database: Database, clock: Clock) -> Finding:
    return Finding(database, Learning(database, now=clock), now=clock, sources=["huggingface"])


async def save(database: Database, day: date, listings: Iterable[Listing]) -> None:
    async with database.transaction() as stores:
        await stores.lists.save(
            Digest.of(day, listings), source="huggingface", read_at=utc(2024, 6, 6), closed=True
        )


def listing(number: int, *, upvotes: int = 10, **fields: object) -> Listing:
    return Listing(paper=a_paper(number, **fields), upvotes=upvotes, live=True)


@pytest.fixture
async def archive(database: Database) -> Database:
    """A Tuesday's list, a long Wednesday's, and one of a Friday before a weekend."""
    await save(database, date(2024, 5, 31), [listing(90, upvotes=50, title="Older and loved")])
    await save(
        database,
        TUESDAY,
        [
            listing(
                1,
                title="Faster Diffusion Models",
                authors=("Ada Lovelace", "Benjamin Thérien"),
                summaries=(a_summary("Half the steps.", "The same pictures."), KOREAN),
                abstract="We halve the steps of diffusion. The pictures stay the same.",
            ),
            listing(2, title="Slower Language Models", authors=("Benjamin Therien",)),
            listing(3, title="Plain Text", authors=(), summaries=(), abstract=""),
        ],
    )
    await save(
        database,
        date(2024, 6, 5),
        [listing(n, title=f"Number {n}", upvotes=100 - n) for n in range(10, 35)],
    )
    return database


def said(error: BotError, language: str = "en") -> str:
    return spoken(error.reply, language)


# --- days ---------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", [None, "", "yesterday", "어제", "2024-06-05"])
async def test_a_day_is_found_however_it_is_written(
    archive: Database, finding: Finding, typed: str | None
) -> None:
    assert await finding.on_day(typed, language="ko") == OnDay(date(2024, 6, 5))


@pytest.mark.parametrize(
    ("typed", "why", "nearest"),
    [
        ("2024-06-07", "still to come", [date(2024, 6, 5), TUESDAY]),
        ("today", "open in the course of their day", [date(2024, 6, 5), TUESDAY]),
        ("2024-06-01", "weekend", [date(2024, 6, 5), TUESDAY, date(2024, 5, 31)]),
        ("2024-06-03", "was not running", [date(2024, 6, 5), TUESDAY, date(2024, 5, 31)]),
        ("2020-01-01", "begins on 31 May 2024", [TUESDAY, date(2024, 5, 31)]),
        ("9999-12-31", "still to come", [date(2024, 6, 5), TUESDAY]),
        ("0001-01-01", "begins on 31 May 2024", [TUESDAY, date(2024, 5, 31)]),
    ],
)
async def test_a_day_without_a_list_says_why_and_which_are_near(
    archive: Database, finding: Finding, typed: str, why: str, nearest: list[date]
) -> None:
    with pytest.raises(NoList) as caught:
        await finding.on_day(typed, language="en")

    assert why in said(caught.value)
    assert list(caught.value.nearest) == nearest


async def test_a_day_that_was_read_and_had_nothing_says_so(
    archive: Database, finding: Finding
) -> None:
    await save(archive, date(2024, 6, 3), [])

    with pytest.raises(NoList) as caught:
        await finding.on_day("2024-06-03", language="en")

    assert "none was published" in said(caught.value)


async def test_a_weekend_is_the_reason_on_the_day_itself(
    archive: Database, finding: Finding, clock: Clock
) -> None:
    clock.instant = utc(2024, 6, 8, 9)

    with pytest.raises(NoList) as caught:
        await finding.on_day("today", language="en")

    assert "weekend" in said(caught.value)


async def test_a_day_that_a_source_kept_from_us_says_so(
    archive: Database, finding: Finding, clock: Clock
) -> None:
    clock.instant = utc(2024, 6, 10, 9)
    async with archive.transaction() as stores:
        await stores.lists.note_failure("huggingface", utc(2024, 6, 6, 10), "it is down")

    with pytest.raises(NoList) as caught:
        await finding.on_day("2024-06-07", language="en")

    assert "out of reach since <t:" in said(caught.value)


async def test_an_empty_archive_says_that_it_is_empty(finding: Finding) -> None:
    for typed in (None, "2024-06-04"):
        with pytest.raises(NoList) as caught:
            await finding.on_day(typed, language="en")
        assert "no papers yet" in said(caught.value)


@pytest.mark.parametrize(
    ("typed", "days"),
    [
        ("", [(6, 5), (6, 4), (5, 31)]),
        ("2024", [(6, 5), (6, 4), (5, 31)]),
        ("2", [(6, 5), (6, 4), (5, 31)]),
        ("2024-0", [(6, 5), (6, 4), (5, 31)]),
        ("2024-05", [(5, 31)]),
        ("2024-06-0", [(6, 5), (6, 4)]),
        ("2024-06-3", []),
        ("2024-1", []),
        ("1", []),
        ("4 june", [(6, 4)]),
        ("6월 4일", [(6, 4)]),
        ("gibberish", []),
    ],
)
async def test_days_are_offered_as_one_types(
    archive: Database, finding: Finding, typed: str, days: list[tuple[int, int]]
) -> None:
    offered = await finding.days(typed, language="ko")

    assert [(one.day.month, one.day.day) for one in offered] == days


@given(typed=st.text(max_size=12))
def test_whatever_is_typed_means_some_days_or_none(typed: str) -> None:
    since, until = _meant(typed, TUESDAY, "en")

    assert (since is None) == (until is None)


async def test_a_list_is_answered_in_pages(archive: Database, finding: Finding) -> None:
    question = await finding.on_day("2024-06-05", language="en")

    pages = [await finding.answer(question, page=page) for page in range(3)]

    assert [entry.upvotes for page in pages for entry in page.entries] == list(range(90, 65, -1))
    assert {(page.total, page.pages) for page in pages} == {(25, 3)}


@pytest.mark.parametrize(("asked", "shown"), [(-1, 0), (2, 2), (3, 2), (10**30, 2)])
async def test_a_page_beyond_the_end_is_the_last_one(
    archive: Database, finding: Finding, asked: int, shown: int
) -> None:
    answer = await finding.answer(OnDay(date(2024, 6, 5)), page=asked)

    assert answer.page == shown
    assert answer.entries


async def test_an_entry_says_first_what_the_reader_can_read(
    archive: Database, finding: Finding
) -> None:
    async def first(language: str) -> list[object]:
        answer = await finding.answer(OnDay(TUESDAY), language=language)
        return [entry.snippet.pieces if entry.snippet else None for entry in answer.entries]

    assert (await first("ko-KR"))[0] == ((KOREAN.bullets[0].text, False),)
    assert (await first("en-US"))[0] == (("Half the steps.", False),)
    assert (await first("en-US"))[2] is None


# --- authors ------------------------------------------------------------------------------


async def test_one_author_is_answered_with_papers_and_company(
    archive: Database, finding: Finding
) -> None:
    question = await finding.by_author("lovelace")
    assert isinstance(question, ByAuthor)

    answer = await finding.answer(question)

    assert answer.author is not None
    assert answer.author.name == "Ada Lovelace"
    assert len(answer.entries) == PAGE
    assert answer.total == 27  # all but two have the builder's authors
    assert answer.coauthors[0].name == "Benjamin Thérien"


async def test_several_authors_are_never_taken_for_one(archive: Database, finding: Finding) -> None:
    found = await finding.by_author("therien")

    assert isinstance(found, Candidates)
    assert {author.name for author in found.authors} == {"Benjamin Thérien", "Benjamin Therien"}


async def test_the_very_name_is_the_author_however_many_begin_so(
    database: Database, finding: Finding
) -> None:
    await save(database, TUESDAY, [listing(1, authors=("Wei Wang", "Wei Wangsun"))])

    assert isinstance(await finding.by_author("wei wang"), ByAuthor)
    assert isinstance(await finding.by_author("wei w"), Candidates)


async def test_a_choice_names_its_author(archive: Database, finding: Finding) -> None:
    offered = await finding.authors("lovel")

    assert [author.name for author in offered] == ["Ada Lovelace"]
    assert await finding.by_author(f"#{offered[0].id}") == ByAuthor(offered[0].id)


@pytest.mark.parametrize("typed", ["nobody", "#99999", "#", "", "%", "*", "\ud800", "a\ud800b"])
async def test_nobody_is_found_with_a_sentence(
    archive: Database, finding: Finding, typed: str
) -> None:
    with pytest.raises(NotFound) as caught:
        await finding.by_author(typed)
    assert "I know no author" in said(caught.value)


async def test_an_author_who_is_gone_expires_the_question(finding: Finding) -> None:
    with pytest.raises(QuestionExpired):
        await finding.answer(ByAuthor(12345))


# --- search -------------------------------------------------------------------------------


async def search(finding: Finding, query: str, *, language: str = "en", **narrowed: Any) -> Answer:
    given = {"author": None, "since": None, "until": None, "min_votes": None, **narrowed}
    question = await finding.search(query, language=language, **given)
    return await finding.answer(question, language=language)


async def test_a_search_shows_where_it_says_so(archive: Database, finding: Finding) -> None:
    answer = await search(finding, "diffusion steps")

    [entry] = answer.entries
    assert entry.id == PaperId("2406.00001")
    assert entry.title == "Faster Diffusion Models"
    assert entry.snippet is not None
    assert ("steps", True) in entry.snippet.pieces


async def test_a_korean_word_is_found_within_another(archive: Database, finding: Finding) -> None:
    [entry] = (await search(finding, "모델", language="ko")).entries

    assert entry.snippet is not None
    assert ("모델", True) in entry.snippet.pieces


@pytest.mark.parametrize(
    ("narrowed", "found"),
    [
        ({"since": "2024-06"}, True),
        ({"since": "2024-06-05"}, False),
        ({"until": "2024-06-04"}, True),
        ({"until": "2024-05"}, False),
        ({"min_votes": 10}, True),
        ({"min_votes": 11}, False),
        ({"author": "lovelace"}, True),
        ({"since": " ", "until": "", "author": ""}, True),
    ],
    ids=repr,
)
async def test_a_search_is_narrowed(
    archive: Database, finding: Finding, narrowed: dict[str, Any], found: bool
) -> None:
    assert bool((await search(finding, "diffusion", **narrowed)).entries) == found


async def test_a_search_by_author_says_by_whom(archive: Database, finding: Finding) -> None:
    answer = await search(finding, "diffusion", author="lovelace")

    assert answer.author is not None
    assert answer.author.name == "Ada Lovelace"


@pytest.mark.parametrize(
    ("narrowed", "answer"),
    [
        ({"since": "2024-06-05", "until": "2024-06-04"}, "Swap them"),
        ({"min_votes": -1}, "from 0 on"),
        ({"since": "never"}, "I can't read `never` as a day"),
        ({"author": "therien"}, "`Benjamin Therien`"),
        ({"author": "nobody"}, "I know no author"),
    ],
    ids=repr,
)
async def test_what_cannot_be_meant_is_answered_with_a_sentence(
    archive: Database, finding: Finding, narrowed: dict[str, Any], answer: str
) -> None:
    with pytest.raises((InvalidInput, NotFound)) as caught:
        await search(finding, "diffusion", **narrowed)
    assert answer in said(caught.value)


async def test_an_answer_has_an_end(database: Database, finding: Finding) -> None:
    numbers = range(1, MOST + 10)
    await save(database, TUESDAY, [listing(n, title=f"Alike {n}") for n in numbers])

    for question in (Search(query="alike"), Best(Period.ALL, TUESDAY)):
        answer = await finding.answer(question, page=10**6)
        assert answer.is_capped
        assert answer.total == MOST
        assert answer.page == MOST // PAGE - 1


# --- the best -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "first", "papers"),
    [
        (Period.DAY, "2406.00010", 25),
        (Period.WEEK, "2406.00010", 29),
        (Period.ALL, "2406.00010", 29),
    ],
)
async def test_a_period_ends_with_the_newest_list(
    archive: Database, finding: Finding, period: Period, first: str, papers: int
) -> None:
    question = await finding.best(period)
    answer = await finding.answer(question)

    assert question == Best(period, date(2024, 6, 5))
    assert answer.entries[0].id == PaperId(first)
    assert answer.total == papers


def test_a_period_counts_its_last_day() -> None:
    assert Period.DAY.since(TUESDAY) == TUESDAY
    assert Period.WEEK.since(TUESDAY) == TUESDAY - timedelta(days=6)
    assert Period.ALL.since(TUESDAY) is None


# --- one paper ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "2406.00001",
        "2406.00001v7",
        "arXiv:2406.00001",
        "https://arxiv.org/abs/2406.00001v2",
        "https://arxiv.org/pdf/2406.00001",
        "https://huggingface.co/papers/2406.00001",
        "faster diffusion",
        "Faster Diffusion Models",
    ],
)
async def test_a_paper_is_found_by_id_link_or_title(
    archive: Database, finding: Finding, typed: str
) -> None:
    assert await finding.paper(typed) == PaperId("2406.00001")


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("models", "Several titles have `models`"),
        ("quantum", "I know no paper `quantum`"),
        (" ", "I know no paper"),
        ("!!!", "I know no paper"),
    ],
)
async def test_a_title_that_is_not_one_papers_is_answered_with_a_sentence(
    archive: Database, finding: Finding, typed: str, answer: str
) -> None:
    with pytest.raises((InvalidInput, NotFound)) as caught:
        await finding.paper(typed)
    assert answer in said(caught.value)


async def test_a_record_has_all_there_is(archive: Database, finding: Finding) -> None:
    await save(archive, date(2024, 6, 5), [listing(1, upvotes=99, title="Faster Diffusion Models")])

    record = await finding.record(PaperId("2406.00001"))

    assert {summary.language for summary in record.paper.summaries} == {"en", "ko"}
    assert [(a.day, a.rank, a.upvotes) for a in record.appearances] == [
        (date(2024, 6, 5), 1, 99),
        (TUESDAY, 1, 10),
    ]


async def test_papers_like_one_and_those_that_fit_a_reader_are_questions_like_others(
    database: Database, finding: Finding
) -> None:
    for digest in (OLD, NEW):
        await save(database, digest.day, list(digest))
    liked, *rest = of(NEW, "robots")
    asker = Asker(7, HERE)
    assert (await finding.answer(ForYou(archive=True), asker=asker)).entries == ()

    alike = await finding.answer(Similar(liked))
    assert alike.title == "grasping and manipulation"
    assert {subject(entry.id) for entry in alike.entries} == {"robots"}
    assert liked not in {entry.id for entry in alike.entries}

    async with database.transaction() as stores:
        for reader_id in (7, 8, 9):
            paper_id = liked if reader_id == 7 else rest[0]
            await stores.interests.press(
                reader_id, paper_id, Verdict.SAVED, place=HERE, at=utc(2024, 6, 6)
            )
    fitting = await finding.answer(ForYou(archive=False), asker=asker)
    assert {entry.id for entry in fitting.entries} == set(rest)
    reasons = {entry.id: entry.reason for entry in fitting.entries}
    assert reasons[rest[0]] == Reason(
        title="grasping and manipulation", said=Verdict.SAVED, liked_here=2
    )
    assert all(entry.snippet is None for entry in fitting.entries)
    assert len((await finding.answer(ForYou(archive=True), asker=asker)).entries) == 5


@pytest.mark.parametrize("question", [Similar(PaperId("2406.00001")), ForYou(archive=True)])
async def test_what_is_asked_of_tastes_is_kept_without_who_asked(
    database: Database, finding: Finding, question: Question
) -> None:
    await save(database, NEW.day, list(NEW))

    assert await finding.kept(await finding.keep(question)) == question


async def test_a_paper_that_no_list_had_is_not_found(archive: Database, finding: Finding) -> None:
    with pytest.raises(PaperNotFound):
        await finding.record(PaperId("2406.77777"))


async def test_titles_are_offered_as_one_types(archive: Database, finding: Finding) -> None:
    assert [entry.title for entry in await finding.titles("langu")] == ["Slower Language Models"]
    assert [e.title for e in await finding.titles("2406.00003v2")] == ["Plain Text"]
    assert await finding.titles("2406.77777") == ()
    assert len(await finding.titles("")) == OFFERED


# --- papers that a message names ----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("2406.00001", ["2406.00001"]),
        ("see https://arxiv.org/pdf/2406.00001v2, and 2406.00002v1.", ["2406.00001", "2406.00002"]),
        ("<https://huggingface.co/papers/2406.00003>", ["2406.00003"]),
        ("doi:10.48550/arXiv.2406.00004", ["2406.00004"]),
        ("arXiv: 0704.0001", ["0704.0001"]),
        ("2406.00001 2406.00001v3", ["2406.00001"]),
    ],
)
def test_papers_are_found_in_a_message(finding: Finding, text: str, ids: list[str]) -> None:
    assert finding.named(text) == Named(tuple(map(PaperId, ids)))


@pytest.mark.parametrize(
    "text", ["", "hello", "2024.12345", "2413.00001", "1.2406.00001", "2406.00001.5", "2406.000012"]
)
def test_what_is_no_id_is_no_paper(finding: Finding, text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        finding.named(text)
    assert "no arXiv id" in said(caught.value)


async def test_of_named_papers_those_that_are_known_are_answered(
    archive: Database, finding: Finding
) -> None:
    answer = await finding.answer(finding.named("2406.00002 2406.77777 2406.00001"))

    assert [entry.id.value for entry in answer.entries] == ["2406.00002", "2406.00001"]


# --- questions behind buttons -------------------------------------------------------------


async def test_a_question_is_kept_as_long_as_its_pages_are_turned(
    finding: Finding, clock: Clock
) -> None:
    question: Question = OnDay(TUESDAY)
    token = await finding.keep(question)

    for _ in range(3):
        clock.instant += KEPT_FOR - timedelta(days=1)
        assert await finding.kept(token) == question
    clock.instant += KEPT_FOR + timedelta(days=1)
    with pytest.raises(QuestionExpired) as caught:
        await finding.kept(token)
    assert "Ask again" in said(caught.value)


async def test_about_tells_what_is_held(archive: Database, finding: Finding) -> None:
    about = await finding.about()

    assert (about.papers, about.days) == (29, 3)
    assert [source.name for source in about.sources] == ["huggingface"]


async def test_every_look_up_answers_while_every_source_is_down(
    archive: Database, finding: Finding
) -> None:
    async with archive.transaction() as stores:
        await stores.lists.note_failure("huggingface", utc(2024, 6, 6), "it is down")

    assert (await finding.answer(await finding.on_day(None, language="en"))).entries
    assert (await search(finding, "models")).entries
    assert (await finding.about()).sources[0].down_since == utc(2024, 6, 6)
    assert (await finding.record(PaperId("2406.00001"))).appearances
