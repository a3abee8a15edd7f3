"""Follows at rest."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Row, delete, select, update

from bot.domain.follows import Follow, FollowKind
from bot.storage import schema
from bot.storage.connection import Connection
from bot.storage.upsert import insert

_follows = schema.follows.c


class FollowStore:
    """Follows at rest: the caller owns the transaction, this class the SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(
        self,
        *,
        reader_id: int,
        kind: FollowKind,
        said: str,
        author_id: int | None = None,
        at: datetime,
    ) -> Follow | None:
        """A new follow; `None` if the person follows that already."""
        statement = (
            insert(self._connection, schema.follows)
            .values(
                reader_id=reader_id, kind=kind.value, said=said, author_id=author_id, created_at=at
            )
            .on_conflict_do_nothing()
            .returning(schema.follows)
        )
        row = (await self._connection.execute(statement)).one_or_none()
        return None if row is None else _follow(row)

    async def of_reader(self, reader_id: int) -> tuple[Follow, ...]:
        """What a person follows, oldest first."""
        rows = await self._connection.execute(
            select(schema.follows).where(_follows.reader_id == reader_id).order_by(_follows.id)
        )
        return tuple(map(_follow, rows))

    async def tie(self, follow: Follow, author_id: int, name: str) -> None:
        """Let a follow of a name be of this author from now on, under their own name; it goes if
        the person follows that author besides."""
        same = select(_follows.id).where(
            _follows.reader_id == follow.reader_id,
            _follows.kind == follow.kind.value,
            _follows.said == name,
            _follows.id != follow.id,
        )
        if (await self._connection.execute(same)).first() is not None:
            await self.remove(follow.reader_id, follow.id)
            return
        await self._connection.execute(
            update(schema.follows)
            .where(_follows.id == follow.id)
            .values(said=name, author_id=author_id)
        )

    async def remove(self, reader_id: int, follow_id: int) -> bool:
        """End one of a person's follows; whether it was theirs and stood."""
        return await self._delete(_follows.reader_id == reader_id, _follows.id == follow_id)

    async def forget(self, reader_id: int) -> bool:
        """End all that a person follows; whether there was any."""
        return await self._delete(_follows.reader_id == reader_id)

    async def _delete(self, *criteria: ColumnElement[bool]) -> bool:
        removed: CursorResult[Any] = await self._connection.execute(
            delete(schema.follows).where(*criteria)
        )
        return removed.rowcount > 0


def _follow(row: Row[Any]) -> Follow:
    return Follow(
        id=row.id,
        reader_id=row.reader_id,
        kind=FollowKind(row.kind),
        said=row.said,
        author_id=row.author_id,
    )
