import asyncio
import shutil
import signal
import sqlite3
import sys
import unicodedata
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.digests import Listing
from bot.domain.papers import Paper, SummaryOrigin
from bot.storage import search
from bot.storage.database import open_database
from bot.storage.indexing import CURRENT
from tests.storage.samples import DAY, paper, save, summary

# --- an index that was kept up to date, beside one that was built anew ---

Readings: TypeAlias = list[tuple[date, bool, list[Paper]]]
"""What sources said one after another: a day, whether it was live, and its papers."""

DAYS = st.sampled_from([DAY, DAY - timedelta(days=1), DAY - timedelta(days=40)])
A_TEXT = st.text("ab A모델을学é−-,+#α\\$ ", max_size=10)


@st.composite
def papers_of_a_day(draw: st.DrawFn) -> list[Paper]:
    """A few of a handful of papers, whose words change from one reading to the next."""
    numbers = draw(st.lists(st.integers(0, 4), unique=True, max_size=5))
    return [
        paper(
            number,
            title=draw(A_TEXT).strip() or "-",
            abstract=draw(A_TEXT),
            summaries=[
                summary(
                    *(
                        text.strip() or "-"
                        for text in draw(st.lists(A_TEXT, min_size=1, max_size=3))
                    ),
                    language=language,
                    origin=draw(st.sampled_from(SummaryOrigin)),
                )
                for language in draw(st.sets(st.sampled_from(["en", "ko"])))
            ],
        )
        for number in numbers
    ]


def everything_in(file: Path) -> dict[str, Any]:
    """Each word of the index with its places, the lengths of the documents, and their sum; SQLite
    itself sees that the index holds together."""
    found: dict[str, Any] = {}
    with closing(sqlite3.connect(file)) as connection:
        for table in ("search", "search_titles"):
            check = f"INSERT INTO {table} ({table}) VALUES ('integrity-check')"  # noqa: S608
            connection.execute(check)
            connection.execute(
                f"CREATE VIRTUAL TABLE temp.words_of_{table} "
                f"USING fts5vocab('main', '{table}', 'instance')"
            )
            found[table] = sorted(connection.execute(f"SELECT * FROM words_of_{table}"))  # noqa: S608
        found["sizes"] = sorted(connection.execute("SELECT * FROM search_docsize"))
        found["sums"] = connection.execute("SELECT block FROM search_data WHERE id = 1").fetchall()
        connection.rollback()
    return found


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(readings=st.lists(st.tuples(DAYS, st.booleans(), papers_of_a_day()), max_size=6))
def test_however_lists_and_papers_change_the_index_is_as_if_built_anew(
    tmp_path: Path, migrated_file: Path, readings: Readings
) -> None:
    file = Path(shutil.copy(migrated_file, tmp_path / "any.db"))

    async def check() -> None:
        async with open_database(f"sqlite+aiosqlite:///{file}") as database:
            for day, live, papers in readings:
                await save(database, *(Listing(paper=each, live=live) for each in papers), day=day)
            kept = everything_in(file)
            async with database.transaction() as stores:
                await stores.search.rebuild()
            assert kept == everything_in(file)

    asyncio.run(check())


# --- by which words, tables and Unicode it was built ---


def test_the_mark_of_an_index_names_the_unicode_of_this_python() -> None:
    assert CURRENT.endswith(f"Unicode {unicodedata.unidata_version}")


async def test_an_index_by_another_pythons_unicode_is_built_anew(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is folded otherwise would be taken out by other words than it was put in with."""
    async with open_database(database_url) as database:
        await save(database, paper(1, title="Diffusion"))
        async with database.transaction() as stores:
            built = await stores.marks.get(CURRENT)
    assert built is not None

    monkeypatch.setattr(search, "CURRENT", CURRENT.replace("Unicode ", "Unicode 99."))
    async with open_database(database_url) as database, database.reading() as stores:
        assert await stores.marks.get(CURRENT) is None
        assert (await stores.search.state()).is_current
        assert len(await stores.search.titles("diffusion", limit=5)) == 1


KILLED = """
import asyncio, os, sys
from bot.storage import lists, search
from bot.storage.database import open_database
from tests.storage.samples import paper, save

async def kill(*_, **_named):
    os.kill(os.getpid(), 9)

async def main():
    async with open_database(sys.argv[1]) as database:
        if sys.argv[2] == "write":
            lists.ListStore._write_reading = kill  # the last step of a save
            await save(database, paper(1, title="Agents"), paper(2, title="Diffusion"))
        search.MarkStore.set = kill  # the last step of a rebuild
        async with database.transaction() as stores:
            await stores.search.rebuild()

asyncio.run(main())
"""


@pytest.mark.parametrize("while_it", ["write", "rebuild"])
async def test_a_process_that_is_killed_leaves_the_index_as_it_was(
    database_url: str, while_it: str
) -> None:
    async with open_database(database_url) as database:
        await save(database, paper(1, title="Diffusion"))

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, database_url, while_it
    )
    assert await process.wait() == -signal.SIGKILL

    async with open_database(database_url) as database, database.reading() as stores:
        assert (await stores.search.state()).wrong == 0
        assert len(await stores.search.titles("diffusion", limit=5)) == 1
