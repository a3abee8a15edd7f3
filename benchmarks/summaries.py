"""How well a language model summarises: over a fixed set of made-up abstracts, in some languages.

    python -m benchmarks.summaries                      a model on loopback, which misbehaves
    LLM_MODEL=… LLM_BASE_URL=… LLM_API_KEY=… \\
        python -m benchmarks.summaries --languages en,ko,ja   the model that the settings name

What is asked, checked, asked again and kept is what the bot would. It prints which share of the
answers pass the checks (at once, and in the end), what the others fail at, which share of the
abstracts' numbers the bullets have, how long they are, tokens, cost and time. Whether what is kept
is well said, no check can tell: `--show` prints it.

The loopback model shows that the bot comes through each misbehaviour. How good a real model is,
only a run against it tells; no such figures are kept here, for nobody gave us a key.
"""

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from statistics import mean, median, quantiles
from typing import Final

from benchmarks.abstracts import PAPERS
from bot.backfilling import parse_languages
from bot.domain.digests import Digest, Listing
from bot.domain.faithful import faults
from bot.domain.numerals import numerals, values
from bot.domain.papers import Paper, PaperId, SummaryOrigin
from bot.domain.usage import MILLION, Usage
from bot.language_model import allowance_of, model_of, prices_of
from bot.models.answers import Answer, ModelError, bullets_in
from bot.models.openai_compatible import OpenAiCompatible
from bot.models.prompts import Messages
from bot.rendering.markup import plain
from bot.services.clock import utc_now
from bot.services.summarising import Model, Outcome, Summarising, Written
from bot.services.timing import DEFAULT_TIMING, Timing
from bot.settings import Settings, load_settings
from bot.storage.database import Database, open_database
from tests.injections.corpus import INJECTIONS, TITLE
from tests.loopback.hugging_face import Slow, Status
from tests.loopback.language_model import (
    Cuts,
    Invents,
    LoopbackModel,
    Mistakes,
    Obeys,
    Says,
    Way,
    Writes,
)

DAY: Final = date(2024, 1, 2)
LANGUAGES: Final = ("en", "ko")
INJECTED: Final = tuple(
    Paper(id=PaperId(f"2402.{number:05d}"), title=f"{TITLE} {number}", abstract=injection.abstract)
    for number, injection in enumerate(INJECTIONS, start=1)
)
"""Papers whose abstracts give orders."""

QUICK: Final = replace(
    DEFAULT_TIMING, first_retry=timedelta(milliseconds=1), last_retry=timedelta(milliseconds=50)
)
"""Pauses between the tries of a model on loopback."""


@dataclass(slots=True)
class Measured:
    """What came of one run."""

    wanted: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    at_once: int = 0
    failures: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    numbers: list[float] = field(default_factory=list)
    bullets: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    spent: Usage = Usage()  # noqa: RUF009 - a frozen value
    kept: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)


class Watched:
    """A model, with the time and the faults of each of its answers."""

    def __init__(self, model: Model, measured: Measured) -> None:
        self._model = model
        self._measured = measured
        self.name = model.name

    async def ask(self, messages: Messages) -> Answer:
        began = time.perf_counter()
        try:
            answer = await self._model.ask(messages)
        except ModelError:
            self._measured.failures += 1
            raise
        self._measured.seconds.append(time.perf_counter() - began)
        return answer


async def measure(
    model: Model,
    languages: Sequence[str],
    *,
    settings: Settings,
    papers: Sequence[Paper] = PAPERS,
    timing: Timing = DEFAULT_TIMING,
) -> Measured:
    """Summarise `papers` as the bot would, in a store of its own."""
    measured = Measured()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'papers.db'}"
        async with open_database(url) as database:
            digest = Digest.of(DAY, [Listing(paper=paper) for paper in papers])
            async with database.transaction() as stores:
                await stores.lists.save(digest, source="benchmark", read_at=utc_now(), closed=True)
            answers = Answers(Watched(model, measured), papers, measured)
            summarising = Summarising(
                database,
                answers,
                now=utc_now,
                prices=prices_of(settings),
                allowance=allowance_of(settings),
                concurrency=settings.llm_concurrency,
                timing=timing,
            )
            missing = await summarising.missing([DAY], languages)
            measured.wanted = len(missing)

            def told(written: Written) -> None:
                measured.outcomes[written.outcome] += 1

            await summarising.write(missing, told=told)
            measured.spent = summarising.spent
            await _look_at_kept(database, papers, measured)
    return measured


