"""Bullets by a language model: for each paper of the newest lists, in each language that some
channel reads, once.

It goes on beside everything else, from when a list was read, and nothing waits for it: a delivery
takes the bullets that are there. What was asked and what came of it is in the store, so a restart
neither forgets an answer nor what the day has cost. What the model writes is kept only if
`bot.domain.faithful` finds nothing wrong with it.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from enum import StrEnum
from typing import Final, Protocol

from bot.domain.deliveries import lists_for, lists_for_first
from bot.domain.faithful import Fault, faults
from bot.domain.papers import Bullet, Summary, SummaryOrigin
from bot.domain.usage import Allowance, Prices, Usage
from bot.models.answers import (
    Answer,
    ModelDeclined,
    ModelError,
    ModelMisconfigured,
    ModelUnavailable,
    bullets_in,
)
from bot.models.openai_compatible import MOST_TOKENS_OUT
from bot.models.prompts import NOT_THE_FORM, Messages, asked, asked_again, reasons
from bot.rendering import markup
from bot.rendering.words import language_name
from bot.services.clock import Now
from bot.services.measures import Measures
from bot.services.timing import DEFAULT_TIMING, Timing
from bot.storage.database import Database
from bot.storage.errors import StorageError
from bot.storage.summaries import Wanted

log = logging.getLogger(__name__)

TRIES: Final = 4
"""Requests for one answer while the model cannot be asked; then the next round tries."""

FAILURES: Final = 8
"""Papers in a row without an answer, after which a round is broken off: so it is the model, not
the papers."""

LONGEST_TITLE: Final = 300
LONGEST_ABSTRACT: Final = 10_000
"""Characters that a model gets to read; arXiv's abstracts have at most 1,920. A longer one is no
abstract, and must not use up what a day has for all."""

EDITED_FOR: Final = timedelta(days=2)
"""How long after a delivery its cards get better bullets. Nobody reads older ones again."""

LONGEST_REST: Final = timedelta(minutes=15)
"""Between two rounds while the model cannot be asked."""

_CHARACTERS_A_TOKEN: Final = 2
"""At least, in any language's prompt or answer: what is reserved is rather too much."""

_NOT_THE_FORM: Final = "form"


class Model(Protocol):
    """A language model. `bot.models.openai_compatible.OpenAiCompatible` asks one."""

    @property
    def name(self) -> str: ...

    async def ask(self, messages: Messages) -> Answer:
        """Its answer; raises a `ModelError`."""
        ...


class Outcome(StrEnum):
    """What came of one paper in one language: its bullets are kept; the model's were refused;
    it gave no answer; or nothing was to be asked, for others had."""

    KEPT = "kept"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    SETTLED = "settled"


class Stopped(StrEnum):
    """Why a round ended before all was written."""

    ALLOWANCE = "allowance"
    UNAVAILABLE = "unavailable"
    MISCONFIGURED = "misconfigured"
    STORE = "store"


@dataclass(frozen=True, slots=True)
class Written:
    """What came of one paper in one language."""

    wanted: Wanted
    outcome: Outcome


class _OverAllowance(Exception):
    """The day has no room for one more request."""


class _Round:
    """What several workers share: the work that is left, and why it is broken off."""

    def __init__(self, wanted: Sequence[Wanted]) -> None:
        self._left: Iterator[Wanted] = iter(wanted)
        self._failures = 0
        self.stopped: Stopped | None = None
        self.pause: float | None = None

    def next(self) -> Wanted | None:
        return None if self.stopped is not None else next(self._left, None)

    def stop(self, why: Stopped, pause: float | None = None) -> None:
        if self.stopped is None:
            self.stopped, self.pause = why, pause

    def answered(self) -> None:
        self._failures = 0

    def unanswered(self, pause: float | None) -> None:
        self._failures += 1
        if self._failures >= FAILURES or pause is not None:
            self.stop(Stopped.UNAVAILABLE, pause)


