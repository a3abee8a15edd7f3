"""`daily-papers fetch … --summarise ko,en`: the bullets that past lists lack."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.domain.errors import SettingsError
from bot.domain.text import quoted
from bot.domain.usage import MILLION, Usage
from bot.language_model import allowance_of, prices_of, required_model_of
from bot.rendering.words import is_language
from bot.services.checking import counted
from bot.services.clock import utc_now
from bot.services.summarising import Outcome, Stopped, Summarising, Written
from bot.settings import Settings
from bot.storage.database import Database

_WHY: Final = {
    Stopped.ALLOWANCE: "the day's allowance is used up (LLM_TOKENS_A_DAY, LLM_COST_A_DAY): run it "
    "again after midnight UTC",
    Stopped.UNAVAILABLE: "the language model does not answer: run it again later",
    Stopped.MISCONFIGURED: "the language model refuses us: see `daily-papers check`",
    Stopped.STORE: "the database could not be written: see `daily-papers check`",
}


def parse_languages(text: str) -> tuple[str, ...]:
    """The languages of `ko,en`, each once; `SettingsError` names one that is none."""
    tags = tuple(dict.fromkeys(tag.strip().casefold() for tag in text.split(",") if tag.strip()))
    for tag in tags:
        if not is_language(tag):
            raise SettingsError(
                f"{quoted(tag)} is no language: write tags such as ko,en after --summarise."
            )
    return tags


async def summarise_days(
    settings: Settings,
    database: Database,
    days: Sequence[date],
    languages: Sequence[str],
    *,
    console: Console,
) -> bool:
    """Write what these lists lack, with a bar and the cost so far; what is there stays.

    False if it ended before all was tried: the console was told why, and what to do.
    """
    async with required_model_of(settings) as model:
        summarising = Summarising(
            database,
            model,
            now=utc_now,
            prices=prices_of(settings),
            allowance=allowance_of(settings),
            concurrency=settings.llm_concurrency,
        )
        missing = await summarising.missing(days, languages)
        outcomes: Counter[Outcome] = Counter()
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
        ) as progress:
            task = progress.add_task("summaries", total=len(missing))

            def told(written: Written) -> None:
                outcomes[written.outcome] += 1
                named = f"{written.wanted.paper_id} {written.wanted.language}"
                description = f"{named} {_cost(summarising.spent)}".rstrip()
                progress.update(task, advance=1, description=description)

            stopped = await summarising.write(missing, told=told)
    console.print(_tally(outcomes, summarising.spent), highlight=False)
    if stopped is not None:
        left = len(missing) - outcomes[Outcome.KEPT] - outcomes[Outcome.REFUSED]
        console.print(f"{left} are left: {_WHY[stopped]}.", highlight=False, soft_wrap=True)
    return stopped is None


def _tally(outcomes: Counter[Outcome], spent: Usage) -> str:
    refused = outcomes[Outcome.REFUSED]
    unanswered = outcomes[Outcome.UNANSWERED]
    parts = [counted(outcomes[Outcome.KEPT], "summary", "summaries") + " written"]
    if refused:
        parts.append(f"{refused} refused by the checks")
    if unanswered:
        parts.append(f"{unanswered} without an answer")
    return f"{', '.join(parts)}; {spent.tokens:,} tokens {_cost(spent)}".rstrip() + "."


def _cost(usage: Usage) -> str:
    """What was spent, in the currency of the prices; nothing without prices."""
    return f"({usage.cost / MILLION:.4f} spent)" if usage.cost else ""
