"""A consistent copy of the database, made while the bot runs.

SQLite's online backup (https://sqlite.org/backup.html) copies page by page. It runs here within
one reading transaction, so the copy is the state of one moment, however long it takes: the bot
writes on beside it (WAL), and the copy need not begin anew whenever it does. The copy grows
under a name of its own and gets its real one when it is whole, checked and on the disk.
"""

import errno
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from sqlalchemy import URL, make_url
from sqlalchemy.dialects.sqlite import dialect

from bot.storage import sqlite
from bot.storage.errors import BackupFailed
from bot.storage.marks import COPIED
from bot.storage.schema import Instant

PAGES_AT_ONCE: Final = 1_024
"""Pages copied between two calls of `progress`: 4 MiB, some milliseconds."""

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many bytes are copied, of how many. What it raises ends the copy."""

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy that was made."""

    file: Path
    bytes: int


def back_up(
    url: str,
    file: Path,
    *,
    at: datetime,
    replace: bool = False,
    progress: Progress = lambda _done, _total: None,
    patience: timedelta = sqlite.PATIENCE,
) -> Backup:
    """Copy the database at `url` to `file`. It blocks.

    The copy knows that it is one, made `at`. It is there whole or not at all: whatever goes
    wrong, or ends the program, no `file` appears and one that was there stays as it was.

    Raises `BackupFailed`, also if there is a `file` already that it was not told to `replace`,
    and the `StorageError` of a database that cannot be read.
    """
    source = make_url(url)
    original = sqlite.file_of(source)
    readable = sqlite.looking(original)
    with _writing(file):
        _refuse_unless_free(file, original, replace=replace)
    with _own(file) as copied:
        _copy(readable, source, copied, at=at, progress=progress, patience=patience)
        with _writing(file):
            size = copied.stat().st_size
            copied.chmod(original.stat().st_mode & 0o777)
            _sync(copied)
            _refuse_unless_free(file, original, replace=replace)
            copied.replace(file)
            _sync(file.parent)
    return Backup(file, size)


def _refuse_unless_free(file: Path, original: Path, *, replace: bool) -> None:
    beside = [Path(f"{original}{suffix}") for suffix in ("", "-wal", "-shm", "-journal")]
    if file.resolve() in [path.resolve() for path in beside] or (
        file.exists() and file.samefile(original)
    ):
        raise BackupFailed(f"{file} is the database itself: name another file for the copy")
    if file.exists() and not file.is_file():
        raise BackupFailed(f"{file} is no file: name one for the copy")
    if file.exists() and not replace:
        raise BackupFailed(f"{file} is there already: name another file, or add --force")
    for suffix in ("-wal", "-journal"):
        # SQLite would take it for the copy's own, and write it into the copy.
        if (leftover := Path(f"{file}{suffix}")).exists():
            raise BackupFailed(
                f"{leftover} stands beside {file}, which is in use or was not closed: "
                "name another file for the copy"
            )


@contextmanager
def _own(file: Path) -> Iterator[Path]:
    """An empty file to grow beside `file`, ours alone and gone at the end. What a killed try
    left is taken over."""
    growing = file.with_name(f".{file.name}.partial")
    with _writing(file):
        descriptor = os.open(growing, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, growing)
        os.ftruncate(descriptor, 0)
        try:
            yield growing
        finally:
            for suffix in ("", "-journal", "-wal", "-shm"):
                Path(f"{growing}{suffix}").unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, growing: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_ours = os.path.samestat(os.fstat(descriptor), growing.stat())
    except (BlockingIOError, FileNotFoundError):
        is_ours = False
    if not is_ours:
        raise BackupFailed(f"another backup is writing {growing}: wait until it has ended")


def _copy(
    readable: URL,
    source: URL,
    copied: Path,
    *,
    at: datetime,
    progress: Progress,
    patience: timedelta,
) -> None:
    """Copy, mark and check, with each fault put down to the file that it is of."""
    (name,), _ = readable.get_dialect()().create_connect_args(readable)
    connect = partial(
        sqlite3.connect, uri=True, timeout=patience.total_seconds(), isolation_level=None
    )
    try:
        with (
            closing(connect(name)) as original,
            closing(connect(copied.absolute().as_uri())) as copy,
        ):
            # The snapshot begins with the first reading and lasts until the connection closes.
            original.execute("BEGIN")
            original.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            (page,) = original.execute("PRAGMA page_size").fetchone()
            # No journal, for a copy that fails is thrown away; and it is brought to the disk
            # once, at the end.
            copy.execute("PRAGMA journal_mode = OFF")
            copy.execute("PRAGMA synchronous = OFF")
            original.backup(
                copy,
                pages=PAGES_AT_ONCE,
                progress=lambda _status, left, total: progress((total - left) * page, total * page),
            )
            # It was copied as one that has files beside it. A copy is one file.
            copy.execute("PRAGMA journal_mode = OFF")
            _mark(copy, at)
            faults = sqlite.faults(line for (line,) in copy.execute(sqlite.INTEGRITY_CHECK))
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith(("SQLITE_FULL", "SQLITE_IOERR_WRITE")):
            raise BackupFailed(
                f"no space is left for the copy in {copied.parent}: free some, "
                "or name a file on another disk"
            ) from error
        if (known := sqlite.unavailable(error, source, patience=patience)) is None:
            raise
        raise known from error
    if faults:
        raise sqlite.damaged(sqlite.file_of(source))


def _mark(copy: sqlite3.Connection, at: datetime) -> None:
    """Note in the copy when it was made. Tables older than marks go without."""
    if copy.execute("SELECT 1 FROM sqlite_schema WHERE name = 'marks'").fetchone():
        stored = Instant().dialect_impl(dialect()).bind_processor(dialect())
        copy.execute(
            "INSERT OR REPLACE INTO marks (name, at) VALUES (?, ?)",
            (COPIED, stored(at) if stored is not None else at),
        )


def _sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _cannot_write(file, error) from error


def _cannot_write(file: Path, error: OSError) -> BackupFailed:
    if not file.parent.is_dir():
        return BackupFailed(f"the folder {file.parent} does not exist: create it, or name another")
    if error.errno in _NO_ROOM:
        return BackupFailed(
            f"no space is left for the copy in {file.parent}: free some, "
            "or name a file on another disk"
        )
    return BackupFailed(
        f"cannot write {file} ({error.strerror}): give this user the right to write to "
        f"{file.parent}, or name a file elsewhere"
    )
