"""Going on from a copy of the store that is older than what stands in Discord."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from bot.services.delivering import Delivering
from bot.services.restoring import Restored, restored
from bot.storage.database import Database, open_database
from bot.storage.marks import COPIED
from tests.builders import a_digest, utc
from tests.services.conftest import Channels, Clock, store, subscribe

SLOT = utc(2024, 6, 5)
PAPERS = ["Paper 1", "Paper 2", "Paper 3"]


async def test_a_store_that_is_no_copy_says_nothing(database: Database, clock: Clock) -> None:
    assert await restored(database, clock()) is None


@pytest.mark.parametrize("posted_before_the_copy", [0, 2])
async def test_what_was_posted_after_the_copy_was_made_is_not_posted_again(
    database: Database,
    delivering: Delivering,
    channels: Channels,
    clock: Clock,
    tmp_path: Path,
    posted_before_the_copy: int,
) -> None:
    """The copy is of before the slot, or of the middle of its delivery."""
    await store(database, a_digest())
    subscription = await subscribe(database)
    copy = tmp_path / "copy.db"
    copied_at = clock()

    def copy_now(_channel_id: int) -> None:
        if len(channels.asked) == posted_before_the_copy + 1:
            back_up_by_hand(tmp_path, copy)

    if posted_before_the_copy:
        channels.on_send = copy_now
    else:
        back_up_by_hand(tmp_path, copy)
    await delivering.deliver(subscription, SLOT)
    assert channels.titles() == PAPERS

    clock.advance(hours=3)
    async with open_database(f"sqlite+aiosqlite:///{copy}") as older:
        async with older.transaction() as stores:
            await stores.marks.set(COPIED, copied_at)
        successor = Delivering(
            older,
            channels,
            channels,
            sources=["huggingface"],
            now=clock,
            restored=await restored(older, clock()),
        )
        await successor.deliver(subscription, SLOT)
        await successor.resume()
        assert channels.titles() == PAPERS

        await store(older, a_digest(utc(2024, 6, 5).date(), [7]))
        clock.instant = SLOT + timedelta(days=1)
        asked = len(channels.searched)
        await successor.deliver(subscription, clock())
        assert channels.titles() == [*PAPERS, "Paper 7"]
        assert len(channels.searched) == asked, "what is due after the copy is in no doubt"
        async with older.reading() as stores:
            assert await stores.deliveries.unfinished() == ()


async def test_nothing_is_repeated_although_the_order_is_another_than_it_was(
    database: Database,
    delivering: Delivering,
    channels: Channels,
    clock: Clock,
    tmp_path: Path,
) -> None:
    """Two days were posted since the copy; votes have moved, and the newer list comes first."""
    subscription = await subscribe(database)
    copy, copied_at = tmp_path / "copy.db", clock()
    back_up_by_hand(tmp_path, copy)
    for age, numbers in enumerate(([1, 2, 3], [4, 5, 6])):
        clock.instant = SLOT + timedelta(days=age)
        await store(database, a_digest(clock().date(), numbers))
        await delivering.deliver(subscription, clock())
    posted = channels.titles()
    assert len(posted) == 6

    clock.advance(hours=3)
    async with open_database(f"sqlite+aiosqlite:///{copy}") as older:
        await store(older, a_digest(SLOT.date(), [3, 1, 2]))
        await store(older, a_digest(clock().date(), [6, 4, 5]))
        async with older.transaction() as stores:
            await stores.marks.set(COPIED, copied_at)
        successor = Delivering(
            older,
            channels,
            channels,
            sources=["huggingface"],
            now=clock,
            restored=await restored(older, clock()),
        )
        await successor.deliver(subscription, SLOT + timedelta(days=1))
    assert channels.titles() == posted


async def test_a_copy_is_doubted_once_and_a_copy_of_it_again(
    database: Database, clock: Clock
) -> None:
    copied_at = clock()
    async with database.transaction() as stores:
        await stores.marks.set(COPIED, copied_at)
    clock.advance(hours=1)
    used_at = clock()
    assert await restored(database, used_at) == Restored(copied_at, used_at)
    clock.advance(days=7)
    assert await restored(database, clock()) == Restored(copied_at, used_at)

    async with database.transaction() as stores:
        await stores.marks.set(COPIED, clock())
    clock.advance(days=1)
    assert await restored(database, clock()) == Restored(clock() - timedelta(days=1), clock())


def back_up_by_hand(folder: Path, copy: Path) -> None:
    """Database and log as they lie on the disk now."""
    [original] = [file for file in folder.glob("*.db") if file != copy]
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{original}{suffix}", f"{copy}{suffix}")
