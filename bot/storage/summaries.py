"""Summaries that a language model is to write: which are wanted, and what was tried."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, case, delete, exists, func, or_, select, update

from bot.domain.papers import PaperId, Summary, SummaryOrigin
from bot.storage import schema
from bot.storage.chunks import chunks
from bot.storage.connection import Connection
from bot.storage.improvements import ImprovementStore
from bot.storage.lists import ListStore
from bot.storage.papers import PaperStore
from bot.storage.upsert import insert

MOST_REFUSED: Final = 2
"""Answers that failed the checks, after which a model is not asked again for the same."""

MOST_ASKED: Final = 5
"""Requests for one summary, those that a crash left without a record included."""

_tries = schema.summary_tries.c
_summaries = schema.summaries.c
_listings = schema.listings.c
_papers = schema.papers.c

_BETTER: Final = (SummaryOrigin.DIGEST.value, SummaryOrigin.MODEL.value)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A paper that is to be summarised in a language."""

    paper_id: PaperId
    language: str


class SummaryStore:
    """What is to be written: the caller owns the transaction, this class the SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._papers = PaperStore(connection)
        self._lists = ListStore(connection)
        self._improvements = ImprovementStore(connection)

    async def wanted(
        self, days: Collection[date], languages: Sequence[str], *, model: str
    ) -> tuple[Wanted, ...]:
        """Papers of these lists with an abstract that have neither a digest's nor a model's
        bullets in a language, and of which `model` may still be asked: newest list first, best
        first, each in all its languages one after the other."""
        found: list[tuple[Row[Any], int, str]] = []
        for chunk in chunks(days):
            for place, language in enumerate(languages):
                rows = await self._connection.execute(
                    select(
                        _listings.paper_id,
                        func.max(_listings.day).label("day"),
                        func.coalesce(func.max(_listings.upvotes), -1).label("upvotes"),
                    )
                    .join_from(schema.listings, schema.papers)
                    .where(
                        _listings.day.in_(chunk),
                        _papers.abstract != "",
                        ~_has_better(language),
                        ~_given_up(language, model),
                    )
                    .group_by(_listings.paper_id)
                )
                found += [(row, place, language) for row in rows]
        found.sort(key=lambda one: (one[0].paper_id, one[1]))
        found.sort(key=lambda one: (one[0].day, one[0].upvotes), reverse=True)
        best = dict.fromkeys(Wanted(PaperId(row.paper_id), lang) for row, _, lang in found)
        return tuple(best)

    async def begin(self, wanted: Wanted, *, model: str, at: datetime) -> bool:
        """Count that `model` is about to be asked; false if it is not to be, for the bullets are
        there by now or it was asked often enough."""
        if await self._is_settled(wanted, model):
            return False
        statement = insert(self._connection, schema.summary_tries).values(
            paper_id=wanted.paper_id.value,
            language=wanted.language,
            model=model,
            asked=1,
            refused=0,
            why="",
            asked_at=at,
        )
        another = _tries.model != model
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[_tries.paper_id, _tries.language],
                set_={
                    "model": model,
                    "asked": case((another, 1), else_=_tries.asked + 1),
                    "refused": case((another, 0), else_=_tries.refused),
                    "asked_at": at,
                },
            )
        )
        return True

    async def unanswered(self, wanted: Wanted) -> None:
        """Take back a `begin`: there surely was no answer."""
        await self._connection.execute(
            update(schema.summary_tries)
            .where(*_of(wanted), _tries.asked > 0)
            .values(asked=_tries.asked - 1)
        )

    async def refuse(self, wanted: Wanted, why: str) -> bool:
        """Note an answer that failed the checks; whether there may be another."""
        refused: int | None = await self._connection.scalar(
            update(schema.summary_tries)
            .where(*_of(wanted))
            .values(refused=_tries.refused + 1, why=why)
            .returning(_tries.refused)
        )
        return refused is not None and refused < MOST_REFUSED

    async def keep(self, paper_id: PaperId, summary: Summary, *, posted_since: datetime) -> None:
        """Keep a model's summary for good. Cards in its language that were posted since, or are
        about to be, are to be edited."""
        await self._papers.add_summary(paper_id, summary)
        await self._lists.described(paper_id)
        await self._connection.execute(
            delete(schema.summary_tries).where(*_of(Wanted(paper_id, summary.language)))
        )
        await self._improvements.plan(paper_id, summary.language, since=posted_since)

    async def _is_settled(self, wanted: Wanted, model: str) -> bool:
        return bool(
            await self._connection.scalar(
                select(_papers.id).where(
                    _papers.id == wanted.paper_id.value,
                    or_(_has_better(wanted.language), _given_up(wanted.language, model)),
                )
            )
        )


def _of(wanted: Wanted) -> tuple[ColumnElement[bool], ...]:
    return _tries.paper_id == wanted.paper_id.value, _tries.language == wanted.language


def _has_better(language: str) -> ColumnElement[bool]:
    """Whether a paper has bullets that no model need write: in the language, or for a kind of it
    (`zh-cn`) in the language as such."""
    return (
        exists()
        .where(
            _summaries.paper_id == _papers.id,
            _summaries.language.in_({language, language.partition("-")[0]}),
            _summaries.origin.in_(_BETTER),
        )
        .correlate(schema.papers)
    )


def _given_up(language: str, model: str) -> ColumnElement[bool]:
    return (
        exists()
        .where(
            and_(
                _tries.paper_id == _papers.id,
                _tries.language == language,
                _tries.model == model,
                or_(_tries.refused >= MOST_REFUSED, _tries.asked >= MOST_ASKED),
            )
        )
        .correlate(schema.papers)
    )
