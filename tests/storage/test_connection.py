import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.storage.connection import to_its_end
from bot.storage.database import open_database
from tests.storage.samples import CHANNEL, subscribe


class Work:
    """Something that takes until it is told to end."""

    def __init__(self, error: BaseException | None = None) -> None:
        self._error = error
        self.started = asyncio.Event()
        self.may_end = asyncio.Event()
        self.ended = False

    async def __call__(self) -> str:
        self.started.set()
        await self.may_end.wait()
        self.ended = True
        if self._error is not None:
            raise self._error
        return "done"


async def test_work_gives_its_result() -> None:
    work = Work()
    work.may_end.set()

    assert await to_its_end(work()) == "done"


async def test_work_raises_its_error() -> None:
    work = Work(LookupError("on purpose"))
    work.may_end.set()

    with pytest.raises(LookupError, match="on purpose"):
        await to_its_end(work())


@pytest.mark.parametrize("error", [None, LookupError("on purpose"), asyncio.CancelledError()])
async def test_a_cancellation_is_raised_when_the_work_has_ended(
    error: BaseException | None,
) -> None:
    work = Work(error)
    caller = asyncio.create_task(to_its_end(work()))
    await work.started.wait()
    for _ in range(3):
        caller.cancel()
        await asyncio.sleep(0)
    assert not caller.done()
    work.may_end.set()

    with pytest.raises(asyncio.CancelledError):
        await caller
    assert work.ended


async def test_a_time_out_is_told_as_one_when_the_work_has_ended() -> None:
    work = Work()

    async def impatient() -> None:
        async with asyncio.timeout(0):
            await to_its_end(work())

    caller = asyncio.create_task(impatient())
    await work.started.wait()
    work.may_end.set()

    with pytest.raises(TimeoutError):
        await caller
    assert work.ended


async def test_a_transaction_that_is_cancelled_while_it_begins_blocks_nobody(
    tmp_path: Path,
) -> None:
    file = tmp_path / "papers.db"
    async with open_database(f"sqlite+aiosqlite:///{file}") as database:
        with closing(sqlite3.connect(file, isolation_level=None)) as other_program:
            other_program.execute("BEGIN IMMEDIATE")
            waiting = asyncio.create_task(subscribe(database))
            await asyncio.sleep(0.05)  # until it asks for the lock; sooner is a test as well
            waiting.cancel()
            other_program.execute("ROLLBACK")
        with pytest.raises(asyncio.CancelledError):
            await waiting

        await subscribe(database, CHANNEL + 1)
        async with database.reading() as stores:
            assert await stores.subscriptions.of_channel(CHANNEL) is None
