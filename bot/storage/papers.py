"""Papers at rest: what each is, who wrote it, and its summaries."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import BindParameter, Row, bindparam, delete, func, or_, select

from bot.domain.digests import Listing
from bot.domain.papers import Bullet, Paper, PaperId, Summary, SummaryOrigin, merged
from bot.domain.text import fold
from bot.storage import schema
from bot.storage.chunks import chunks
from bot.storage.connection import Connection
from bot.storage.errors import PaperNotFound
from bot.storage.indexing import Indexing
from bot.storage.traits import TraitStore
from bot.storage.upsert import insert

WORD: Final = re.compile(r"\w+")
"""Of a folded name."""

_HIGHEST: Final = "\U0010ffff"

_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_DESCRIPTIONS: Final = select(schema.papers).where(schema.papers.c.id.in_(_IDS))
_SUMMARIES: Final = select(schema.summaries).where(schema.summaries.c.paper_id.in_(_IDS))
_NAMES: Final = (
    select(schema.paper_authors.c.paper_id, schema.authors.c.name)
    .join_from(schema.paper_authors, schema.authors)
    .where(schema.paper_authors.c.paper_id.in_(_IDS))
    .order_by(schema.paper_authors.c.paper_id, schema.paper_authors.c.position)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PapersSaved:
    """How many papers were new, and of how many others something changed; and all of them as
    they are stored now."""

    new: int
    changed: int
    papers: Mapping[PaperId, Paper]


class PaperStore:
    """Papers at rest: the caller owns the transaction, this class the SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._indexing = Indexing(connection)
        self._traits = TraitStore(connection)

    async def get(self, paper_id: PaperId) -> Paper:
        """One paper with its authors and summaries; else `PaperNotFound`."""
        try:
            return (await self.get_many([paper_id]))[paper_id]
        except KeyError:
            raise PaperNotFound(paper_id) from None

    async def get_many(
        self, ids: Collection[PaperId], *, authors: bool = True
    ) -> dict[PaperId, Paper]:
        """Those of `ids` that are stored, in the order asked; without their `authors`, if these
        are of no interest."""
        found: dict[PaperId, Paper] = {}
        for chunk in chunks(ids):
            values = [paper_id.value for paper_id in chunk]
            rows = await self._connection.execute(_DESCRIPTIONS, {"ids": values})
            descriptions = {row.id: row for row in rows.all()}
            names = await self._names(values) if authors else {}
            summaries = await self._summaries(values)
            for paper_id in chunk:
                if (row := descriptions.get(paper_id.value)) is not None:
                    found[paper_id] = _paper(row, names.get(row.id, []), summaries.get(row.id, []))
        return found

    async def languages(self) -> tuple[str, ...]:
        """The languages that summaries exist in, most frequent first, `und` among them."""
        language = schema.summaries.c.language
        query = select(language).group_by(language).order_by(func.count().desc(), language)
        return tuple(await self._connection.scalars(query))

    async def by_author(self, folded_prefix: str, *, limit: int) -> tuple[Paper, ...]:
        """Papers of authors whose folded name, or a word of it, begins so; newest id first."""
        names = select(schema.authors.c.id).where(
            schema.authors.c.folded >= folded_prefix,
            schema.authors.c.folded < folded_prefix + _HIGHEST,
        )
        parts = select(schema.author_parts.c.author_id).where(
            schema.author_parts.c.part >= folded_prefix,
            schema.author_parts.c.part < folded_prefix + _HIGHEST,
        )
        written = schema.paper_authors.c
        query = (
            select(written.paper_id)
            .where(or_(written.author_id.in_(names), written.author_id.in_(parts)))
            .distinct()
            .order_by(written.paper_id.desc())
            .limit(limit)
        )
        ids = [PaperId(value) for value in await self._connection.scalars(query)]
        return tuple((await self.get_many(ids)).values())

    async def save(self, listings: Collection[Listing]) -> PapersSaved:
        """Take in what a source says of some papers, each listed once.

        A live description stands over what is stored, a written one fills the gaps; what either
        leaves empty keeps its stored value. A summary replaces the one of its language and
        origin. What is stored already is not written again.
        """
        stored = await self.get_many([listing.paper.id for listing in listings])
        wanted = [
            _joined(stored[listing.paper.id], listing)
            if listing.paper.id in stored
            else listing.paper
            for listing in listings
        ]
        changed = [paper for paper in wanted if paper != stored.get(paper.id)]
        await self._write_descriptions(changed)
        await self._write_authors(
            [paper for paper in changed if paper.authors != _authors(stored, paper.id)]
        )
        await self._write_summaries(changed, stored)
        await self._indexing.described(stored, changed)
        await self._traits.forget([paper.id for paper in changed if paper.id in stored])
        new = sum(paper.id not in stored for paper in changed)
        return PapersSaved(
            new=new, changed=len(changed) - new, papers={paper.id: paper for paper in wanted}
        )

    async def add_summary(self, paper_id: PaperId, summary: Summary) -> None:
        """Keep one more summary of a stored paper, instead of the one of its language and origin;
        else `PaperNotFound`."""
        before = await self.get(paper_id)
        others = [
            one
            for one in before.summaries
            if (one.language, one.origin) != (summary.language, summary.origin)
        ]
        after = replace(before, summaries=_sorted([*others, summary]))
        stored = {paper_id: before}
        await self._write_summaries([after], stored)
        await self._indexing.described(stored, [after])
        await self._traits.forget([paper_id])

    async def _names(self, ids: Sequence[str]) -> Mapping[str, list[str]]:
        rows: Sequence[Any] = (await self._connection.execute(_NAMES, {"ids": ids})).all()
        names: defaultdict[str, list[str]] = defaultdict(list)
        for paper_id, name in rows:
            names[paper_id].append(name)
        return names

    async def _summaries(self, ids: Sequence[str]) -> Mapping[str, list[Summary]]:
        rows = await self._connection.execute(_SUMMARIES, {"ids": ids})
        summaries: defaultdict[str, list[Summary]] = defaultdict(list)
        for row in rows.all():
            bullets = tuple(Bullet(text=b["text"], label=b["label"]) for b in row.bullets)
            summaries[row.paper_id].append(
                Summary(language=row.language, bullets=bullets, origin=SummaryOrigin(row.origin))
            )
        return summaries

    async def _write_descriptions(self, papers: Sequence[Paper]) -> None:
        if not papers:
            return
        statement = insert(self._connection, schema.papers)
        statement = statement.on_conflict_do_update(
            index_elements=[schema.papers.c.id],
            set_={
                column.name: statement.excluded[column.name]
                for column in schema.papers.columns
                if not column.primary_key
            },
        )
        rows = [
            {
                "id": paper.id.value,
                "title": paper.title,
                "abstract": paper.abstract,
                "media": list(paper.media),
                "code_url": paper.code_url,
                "stars": paper.stars,
                "project_url": paper.project_url,
                "organization": paper.organization,
                "keywords": list(paper.keywords),
            }
            for paper in papers
        ]
        await self._connection.execute(statement, rows)

    async def _write_authors(self, papers: Sequence[Paper]) -> None:
        ids = await self._author_ids(name for paper in papers for name in paper.authors)
        written = schema.paper_authors
        for chunk in chunks(paper.id.value for paper in papers):
            await self._connection.execute(delete(written).where(written.c.paper_id.in_(chunk)))
        rows = [
            {"paper_id": paper.id.value, "position": position, "author_id": ids[name]}
            for paper in papers
            for position, name in enumerate(paper.authors)
        ]
        if rows:
            await self._connection.execute(insert(self._connection, written), rows)

    async def _author_ids(self, names: Iterable[str]) -> dict[str, int]:
        """The ids of these authors, who are added if they are new."""
        names = tuple(dict.fromkeys(names))
        known = await self._known_authors(names)
        if added := [name for name in names if name not in known]:
            await self._connection.execute(
                insert(self._connection, schema.authors).on_conflict_do_nothing(),
                [{"name": name, "folded": fold(name)} for name in added],
            )
            known |= await self._known_authors(added)
            parts = [
                {"part": part, "author_id": known[name]}
                for name in added
                for part in parts_of(name)
            ]
            if parts:  # "+" is an author in some digests, and no word
                await self._connection.execute(
                    insert(self._connection, schema.author_parts).on_conflict_do_nothing(), parts
                )
        return known

    async def _known_authors(self, names: Iterable[str]) -> dict[str, int]:
        authors = schema.authors.c
        known: dict[str, int] = {}
        for chunk in chunks(names):
            rows = await self._connection.execute(
                select(authors.name, authors.id).where(authors.name.in_(chunk))
            )
            known |= {row.name: row.id for row in rows}
        return known

    async def _write_summaries(
        self, papers: Sequence[Paper], stored: Mapping[PaperId, Paper]
    ) -> None:
        rows = [
            {
                "paper_id": paper.id.value,
                "language": summary.language,
                "origin": summary.origin.value,
                "bullets": [{"text": b.text, "label": b.label} for b in summary.bullets],
            }
            for paper in papers
            for summary in paper.summaries
            if paper.id not in stored or summary not in stored[paper.id].summaries
        ]
        if not rows:
            return
        statement = insert(self._connection, schema.summaries)
        statement = statement.on_conflict_do_update(
            index_elements=list(schema.summaries.primary_key.columns),
            set_={"bullets": statement.excluded.bullets},
        )
        await self._connection.execute(statement, rows)


