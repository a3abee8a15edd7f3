"""Copies of a database in use: whole and marked, or not there."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from bot.storage.backup import PAGES_AT_ONCE, Backup, back_up
from bot.storage.database import Database, look_into, open_database
from bot.storage.errors import BackupFailed, DatabaseDamaged, DatabaseMissing
from bot.storage.marks import COPIED
from tests.storage.samples import DAY, NOON, paper, save

LARGE = [paper(number, abstract="x" * 20_000) for number in range(1, 1_001)]
"""Some 20 MiB, which are copied in several steps."""


@pytest.fixture
async def large(database: Database) -> Database:
    await save(database, *LARGE)
    return database


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "copy.db"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def rights(file: Path) -> int:
    return file.stat().st_mode & 0o777


def content(file: Path) -> bytes | None:
    """What is in a file; `None` if there is none."""
    return file.read_bytes() if file.exists() else None


async def papers_in(file: Path) -> int:
    """How many papers a copy lists, once it is known to be whole."""
    async with (
        look_into(f"sqlite+aiosqlite:///{file}") as database,
        database.reading() as stores,
    ):
        assert await stores.integrity.faults() == ()
        assert await stores.integrity.contradictions() == ()
        return len(await stores.lists.digest(DAY))


async def test_a_copy_is_one_file_with_all_that_was_written_and_the_rights_of_the_database(
    database: Database, database_url: str, copy: Path
) -> None:
    await save(database, paper(1))
    database.file.chmod(0o640)

    made = back_up(database_url, copy, at=NOON)

    assert made == Backup(copy, len(content(copy) or b""))
    assert rights(copy) == 0o640
    assert names(copy.parent) == ["copy.db"]
    assert await papers_in(copy) == 1


async def test_a_copy_knows_when_it_was_made_and_the_database_does_not(
    database: Database, database_url: str, copy: Path
) -> None:
    back_up(database_url, copy, at=NOON)

    async with (
        open_database(f"sqlite+aiosqlite:///{copy}") as copied,
        copied.reading() as stores,
    ):
        assert await stores.marks.get(COPIED) == NOON
    async with database.reading() as stores:
        assert await stores.marks.get(COPIED) is None


async def test_a_copy_of_tables_that_know_no_marks_goes_without(
    database: Database, database_url: str, copy: Path
) -> None:
    with closing(sqlite3.connect(database.file)) as connection:
        connection.execute("DROP TABLE marks")

    back_up(database_url, copy, at=NOON)

    assert await papers_in(copy) == 0


async def test_a_copy_is_of_one_moment_whatever_is_written_meanwhile(
    large: Database, database_url: str, copy: Path
) -> None:
    """And the writer waits for nothing: it commits between two steps of the copy."""
    with closing(sqlite3.connect(large.file, timeout=0, isolation_level=None)) as other:

        def write(_done: int, _total: int) -> None:
            other.execute("DELETE FROM listings WHERE rowid = (SELECT min(rowid) FROM listings)")
            steps.append(_done)

        steps: list[int] = []
        back_up(database_url, copy, at=NOON, progress=write)
        (left,) = other.execute("SELECT count(*) FROM listings").fetchone()

    assert await papers_in(copy) == len(LARGE)
    assert left == len(LARGE) - len(steps)
    assert len(steps) > 3


async def test_progress_is_told_in_bytes(large: Database, database_url: str, copy: Path) -> None:
    told: list[tuple[int, int]] = []

    made = back_up(database_url, copy, at=NOON, progress=lambda *step: told.append(step))

    assert told[0] == (PAGES_AT_ONCE * 4096, made.bytes)
    assert told[-1] == (made.bytes, made.bytes)


# --- refused ---


async def test_a_file_that_is_there_is_replaced_only_if_told(
    database: Database, database_url: str, copy: Path
) -> None:
    await asyncio.to_thread(copy.write_text, "precious")

    with pytest.raises(BackupFailed, match="is there already: name another file, or add --force"):
        back_up(database_url, copy, at=NOON)
    assert content(copy) == b"precious"

    back_up(database_url, copy, at=NOON, replace=True)
    assert await papers_in(copy) == 0
    assert names(copy.parent) == ["copy.db"]


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize("name", ["papers.db", "papers.db-wal", "papers.db-journal", "link.db"])
async def test_the_database_itself_is_no_place_for_its_copy(
    database: Database, database_url: str, replace: bool, name: str
) -> None:
    (database.file.parent / "link.db").hardlink_to(database.file)
    with pytest.raises(BackupFailed, match="is the database itself: name another file"):
        back_up(database_url, database.file.with_name(name), at=NOON, replace=replace)
    await save(database, paper(1))


async def test_a_folder_is_no_file(database: Database, database_url: str, copy: Path) -> None:
    with pytest.raises(BackupFailed, match="backups is no file: name one for the copy"):
        back_up(database_url, copy.parent, at=NOON, replace=True)


async def test_a_missing_folder_is_named(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    with pytest.raises(BackupFailed, match=r"the folder .*/nowhere does not exist: create it"):
        back_up(database_url, tmp_path / "nowhere" / "copy.db", at=NOON)


async def test_a_name_that_no_file_can_have_is_refused(
    database: Database, database_url: str, copy: Path
) -> None:
    with pytest.raises(BackupFailed, match=r"cannot write .*too long"):
        back_up(database_url, copy.with_name("x" * 250), at=NOON)


@pytest.mark.parametrize("suffix", ["-wal", "-journal"])
async def test_a_place_beside_which_a_journal_stands_is_refused(
    database: Database, database_url: str, copy: Path, suffix: str
) -> None:
    """SQLite would write what is in it into the copy."""
    await asyncio.to_thread(Path(f"{copy}{suffix}").touch)

    with pytest.raises(BackupFailed, match=f"copy.db{suffix} stands beside"):
        back_up(database_url, copy, at=NOON)
    assert names(copy.parent) == [f"copy.db{suffix}"]


async def test_a_database_that_is_not_there_is_not_made(database_url: str, copy: Path) -> None:
    other = database_url.replace("papers.db", "other.db")
    with pytest.raises(DatabaseMissing, match=r"there is no database .*other\.db yet"):
        back_up(other, copy, at=NOON)
    assert names(copy.parent) == []
    assert "other.db" not in names(copy.parents[1])


@pytest.mark.parametrize("spoilt", [b"\0", b"\xff"])
async def test_a_damaged_database_gives_no_copy(
    database_url: str, copy: Path, spoilt: bytes
) -> None:
    async with open_database(database_url) as database:
        await save(database, *LARGE[:100])
    whole = content(database.file) or b""
    middle = len(whole) // 2 // 4096 * 4096
    database.file.write_bytes(whole[:middle] + spoilt * 8192 + whole[middle + 8192 :])

    with pytest.raises(DatabaseDamaged, match="is damaged: stop the bot and put back a backup"):
        back_up(database_url, copy, at=NOON)
    assert names(copy.parent) == []


# --- ended before the end ---


async def test_a_copy_that_is_interrupted_leaves_nothing(
    large: Database, database_url: str, copy: Path
) -> None:
    def interrupt(done: int, _total: int) -> None:
        assert names(copy.parent) == [".copy.db.partial"]
        if done > 2 * PAGES_AT_ONCE * 4096:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(database_url, copy, at=NOON, progress=interrupt)

    assert names(copy.parent) == []


async def test_a_file_that_appears_meanwhile_is_not_replaced(
    large: Database, database_url: str, copy: Path
) -> None:
    with pytest.raises(BackupFailed, match="is there already"):
        back_up(database_url, copy, at=NOON, progress=lambda _done, _total: copy.touch())
    assert names(copy.parent) == ["copy.db"]
    assert content(copy) == b""


SLOW = """
import resource, sys, time
from datetime import UTC, datetime
from pathlib import Path
from bot.storage.backup import back_up
from bot.storage.errors import StorageError

