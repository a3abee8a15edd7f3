"""`daily-papers fetch … --summarise`, as somebody types it."""

import asyncio
import os
import signal
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.backfilling import parse_languages
from bot.domain.errors import SettingsError
from bot.domain.papers import PaperId, SummaryOrigin
from bot.domain.usage import Usage
from bot.services.clock import utc_now
from bot.storage.database import open_database
from tests.injections.corpus import AFTER, BEFORE
from tests.loopback.hugging_face import LoopbackHuggingFace, Status, entry
from tests.loopback.language_model import Invents, Later, LoopbackModel
from tests.test_main import CommandLine

DAYS = [date(2024, 6, 3), date(2024, 6, 4)]
FETCH = ("fetch", "--from", "2024-06-03", "--to", "2024-06-04", "--summarise", "ko,en")


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    made = CommandLine(tmp_path)
    # With the packages that this process has: the client of language models is an extra.
    made.settings["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    return made


def lists(hub: LoopbackHuggingFace) -> None:
    for day in DAYS:
        hub.list(
            day,
            [
                entry(
                    f"2406.000{day.day}{n}", title=f"Lantern {day.day}{n}", summary=BEFORE + AFTER
                )
                for n in (1, 2)
            ],
        )


async def written(cli: CommandLine) -> dict[str, list[str]]:
    """The languages of each paper's bullets by the model."""
    ids = [PaperId(f"2406.000{day.day}{n}") for day in DAYS for n in (1, 2)]
    async with (
        open_database(f"sqlite+aiosqlite:///{cli.database}") as database,
        database.reading() as stores,
    ):
        papers = await stores.papers.get_many(ids)
    return {
        str(paper_id): [s.language for s in paper.summaries if s.origin is SummaryOrigin.MODEL]
        for paper_id, paper in papers.items()
    }


async def test_past_lists_get_their_bullets_and_the_cost_is_told(cli: CommandLine) -> None:
    async with LoopbackHuggingFace() as hub, LoopbackModel() as model:
        lists(hub)
        cli.settings |= {
            "HUGGINGFACE_URL": hub.url,
            "LLM_BASE_URL": model.url,
            "LLM_MODEL": "loopback-1",
            "LLM_PRICE_IN": "1",
            "LLM_PRICE_OUT": "2",
        }
        ran = await cli.run(*FETCH)
        again = await cli.run(*FETCH)

    assert ran.code == again.code == 0, ran.err
    assert "4 papers on 2 days, 4 new." in ran.out
    assert "8 summaries written; " in ran.err
    assert " spent)" in ran.err
    assert "0 summaries written; 0 tokens." in again.err
    assert set(map(tuple, (await written(cli)).values())) == {("en", "ko")}
    assert len(model.asked) == 8


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
async def test_an_interrupted_backfill_goes_on_when_run_again(
    cli: CommandLine, how: signal.Signals
) -> None:
    async with LoopbackHuggingFace() as hub, LoopbackModel() as model:
        lists(hub)
        cli.settings |= {
            "HUGGINGFACE_URL": hub.url,
            "LLM_BASE_URL": model.url,
            "LLM_MODEL": "loopback-1",
            "LLM_CONCURRENCY": "1",
        }
        held = Later()
        model.about("Lantern 31", held)
        process = await cli.start(*FETCH)
        async with asyncio.timeout(60):
            await held.met.wait()
        process.send_signal(how)
        _, err = await asyncio.wait_for(process.communicate(), timeout=30)
        held.released.set()
        assert process.returncode == (130 if how is signal.SIGINT else -how)
        assert ("run it again to go on" in err.decode()) is (how is signal.SIGINT)
        assert "Traceback" not in err.decode()
        before = len(model.asked)
        assert before == 5  # the newest list is written, and one is under way

        model.about("Lantern 31", Later(released=held.released))
        ran = await cli.run(*FETCH)
    assert ran.code == 0, ran.err
    assert len(model.asked) - before == 4
    assert set(map(tuple, (await written(cli)).values())) == {("en", "ko")}


@pytest.mark.parametrize(
    ("key", "used", "says"),
    [
        ("another", 0, "8 are left: the language model refuses us: see `daily-papers"),
        (None, 9_000, "8 are left: the day's allowance is used up (LLM_TOKENS_A_DAY,"),
    ],
)
async def test_why_it_ended_early_is_told(
    cli: CommandLine, key: str | None, used: int, says: str
) -> None:
    async with (
        open_database(f"sqlite+aiosqlite:///{cli.database}") as database,
        database.transaction() as stores,
    ):
        for day in (utc_now().date(), utc_now().date() + timedelta(days=1)):
            await stores.usage.add(day, Usage(requests=1, tokens_in=used))
    async with LoopbackHuggingFace() as hub, LoopbackModel(key=key) as model:
        lists(hub)
        cli.settings |= {
            "HUGGINGFACE_URL": hub.url,
            "LLM_BASE_URL": model.url,
            "LLM_MODEL": "loopback-1",
            "LLM_TOKENS_A_DAY": "10000",
            "LLM_CONCURRENCY": "1",
        }
        ran = await cli.run(*FETCH)

    assert ran.code == 1
    assert says in ran.err
    assert "4 papers on 2 days" in ran.out


async def test_what_was_refused_and_what_had_no_answer_is_counted(cli: CommandLine) -> None:
    async with LoopbackHuggingFace() as hub, LoopbackModel() as model:
        lists(hub)
        model.about("Lantern 31", Invents())
        model.about("Lantern 42", Status(400))
        cli.settings |= {
            "HUGGINGFACE_URL": hub.url,
            "LLM_BASE_URL": model.url,
            "LLM_MODEL": "loopback-1",
        }
        ran = await cli.run(*FETCH)

    assert ran.code == 0, ran.err
    assert "4 summaries written, 2 refused by the checks, 2 without an answer; " in ran.err


@pytest.mark.parametrize(
    ("settings", "languages", "says"),
    [
        ({}, "ko", "LLM_MODEL is missing: set it to the name of a language model"),
        ({"LLM_MODEL": "m"}, "ko,klingonese", "`klingonese` is no language: write tags such as"),
    ],
)
async def test_what_cannot_be_done_is_told_before_anything_is_read(
    cli: CommandLine, settings: dict[str, str], languages: str, says: str
) -> None:
    cli.settings |= settings
    ran = await cli.run("fetch", "--from", "2024-06-03", "--summarise", languages)

    assert ran.code == 2
    assert says in ran.err
    assert not cli.database.exists()


def test_languages_are_tags_each_once() -> None:
    assert parse_languages(" KO, en ,ko,zh-hant") == ("ko", "en", "zh-hant")
    assert parse_languages("") == ()
    for wrong in ("xx-", "q", "korean", "und"):
        with pytest.raises(SettingsError, match="is no language"):
            parse_languages(wrong)
