"""Authors at rest: who is meant by what somebody types, what they wrote, and with whom.

A name is stored as its sources write it, and found by its folded words (`author_parts`): in any
order, by their beginnings, by initials. Two names are never taken for one person.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Row, Select, and_, func, literal, select

from bot.domain.lookups import Author, Entry
from bot.domain.papers import PaperId
from bot.domain.text import fold
from bot.storage import schema
from bot.storage.chunks import chunks
from bot.storage.connection import Connection
from bot.storage.papers import parts_of

MOST_PAPERS: Final = 2_000
"""Of one author, the newest."""

COMPANY: Final = 100
"""Authors of a paper, beyond which being on it together says nothing."""

_PAPERS_SHARED: Final = 200
"""The newest papers of an author on which co-authors are counted."""

_DRIVEN: Final = 20_000
"""Names with the longest word that is typed, among which the others are looked for."""

_CONSIDERED: Final = 1_000
"""Names that are ranked."""

_COUNTED: Final = 100
"""Of those, the likeliest, of which the papers are counted."""

_MOST_WORDS: Final = 6
_HIGHEST: Final = "\U0010ffff"

_authors = schema.authors.c
_parts = schema.author_parts.c
_written = schema.paper_authors.c
_listings = schema.listings.c


class AuthorStore:
    """Authors at rest: the caller owns the transaction, this class the SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, author_id: int) -> Author | None:
        """An author with the number of their papers."""
        query = select(_authors.id, _authors.name).where(_authors.id == author_id)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else (await self._with_papers([row]))[0]

    async def find(self, typed: str, *, limit: int) -> tuple[Author, ...]:
        """Whom `typed` may mean, the likeliest first: the very name, then names with all its
        words, then with initials, then names of which it is the beginning."""
        words = parts_of(typed)[:_MOST_WORDS]
        if not words:
            return ()
        wanted = sorted(words, key=len, reverse=True)
        queries = [_named(fold(typed)), _beginning(wanted)]
        if len(wanted) > 1:
            queries += [_with_words(wanted), _with_initials(wanted)]
        rows = {row.id: row for query in queries for row in await self._connection.execute(query)}
        ranked = sorted(
            (
                (rank, row.folded, row)
                for row in rows.values()
                if (rank := _rank(wanted, fold(typed), row.folded)) is not None
            ),
            key=lambda each: each[:2],
        )[:_COUNTED]
        papers = await self._papers_of([row.id for _, _, row in ranked])
        # An author whose papers were all signed anew has none.
        likeliest = sorted(
            (each for each in ranked if papers.get(each[2].id)),
            key=lambda each: (each[0], -papers[each[2].id], each[1]),
        )
        return tuple(
            Author(id=row.id, name=row.name, papers=papers[row.id])
            for _, _, row in likeliest[:limit]
        )

    async def papers(self, author_id: int, *, limit: int = MOST_PAPERS) -> tuple[Entry, ...]:
        """An author's papers, each with its newest list, newest first."""
        titles = schema.papers.c.title
        query = (
            select(_listings.paper_id, _listings.day, _listings.upvotes, titles)
            .join_from(
                schema.paper_authors, schema.listings, _written.paper_id == _listings.paper_id
            )
            .join(schema.papers, schema.papers.c.id == _listings.paper_id)
            .where(_written.author_id == author_id)
            .order_by(_listings.document.desc())
            .limit(limit)
        )
        found: dict[str, Entry] = {}
        for row in await self._connection.execute(query):
            entry = Entry(
                id=PaperId(row.paper_id), title=row.title, day=row.day, upvotes=row.upvotes
            )
            found.setdefault(row.paper_id, entry)
        return tuple(found.values())

    async def coauthors(
        self, author_id: int, papers: Iterable[PaperId], *, limit: int
    ) -> tuple[Author, ...]:
        """Who is met most often with an author on `papers`, the newest of theirs; `papers` of
        each is how often."""
        newest = [paper_id.value for paper_id in papers][:_PAPERS_SHARED]
        in_company = (
            select(_written.paper_id)
            .where(_written.paper_id.in_(newest))
            .group_by(_written.paper_id)
            .having(func.count() <= COMPANY)
        )
        met = func.count(_written.paper_id.distinct()).label("met")
        rows = await self._connection.execute(
            select(_authors.id, _authors.name, met)
            .join_from(schema.paper_authors, schema.authors)
            .where(_written.paper_id.in_(in_company), _written.author_id != author_id)
            .group_by(_authors.id, _authors.name)
            .order_by(met.desc(), _authors.name)
            .limit(limit)
        )
        return tuple(Author(id=row.id, name=row.name, papers=row.met) for row in rows)

    async def _with_papers(self, rows: Sequence[Row[Any]]) -> tuple[Author, ...]:
        papers = await self._papers_of([row.id for row in rows])
        return tuple(Author(id=row.id, name=row.name, papers=papers.get(row.id, 0)) for row in rows)

    async def _papers_of(self, ids: Sequence[int]) -> dict[int, int]:
        papers: dict[int, int] = {}
        for chunk in chunks(ids):
            rows = await self._connection.execute(
                select(_written.author_id, func.count(_written.paper_id.distinct()).label("papers"))
                .where(_written.author_id.in_(chunk))
                .group_by(_written.author_id)
            )
            papers |= {row.author_id: row.papers for row in rows}
        return papers


