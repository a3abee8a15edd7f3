"""A model's bullets: once for each paper and language, checked, counted, and in nobody's way."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.domain.digests import Digest, Listing
from bot.domain.papers import Paper, Summary, SummaryOrigin
from bot.domain.usage import Allowance, Prices, Usage
from bot.models.openai_compatible import OpenAiCompatible
from bot.services.measures import Measures
from bot.services.summarising import (
    FAILURES,
    TRIES,
    Outcome,
    Stopped,
    Summarising,
    Written,
)
from bot.services.timing import DEFAULT_TIMING
from bot.storage.database import Database
from bot.storage.errors import DatabaseBusy
from bot.storage.summaries import MOST_ASKED, MOST_REFUSED, Wanted
from tests.builders import CHANNEL, DAY, a_paper, a_summary, utc
from tests.injections.corpus import AFTER, BEFORE, INJECTIONS, TITLE
from tests.loopback.hugging_face import Status
from tests.loopback.language_model import (
    Cuts,
    Invents,
    Later,
    LoopbackModel,
    Mistakes,
    Obeys,
    Says,
    Writes,
)
from tests.services.conftest import Clock, store, subscribe
from tests.services.scrape import Scraped
from tests.services.test_tracking import Unreliable

QUICK = replace(
    DEFAULT_TIMING,
    first_retry=timedelta(milliseconds=1),
    last_retry=timedelta(milliseconds=5),
)


@pytest.fixture
async def server() -> AsyncGenerator[LoopbackModel]:
    async with LoopbackModel() as running:
        yield running


@asynccontextmanager
async def a_process(
    database: Database,
    server: LoopbackModel,
    clock: Clock,
    *,
    name: str = "loopback-1",
    **terms: Any,
) -> AsyncGenerator[Summarising]:
    async with OpenAiCompatible(name, base_url=server.url, api_key=None, timeout=10) as model:
        summarising = Summarising(
            database, model, now=clock, **{"timing": QUICK, "concurrency": 2, **terms}
        )
        yield summarising
        await summarising.close()


async def all_written(
    database: Database, server: LoopbackModel, clock: Clock, **terms: Any
) -> None:
    async with a_process(database, server, clock, **terms) as summarising:
        summarising.wake()
        await summarising.caught_up()


def a_paper_to_read(number: int, **fields: Any) -> Paper:
    given = {"title": f"Lantern {number}", "abstract": BEFORE + AFTER, "summaries": ()}
    return a_paper(number, **{**given, **fields})


def a_list(*papers: Paper, day: date = DAY) -> Digest:
    votes = range(len(papers), 0, -1)
    return Digest.of(
        day,
        [Listing(paper=p, upvotes=n, live=True) for p, n in zip(papers, votes, strict=True)],
    )


async def summaries(database: Database, number: int = 1) -> list[Summary]:
    async with database.reading() as stores:
        return list((await stores.papers.get(a_paper(number).id)).summaries)


async def used(database: Database, day: date) -> Usage:
    async with database.reading() as stores:
        return await stores.usage.of(day)


# --- what is summarised ---


async def test_each_paper_is_summarised_once_in_each_language_that_somebody_reads(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    await store(database, a_list(*map(a_paper_to_read, (1, 2))))
    await subscribe(database, CHANNEL, language="ko")
    await subscribe(database, CHANNEL + 1, language="ko")
    await subscribe(database, CHANNEL + 2, language="en")
    async with a_process(database, server, clock) as summarising:
        summarising.wake()
        await summarising.caught_up()
        summarising.wake()
        await summarising.caught_up()

    assert sorted(server.titles("ko")) == sorted(server.titles("en")) == ["Lantern 1", "Lantern 2"]
    assert len(server.asked) == 4
    korean, english = sorted(await summaries(database), key=lambda one: one.language, reverse=True)
    assert (korean.language, english.language) == ("ko", "en")
    assert korean.origin is english.origin is SummaryOrigin.MODEL
    assert korean.bullets[0].text.startswith("이 논문은")


async def test_the_best_papers_of_the_newest_list_come_first(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    await store(
        database,
        a_list(a_paper_to_read(1), a_paper_to_read(2), day=date(2024, 6, 3)),
        a_list(a_paper_to_read(3), a_paper_to_read(4)),
        a_list(a_paper_to_read(5), day=date(2024, 5, 1)),
    )
    await subscribe(database)
    await all_written(database, server, clock, concurrency=1)

    assert server.titles() == ["Lantern 3", "Lantern 4", "Lantern 1", "Lantern 2"]


async def test_after_holidays_the_newest_list_is_written_for_whoever_comes_new(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    await store(
        database,
        a_list(a_paper_to_read(1), day=date(2024, 5, 28)),
        a_list(a_paper_to_read(2), day=date(2024, 5, 29)),
    )
    await subscribe(database)
    await all_written(database, server, clock)

    assert server.titles() == ["Lantern 2"]


async def test_what_has_a_digests_bullets_or_nothing_to_read_needs_no_model(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    await store(
        database,
        a_list(
            a_paper_to_read(1, summaries=(a_summary("요약이다.", language="ko"),)),
            a_paper_to_read(2, abstract=""),
            a_paper_to_read(
                3, summaries=(a_summary("x", origin=SummaryOrigin.HUGGING_FACE, language="ko"),)
            ),
            a_paper_to_read(4, summaries=(a_summary("一句话。", language="zh"),)),
        ),
    )
    await subscribe(database, CHANNEL, language="ko")
    await subscribe(database, CHANNEL + 1, language="zh-cn")
    await all_written(database, server, clock)

    assert sorted(server.titles("ko")) == ["Lantern 3", "Lantern 4"]
    assert sorted(server.titles("zh-cn")) == ["Lantern 1", "Lantern 3"]


async def test_nobody_reads_so_nothing_is_asked(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    await store(database, a_list(a_paper_to_read(1)))
    paused = await subscribe(database)
    async with database.transaction() as stores:
        await stores.subscriptions.pause(paused.id)
    await all_written(database, server, clock)

    assert server.asked == []


async def test_latex_is_readable_before_a_model_reads_it(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    abstract = BEFORE + r"It needs $\mathcal{O}(n^2)$ steps and 1{,}000 words." + AFTER
    await store(database, a_list(a_paper_to_read(1, title=r"$\alpha$-Lantern", abstract=abstract)))
    await subscribe(database)
    await all_written(database, server, clock)

    [request] = server.asked
    assert request.title == "α-Lantern"
    assert "O(n²)" in request.abstract
    assert len(await summaries(database)) == 1


async def test_a_text_without_end_costs_no_more_than_an_abstract(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    endless = BEFORE + AFTER + " and on" * 100_000
    await store(
        database,
        a_list(a_paper_to_read(1, title="On and " * 1_000, abstract=endless), a_paper_to_read(2)),
    )
    await subscribe(database)
    await all_written(database, server, clock, allowance=Allowance(tokens=20_000), concurrency=1)

    assert len(server.titles()) == 3  # an answer about the first was too long, twice
    assert len(server.asked[0].abstract) <= 10_000
    assert len(await summaries(database, 2)) == 1


async def test_kept_lists_show_the_bullets_at_once(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    await store(database, a_list(a_paper_to_read(1)))
    await subscribe(database)
    async with database.reading() as stores:
        before = await stores.lists.version([DAY])
    await all_written(database, server, clock)
    async with database.reading() as stores:
        assert await stores.lists.version([DAY]) != before

    await store(database, a_list(a_paper_to_read(1)), at=utc(2024, 6, 5, 1))
    assert [one.origin for one in await summaries(database)] == [SummaryOrigin.MODEL]


# --- what is refused ---


@pytest.mark.parametrize(
    "bad",
    [
        Says("I would rather talk."),
        Says(None),
        Cuts(),
        Invents(),
        Mistakes("ko"),
        Writes(["Only one."]),
        Writes(["Lantern is at https://lantern.example now."] * 3),
    ],
    ids=lambda bad: type(bad).__name__,
)
async def test_a_bad_answer_is_asked_again_once_with_the_reason(
    database: Database, server: LoopbackModel, clock: Clock, bad: Any
) -> None:
    await store(database, a_list(a_paper_to_read(1)))
    await subscribe(database)
    server.then(bad)
    await all_written(database, server, clock)

    first, second = server.asked
    assert not first.again
    assert second.again
    assert "cannot be used" in second.body["messages"][-1]["content"]
    assert [one.origin for one in await summaries(database)] == [SummaryOrigin.MODEL]


async def test_after_two_bad_answers_the_model_is_not_asked_again(
    database: Database, server: LoopbackModel, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    await store(database, a_list(a_paper_to_read(1), a_paper_to_read(2)))
    await subscribe(database)
    server.about("Lantern 1", Invents())
    for _ in range(3):
        await all_written(database, server, clock)

    assert server.titles().count("Lantern 1") == MOST_REFUSED
    assert await summaries(database, 1) == []
    assert len(await summaries(database, 2)) == 1
    assert "an answer about 2406.00001 in en is refused: number" in caplog.text
    assert "Lantern" not in caplog.text  # no log has a paper's text

    server.names, server._of = ("loopback-2",), {}
    await all_written(database, server, clock, name="loopback-2")
    assert len(await summaries(database, 1)) == 1  # another model is another chance


@pytest.mark.parametrize("language", ["en", "ko", "ja", "zh", "ru", "de"])
async def test_a_model_that_obeys_every_abstract_does_no_harm(
    database: Database, server: LoopbackModel, clock: Clock, language: str
) -> None:
    papers = [
        a_paper_to_read(number, title=f"{TITLE} {number}", abstract=injection.abstract)
        for number, injection in enumerate(INJECTIONS, start=1)
    ]
    await store(database, a_list(*papers))
    await subscribe(database, language=language)
    server.always(Obeys())
    await all_written(database, server, clock)

    for number, injection in enumerate(INJECTIONS, start=1):
        kept = await summaries(database, number)
        if language in injection.obeyed:
            assert kept == [], injection.name
        else:
            assert len(kept) == 1, injection.name


# --- what goes wrong on the way ---


async def test_a_model_that_stumbles_is_asked_again_and_nothing_counts_twice(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    await store(database, a_list(a_paper_to_read(1)))
    await subscribe(database)
    server.then(Status(500), Status(429, {"Retry-After": "0"}), Status(503))
    await all_written(database, server, clock)

    assert len(server.asked) == TRIES
    assert len(await summaries(database)) == 1
    assert (await used(database, clock().date())).requests == 1


async def test_one_papers_failure_stops_no_other(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    await store(database, a_list(*map(a_paper_to_read, (1, 2, 3))))
    await subscribe(database)
    server.about("Lantern 1", Status(400))
    server.about("Lantern 2", Status(500))
    outcomes: list[Written] = []
    async with a_process(database, server, clock, concurrency=1) as summarising:
        missing = await summarising.missing([DAY], ["en"])
        stopped = await summarising.write(missing, told=outcomes.append)

    assert stopped is None
    assert [one.outcome for one in outcomes] == [
        Outcome.UNANSWERED,
        Outcome.UNANSWERED,
        Outcome.KEPT,
    ]
    assert len(await summaries(database, 3)) == 1
    assert (await used(database, clock().date())).requests == 1


async def test_a_request_that_is_declined_twice_is_given_up(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    await store(database, a_list(a_paper_to_read(1)))
    await subscribe(database)
    server.always(Status(400))
    for _ in range(3):
        await all_written(database, server, clock)
    server.always(None)
    await all_written(database, server, clock)

    assert await summaries(database) == []


async def test_a_model_that_is_down_is_left_alone_and_taken_up_again(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    await store(database, a_list(*map(a_paper_to_read, range(1, 30))))
    await subscribe(database)
    server.then(*[Status(500)] * (FAILURES + 1) * TRIES)
    await all_written(database, server, clock)

    async with a_process(database, server, clock) as summarising:
        assert await summarising.missing([DAY], ["en"]) == []
    assert len(server.titles()) < 29 + (FAILURES + 2) * TRIES


async def test_a_long_pause_ends_the_round(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    await store(database, a_list(*map(a_paper_to_read, (1, 2, 3))))
    server.always(Status(429, {"Retry-After": "3600"}))
    async with a_process(database, server, clock, concurrency=1) as summarising:
        missing = await summarising.missing([DAY], ["en"])
        stopped = await summarising.write(missing)

    assert stopped is Stopped.UNAVAILABLE
    assert len(server.asked) == 1


async def test_a_wrong_key_ends_the_round_and_is_said_once(
    database: Database, server: LoopbackModel, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await store(database, a_list(*map(a_paper_to_read, range(1, 9))))
    await subscribe(database)
    server.key = "another"
    await all_written(database, server, clock, concurrency=1)

    assert caplog.text.count("the language model cannot be asked: it answered 401") == 1


async def test_a_store_that_fails_is_no_answer_lost(
    database: Database, server: LoopbackModel, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await store(database, a_list(a_paper_to_read(1)))
    await subscribe(database)
    unreliable = Unreliable(database)
    unreliable.busy = True
    async with a_process(unreliable, server, clock) as summarising:  # type: ignore[arg-type]
        summarising.wake()
        await summarising.caught_up()
        assert "no summary of 2406.00001 in en: another program" in caplog.text
        unreliable.busy = False
        summarising.wake()
        await summarising.caught_up()

    assert len(await summaries(database)) == 1


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DatabaseBusy("another program holds it"), "no summary is written: another program"),
        (RuntimeError("a defect"), "a defect"),
    ],
)
async def test_a_store_that_cannot_be_read_is_read_at_the_next_round(
    database: Database,
    server: LoopbackModel,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    said: str,
) -> None:
    class Unreadable:
        failing = True

        def __getattr__(self, name: str) -> Any:
            if name == "reading" and self.failing:
                raise error
            return getattr(database, name)

    unreadable = Unreadable()
    await store(database, a_list(a_paper_to_read(1)))
    await subscribe(database)
    async with a_process(unreadable, server, clock) as summarising:  # type: ignore[arg-type]
        summarising.wake()
        await summarising.caught_up()
        assert said in caplog.text
        unreadable.failing = False
        summarising.wake()
        await summarising.caught_up()

    assert len(await summaries(database)) == 1


async def test_a_defect_is_logged_and_stops_no_other(
    database: Database, server: LoopbackModel, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        name = "broken"

        async def ask(self, _messages: object) -> Any:
            raise RuntimeError("a defect")

    await store(database, a_list(*map(a_paper_to_read, (1, 2))))
    outcomes: list[Written] = []
    summarising = Summarising(database, Broken(), now=clock, timing=QUICK)
    await summarising.write(await summarising.missing([DAY], ["en"]), told=outcomes.append)

    assert [one.outcome for one in outcomes] == [Outcome.UNANSWERED] * 2
    assert "a defect" in caplog.text


# --- restarts ---


async def test_a_restart_in_the_middle_loses_none_and_repeats_none(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    await store(database, a_list(*map(a_paper_to_read, range(1, 6))))
    await subscribe(database, language="ko")
    held = Later()
    server.about("Lantern 3", held)
    async with a_process(database, server, clock, concurrency=1) as summarising:
        summarising.wake()
        await held.met.wait()  # two are kept, the third is under way: the process ends
    held.released.set()
    kept_before = set(server.titles())
    assert kept_before == {"Lantern 1", "Lantern 2", "Lantern 3"}

    server._of = {}
    server.asked.clear()
    await all_written(database, server, clock)

    assert sorted(server.titles()) == ["Lantern 3", "Lantern 4", "Lantern 5"]
    for number in range(1, 6):
        assert len(await summaries(database, number)) == 1


async def test_a_paper_at_which_the_process_dies_again_and_again_is_given_up(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    await store(database, a_list(a_paper_to_read(1)))
    await subscribe(database)
    for _ in range(MOST_ASKED):
        held = Later()
        server.about("Lantern 1", held)
        async with a_process(database, server, clock) as summarising:
            summarising.wake()
            await held.met.wait()
        held.released.set()
    server._of = {}
    await all_written(database, server, clock)

    assert len(server.asked) == MOST_ASKED


async def test_nothing_is_begun_after_the_end(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    await store(database, a_list(a_paper_to_read(1)))
    await subscribe(database)
    async with a_process(database, server, clock) as summarising:
        await summarising.caught_up()
    summarising.wake()
    await summarising.caught_up()

    assert server.asked == []


async def test_two_that_want_the_same_ask_once(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    """A backfill on the command line beside the bot."""
    await store(database, a_list(a_paper_to_read(1)))
    async with (
        a_process(database, server, clock) as one,
        a_process(database, server, clock) as other,
    ):
        wanted = await one.missing([DAY], ["en"])
        outcomes: list[Written] = []
        await one.write(wanted, told=outcomes.append)
        await other.write(wanted, told=outcomes.append)

    assert [written.outcome for written in outcomes] == [Outcome.KEPT, Outcome.SETTLED]
    assert outcomes[0].wanted == Wanted(a_paper(1).id, "en")
    assert len(server.asked) == 1


# --- bounds ---


async def test_so_many_are_asked_at_once_and_no_more(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    await store(database, a_list(*map(a_paper_to_read, range(1, 20))))
    await subscribe(database)
    held = Later()
    server.always(held)
    async with a_process(database, server, clock, concurrency=3) as summarising:
        summarising.wake()
        await server.has(at_once=3)
        held.released.set()
        await summarising.caught_up()

    assert server.most_at_once == 3
    assert len(server.asked) == 19


async def test_a_days_tokens_are_bounded_also_over_a_restart_and_free_at_midnight(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    clock.instant = utc(2024, 6, 5, 23, 50)
    await store(database, a_list(*map(a_paper_to_read, range(1, 30))))
    await subscribe(database)
    allowance = Allowance(tokens=9_000)
    await all_written(database, server, clock, allowance=allowance, concurrency=1)
    asked = len(server.asked)
    assert 0 < asked < 29
    spent = await used(database, date(2024, 6, 5))
    assert spent.requests == asked
    assert spent.tokens <= 9_000

    await all_written(database, server, clock, allowance=allowance, concurrency=1)
    assert len(server.asked) == asked

    clock.instant = utc(2024, 6, 6, 0, 1)
    await all_written(database, server, clock, allowance=allowance)
    assert len(server.asked) > asked
    assert (await used(database, date(2024, 6, 6))).requests == len(server.asked) - asked


async def test_a_days_cost_is_bounded(
    database: Database, server: LoopbackModel, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await store(database, a_list(*map(a_paper_to_read, range(1, 30))))
    prices = Prices(tokens_in=Decimal("0.5"), tokens_out=Decimal(2))
    async with a_process(
        database, server, clock, prices=prices, allowance=Allowance(cost=20_000)
    ) as summarising:
        stopped = await summarising.write(await summarising.missing([DAY], ["en"]))
        spent = summarising.spent

    assert stopped is Stopped.ALLOWANCE
    assert spent == await used(database, clock().date())
    assert 0 < spent.cost <= 20_000
    assert spent.cost >= spent.tokens_in * 0.5 + spent.tokens_out * 2
    assert "allowance for the language model is used up" in caplog.text


async def test_tokens_that_nobody_counted_are_reckoned(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    server.counts = False
    await store(database, a_list(a_paper_to_read(1)))
    await subscribe(database)
    await all_written(database, server, clock)

    spent = await used(database, clock().date())
    assert spent.tokens_in > 300
    assert spent.tokens_out > 50


async def test_what_was_done_is_counted(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    measures = Measures()
    await store(database, a_list(a_paper_to_read(1)))
    await subscribe(database)
    server.then(Status(500), Invents())
    prices = Prices(tokens_in=Decimal(1), tokens_out=Decimal(1))
    await all_written(database, server, clock, measures=measures, prices=prices)

    scraped = Scraped(measures.text())
    spent = await used(database, clock().date())
    assert scraped["model_requests_total", "answered"] == 2
    assert scraped["model_requests_total", "failed"] == 1
    assert scraped["model_tokens_total", "in"] == spent.tokens_in
    assert scraped["model_tokens_total", "out"] == spent.tokens_out
    assert scraped["model_cost_total"] == pytest.approx(spent.cost / 1e6)
    assert scraped["model_seconds_count"] == 2
    assert scraped["summaries_checked_total", "kept"] == 1
    assert scraped["summaries_checked_total", "refused"] == 1
    assert scraped["summary_faults_total", "number"] == 1


async def test_whoever_waits_for_summaries_is_told(
    database: Database, server: LoopbackModel, clock: Clock
) -> None:
    told = asyncio.Event()
    await store(database, a_list(a_paper_to_read(1)))
    await subscribe(database)
    await all_written(database, server, clock, on_summary=told.set)

    assert told.is_set()
