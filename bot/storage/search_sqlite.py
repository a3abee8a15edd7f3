"""The index of words on SQLite: FTS5 tables without contents (https://sqlite.org/fts5.html).

Two tables: one of titles alone, for what is asked while somebody types, and one of everything.
What goes in are words that `domain.tokens` has made, so the tables' own tokenizer has only to
part them at spaces: `ascii` takes every letter that is not ASCII for part of a word, whatever
Unicode that SQLite knows. Without contents the index has half the size; a document is taken
out by saying what it held.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError

from bot.domain.queries import Query, Term
from bot.domain.tokens import whole
from bot.storage.connection import Connection
from bot.storage.documents import Texts
from bot.storage.fulltext import Ranked, Span

LAYOUT: Final = 1
"""Count it up with every change of the tables, and they are built anew."""

_TABLES: Final = ("search", "search_titles")
_PARTS: Final = ("data", "idx", "content", "docsize", "config")
"""The tables in which FTS5 keeps one of its own: https://sqlite.org/fts5.html#fts5_data_structures."""

_WEIGHTS: Final = "5, 2, 1"
"""Of title, points and abstract: what a paper is called is what it is about."""

_MAKE: Final = (
    "CREATE VIRTUAL TABLE search USING fts5(title, points, abstract, content='', "
    "tokenize='ascii', prefix='3')",
    "CREATE VIRTUAL TABLE search_titles USING fts5(title, content='', tokenize='ascii', "
    "columnsize=0, prefix='2 3')",
)

_ADD: Final = (
    text(
        "INSERT INTO search (rowid, title, points, abstract) "
        "VALUES (:document, :title, :points, :abstract)"
    ),
    text("INSERT INTO search_titles (rowid, title) VALUES (:document, :title)"),
)

_REMOVE: Final = (
    text(
        "INSERT INTO search (search, rowid, title, points, abstract) "
        "VALUES ('delete', :document, :title, :points, :abstract)"
    ),
    text(
        "INSERT INTO search_titles (search_titles, rowid, title) "
        "VALUES ('delete', :document, :title)"
    ),
)

CANDIDATES: Final = 1_000
"""The newest documents that are ranked: nobody reads on that far, and a rank over all that has
a common word takes a second at a million papers."""

MOST_OF_AUTHOR: Final = 2_000
"""Documents of one author among which is searched, the newest."""

# The newest, of these the best, and of these what their lists say.
_BEST: Final = """
SELECT best.document, best.rank, listings.paper_id, listings.upvotes
FROM (
    SELECT document, rank FROM (
        SELECT rowid AS document, {rank} AS rank FROM search
        WHERE search MATCH :match AND {among}
        ORDER BY rowid DESC LIMIT :candidates
    )
    ORDER BY rank, document DESC LIMIT :limit
) AS best
JOIN listings ON listings.document = best.document
ORDER BY best.rank, best.document DESC
"""

_TELLING: Final = {"in_title": "title", "in_points": "title points"}
"""Columns in which words that are not weighed tell more than elsewhere."""

_IN_COLUMNS: Final = """
- (rowid IN (
    SELECT rowid FROM search WHERE search MATCH :{column} AND rowid BETWEEN :first AND :last
    ORDER BY rowid DESC LIMIT :candidates
))
"""

_VOTES: Final = "SELECT upvotes FROM listings WHERE document = search.rowid"

_OF_AUTHOR: Final = text(
    "SELECT listings.document FROM paper_authors "
    "JOIN listings ON listings.paper_id = paper_authors.paper_id "
    "WHERE paper_authors.author_id = :author_id AND listings.document BETWEEN :first AND :last "
    "GROUP BY listings.document ORDER BY listings.document DESC LIMIT :limit"
)

_IN_TITLES: Final = text(
    "SELECT rowid FROM search_titles "
    "WHERE search_titles MATCH :match AND rowid BETWEEN :first AND :last "
    "ORDER BY rowid DESC LIMIT :limit"
)
_ASTRAY: Final = text(
    "SELECT (SELECT count(*) FROM listings "
    "WHERE document NOT IN (SELECT id FROM search_docsize)) "
    "+ (SELECT count(*) FROM search_docsize "
    "WHERE id NOT IN (SELECT document FROM listings))"
)

# Ranked, for a search that ranks reads more of the index than one that only finds.
_FIND: Final = text(
    "SELECT bm25(search) FROM search WHERE search MATCH :match AND rowid = :document"
)
_FIND_TITLE: Final = text(
    "SELECT 1 FROM search_titles WHERE search_titles MATCH :match AND rowid = :document"
)

_WORDS_LOOKED_FOR: Final = 6
"""Words of a column, the longest, by which a document is looked for to see that it is found."""


