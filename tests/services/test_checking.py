import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import make_url

from bot.domain.digests import Digest
from bot.domain.errors import SourceUnavailable
from bot.domain.subscriptions import (
    Subscription,
    SubscriptionState,
    Suspension,
    SuspensionCause,
)
from bot.services import checking
from bot.services.checking import (
    Finding,
    Level,
    about_faults,
    about_subscriptions,
    about_version,
    about_zones,
    check_room,
    check_source,
    check_store,
    rebuild_index,
    summary,
)
from bot.sources.reading import Problem, Reading
from bot.storage.database import look_into, open_database
from bot.storage.integrity import Contradiction, IndexState, IntegrityStore
from bot.storage.migrations import SchemaVersion
from tests.builders import DAY, a_digest, a_subscription
from tests.storage.samples import paper as a_stored_paper
from tests.storage.samples import save, subscribe


def a_finding(level: Level) -> Finding:
    return Finding(area="token", level=level, text="it is so", cure="do this")


# --- findings ---


def test_a_finding_is_one_line_whatever_a_server_is_called() -> None:
    finding = Finding(area="permissions", level=Level.BAD, text="in a\nb\x1b[2J", cure="do this")
    assert str(finding) == "✗ permissions: in a b [2J → do this"


def test_a_good_finding_needs_no_cure() -> None:
    assert str(Finding(area="token", level=Level.GOOD, text="it is so")) == "✓ token: it is so"


@pytest.mark.parametrize(
    ("levels", "says"),
    [
        ([Level.GOOD] * 9, "All is well: 9 checks passed."),
        ([Level.GOOD, Level.BAD], "1 problem, 0 warnings, 1 check passed."),
        ([Level.BAD, Level.BAD, Level.WARNING], "2 problems, 1 warning, 0 checks passed."),
    ],
)
def test_the_summary_counts(levels: list[Level], says: str) -> None:
    assert summary(map(a_finding, levels)) == says


# --- the store ---


@pytest.mark.parametrize(
    ("version", "level", "says"),
    [
        (SchemaVersion("2", head="2", known=True), Level.GOOD, "of version 2"),
        (SchemaVersion("1", head="2", known=True), Level.WARNING, "make a backup, then start"),
        (SchemaVersion("9", head="2", known=False), Level.BAD, "update the program"),
        (SchemaVersion(None, head="2", known=True), Level.WARNING, "no tables yet"),
    ],
)
def test_what_is_said_of_the_tables_version(
    version: SchemaVersion, level: Level, says: str
) -> None:
    finding = about_version(version)
    assert finding.level is level
    assert says in str(finding)


@pytest.mark.parametrize(
    ("faults", "says"),
    [(["row 3 missing"], "damaged (row 3 missing)"), (["a", "b", "c"], "damaged (a, and 2 more)")],
)
def test_a_damaged_file_is_to_be_replaced_by_a_backup(faults: list[str], says: str) -> None:
    finding = about_faults(faults)
    assert finding.level is Level.BAD
    assert says in finding.text
    assert "put back a backup" in finding.cure


def test_zones_that_are_not_known_are_named() -> None:
    [finding] = about_zones(["Mars/Base", "Moon/Base"])
    assert finding.level is Level.BAD
    assert "Mars/Base, Moon/Base" in finding.text
    assert about_zones([]) == []


def suspended(cause: SuspensionCause, reason: str) -> Subscription:
    since = datetime(2024, 6, 4, tzinfo=UTC)
    return a_subscription(
        state=SubscriptionState.SUSPENDED,
        suspension=Suspension(cause=cause, reason=reason, since=since),
    )


def test_subscriptions_are_counted_by_state() -> None:
    paused = a_subscription(state=SubscriptionState.PAUSED)
    [finding] = about_subscriptions([a_subscription(), a_subscription(), paused])
    assert str(finding) == "✓ subscriptions: 3 subscriptions (2 active, 1 paused)"
    assert "nobody has subscribed yet" in about_subscriptions([])[0].text