class Answers:
    """A model whose first answers are looked at: which pass, and what is wrong with the others."""

    def __init__(self, model: Model, papers: Sequence[Paper], measured: Measured) -> None:
        self._model = model
        self._papers = {plain(paper.title): paper for paper in papers}
        self._measured = measured
        self.name = model.name

    async def ask(self, messages: Messages) -> Answer:
        answer = await self._model.ask(messages)
        system, user = messages[0]["content"], messages[1]["content"]
        paper = self._papers[user.partition("Title: ")[2].partition("\n")[0]]
        language = system.partition("language tag ")[2].partition(")")[0]
        bullets = bullets_in(answer.text)
        if bullets is None:
            self._measured.faults["form"] += 1
            return answer
        found = faults(
            bullets, title=plain(paper.title), abstract=plain(paper.abstract), language=language
        )
        self._measured.faults.update({fault.kind.value for fault in found})
        self._measured.at_once += not found and len(messages) == 2
        return answer


async def _look_at_kept(database: Database, papers: Sequence[Paper], measured: Measured) -> None:
    async with database.reading() as stores:
        stored = await stores.papers.get_many([paper.id for paper in papers])
    for paper in stored.values():
        told = numerals(plain(paper.abstract))
        for summary in paper.summaries:
            if summary.origin is not SummaryOrigin.MODEL:
                continue
            texts = tuple(bullet.text for bullet in summary.bullets)
            known = values("\n".join(texts))
            if told:
                measured.numbers.append(mean(number.occurs_in(known) for number in told))
            measured.bullets.append(len(texts))
            measured.lengths += map(len, texts)
            measured.kept.append((paper.title, summary.language, texts))


def report(name: str, measured: Measured) -> str:
    """One run in a few lines."""
    wanted = max(measured.wanted, 1)
    kept = measured.outcomes[Outcome.KEPT]
    lines = [
        f"{name}: {measured.wanted} summaries wanted",
        f"  pass the checks    {measured.at_once / wanted:6.0%} at once, {kept / wanted:.0%} kept",
    ]
    if measured.faults:
        kinds = ", ".join(f"{kind} {count}" for kind, count in measured.faults.most_common())
        lines.append(f"  faults             {kinds}")
    if measured.failures:
        lines.append(f"  without an answer  {measured.failures} requests")
    if measured.kept:
        lines.append(
            f"  length             {mean(measured.bullets):.1f} bullets of "
            f"{mean(measured.lengths):.0f} characters"
        )
    if measured.numbers:
        lines.append(f"  numbers kept       {mean(measured.numbers):6.0%} of the abstracts'")
    if measured.seconds:
        slowest = (
            quantiles(measured.seconds, n=20)[-1]
            if len(measured.seconds) > 1
            else measured.seconds[0]
        )
        lines.append(
            f"  time               {median(measured.seconds):.2f} s an answer, 95 % within "
            f"{slowest:.2f} s"
        )
    spent = measured.spent
    lines.append(
        f"  tokens             {spent.tokens_in:,} in, {spent.tokens_out:,} out"
        + (f", cost {spent.cost / MILLION:.4f}" if spent.cost else "")
    )
    return "\n".join(lines)


WAYS: Final[dict[str, tuple[Way | None, ...]]] = {
    "well": (None,),
    "slowly": (Slow(0.2),),
    "with invented numbers, every other time": (Invents(), None),
    "with broken JSON, every other time": (Cuts(), None),
    "with a refusal, every other time": (Says(None), None),
    "in another language, every other time": (Mistakes("ru"), None),
    "too little": (Writes(["That is all there is to say of it."]),),
    "429, then well": (Status(429, {"Retry-After": "0"}), None),
    "500, then well": (Status(500), None),
}


async def on_loopback(languages: Sequence[str]) -> None:
    """Each way of misbehaving, and what the bot makes of it."""
    settings = load_settings(llm_model="loopback-1", llm_price_in="0.25", llm_price_out="2")
    runs = [(name, ways, PAPERS) for name, ways in WAYS.items()]
    runs.append(("as abstracts tell it to", (Obeys(),), INJECTED))
    for name, ways, papers in runs:
        async with LoopbackModel() as server:
            server.then(*(way for _ in range(400) for way in ways))
            async with OpenAiCompatible(
                "loopback-1", base_url=server.url, api_key=None, timeout=10
            ) as model:
                measured = await measure(
                    model, languages, settings=settings, papers=papers, timing=QUICK
                )
        print(report(f"answers {name}", measured))


async def on_the_model(settings: Settings, languages: Sequence[str], *, show: bool) -> None:
    """The model that the settings name."""
    model = model_of(settings)
    assert model is not None
    async with model:
        measured = await measure(model, languages, settings=settings)
    print(report(model.name, measured))
    if show:
        for title, language, texts in measured.kept:
            print(f"\n{title} ({language})")
            for text in texts:
                print(f"- {text}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--languages", default=",".join(LANGUAGES), help="such as en,ko,ja")
    parser.add_argument("--show", action="store_true", help="print what is kept")
    options = parser.parse_args()
    languages = parse_languages(options.languages)
    settings = load_settings()
    if settings.llm_model is None:
        print("LLM_MODEL is not set: a model on loopback answers, in every way it can.\n")
        asyncio.run(on_loopback(languages))
    else:
        asyncio.run(on_the_model(settings, languages, show=options.show))


if __name__ == "__main__":
    main()