class Summarising:
    """Asks `model` for summaries, at most `concurrency` at once and what a day's `allowance` has.

    `on_summary` is called whenever one was kept.
    """

    def __init__(
        self,
        database: Database,
        model: Model,
        *,
        now: Now,
        prices: Prices = Prices(),  # noqa: B008 - a frozen value
        allowance: Allowance = Allowance(),  # noqa: B008 - the same
        concurrency: int = 4,
        timing: Timing = DEFAULT_TIMING,
        measures: Measures | None = None,
        on_summary: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._model = model
        self._now = now
        self._prices = prices
        self._allowance = allowance
        self._concurrency = concurrency
        self._timing = timing
        self._measures = measures or Measures()
        self._on_summary = on_summary
        self._spent = Usage()
        self._wanted = False
        self._stopped = False
        # Lives while there is something to write, and no longer.
        self._writing: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """There may be papers to summarise: a list was read, or a channel chose a language."""
        self._wanted = True
        if (self._writing is None or self._writing.done()) and not self._stopped:
            self._writing = asyncio.create_task(self._write_wanted())

    async def close(self) -> None:
        """Stop: what is left is taken up at the next start."""
        self._stopped = True
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait([self._writing])

    async def caught_up(self) -> None:
        """Return once nothing is left to be written, or can be."""
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def missing(self, days: Collection[date], languages: Sequence[str]) -> list[Wanted]:
        """The summaries that these lists lack in these languages, newest list first."""
        async with self._database.reading() as stores:
            return list(await stores.summaries.wanted(days, languages, model=self._model.name))

    @property
    def spent(self) -> Usage:
        """What was used since this object was made."""
        return self._spent

    async def write(
        self, wanted: Sequence[Wanted], *, told: Callable[[Written], None] = lambda _written: None
    ) -> Stopped | None:
        """Write these summaries and tell of each; why it ended before all were tried, if it did.

        One paper's failure keeps no other from its summary.
        """
        return (await self._round(wanted, told)).stopped

    async def _write_wanted(self) -> None:
        rest = self._timing.last_retry
        while self._wanted:
            self._wanted = False
            try:
                wanted = await self._missing_now()
                round_ = await self._round(wanted, lambda _written: None)
            except StorageError as error:
                log.error("no summary is written: %s", error)  # noqa: TRY400 - a known cause
                continue
            except Exception:
                log.exception("no summary is written")
                continue
            if round_.stopped is Stopped.UNAVAILABLE:
                pause = max(timedelta(seconds=round_.pause or 0), rest)
                await asyncio.sleep(pause.total_seconds())
                rest = min(rest * 2, LONGEST_REST)
                self._wanted = True

    async def _missing_now(self) -> list[Wanted]:
        """What deliveries lack: those of now, and a first one, which brings the newest list."""
        now = self._now()
        days, first = lists_for(now), lists_for_first(now)
        async with self._database.reading() as stores:
            languages = await stores.subscriptions.languages()
            newest = await stores.lists.newest(since=first[-1], until=first[0])
        if newest is not None:
            days = tuple(dict.fromkeys([*days, newest.day]))
        return await self.missing(days, languages)

    async def _round(self, wanted: Sequence[Wanted], told: Callable[[Written], None]) -> _Round:
        round_ = _Round(wanted)
        async with asyncio.TaskGroup() as workers:
            for _ in range(min(self._concurrency, len(wanted))):
                workers.create_task(self._work(round_, told))
        if round_.stopped is Stopped.ALLOWANCE:
            log.warning("the day's allowance for the language model is used up")
        return round_

    async def _work(self, round_: _Round, told: Callable[[Written], None]) -> None:
        while (wanted := round_.next()) is not None:
            outcome = Outcome.UNANSWERED
            try:
                outcome = await self._write(wanted)
                round_.answered()
            except _OverAllowance:
                round_.stop(Stopped.ALLOWANCE)
                return
            except ModelMisconfigured as error:
                log.error("the language model cannot be asked: %s", error)  # noqa: TRY400
                round_.stop(Stopped.MISCONFIGURED)
            except ModelUnavailable as error:
                log.warning("no summary of %s: %s", _named(wanted), error)
                round_.unanswered(error.pause)
            except ModelError as error:
                log.warning("no summary of %s: %s", _named(wanted), error)
            except StorageError as error:
                log.error("no summary of %s: %s", _named(wanted), error)  # noqa: TRY400
                round_.stop(Stopped.STORE)
            except Exception:
                log.exception("no summary of %s", _named(wanted))
            told(Written(wanted, outcome))

    async def _write(self, wanted: Wanted) -> Outcome:
        """Ask, check, and keep what stands up to the checks; once more with the reasons."""
        async with self._database.reading() as stores:
            paper = await stores.papers.get(wanted.paper_id)
        title = markup.plain(paper.title)[:LONGEST_TITLE]
        abstract = markup.plain(paper.abstract[:LONGEST_ABSTRACT])
        messages = asked(
            title,
            abstract,
            language=wanted.language,
            language_name=language_name(wanted.language),
        )
        while True:
            answer = await self._answer(wanted, messages)
            if answer is None:
                return Outcome.SETTLED
            bullets = bullets_in(answer.text)
            found = (
                None
                if bullets is None
                else faults(bullets, title=title, abstract=abstract, language=wanted.language)
            )
            if bullets is not None and not found:
                await self._keep(wanted, bullets)
                return Outcome.KEPT
            if not await self._refuse(wanted, found):
                return Outcome.REFUSED
            why = (NOT_THE_FORM,) if found is None else reasons(found)
            messages = asked_again(messages, answer.text, why)

    async def _keep(self, wanted: Wanted, bullets: Sequence[str]) -> None:
        summary = Summary(
            language=wanted.language,
            bullets=tuple(map(Bullet, bullets)),
            origin=SummaryOrigin.MODEL,
        )
        async with self._database.transaction() as stores:
            await stores.summaries.keep(
                wanted.paper_id, summary, posted_since=self._now() - EDITED_FOR
            )
        self._measures.summary_checked(passed=True)
        log.info("%s is summarised", _named(wanted))
        self._on_summary()

    async def _refuse(self, wanted: Wanted, found: Sequence[Fault] | None) -> bool:
        """Note an answer that is not kept; whether the model may be asked once more."""
        kinds = (
            [_NOT_THE_FORM] if found is None else list(dict.fromkeys(fault.kind for fault in found))
        )
        self._measures.summary_checked(passed=False, faults=kinds)
        log.info("an answer about %s is refused: %s", _named(wanted), ", ".join(kinds))
        async with self._database.transaction() as stores:
            return await stores.summaries.refuse(wanted, " ".join(kinds))

    # --- asking ---

    async def _answer(self, wanted: Wanted, messages: Messages) -> Answer | None:
        """The model's answer, counted before and after; `None` if it is not to be asked (any
        more). Raises `_OverAllowance` or a `ModelError`."""
        size = sum(len(message["content"]) for message in messages)
        most = self._prices.of(size // _CHARACTERS_A_TOKEN, MOST_TOKENS_OUT)
        day = self._today()
        async with self._database.transaction() as stores:
            if not await stores.summaries.begin(wanted, model=self._model.name, at=self._now()):
                return None
            if not await stores.usage.reserve(day, most, self._allowance):
                raise _OverAllowance  # and nothing of this is written
        began = time.monotonic()
        try:
            answer = await self._ask_patiently(messages)
        except ModelDeclined:
            async with self._database.transaction() as stores:
                await stores.usage.add(day, Usage() - most)
                await stores.summaries.refuse(wanted, "declined")
            raise
        except ModelError:
            async with self._database.transaction() as stores:
                await stores.usage.add(day, Usage() - most)
                await stores.summaries.unanswered(wanted)
            raise
        tokens_in, tokens_out = answer.tokens_in, answer.tokens_out
        used = self._prices.of(
            tokens_in if tokens_in is not None else most.tokens_in,
            tokens_out if tokens_out is not None else len(answer.text) // _CHARACTERS_A_TOKEN,
        )
        async with self._database.transaction() as stores:
            await stores.usage.add(day, used - most)
        self._spent += used
        self._measures.model_answered(used, seconds=time.monotonic() - began)
        return answer

    async def _ask_patiently(self, messages: Messages) -> Answer:
        """Ask again after a pause while the model cannot be asked; a long one is the round's."""
        pause, tries = self._timing.first_retry, 0
        while True:
            tries += 1
            try:
                return await self._model.ask(messages)
            except ModelUnavailable as error:
                self._measures.model_failed()
                asked_for = timedelta(seconds=error.pause or 0)
                if asked_for > self._timing.last_retry:
                    raise
                if tries == TRIES:
                    raise ModelUnavailable(str(error)) from error
                longest = max(asked_for, pause * random.uniform(0.5, 1))  # noqa: S311 - jitter
            except ModelError:
                self._measures.model_failed()
                raise
            await asyncio.sleep(longest.total_seconds())
            pause = min(pause * 2, self._timing.last_retry)

    def _today(self) -> date:
        return self._now().astimezone(UTC).date()


def _named(wanted: Wanted) -> str:
    return f"{wanted.paper_id} in {wanted.language}"
