"""The traits of papers at rest (see `bot.domain.traits`)."""

from collections.abc import Collection, Mapping

from sqlalchemy import and_, delete, select

from bot.domain.papers import PaperId
from bot.domain.traits import VERSION, Traits
from bot.storage import schema
from bot.storage.chunks import chunks
from bot.storage.connection import Connection
from bot.storage.upsert import insert

_papers = schema.papers.c
_traits = schema.traits.c
_CURRENT = and_(_traits.paper_id == _papers.id, _traits.version == VERSION)


class TraitStore:
    """Traits at rest: the caller owns the transaction, this class the SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def missing(self, newest: int) -> tuple[PaperId, ...]:
        """Which of the newest papers, by arXiv's numbers, have no traits yet, or old ones."""
        recent = select(_papers.id).order_by(_papers.id.desc()).limit(newest).subquery()
        rows = await self._connection.scalars(
            select(recent.c.id)
            .join(
                schema.traits,
                and_(_traits.paper_id == recent.c.id, _traits.version == VERSION),
                isouter=True,
            )
            .where(_traits.paper_id.is_(None))
        )
        return tuple(map(PaperId, rows))

    async def newest(self, newest: int) -> dict[PaperId, Traits]:
        """The traits of the newest papers, as far as they are there."""
        rows = await self._connection.execute(
            select(_papers.id, _traits.traits)
            .join_from(schema.papers, schema.traits, _CURRENT)
            .order_by(_papers.id.desc())
            .limit(newest)
        )
        return {PaperId(row.id): Traits.from_bytes(row.traits) for row in rows}

    async def put(self, traits: Mapping[PaperId, Traits]) -> None:
        """Store the traits of papers that are stored."""
        if not traits:
            return
        statement = insert(self._connection, schema.traits)
        statement = statement.on_conflict_do_update(
            index_elements=[_traits.paper_id],
            set_={"version": statement.excluded.version, "traits": statement.excluded.traits},
        )
        await self._connection.execute(
            statement,
            [
                {"paper_id": paper_id.value, "version": VERSION, "traits": each.to_bytes()}
                for paper_id, each in traits.items()
            ],
        )

    async def forget(self, paper_ids: Collection[PaperId]) -> None:
        """Drop the traits of papers that are not what they were."""
        for chunk in chunks(paper_id.value for paper_id in paper_ids):
            await self._connection.execute(delete(schema.traits).where(_traits.paper_id.in_(chunk)))
