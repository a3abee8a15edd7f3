"""Instants in the store's own life."""

from datetime import datetime
from typing import Final

from sqlalchemy import select

from bot.storage import schema
from bot.storage.connection import Connection
from bot.storage.upsert import insert

COPIED: Final = "copied"
"""When the copy was made that this store is."""

FIRST_USED: Final = "first used"
"""When a bot first ran on the copy."""

_columns = schema.marks.c


class MarkStore:
    """Marks at rest: the caller owns the transaction, this class the SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, name: str) -> datetime | None:
        """When it was set; `None` if it never was."""
        at: datetime | None = await self._connection.scalar(
            select(_columns.at).where(_columns.name == name)
        )
        return at

    async def set(self, name: str, at: datetime) -> None:
        """Set a mark, or set it anew."""
        statement = insert(self._connection, schema.marks).values(name=name, at=at)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=[_columns.name], set_={"at": at})
        )
