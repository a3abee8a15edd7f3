"""Authors at rest: who is meant by what somebody types, what they wrote, and with whom.

A name is stored as its sources write it, and found by its folded words (`author_parts`): in any
order, by their beginnings, by initials. Two names are never taken for one person.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Row, Select, and_, bindparam, func, select

from bot.domain.lookups import Author, Entry
from bot.domain.papers import PaperId
from bot.domain.text import fold
from bot.storage import schema
from bot.storage.chunks import chunks
from bot.storage.connection import Connection
from bot.storage.papers import WORD, parts_of

MOST_PAPERS: Final = 2_000
"""Of one author, the newest."""

COMPANY: Final = 100
"""Authors of a paper, beyond which being on it together says nothing."""

_PAPERS_SHARED: Final = 200
"""The newest papers of an author on which co-authors are counted."""

_DRIVEN: Final = 10_000
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

_FOUND: Final = (_authors.id, _authors.name, _authors.folded)
_GET: Final = select(*_FOUND).where(_authors.id == bindparam("author_id"))
_NAMED: Final = select(*_FOUND).where(_authors.folded == bindparam("folded"))

_PAPERS: Final = (
    select(_listings.paper_id, _listings.day, _listings.upvotes, schema.papers.c.title)
    .join_from(schema.paper_authors, schema.listings, _written.paper_id == _listings.paper_id)
    .join(schema.papers, schema.papers.c.id == _listings.paper_id)
    .where(_written.author_id == bindparam("author_id"))
    .order_by(_listings.document.desc())
    .limit(bindparam("limit"))
)
_OF_PAPER: Final = (
    select(*_FOUND)
    .join_from(schema.paper_authors, schema.authors, _written.author_id == _authors.id)
    .where(_written.paper_id == bindparam("paper_id"))
    .order_by(_written.position)
    .limit(bindparam("limit"))
)
_COUNTS: Final = (
    select(_written.author_id, func.count(_written.paper_id.distinct()).label("papers"))
    .where(_written.author_id.in_(bindparam("ids", expanding=True)))
    .group_by(_written.author_id)
)

_IN_COMPANY: Final = (
    select(_written.paper_id)
    .where(_written.paper_id.in_(bindparam("papers", expanding=True)))
    .group_by(_written.paper_id)
    .having(func.count() <= COMPANY)
)
_MET: Final = func.count(_written.paper_id.distinct()).label("met")
_COAUTHORS: Final = (
    select(_authors.id, _authors.name, _MET)
    .join_from(schema.paper_authors, schema.authors)
    .where(_written.paper_id.in_(_IN_COMPANY), _written.author_id != bindparam("author_id"))
    .group_by(_authors.id, _authors.name)
    .order_by(_MET.desc(), _authors.name)
    .limit(bindparam("limit"))
)


class AuthorStore:
    """Authors at rest: the caller owns the transaction, this class the SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, author_id: int) -> Author | None:
        """An author with the number of their papers."""
        rows = await self._rows(_GET, {"author_id": author_id})
        return (await self._with_papers(rows))[0] if rows else None

    async def named(self, typed: str) -> tuple[Author, ...]:
        """Authors whose whole name is `typed`, by its folded letters, and who have papers."""
        rows = await self._rows(_NAMED, {"folded": fold(typed)}) if typed.strip() else []
        return tuple(author for author in await self._with_papers(rows) if author.papers)

    async def find(self, typed: str, *, limit: int) -> tuple[Author, ...]:
        """Whom `typed` may mean, the likeliest first: the very name, then names with all its
        words, then with initials, then names of which it is the beginning."""
        words = parts_of(typed)[:_MOST_WORDS]
        if not words:
            return ()
        wanted = sorted(words, key=len, reverse=True)
        whole = fold(typed)
        rows = [
            *await self._rows(_NAMED, {"folded": whole}),
            *(await self._begun(wanted[0]) if len(wanted) == 1 else await self._with(wanted)),
        ]
        ranked = sorted(
            (
                (rank, row.folded, row)
                for row in {row.id: row for row in rows}.values()
                if (rank := _rank(wanted, whole, row.folded)) is not None
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
        found: dict[str, Entry] = {}
        for row in await self._rows(_PAPERS, {"author_id": author_id, "limit": limit}):
            entry = Entry(
                id=PaperId(row.paper_id), title=row.title, day=row.day, upvotes=row.upvotes
            )
            found.setdefault(row.paper_id, entry)
        return tuple(found.values())

    async def of_paper(self, paper_id: PaperId, *, limit: int) -> tuple[Author, ...]:
        """The first authors of a paper, each once, in the order in which its source names them."""
        rows = await self._rows(_OF_PAPER, {"paper_id": paper_id.value, "limit": limit})
        return tuple(dict.fromkeys(await self._with_papers(rows)))

    async def coauthors(
        self, author_id: int, papers: Iterable[PaperId], *, limit: int
    ) -> tuple[Author, ...]:
        """Who is met most often with an author on `papers`, the newest of theirs; `papers` of
        each is how often."""
        newest = [paper_id.value for paper_id in papers][:_PAPERS_SHARED]
        rows = await self._rows(
            _COAUTHORS, {"papers": newest, "author_id": author_id, "limit": limit}
        )
        return tuple(Author(id=row.id, name=row.name, papers=row.met) for row in rows)

    async def _begun(self, word: str) -> Sequence[Row[Any]]:
        """Authors with a word that begins so."""
        return await self._rows(_BEGUN, _beginning(word))

    async def _with(self, wanted: Sequence[str]) -> Sequence[Row[Any]]:
        """Authors whose names may have these words, the longest first."""
        rows = await self._having(wanted, limit=_COUNTED)
        if len(rows) == _COUNTED:
            return rows  # nobody is likelier than who has the very words
        longest, *others = wanted
        initials = list(dict.fromkeys([longest, *(word[0] for word in others)]))
        if initials != wanted:
            rows = [*rows, *await self._having(initials, limit=_CONSIDERED)]
        return [*rows, *await self._rows(_begun_with(others), _beginning(longest))]

    async def _having(self, words: Sequence[str], *, limit: int) -> Sequence[Row[Any]]:
        """Authors with all these words, however many there are with one of them."""
        values = {f"word_{number}": word for number, word in enumerate(words)}
        return await self._rows(_with_words(len(words)), {**values, "limit": limit})

    async def _rows(self, statement: Select[Any], values: Mapping[str, Any]) -> Sequence[Row[Any]]:
        return (await self._connection.execute(statement, values)).all()

    async def _with_papers(self, rows: Sequence[Row[Any]]) -> tuple[Author, ...]:
        papers = await self._papers_of([row.id for row in rows])
        return tuple(Author(id=row.id, name=row.name, papers=papers.get(row.id, 0)) for row in rows)

    async def _papers_of(self, ids: Sequence[int]) -> dict[int, int]:
        papers: dict[int, int] = {}
        for chunk in chunks(ids):
            rows = await self._rows(_COUNTS, {"ids": chunk})
            papers |= {row.author_id: row.papers for row in rows}
        return papers


def _driving(limit: int) -> Select[Any]:
    """Names with a word that begins so, those with that very word first."""
    return (
        select(_parts.part, _parts.author_id)
        .where(_parts.part >= bindparam("low"), _parts.part < bindparam("high"))
        .order_by(_parts.part)
        .limit(limit)
    )


def _beginning(word: str) -> dict[str, str]:
    return {"low": word, "high": word + _HIGHEST}


def _begun() -> Select[Any]:
    """Of the names with a word that begins so, those that rank first: ranked by the database,
    for while a name is being typed there are always as many as are considered."""
    driving = _driving(_CONSIDERED).subquery()
    is_begun_only = func.min(driving.c.part) > bindparam("low")
    return (
        select(*_FOUND)
        .join_from(driving, schema.authors, driving.c.author_id == _authors.id)
        .group_by(*_FOUND)
        .order_by(is_begun_only, _authors.folded)
        .limit(_COUNTED)
    )


_BEGUN: Final = _begun()


def _begun_with(others: Iterable[str]) -> Select[Any]:
    """Names with a word that begins so, and `others` somewhere."""
    driving = _driving(_DRIVEN).subquery()
    return (
        select(*_FOUND)
        .join_from(driving, schema.authors, driving.c.author_id == _authors.id)
        .where(*(_authors.folded.contains(word, autoescape=True) for word in others))
        .limit(_CONSIDERED)
    )


@cache
def _with_words(count: int) -> Select[Any]:
    """Names with so many words, the first by their letters. They are found in the index of words
    alone, before a name is read."""
    part = schema.author_parts.alias("part_0")
    ids = select(part.c.author_id).where(part.c.part == bindparam("word_0"))
    for number in range(1, count):
        other = schema.author_parts.alias(f"part_{number}")
        same = and_(
            other.c.author_id == part.c.author_id, other.c.part == bindparam(f"word_{number}")
        )
        ids = ids.join(other, same)
    return (
        select(*_FOUND)
        .where(_authors.id.in_(ids.limit(_CONSIDERED)))
        .order_by(_authors.folded)
        .limit(bindparam("limit"))
    )


def _rank(wanted: Sequence[str], typed: str, folded: str) -> int | None:
    """How well a name answers, 0 best; `None` if it does not.

    Each typed word, the longest first, is given the word of the name that is most like it.
    """
    if folded == typed:
        return 0
    parts = list(dict.fromkeys(WORD.findall(folded)))
    worst = 1
    for word in wanted:
        if word in parts:  # nothing is more like it
            parts.remove(word)
            continue
        alike = [(likeness, part) for part in parts if (likeness := _likeness(word, part))]
        if not alike:
            return None
        likeness, part = min(alike)
        parts.remove(part)
        worst = max(worst, likeness)
    return worst


def _likeness(word: str, part: str) -> int | None:
    """Of two words that are not the same: 2 for a typed initial, 3 for a beginning, 4 for a stored
    initial."""
    if part.startswith(word):
        return 2 if len(word) == 1 else 3
    return 4 if len(part) == 1 and word.startswith(part) else None
