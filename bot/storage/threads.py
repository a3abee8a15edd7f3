"""Threads that read: a look-up as a whole goes to one of them and back.

It makes half a dozen statements in a row and waits for nothing else. Each of them on its own
would go to the driver's thread and back, four times the price of the statements themselves.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import sqlalchemy
from sqlalchemy import CursorResult, Dialect, Engine, Executable

from bot.storage.connection import Connection, Values
from bot.storage.errors import DatabaseUnavailable

Result = TypeVar("Result")

THREADS: Final = max(2, min(4, os.cpu_count() or 1))
"""More threads than processors gain nothing: they wait for no one but the disk, and the event loop
waits for them."""


class ReadingThreads:
    """Some threads, each with a connection of `engine`, which has as many."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="look-up")
        self._is_closed = False

    async def run(self, work: Callable[[Connection], Coroutine[Any, Any, Result]]) -> Result:
        """What `work` returns, done in one transaction on a thread; it may await nothing but
        the connection. A caller that is cancelled does not wait for it."""
        if self._is_closed:
            raise DatabaseUnavailable("the database is closed: the bot is stopping")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, work)

    def _run(self, work: Callable[[Connection], Coroutine[Any, Any, Result]]) -> Result:
        with self._engine.begin() as connection:
            return _driven(work(_AtOnce(connection)))

    async def close(self) -> None:
        """Wait for what is under way; what is not begun yet is cancelled."""
        self._is_closed = True
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        self._engine.dispose()


class _AtOnce(Connection):
    """A connection of a thread's own: a statement has its result before it is awaited."""

    def __init__(self, connection: sqlalchemy.Connection) -> None:
        self._at_once = connection

    @property
    def dialect(self) -> Dialect:
        return self._at_once.dialect

    async def execute(
        self, statement: Executable, values: Values | None = None
    ) -> CursorResult[Any]:
        return self._at_once.execute(statement, values)


def _driven(work: Coroutine[Any, Any, Result]) -> Result:
    try:
        work.send(None)
    except StopIteration as ended:
        result: Result = ended.value
        return result
    work.close()
    raise RuntimeError("a look-up awaits nothing but the stores that it was given")
