"""Statements that a cancellation does not tear.

A task may be cancelled at any time: by a time-out around reading the sources, or when the bot
stops. A statement that is dropped half-way stays open in the driver, and its transaction with
it: on SQLite that locks out every writer until the garbage collector comes by. So what is
handed to the database runs to its end, which takes milliseconds, and the cancellation is
raised between statements, where a transaction can be rolled back.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import CursorResult, Dialect, Executable, ScalarResult
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

Result = TypeVar("Result")

Values: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""What the parameters of a statement are; rows of them, to run it for each.

A statement that is asked often is built once, with `bindparam`: building it and asking SQLAlchemy
whether it knows it take longer than most of ours take to run.
"""


class Connection:
    """A connection within one transaction, as the stores use it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> Dialect:
        return self._connection.dialect

    async def execute(
        self, statement: Executable, values: Values | None = None
    ) -> CursorResult[Any]:
        """Run `statement` with the values of its parameters, or for each row of such."""
        return await to_its_end(self._connection.execute(statement, values))

    async def scalars(
        self, statement: Executable, values: Values | None = None
    ) -> ScalarResult[Any]:
        """The first column of every row."""
        return (await self.execute(statement, values)).scalars()

    async def scalar(self, statement: Executable, values: Values | None = None) -> Any:
        """The first column of the first row, `None` without one."""
        return (await self.execute(statement, values)).scalar()


@asynccontextmanager
async def begun(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection in a transaction that is committed at the end, or rolled back on any error."""
    connection = engine.connect()
    try:
        await to_its_end(connection.start())
        await to_its_end(connection.begin().start())
        yield connection
        await to_its_end(connection.commit())
    finally:
        if connection.sync_connection is not None:
            await to_its_end(connection.close())  # rolls back what was not committed


async def to_its_end(work: Coroutine[Any, Any, Result]) -> Result:
    """What `work` returns; a cancellation of the caller is raised when `work` has ended."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not call it forgotten
        raise cancelled
    return task.result()
