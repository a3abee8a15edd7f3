"""Which summaries are to be written, by whom they were tried, and what is kept of them."""

from datetime import timedelta

import pytest

from bot.domain.papers import PaperId, SummaryOrigin
from bot.storage.database import Database
from bot.storage.errors import PaperNotFound
from bot.storage.summaries import MOST_ASKED, MOST_REFUSED, Wanted
from tests.storage.samples import (
    CHANNEL,
    DAY,
    NOON,
    SLOT,
    cards,
    paper,
    paper_id,
    planned,
    save,
    summary,
)
from tests.storage.samples import subscribe as subscribed

MODEL = "a model"
KOREAN = Wanted(paper_id(1), "ko")


async def wanted(database: Database, *languages: str, model: str = MODEL) -> list[Wanted]:
    async with database.reading() as stores:
        return list(await stores.summaries.wanted([DAY], languages or ("ko",), model=model))


async def test_a_paper_on_two_lists_is_wanted_once_in_each_language(database: Database) -> None:
    await save(database, paper(1, abstract="It reads."))
    await save(database, paper(1, abstract="It reads."), day=DAY - timedelta(days=1))
    async with database.reading() as stores:
        found = await stores.summaries.wanted(
            [DAY, DAY - timedelta(days=1)], ["ko", "en"], model=MODEL
        )

    assert found == (Wanted(paper_id(1), "ko"), Wanted(paper_id(1), "en"))


async def test_after_so_many_requests_it_is_not_wanted(database: Database) -> None:
    await save(database, paper(1, abstract="It reads."))
    async with database.transaction() as stores:
        for _ in range(MOST_ASKED):
            assert await stores.summaries.begin(KOREAN, model=MODEL, at=NOON)
        assert not await stores.summaries.begin(KOREAN, model=MODEL, at=NOON)
    assert await wanted(database) == []

    async with database.transaction() as stores:
        await stores.summaries.unanswered(KOREAN)
    assert await wanted(database) == [KOREAN]


async def test_after_so_many_bad_answers_another_model_may_still_try(database: Database) -> None:
    await save(database, paper(1, abstract="It reads."))
    async with database.transaction() as stores:
        for more in [*[True] * (MOST_REFUSED - 1), False]:
            assert await stores.summaries.begin(KOREAN, model=MODEL, at=NOON)
            assert await stores.summaries.refuse(KOREAN, "number") is more
        assert not await stores.summaries.begin(KOREAN, model=MODEL, at=NOON)
    assert await wanted(database) == []
    assert await wanted(database, model="another") == [KOREAN]

    async with database.transaction() as stores:
        assert await stores.summaries.begin(KOREAN, model="another", at=NOON)
        assert await stores.summaries.refuse(KOREAN, "script")


async def test_what_is_kept_is_wanted_no_more_and_found(database: Database) -> None:
    await save(database, paper(1, abstract="It reads."))
    kept = summary("한국어 요약이다.", language="ko", origin=SummaryOrigin.MODEL)
    async with database.transaction() as stores:
        await stores.summaries.begin(KOREAN, model=MODEL, at=NOON)
        await stores.summaries.keep(KOREAN.paper_id, kept, posted_since=NOON)
    assert await wanted(database, "ko", "ko-kr") == []
    async with database.transaction() as stores:
        assert not await stores.summaries.begin(KOREAN, model=MODEL, at=NOON)
        assert (await stores.papers.get(paper_id(1))).summaries == (kept,)


async def test_a_summary_of_a_paper_that_is_not_stored_is_an_error(database: Database) -> None:
    kept = summary("x", language="ko", origin=SummaryOrigin.MODEL)
    with pytest.raises(PaperNotFound):
        async with database.transaction() as stores:
            await stores.summaries.keep(PaperId("2406.99999"), kept, posted_since=NOON)


async def test_a_summary_replaces_the_one_of_its_language_and_origin(database: Database) -> None:
    digest = summary("a", language="ko")
    old, new = (summary(text, language="ko", origin=SummaryOrigin.MODEL) for text in ("old", "new"))
    await save(database, paper(1, summaries=[digest, old]))
    async with database.transaction() as stores:
        await stores.papers.add_summary(paper_id(1), new)
        assert set((await stores.papers.get(paper_id(1))).summaries) == {digest, new}


async def test_cards_of_the_language_are_to_be_edited_and_no_others(database: Database) -> None:
    await save(database, paper(1, abstract="It reads."), paper(2, abstract="It writes."))
    for number, language in enumerate(("ko", "en", "ko")):
        subscription = await subscribed(database, CHANNEL + number)
        async with database.transaction() as stores:
            changed = await stores.subscriptions.change(
                subscription.id,
                type(subscription.preferences)(
                    daily=subscription.preferences.daily,
                    language=language,
                    edit_cards=number != 2,
                ),
            )
        await planned(database, changed, cards([1, 2], channel_id=CHANNEL + number))
    async with database.transaction() as stores:
        kept = summary("한 줄이다.", language="ko", origin=SummaryOrigin.MODEL)
        await stores.summaries.keep(paper_id(1), kept, posted_since=SLOT)
        await stores.summaries.keep(paper_id(2), kept, posted_since=SLOT + timedelta(seconds=1))
        assert await stores.improvements.unposted() == 1
        assert await stores.improvements.cards(9) == ()

        await stores.improvements.forget(before=DAY)
        assert await stores.improvements.unposted() == 1
        await stores.improvements.forget(before=DAY + timedelta(days=1))
        assert await stores.improvements.unposted() == 0
