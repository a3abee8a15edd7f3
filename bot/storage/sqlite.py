"""Everything that is so on SQLite alone.

Two engines on one file: a single writing connection, whose transactions begin with BEGIN
IMMEDIATE, and several reading ones, which see the last committed state beside it (WAL) and
cannot write.

Why IMMEDIATE: a transaction that reads first and writes later would, on SQLite, fail at once
with "database is locked" when another process wrote in between, whatever the busy time-out
(https://sqlite.org/lang_transaction.html#deferred_immediate_and_exclusive_transactions).
"""

import json
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote, unquote, urlsplit

import orjson
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.storage.errors import (
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseMissing,
    DatabaseUnavailable,
    IndexDamaged,
    StorageError,
)

PATIENCE: Final = timedelta(seconds=10)
"""How long a writer waits for another process's transaction; ours take milliseconds."""

_FOR_EVERY_CONNECTION: Final = (
    "PRAGMA foreign_keys = ON",
    # In WAL mode NORMAL may lose the last commits in a power cut
    # (https://sqlite.org/pragma.html#pragma_synchronous). A lost "posted" is a second post.
    "PRAGMA synchronous = FULL",
)

_ONLY_READING: Final = ("PRAGMA query_only = ON",)

_ONCE_FOR_THE_FILE: Final = (
    # Readers and the writer do not wait for each other.
    "PRAGMA journal_mode = WAL",
    # A number that nobody uses, and 0 in a new file: written to see that the file can be, for
    # SQLite begins a writing transaction on a read-only file without a word.
    "PRAGMA user_version = 0",
)


INTEGRITY_CHECK: Final = "PRAGMA integrity_check(20)"
"""Reads the whole file; `faults` tells what its lines mean."""


class _Cursor(Protocol):
    def execute(self, sql: str) -> object: ...
    def close(self) -> None: ...


class _DriverConnection(Protocol):
    def cursor(self) -> _Cursor: ...


def prepare(url: URL, *, patience: timedelta = PATIENCE) -> None:
    """Make the file that `url` names, or see that it can be used; else `StorageError`.

    It blocks. A database in memory is refused: it would forget who has had which paper.

    The driver does not do this, because its thread, when it cannot connect, may outlive the
    event loop and complain of that where one sentence should stand.
    """
    file_of(url)
    (file,), options = url.get_dialect()().create_connect_args(url)
    options["timeout"] = patience.total_seconds()
    try:
        with closing(sqlite3.connect(file, **options)) as connection:
            for pragma in _ONCE_FOR_THE_FILE:
                connection.execute(pragma)
    except sqlite3.Error as error:
        if (known := unavailable(error, url, patience=patience)) is None:
            raise
        raise known from error


def file_of(url: URL) -> Path:
    """The file that `url` names; `DatabaseUnavailable` if it names none."""
    if not url.database or ":memory:" in url.database:
        raise DatabaseUnavailable(
            f"{url} names no file, and a database in memory would forget what was posted: "
            "write sqlite+aiosqlite:///daily-papers.db"
        )
    if url.database.startswith("file:"):
        return Path(unquote(urlsplit(url.database).path))
    return Path(url.database)


def looking(file: Path) -> URL:
    """Where to open a database only to look at it: nothing is made, and nothing left behind.

    `DatabaseMissing` if it is not there.

    A reader of a WAL database needs the two files beside it. Where they stand, the bot runs or
    was killed, and a connection that cannot write leaves them as they are; where they do not,
    such a connection would make them and leave them, and one that can write removes them again.
    """
    if not file.exists():
        raise DatabaseMissing(
            f"there is no database {file} yet: `daily-papers run` makes it. If there was one, "
            "correct DATABASE_URL, or put back a backup"
        )
    mode = "ro" if Path(f"{file}-wal").exists() else "rw"
    return URL.create(
        "sqlite+aiosqlite",
        database=f"file:{quote(str(file.absolute()))}",
        query={"mode": mode, "uri": "true"},
    )


def engines(url: URL, *, patience: timedelta = PATIENCE) -> tuple[AsyncEngine, AsyncEngine]:
    """The writing and the reading engine on the file that `url` names."""
    writer = _engine(url, begin="BEGIN IMMEDIATE", pool_size=1, patience=patience)
    return writer, reading_engine(url, pool_size=4, patience=patience)


def reading_engine(url: URL, *, pool_size: int = 1, patience: timedelta = PATIENCE) -> AsyncEngine:
    """An engine that only reads."""
    return _engine(url, begin="BEGIN", pool_size=pool_size, patience=patience, also=_ONLY_READING)