def _named(folded: str) -> Select[int, str, str]:
    """Authors of that very name."""
    return select(_authors.id, _authors.name, _authors.folded).where(_authors.folded == folded)


def _beginning(wanted: Sequence[str]) -> Select[int, str, str]:
    """Authors with a word that begins as the longest one does, and the others somewhere."""
    longest, *others = wanted
    driving = (
        select(_parts.author_id)
        .where(_parts.part >= longest, _parts.part < longest + _HIGHEST)
        .order_by(_parts.part)
        .limit(_DRIVEN if others else _CONSIDERED)
        .subquery()
    )
    return (
        select(_authors.id, _authors.name, _authors.folded)
        .join_from(driving, schema.authors, driving.c.author_id == _authors.id)
        .where(*(_authors.folded.contains(word, autoescape=True) for word in others))
        .limit(_CONSIDERED)
    )


def _with_words(wanted: Sequence[str]) -> Select[int, str, str]:
    """Authors with all these words, however many there are with one of them."""
    return _joined(wanted)


def _with_initials(wanted: Sequence[str]) -> Select[int, str, str]:
    """Authors whose names have the longest word, and of the others the initials."""
    longest, *others = wanted
    return _joined([longest, *(word[0] for word in others)])


def _joined(words: Sequence[str]) -> Select[int, str, str]:
    query = select(_authors.id, _authors.name, _authors.folded).select_from(schema.authors)
    for number, word in enumerate(dict.fromkeys(words)):
        part = schema.author_parts.alias(f"part_{number}")
        query = query.join(
            part, and_(part.c.author_id == _authors.id, part.c.part == literal(word))
        )
    return query.limit(_CONSIDERED)


def _rank(wanted: Sequence[str], typed: str, folded: str) -> int | None:
    """How well a name answers, 0 best; `None` if it does not.

    Each typed word, the longest first, is given the word of the name that is most like it.
    """
    if folded == typed:
        return 0
    parts = list(parts_of(folded))
    worst = 1
    for word in wanted:
        alike = [(likeness, part) for part in parts if (likeness := _likeness(word, part))]
        if not alike:
            return None
        likeness, part = min(alike)
        parts.remove(part)
        worst = max(worst, likeness)
    return worst


def _likeness(word: str, part: str) -> int | None:
    """1 for the same word, 2 for a typed initial, 3 for a beginning, 4 for a stored initial."""
    if word == part:
        return 1
    if part.startswith(word):
        return 2 if len(word) == 1 else 3
    return 4 if len(part) == 1 and word.startswith(part) else None