@pytest.mark.parametrize("cause", SuspensionCause)
def test_a_suspended_subscription_is_told_with_its_reason_and_what_to_do(
    cause: SuspensionCause,
) -> None:
    subscription = suspended(cause, "I lack Embed Links")
    _, finding = about_subscriptions([subscription])
    assert finding.level is Level.WARNING
    assert f"channel {subscription.channel_id} of server {subscription.guild_id}" in finding.text
    assert "suspended since 2024-06-04: I lack Embed Links" in finding.text
    assert finding.cure


@pytest.fixture
async def url(tmp_path: Path) -> str:
    """A database with a paper and a subscription."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'papers.db'}"
    async with open_database(url) as database:
        await save(database, a_stored_paper(1, authors=["Ada Lovelace"]))
        await subscribe(database)
    return url


async def found_in(url: str) -> list[str]:
    async with look_into(url) as database:
        return [str(finding) for finding in (await check_store(database)).findings]


async def test_a_database_that_is_well_is_good_in_every_respect(url: str) -> None:
    async with look_into(url) as database:
        report = await check_store(database)
    assert {finding.level for finding in report.findings} == {Level.GOOD}
    assert [finding.area for finding in report.findings] == [
        "migrations",
        "integrity",
        "integrity",
        "index",
        "index",
        "subscriptions",
    ]
    assert len(report.subscriptions) == 1


class Found(NamedTuple):
    """Something that `IntegrityStore` finds, and the line that tells it."""

    by: str
    what: object
    line: str


@pytest.mark.parametrize(
    "found",
    [
        Found("faults", ("row 1 missing",), "✗ integrity: the database is damaged (row 1 missing)"),
        Found("dangling", {"posts": 2}, "✗ integrity: 2 rows of posts refer to what is not there"),
        Found(
            "contradictions",
            (Contradiction("open deliveries without messages", 3, "17"),),
            "✗ integrity: open deliveries without messages: 3, the first is 17",
        ),
        Found("unknown_zones", ("Mars/Base",), "✗ subscriptions: this machine does not know"),
        Found("authors", IndexState(5, 2), "! index: 2 of 5 authors are not found as they are"),
    ],
    ids=lambda found: found.by,
)
async def test_each_thing_that_is_wrong_with_a_database_is_a_line(
    url: str, monkeypatch: pytest.MonkeyPatch, found: Found
) -> None:
    async def say(_self: IntegrityStore) -> object:
        return found.what

    monkeypatch.setattr(IntegrityStore, found.by, say)
    lines = await found_in(url)
    [line] = [line for line in lines if not line.startswith("✓")]
    assert line.startswith(found.line)
    assert " → " in line


# --- the search index ---

BUILD_ANEW = "→ `daily-papers check --rebuild-index` builds it anew from what is stored"


def damage(url: str, statement: str) -> None:
    file = make_url(url).database
    assert file is not None
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(statement)


async def test_a_damaged_index_is_told_and_built_anew(url: str) -> None:
    async with open_database(url) as database:
        await save(database, *(a_stored_paper(n) for n in range(2, 5)))
    damage(
        url, "DELETE FROM search_docsize WHERE rowid IN (SELECT rowid FROM search_docsize LIMIT 2)"
    )
    assert f"✗ index: the search index does not agree with 2 of 4 listings {BUILD_ANEW}" in (
        await found_in(url)
    )

    assert str(await rebuild_index(url)) == (
        "✓ index: the search index was built anew from 4 listings"
    )
    assert "✓ index: 4 listings can be searched" in await found_in(url)


async def test_an_index_that_cannot_be_read_is_told_and_the_rest_looked_at(url: str) -> None:
    damage(url, "DELETE FROM search_data WHERE id > 10")
    lines = await found_in(url)
    assert f"✗ index: the search index does not agree with 1 of 1 listing {BUILD_ANEW}" in lines
    assert lines[-1].startswith("✓ subscriptions: ")

    await rebuild_index(url)
    assert all(line.startswith("✓") for line in await found_in(url))


async def test_an_index_of_another_version_is_built_by_the_bot(url: str) -> None:
    damage(url, "DELETE FROM marks WHERE name LIKE 'search index %'")
    [line] = [line for line in await found_in(url) if not line.startswith("✓")]
    assert line == (
        "! index: the search index was built by another version of the program, or of Python → "
        "start the bot: it builds it anew"
    )


async def test_nothing_is_built_on_tables_of_another_version(url: str) -> None:
    damage(url, "UPDATE alembic_version SET version_num = '0002'")
    assert str(await rebuild_index(url)).startswith("! migrations: the tables are of version 0002")


async def test_nothing_is_built_where_no_database_is(url: str, tmp_path: Path) -> None:
    finding = await rebuild_index(url.replace("papers.db", "none.db"))
    assert str(finding).startswith("✗ index: there is no database")
    assert not (tmp_path / "none.db").exists()


async def test_a_file_that_is_no_database_ends_the_look_with_what_to_do(
    url: str, tmp_path: Path
) -> None:
    (tmp_path / "papers.db").write_text("Dear diary, " * 1_000)
    [line] = await found_in(url)
    assert line.startswith("✗ database: ")
    assert "is not a database: move it away" in line


# --- room and rights ---


def test_a_database_with_room_says_how_much(tmp_path: Path) -> None:
    file = tmp_path / "papers.db"
    file.write_bytes(b"x" * 3 * 2**20)
    finding = check_room(file)
    assert finding.level is Level.GOOD
    assert "has 3.0 MiB" in finding.text


def test_little_room_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "papers.db"
    file.touch()
    monkeypatch.setattr(checking, "LEAST_FREE", shutil.disk_usage(tmp_path).free * 2)
    finding = check_room(file)
    assert finding.level is Level.WARNING
    assert "free some before it is full" in finding.cure


def test_a_database_that_this_user_may_not_write_to_is_told(tmp_path: Path) -> None:
    finding = check_room(tmp_path / "papers.db")  # nobody may write to what is not there
    assert finding.level is Level.BAD
    assert "may not write" in finding.text


# --- sources ---


class Listed:
    """A source that says of each day what it is told to."""

    name = "listed"
    closes = False

    def __init__(self, read: Callable[[date], Reading]) -> None:
        self._read = read
        self.asked: list[date] = []

    async def read(self, day: date) -> Reading:
        self.asked.append(day)
        return self._read(day)


def an_empty_list(day: date) -> Reading:
    return Reading(digest=Digest(day=day, listings=()))


async def test_a_source_is_read_back_to_its_newest_list() -> None:
    source = Listed(lambda day: Reading(digest=a_digest(day)) if day <= DAY else an_empty_list(day))
    finding = await check_source(source, date(2024, 6, 6))
    assert str(finding) == "✓ sources: listed: 3 papers of 2024-06-04"
    assert source.asked == [date(2024, 6, 6), date(2024, 6, 5), DAY]


async def test_a_source_without_papers_for_days_is_a_warning() -> None:
    source = Listed(an_empty_list)
    finding = await check_source(source, DAY)
    assert finding.level is Level.WARNING
    assert "no papers of the last 10 days" in finding.text
    assert len(source.asked) == 10


async def test_entries_that_cannot_be_read_are_counted_and_the_first_named() -> None:
    problems = (Problem("04.md:13", "no link"), Problem("04.md:20", "no title"))
    source = Listed(lambda day: Reading(digest=a_digest(day), problems=problems))
    finding = await check_source(source, DAY)
    assert finding.level is Level.WARNING
    assert "3 papers of 2024-06-04, and 2 entries that cannot be read: 04.md:13: no link" in (
        finding.text
    )


async def test_a_source_that_is_down_says_why() -> None:
    def fail(day: date) -> Reading:
        raise SourceUnavailable("listed", "it answered 503, 2 times in a row")

    finding = await check_source(Listed(fail), DAY)
    assert finding.level is Level.BAD
    assert "listed: it answered 503" in finding.text
    assert "check the network" in finding.cure