def progress(done, total):
    if limit == "wait":
        print("copying", flush=True)
        sys.stdin.read()

url, file, limit = sys.argv[1:]
if limit != "wait":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
try:
    back_up(url, Path(file), at=datetime.now(UTC), progress=progress)
except StorageError as error:
    print(error)
"""


@asynccontextmanager
async def backing_up(url: str, file: Path, limit: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process that makes a copy, and stops at the first step if told to `wait`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SLOW,
        url,
        str(file),
        limit,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    yield process
    async with asyncio.timeout(30):
        await process.communicate(b"")


async def test_a_copy_that_is_killed_leaves_no_file_and_is_made_when_tried_again(
    large: Database, database_url: str, copy: Path
) -> None:
    async with backing_up(database_url, copy, "wait") as process:
        assert process.stdout is not None
        await process.stdout.readline()
        with pytest.raises(BackupFailed, match="another backup is writing"):
            back_up(database_url, copy, at=NOON)
        process.send_signal(signal.SIGKILL)
    assert content(copy) is None

    back_up(database_url, copy, at=NOON)
    assert await papers_in(copy) == len(LARGE)
    assert names(copy.parent) == ["copy.db"]


async def test_a_full_disk_leaves_nothing(large: Database, database_url: str, copy: Path) -> None:
    async with backing_up(database_url, copy, str(5 * 2**20)) as process:
        assert process.stdout is not None
        said = (await process.stdout.readline()).decode()

    assert said.startswith(f"no space is left for the copy in {copy.parent}: free some")
    assert names(copy.parent) == []
    await save(large, paper(2_000))
