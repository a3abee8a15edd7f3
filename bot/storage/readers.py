"""What readers asked to be forgotten, at rest."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import delete, select, update

from bot.storage import schema
from bot.storage.connection import Connection
from bot.storage.upsert import insert

_readers = schema.readers.c


class ReaderStore:
    """What readers asked for: the caller owns the transaction, this class the SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def taste_since(self, reader_id: int) -> datetime | None:
        """Since when a reader's verdicts make their taste; `None`: since ever."""
        since: datetime | None = await self._connection.scalar(
            select(_readers.taste_since).where(_readers.reader_id == reader_id)
        )
        return since

    async def forget_taste(self, reader_id: int, *, at: datetime) -> None:
        """Learn a reader's taste only from what they say from then on."""
        statement = insert(self._connection, schema.readers).values(
            reader_id=reader_id, taste_since=at
        )
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[_readers.reader_id], set_={"taste_since": at}
            )
        )

    async def forgotten(self, reader_ids: Collection[int]) -> Mapping[int, datetime]:
        """Those of some readers who were erased of late, and when."""
        rows = await self._connection.execute(
            select(_readers.reader_id, _readers.forgotten_at).where(
                _readers.reader_id.in_(sorted(reader_ids)), _readers.forgotten_at.is_not(None)
            )
        )
        return {row.reader_id: row.forgotten_at for row in rows}

    async def forgotten_before(self, instant: datetime) -> tuple[int, ...]:
        """Readers who were erased before then."""
        return tuple(
            await self._connection.scalars(
                select(_readers.reader_id).where(_readers.forgotten_at < instant)
            )
        )

    async def drop(self, reader_ids: Collection[int]) -> None:
        """Forget that these were erased; what they asked for since stays."""
        of_these = _readers.reader_id.in_(sorted(reader_ids))
        await self._connection.execute(
            delete(schema.readers).where(of_these, _readers.taste_since.is_(None))
        )
        await self._connection.execute(
            update(schema.readers).where(of_these).values(forgotten_at=None)
        )
