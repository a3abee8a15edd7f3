import asyncio
import random
import threading
from contextlib import suppress

import pytest

from bot.domain.papers import Paper
from bot.storage.database import Database, Stores, open_database
from bot.storage.errors import DatabaseUnavailable, PaperNotFound
from tests.builders import utc
from tests.storage.samples import CHANNEL, DAY, NOON, digest, paper, paper_id, save, subscribe


async def channels(database: Database) -> list[int]:
    async with database.reading() as stores:
        return [subscription.channel_id for subscription in await stores.subscriptions.all()]


async def test_what_was_written_is_there_after_the_database_was_closed(database_url: str) -> None:
    async with open_database(database_url) as database:
        await save(database, paper(1))

    async with open_database(database_url) as database, database.reading() as stores:
        assert await stores.papers.get(paper_id(1)) == paper(1)


async def test_a_transaction_that_fails_keeps_nothing(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as stores:
            await stores.lists.save(digest(paper(1)), source="one", read_at=NOON, closed=True)
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        await fail()

    async with database.reading() as stores:
        assert not await stores.lists.digest(DAY)
        assert await stores.lists.closed_days([DAY], ["one"], now=NOON) == frozenset()
        with pytest.raises(PaperNotFound):
            await stores.papers.get(paper_id(1))


async def test_a_reader_sees_one_state_while_a_writer_commits_another(
    database: Database, elsewhere: Database
) -> None:
    await save(database, paper(1))
    async with database.reading() as stores:
        before = await stores.lists.digest(DAY)
        await save(elsewhere, paper(2))
        after = await stores.lists.digest(DAY)
    async with database.reading() as stores:
        later = await stores.lists.digest(DAY)

    assert before == after
    assert len(later) == 2


async def test_a_reader_does_not_wait_for_a_writer(database: Database) -> None:
    async with database.transaction() as stores:
        await stores.lists.save(digest(paper(1)), source="one", read_at=NOON, closed=False)
        async with database.reading() as others:
            assert not await others.lists.digest(DAY)


async def test_more_readers_than_connections_take_turns(database: Database) -> None:
    await save(database, paper(1))

    async def read() -> int:
        async with database.reading() as stores:
            return len(await stores.lists.digest(DAY))

    assert await asyncio.gather(*(read() for _ in range(50))) == [1] * 50


async def test_writers_of_one_process_are_served_first_come_first_served(
    database: Database,
) -> None:
    await asyncio.gather(*(subscribe(database, CHANNEL + n) for n in range(30)))

    assert await channels(database) == [CHANNEL + n for n in range(30)]


async def test_writers_of_two_processes_lose_nothing_to_each_other(
    database: Database, elsewhere: Database
) -> None:
    await asyncio.gather(
        *(subscribe(by, CHANNEL + n) for n in range(20) for by in [(database, elsewhere)[n % 2]])
    )

    assert sorted(await channels(database)) == [CHANNEL + n for n in range(20)]


async def test_a_transaction_that_is_cancelled_keeps_nothing_and_blocks_nobody(
    database: Database, elsewhere: Database
) -> None:
    """Wherever it is hit: waiting for its turn, beginning, writing or committing."""
    chance = random.Random(20240604)
    for number in range(40):
        tasks = [
            asyncio.create_task(subscribe(database, CHANNEL + 3 * number + n)) for n in range(3)
        ]
        for _ in range(chance.randrange(60)):
            await asyncio.sleep(0)
        await asyncio.sleep(chance.random() / 200)
        tasks[chance.randrange(3)].cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        finished = {
            subscription.channel_id
            for task in tasks
            if not task.cancelled()
            for subscription in [task.result()]
        }
        # A commit under way may have gone through although its caller was cancelled.
        assert finished <= set(await channels(elsewhere))

    await asyncio.wait_for(subscribe(elsewhere, 1), timeout=5)
    await asyncio.wait_for(subscribe(database, 2), timeout=5)


# --- look-ups on a thread -----------------------------------------------------------------


async def test_a_look_up_reads_what_was_committed(database: Database) -> None:
    await save(database, paper(1))

    async def both(stores: Stores) -> tuple[Paper, Paper]:
        return await stores.papers.get(paper_id(1)), await stores.papers.get(paper_id(1))

    assert await database.look_up(both) == (paper(1), paper(1))


async def test_more_look_ups_than_threads_all_come_to_an_end(database: Database) -> None:
    await save(database, paper(1))

    found = await asyncio.gather(
        *(database.look_up(lambda s: s.papers.get(paper_id(1))) for _ in range(50))
    )

    assert found == [paper(1)] * 50


async def test_a_look_up_cannot_write(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable):
        await database.look_up(lambda stores: stores.marks.set("mine", utc(2024, 6, 4)))


async def test_what_a_look_up_raises_is_raised_and_the_next_one_works(database: Database) -> None:
    for _ in range(10):
        with pytest.raises(PaperNotFound):
            await database.look_up(lambda stores: stores.papers.get(paper_id(1)))


async def test_a_look_up_that_waits_for_something_else_is_refused(database: Database) -> None:
    async def wait(_stores: Stores) -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="nothing but the stores"):
        await database.look_up(wait)


async def test_a_look_up_that_is_given_up_leaves_the_database_usable(database: Database) -> None:
    begun, may_end = threading.Event(), threading.Event()

    async def slow(stores: Stores) -> tuple[str, ...]:
        begun.set()
        may_end.wait(10)
        return await stores.papers.languages()

    asking = asyncio.create_task(database.look_up(slow))
    await asyncio.to_thread(begun.wait, 10)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    may_end.set()

    await save(database, paper(1))
    assert await database.look_up(lambda s: s.papers.get(paper_id(1))) == paper(1)


async def test_a_look_up_after_the_end_is_told_so(database_url: str) -> None:
    async with open_database(database_url) as database:
        pass
    with pytest.raises(DatabaseUnavailable, match="the database is closed"):
        await database.look_up(lambda stores: stores.archive.ends())
