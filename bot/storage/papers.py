"""Papers at rest: what each is, who wrote it, and its summaries."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Row, delete, func, or_, select

from bot.domain.papers import Bullet, Paper, PaperId, Summary, SummaryOrigin, merged
from bot.domain.text import fold
from bot.storage import schema
from bot.storage.chunks import chunks
from bot.storage.connection import Connection
from bot.storage.errors import PaperNotFound
from bot.storage.upsert import insert

_WORD: Final = re.compile(r"\w+")
_HIGHEST: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Described:
    """A paper as it is stored. `live`: a live service described it."""

    paper: Paper
    live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PapersSaved:
    """How many papers were new, and of how many others something changed."""

    new: int
    changed: int


class PaperStore:
    """Papers at rest: the caller owns the transaction, this class the SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, paper_id: PaperId) -> Paper:
        """One paper with its authors and summaries; else `PaperNotFound`."""
        try:
            return (await self.get_many([paper_id]))[paper_id]
        except KeyError:
            raise PaperNotFound(paper_id) from None

    async def get_many(self, ids: Collection[PaperId]) -> dict[PaperId, Paper]:
        """Those of `ids` that are stored, in the order asked."""
        stored = await self._load(ids)
        return {paper_id: described.paper for paper_id, described in stored.items()}

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

    async def save(self, readings: Iterable[Described]) -> PapersSaved:
        """Take in what a source says of some papers.

        A live description stands over a written one, and the newest live one over older; what
        it leaves empty keeps its stored value. A summary replaces the one of its language and
        origin. What is stored already is not written again.
        """
        read = {reading.paper.id: reading for reading in readings}
        stored = await self._load(read)
        wanted = {
            paper_id: _joined(stored[paper_id], reading) if paper_id in stored else reading
            for paper_id, reading in read.items()
        }
        changed = [
            wanted[paper_id] for paper_id in read if wanted[paper_id] != stored.get(paper_id)
        ]
        await self._write_descriptions(changed)
        await self._write_authors(
            [
                described.paper
                for described in changed
                if _authors(stored, described.paper.id) != described.paper.authors
            ]
        )
        await self._write_summaries(changed, stored)
        new = sum(described.paper.id not in stored for described in changed)
        return PapersSaved(new=new, changed=len(changed) - new)

    async def _load(self, ids: Iterable[PaperId]) -> dict[PaperId, Described]:
        found: dict[PaperId, Described] = {}
        for chunk in chunks(ids):
            values = [paper_id.value for paper_id in chunk]
            rows = await self._connection.execute(
                select(schema.papers).where(schema.papers.c.id.in_(values))
            )
            descriptions = {row.id: row for row in rows}
            names = await self._names(values)
            summaries = await self._summaries(values)
            for paper_id in chunk:
                if (row := descriptions.get(paper_id.value)) is not None:
                    found[paper_id] = _described(
                        row, names.get(row.id, []), summaries.get(row.id, [])
                    )
        return found

    async def _names(self, ids: Sequence[str]) -> Mapping[str, list[str]]:
        written, authors = schema.paper_authors, schema.authors
        rows = await self._connection.execute(
            select(written.c.paper_id, authors.c.name)
            .join_from(written, authors)
            .where(written.c.paper_id.in_(ids))
            .order_by(written.c.paper_id, written.c.position)
        )
        names: defaultdict[str, list[str]] = defaultdict(list)
        for row in rows:
            names[row.paper_id].append(row.name)
        return names

    async def _summaries(self, ids: Sequence[str]) -> Mapping[str, list[Summary]]:
        columns = schema.summaries.c
        rows = await self._connection.execute(
            select(schema.summaries)
            .where(columns.paper_id.in_(ids))
            .order_by(columns.paper_id, columns.language, columns.origin)
        )
        summaries: defaultdict[str, list[Summary]] = defaultdict(list)
        for row in rows:
            bullets = tuple(Bullet(text=b["text"], label=b["label"]) for b in row.bullets)
            summaries[row.paper_id].append(
                Summary(language=row.language, bullets=bullets, origin=SummaryOrigin(row.origin))
            )
        return summaries

    async def _write_descriptions(self, changed: Sequence[Described]) -> None:
        if not changed:
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
                "id": described.paper.id.value,
                "title": described.paper.title,
                "abstract": described.paper.abstract,
                "media": list(described.paper.media),
                "code_url": described.paper.code_url,
                "stars": described.paper.stars,
                "project_url": described.paper.project_url,
                "organization": described.paper.organization,
                "keywords": list(described.paper.keywords),
                "live": described.live,
            }
            for described in changed
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
            await self._connection.execute(
                insert(self._connection, schema.author_parts).on_conflict_do_nothing(),
                [
                    {"part": part, "author_id": known[name]}
                    for name in added
                    for part in dict.fromkeys(_WORD.findall(fold(name)))
                ],
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
        self, changed: Sequence[Described], stored: Mapping[PaperId, Described]
    ) -> None:
        rows = [
            {
                "paper_id": described.paper.id.value,
                "language": summary.language,
                "origin": summary.origin.value,
                "bullets": [{"text": b.text, "label": b.label} for b in summary.bullets],
            }
            for described in changed
            for summary in described.paper.summaries
            if described.paper.id not in stored
            or summary not in stored[described.paper.id].paper.summaries
        ]
        if not rows:
            return
        statement = insert(self._connection, schema.summaries)
        statement = statement.on_conflict_do_update(
            index_elements=list(schema.summaries.primary_key.columns),
            set_={"bullets": statement.excluded.bullets},
        )
        await self._connection.execute(statement, rows)


def _authors(stored: Mapping[PaperId, Described], paper_id: PaperId) -> tuple[str, ...]:
    return stored[paper_id].paper.authors if paper_id in stored else ()


def _joined(stored: Described, read: Described) -> Described:
    """One description from the stored one and what was just read."""
    first, second = (read.paper, stored.paper) if read.live else (stored.paper, read.paper)
    summaries = {(s.language, s.origin): s for s in stored.paper.summaries}
    summaries |= {(s.language, s.origin): s for s in read.paper.summaries}
    return Described(
        replace(
            merged(first, second),
            summaries=tuple(summaries[key] for key in sorted(summaries)),
        ),
        live=stored.live or read.live,
    )


def _described(row: Row[Any], names: Sequence[str], summaries: Sequence[Summary]) -> Described:
    return Described(
        Paper(
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
            summaries=tuple(summaries),
        ),
        live=row.live,
    )