class Fts5Index:
    """An index of words in FTS5 tables: see `fulltext.FullText`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def make(self) -> None:
        for table in _TABLES:
            await self._drop(table)
        for statement in _MAKE:
            await self._connection.execute(text(statement))

    async def add(self, documents: Mapping[int, Texts]) -> None:
        await self._write(_ADD, documents)

    async def remove(self, documents: Mapping[int, Texts]) -> None:
        await self._write(_REMOVE, documents)

    async def best(
        self,
        query: Query,
        span: Span,
        *,
        prefixes: bool,
        weighs: bool,
        limit: int,
        author_id: int | None = None,
        min_votes: int | None = None,
    ) -> list[Ranked]:
        values: dict[str, Any] = {
            "match": _expression(query, prefixes=prefixes),
            "limit": limit,
            "candidates": CANDIDATES,
        }
        among = "rowid BETWEEN :first AND :last"
        if author_id is not None:
            documents = await self._of_author(author_id, span)
            if not documents:
                return []
            span = Span(documents[-1], documents[0])
            # The plus: SQLite would ask the index for each of them, and weigh the words anew.
            among += f" AND +rowid IN ({', '.join(map(str, documents))})"
        if min_votes is not None:
            among += f" AND ({_VOTES}) >= :min_votes"
            values["min_votes"] = min_votes
        if weighs:
            rank = f"bm25(search, {_WEIGHTS})"
        else:
            rank = " ".join(_IN_COLUMNS.format(column=column) for column in _TELLING)
            for column, columns in _TELLING.items():
                values[column] = _expression(query, prefixes=prefixes, columns=columns)
        rows = await self._select(text(_BEST.format(rank=rank, among=among)), span, **values)
        return [Ranked(*row) for row in rows]

    async def in_titles(
        self, terms: Sequence[Term], span: Span, *, last_begins: bool, limit: int
    ) -> list[int]:
        *others, last = terms
        match = " AND ".join(
            [*(_of_term(term) for term in others), _of_term(last, begins=last_begins)]
        )
        return [row[0] for row in await self._select(_IN_TITLES, span, match=match, limit=limit)]

    async def astray(self) -> int:
        count: int = await self._connection.scalar(_ASTRAY)
        return count

    async def finds(self, document: int, texts: Texts) -> bool:
        columns = texts.columns()
        for statement, wanted in (
            (_FIND, columns),
            (_FIND_TITLE, {"title": columns["title"]}),
        ):
            match = " AND ".join(
                f'{column} : "{word}"'
                for column, words in wanted.items()
                for word in sorted(set(words.split()), key=_rarest)[:_WORDS_LOOKED_FOR]
            )
            values = {"match": match, "document": document}
            if match and await self._connection.scalar(statement, values) is None:
                return False
        return True

    async def _drop(self, table: str) -> None:
        """Drop a table of the index, also one that is too damaged to be opened for that."""
        try:
            await self._connection.execute(text(f"DROP TABLE IF EXISTS {table}"))
        except DBAPIError:
            for statement in (
                "PRAGMA writable_schema = ON",
                f"DELETE FROM sqlite_master WHERE name = '{table}'",  # noqa: S608 - our own words
                "PRAGMA writable_schema = RESET",
            ):
                await self._connection.execute(text(statement))
        for part in _PARTS:
            await self._connection.execute(text(f"DROP TABLE IF EXISTS {table}_{part}"))

    async def _of_author(self, author_id: int, span: Span) -> list[int]:
        rows = await self._select(_OF_AUTHOR, span, author_id=author_id, limit=MOST_OF_AUTHOR)
        return [row[0] for row in rows]

    async def _select(self, statement: TextClause, span: Span, **values: Any) -> Sequence[Any]:
        values |= {"first": span.first, "last": span.last}
        return (await self._connection.execute(statement, values)).all()

    async def _write(
        self, statements: Iterable[TextClause], documents: Mapping[int, Texts]
    ) -> None:
        if not documents:
            return
        of_texts = {texts: texts.columns() for texts in documents.values()}
        rows = [{"document": number, **of_texts[texts]} for number, texts in documents.items()]
        for statement in statements:
            await self._connection.execute(statement, rows)


def _rarest(word: str) -> tuple[int, str]:
    """Long words first: they are in few documents."""
    return -len(word), word


def _expression(query: Query, *, prefixes: bool, columns: str = "") -> str:
    """`query` in FTS5's language, in which every word of ours is quoted; what is wanted is
    looked for in `columns` alone, if there are any."""
    terms = " AND ".join(
        _of_term(term, begins=prefixes and term.may_begin_words) for term in query.wanted
    )
    wanted = f"({{{columns}}} : ({terms}))" if columns else f"({terms})"
    if not query.excluded:
        return wanted
    return f"{wanted} NOT ({' OR '.join(_of_term(term) for term in query.excluded)})"


def _of_term(term: Term, *, begins: bool = False) -> str:
    phrase = _phrase(term) + (" *" if begins or term.begins_words else "")
    # The whole word beside its parts: what has both ranks higher.
    return f'({phrase} OR "{whole(term.whole)}")' if term.whole else f"({phrase})"


def _phrase(term: Term) -> str:
    return f'"{" ".join(term.words)}"'
