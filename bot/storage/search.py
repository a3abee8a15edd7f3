"""Finding papers by their words: the caller owns the transaction, this class the SQL.

The index is written where papers and lists are (`papers`, `lists`), in the same transaction.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from time import monotonic
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, select, text
from sqlalchemy.exc import DBAPIError

from bot.domain.lookups import MOST
from bot.domain.papers import PaperId
from bot.domain.queries import Query, Term, parse_query
from bot.domain.tokens import is_cjk
from bot.storage import schema
from bot.storage.chunks import chunks
from bot.storage.connection import Connection
from bot.storage.documents import A_DAY, Texts, day_of, first_of, last_of
from bot.storage.fulltext import Ranked, Span
from bot.storage.indexing import CURRENT, Indexing, full_text
from bot.storage.marks import MarkStore
from bot.storage.papers import PaperStore

log = logging.getLogger(__name__)

WINDOW: Final = 100_000
"""About how many documents are searched at first, from the newest back; then twice as many."""

SECONDS: Final = 0.8
"""After which a search goes no further back: Discord waits for 3 s, others wait too."""

WEIGHED: Final = 600_000
"""Documents times words of a query up to which words are weighed (BM25), for that goes through
every document that has one: a tenth of a second. It is beyond every archive that there is."""

PAPERS_AT_ONCE: Final = 500
"""Listings that are put into a new index in one go."""

LOOKED_FOR: Final = 1_000
"""Documents that a check looks for, which takes some seconds."""

_SAY_HOW_FAR: Final = 50_000
"""Listings between two lines of a log about a large index."""

_TO_SPARE: Final = 20
"""Documents beyond the wanted ones that are found with them: a paper is seldom on two lists."""

_listings = schema.listings.c

_LISTED: Final = select(_listings.document, _listings.paper_id, _listings.upvotes).where(
    _listings.document.in_(bindparam("documents", expanding=True))
)
_NEWEST: Final = (
    select(_listings.document).order_by(_listings.document.desc()).limit(bindparam("limit"))
)
_SIZE: Final = select(
    # Each by itself, for so each is the end of an index.
    select(func.min(_listings.document)).scalar_subquery().label("first"),
    select(func.max(_listings.document)).scalar_subquery().label("last"),
    select(func.max(text("listings.rowid")))
    .select_from(schema.listings)
    .scalar_subquery()
    .label("documents"),
)


@dataclass(frozen=True, slots=True)
class Match:
    """A paper that was found: its number in the index, its list, and its votes there."""

    document: int
    day: date
    paper_id: PaperId
    upvotes: int | None


@dataclass(frozen=True, slots=True)
class Matches:
    """What a search found. `is_capped`: there is more. `searched_since`: only lists since then
    were searched, for that took long enough."""

    matches: tuple[Match, ...]
    is_capped: bool = False
    searched_since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchState:
    """How many listings are stored, and how many of them, or of some of them, the index has
    wrong. One that is not current was built by another version of the program."""

    listings: int
    is_current: bool
    wrong: int


class SearchStore:
    """Papers by their words: the caller owns the transaction, this class the SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._index = full_text(connection)

    # --- finding --------------------------------------------------------------------------

    async def find(
        self,
        query: Query,
        *,
        since: date | None = None,
        until: date | None = None,
        min_votes: int | None = None,
        author_id: int | None = None,
        limit: int = MOST,
    ) -> Matches:
        """Papers that answer `query`, each once, with its newest list of those searched.

        Those with the very words come first, best first; then those in which words of it begin
        longer ones. Of very many, the newest are ranked. A query with nothing wanted finds
        nothing.
        """
        size = await self._size()
        if size is None or not query.wanted or limit < 1:
            return Matches(())
        search = _Search(
            query=query,
            weighs=size.documents * sum(len(t.words) for t in query.wanted) <= WEIGHED,
            author_id=author_id,
            min_votes=min_votes,
            limit=limit,
            ends_at=monotonic() + SECONDS,
        )
        windows = _windows(_span(since, until), size)
        found = await self._best(search, windows, prefixes=False)
        if (
            not found.is_capped
            and found.searched_since is None
            and any(term.may_begin_words for term in query.wanted)
        ):
            more = await self._best(search, windows, prefixes=True)
            known = {match.paper_id for match in found.matches}
            matches = (*found.matches, *(m for m in more.matches if m.paper_id not in known))
            found = Matches(
                matches[:limit], more.is_capped or len(matches) > limit, more.searched_since
            )
        return found

    async def titles(self, typed: str, *, limit: int) -> tuple[Match, ...]:
        """Papers whose titles have the words that are being typed, the last of which may be
        begun; newest first. Nothing typed finds the newest."""
        if limit < 1:
            return ()
        terms = [Term(term.words) for term in parse_query(typed.replace('"', " ")).wanted]
        if len(terms) > 1 and len(terms[-1].words[-1]) == 1 and not terms[-1].begins_words:
            terms.pop()  # one letter of a word says nothing yet
        if terms:
            last = terms[-1].words[-1]
            documents = await self._index.in_titles(
                terms,
                _span(None, None),
                last_begins=len(last) > 1 and not (is_cjk(last) or typed.endswith(" ")),
                limit=2 * limit,
            )
        elif typed.strip():
            return ()
        else:
            documents = list(await self._connection.scalars(_NEWEST, {"limit": 2 * limit}))
        return tuple(_each_once(await self._listed(documents))[:limit])

    # --- the index itself -----------------------------------------------------------------

    async def make_ready(self) -> None:
        """Build the index unless it is there as this program makes it."""
        if await MarkStore(self._connection).get(CURRENT) is None:
            await self.rebuild()

    async def rebuild(self) -> int:
        """Build the index from what is stored; returns how many documents it has."""
        started = monotonic()
        marks = schema.marks
        await self._connection.execute(delete(marks).where(marks.c.name.like("search index %")))
        await self._index.make()
        indexing, papers = Indexing(self._connection), PaperStore(self._connection)
        total = await self._connection.scalar(select(func.count()).select_from(schema.listings))
        count, last = 0, 0
        while True:
            rows = (
                await self._connection.execute(
                    select(_listings.document, _listings.paper_id)
                    .where(_listings.document > last)
                    .order_by(_listings.document)
                    .limit(PAPERS_AT_ONCE)
                )
            ).all()
            if not rows:
                break
            found = await papers.get_many([PaperId(row.paper_id) for row in rows])
            await indexing.listed({row.document: found[PaperId(row.paper_id)] for row in rows})
            if (count + len(rows)) // _SAY_HOW_FAR > count // _SAY_HOW_FAR:
                log.info("search index: %d of %d listings", count + len(rows), total)
            count, last = count + len(rows), rows[-1].document
        await MarkStore(self._connection).set(CURRENT, datetime.now(UTC))
        if count:
            seconds = monotonic() - started
            log.info("search index: built from %d listings in %.1f s", count, seconds)
        return count

    async def state(self) -> "SearchState":
        """Whether the index is there and has what is stored. Of a large archive, documents from
        all of its time are looked for."""
        stored = await self._connection.scalar(select(func.count()).select_from(schema.listings))
        if await MarkStore(self._connection).get(CURRENT) is None:
            return SearchState(listings=stored, is_current=False, wrong=0)
        try:
            wrong = await self._index.astray() or await self._not_found(stored)
        except DBAPIError:
            # What it says is of little use: the index, or a part of it, cannot be read.
            log.debug("the search index cannot be read", exc_info=True)
            wrong = max(stored, 1)
        return SearchState(listings=stored, is_current=True, wrong=wrong)

    async def _not_found(self, stored: int) -> int:
        """How many of some documents are not found by their words."""
        step = max(stored // LOOKED_FOR, 1)
        rows = (
            await self._connection.execute(
                select(_listings.document, _listings.paper_id)
                .where(text("listings.rowid % :step = 0").bindparams(step=step))
                .order_by(_listings.document.desc())
            )
        ).all()
        papers = await PaperStore(self._connection).get_many(
            [PaperId(row.paper_id) for row in rows]
        )
        return sum(
            [
                not await self._index.finds(row.document, Texts.of(papers[PaperId(row.paper_id)]))
                for row in rows
            ]
        )

    # --- parts of a search ----------------------------------------------------------------

    async def _best(self, search: "_Search", windows: Iterable[Span], *, prefixes: bool) -> Matches:
        """What is found from the newest window back, until there is enough, best first."""
        ranked: list[Ranked] = []
        since: date | None = None
        for span in windows:
            if monotonic() > search.ends_at:
                since = day_of(span.last + 1)
                break
            ranked += await self._index.best(
                search.query,
                span,
                prefixes=prefixes,
                weighs=search.weighs,
                author_id=search.author_id,
                min_votes=search.min_votes,
                limit=search.limit + _TO_SPARE,
            )
            if len(ranked) > search.limit:
                break
        ranked.sort(key=lambda each: (each.rank, -each.document))
        matches = _each_once(
            Match(each.document, day_of(each.document), PaperId(each.paper_id), each.upvotes)
            for each in ranked
        )
        return Matches(tuple(matches[: search.limit]), len(matches) > search.limit, since)

    async def _listed(self, documents: Sequence[int]) -> list[Match]:
        """The listings of `documents`, in their order."""
        found: dict[int, Match] = {}
        for chunk in chunks(documents):
            rows: Sequence[Any] = (
                await self._connection.execute(_LISTED, {"documents": chunk})
            ).all()
            for document, paper_id, upvotes in rows:
                found[document] = Match(document, day_of(document), PaperId(paper_id), upvotes)
        return [found[document] for document in documents if document in found]

    async def _size(self) -> "_Size | None":
        """How large the archive is, about; `None` if it is empty."""
        row = (await self._connection.execute(_SIZE)).one()
        return None if row.first is None else _Size(row.first, row.last, max(row.documents, 1))


@dataclass(frozen=True, slots=True)
class _Size:
    """The numbers of the first and the last document, and about how many there are."""

    first: int
    last: int
    documents: int

    @property
    def days(self) -> int:
        return (self.last - self.first) // A_DAY + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """What is looked for, and until when on the monotonic clock."""

    query: Query
    weighs: bool
    author_id: int | None
    min_votes: int | None
    limit: int
    ends_at: float


def _span(since: date | None, until: date | None) -> Span:
    return Span(
        first_of(since if since is not None else date.min),
        last_of(until if until is not None else date.max),
    )


def _windows(span: Span, size: _Size) -> list[Span]:
    """Stretches of `span` from its newest documents back, each of twice the days that the one
    before had; one, if that is small."""
    last = min(span.last, size.last)
    days = _days_of(WINDOW, size)
    windows = []
    while last >= (end := max(span.first, size.first)):
        first = max(first_of(day_of(last)) - (days - 1) * A_DAY, end)
        windows.append(Span(first, last))
        last, days = first - 1, 2 * days
    return windows


def _days_of(documents: int, size: _Size) -> int:
    """In how many days about so many documents come."""
    return max(documents * size.days // size.documents, 1)


def _each_once(matches: Iterable[Match]) -> list[Match]:
    """Each paper once, with its newest list: its documents are equal, and of such the newest
    stands first."""
    first: dict[PaperId, Match] = {}
    for match in matches:
        first.setdefault(match.paper_id, match)
    return list(first.values())
