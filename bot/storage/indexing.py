"""Keeping the search index in step with what is stored, within the same transaction."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import select

from bot.domain.papers import Paper, PaperId
from bot.domain.tokens import VERSION
from bot.storage import schema
from bot.storage.chunks import chunks
from bot.storage.connection import Connection
from bot.storage.documents import Texts
from bot.storage.fulltext import FullText
from bot.storage.search_sqlite import LAYOUT, Fts5Index

CURRENT: Final = f"search index {VERSION}.{LAYOUT} Unicode {unicodedata.unidata_version}"
"""The mark of an index that was built with the words and the tables of this program, by the
Unicode of this Python: words are folded by it, and taken out again as they were put in."""


def full_text(connection: Connection) -> FullText:
    """The index that the database of `connection` has; so far every database is SQLite."""
    return Fts5Index(connection)


class Indexing:
    """What a change of papers and lists changes in the index."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._index = full_text(connection)

    async def listed(self, documents: Mapping[int, Paper]) -> None:
        """Papers were put on lists."""
        await self._index.add({number: Texts.of(paper) for number, paper in documents.items()})

    async def described(self, stored: Mapping[PaperId, Paper], papers: Sequence[Paper]) -> None:
        """Of `papers`, that which was `stored` before changed."""
        before, after = {}, {}
        for paper in papers:
            if paper.id in stored:
                old, new = Texts.of(stored[paper.id]), Texts.of(paper)
                if old != new:
                    before[paper.id.value], after[paper.id.value] = old, new
        documents: dict[int, str] = {}
        columns = schema.listings.c
        for chunk in chunks(before):
            rows = await self._connection.execute(
                select(columns.document, columns.paper_id).where(columns.paper_id.in_(chunk))
            )
            documents |= {row.document: row.paper_id for row in rows}
        await self._index.remove({number: before[paper] for number, paper in documents.items()})
        await self._index.add({number: after[paper] for number, paper in documents.items()})