def parts_of(name: str) -> tuple[str, ...]:
    """The words by which an author is found, folded."""
    return tuple(dict.fromkeys(WORD.findall(fold(name))))


def _authors(stored: Mapping[PaperId, Paper], paper_id: PaperId) -> tuple[str, ...]:
    return stored[paper_id].authors if paper_id in stored else ()


def _joined(stored: Paper, listing: Listing) -> Paper:
    """One description from the stored one and what was just read."""
    read = listing.paper
    described = merged(read, stored) if listing.live else merged(stored, read)
    summaries = {(s.language, s.origin): s for s in (*stored.summaries, *read.summaries)}
    return replace(described, summaries=_sorted(summaries.values()))


def _sorted(summaries: Iterable[Summary]) -> tuple[Summary, ...]:
    """In an order of our own: databases sort text each in their way."""
    return tuple(sorted(summaries, key=lambda summary: (summary.language, summary.origin)))


def _paper(row: Row[Any], names: Sequence[str], summaries: Sequence[Summary]) -> Paper:
    return Paper(
        id=PaperId(row.id),
        title=row.title,
        authors=tuple(names),
        abstract=row.abstract,
        media=tuple(row.media),
        code_url=row.code_url,
        stars=row.stars,
        project_url=row.project_url,
        organization=row.organization,
        keywords=tuple(row.keywords),
        summaries=_sorted(summaries),
    )
