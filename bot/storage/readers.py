"""What readers asked to be forgotten, at rest."""

from datetime import datetime

from sqlalchemy import select

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