def threads_engine(url: URL, *, pool_size: int, patience: timedelta = PATIENCE) -> Engine:
    """An engine that only reads, for threads of their own."""
    engine = create_engine(
        url.set(drivername="sqlite"),
        hide_parameters=True,  # in errors, which are logged: what people ask is among them
        json_deserializer=orjson.loads,
        connect_args={"isolation_level": None, "check_same_thread": False},
        pool_size=pool_size,
        max_overflow=0,
    )
    _set_up_connections(engine, "BEGIN", patience, also=_ONLY_READING)
    return engine


def _engine(
    url: URL, *, begin: str, pool_size: int, patience: timedelta, also: tuple[str, ...] = ()
) -> AsyncEngine:
    engine = create_async_engine(
        url,
        # The driver would begin transactions by itself, deferred, and not before the first
        # write: https://docs.python.org/3/library/sqlite3.html#transaction-control
        connect_args={"isolation_level": None},
        hide_parameters=True,  # in errors, which are logged: what people ask is among them
        json_serializer=partial(json.dumps, ensure_ascii=False),
        json_deserializer=orjson.loads,  # several times as quick: lists are full of it
        pool_size=pool_size,
        max_overflow=0,
    )

    _set_up_connections(engine.sync_engine, begin, patience, also=also)
    return engine


def _set_up_connections(
    engine: Engine, begin: str, patience: timedelta, *, also: tuple[str, ...]
) -> None:
    busy_timeout = f"PRAGMA busy_timeout = {patience // timedelta(milliseconds=1)}"

    def set_up(connection: _DriverConnection, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in (busy_timeout, *_FOR_EVERY_CONNECTION, *also):
            cursor.execute(pragma)
        cursor.close()

    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", begin_transaction)


def faults(lines: Iterable[str]) -> tuple[str, ...]:
    """What `INTEGRITY_CHECK` finds wrong with the file.

    From SQLite 3.44 on it looks into the search index too, which is no reason to call the file
    damaged: it can be built anew, and `SearchStore.state` looks at it.
    """
    return tuple(line for line in lines if line != "ok" and "FTS5 table" not in line)


_OF_A_BROKEN_INDEX: Final = re.compile(
    r"vtable constructor failed: search|invalid fts5 file format|no such table: (main\.)?search"
    r"|^SQL logic error$"
)
"""What FTS5 says, under a general number, where parts of it are missing. The last is what SQLite
says where the part has no words of its own, which ours never makes it say."""


def unavailable(
    error: BaseException | None,
    url: URL,
    *,
    patience: timedelta = PATIENCE,
    opened: bool = False,
) -> StorageError | None:
    """What the driver's `error` means to whoever runs the bot; `None` if the fault is ours.

    What is no database is damaged, if it was one when it was `opened`.
    """
    name = getattr(error, "sqlite_errorname", "")
    file = file_of(url)
    if name.startswith("SQLITE_CANTOPEN"):
        if not file.parent.is_dir():
            return DatabaseUnavailable(
                f"the folder {file.parent} for the database does not exist: create it, "
                "or name another in DATABASE_URL"
            )
        return DatabaseUnavailable(
            f"cannot open the database {file}: check that it is a file that this user may read "
            "and write, and that the same holds for its folder"
        )
    if name.startswith("SQLITE_READONLY"):
        return DatabaseUnavailable(
            f"cannot write to the database {file}: give this user the right to write to the "
            "file and its folder"
        )
    if name == "SQLITE_NOTADB" and not opened:
        return DatabaseUnavailable(
            f"{file} is not a database: move it away, or name another file in DATABASE_URL"
        )
    if name == "SQLITE_CORRUPT_VTAB" or (
        name == "SQLITE_ERROR" and _OF_A_BROKEN_INDEX.search(str(error))
    ):
        return IndexDamaged(
            f"the search index in {file} is damaged: build it anew with "
            "`daily-papers check --rebuild-index`"
        )
    # Text that is no UTF-8 cannot have been written by us; the driver gives it no name.
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or "Could not decode to UTF-8" in str(
        error
    ):
        return damaged(file)
    if name.startswith("SQLITE_FULL"):
        return DatabaseUnavailable(f"no space is left for the database {file}: free some")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return DatabaseBusy(
            f"another program has held the database {file} for more than "
            f"{patience.total_seconds():g} s: end it, or try again later"
        )
    if name == "SQLITE_IOERR_WRITE":
        # Also how SQLite tells of a quota: it takes only ENOSPC for a full disk.
        return DatabaseUnavailable(
            f"the disk takes no more of the database {file}: free some space, raise its quota, "
            "or check the disk"
        )
    if name.startswith("SQLITE_IOERR"):
        return DatabaseUnavailable(
            f"the disk fails under the database {file} ({error}): check the disk"
        )
    return None


def damaged(file: Path) -> DatabaseDamaged:
    """What to say of a database whose file does not hold together any more."""
    return DatabaseDamaged(f"the database {file} is damaged: stop the bot and put back a backup")
