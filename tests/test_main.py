"""The command line, as somebody types it: every process is a real one."""

import asyncio
import os
import re
import signal
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.domain.digests import Digest
from bot.domain.subscriptions import DailyTime, Preferences
from bot.services.clock import utc_now
from bot.storage.database import look_into, open_database
from bot.storage.marks import COPIED
from tests.builders import a_digest
from tests.loopback.discord_permissions import Permission
from tests.loopback.discord_server import LoopbackDiscord
from tests.loopback.hugging_face import LoopbackHuggingFace, Slow, Status, entry

ROOT = Path(__file__).parents[1]

DIGEST = """\
## Daily Papers (2024-06-04)

### [A paper](https://arxiv.org/abs/2406.00001)

![](https://example.org/a.png)

Vote: 3

Authors: Ada Lovelace

- It measures more.

### [No link at all]

- This has nowhere to belong.
"""


@dataclass
class Ran:
    code: int
    out: str
    err: str


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def cli(tmp_path: Path) -> "CommandLine":
    return CommandLine(tmp_path)


class CommandLine:
    """`daily-papers` in a folder of its own, with settings of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings: dict[str, str] = {}

    @property
    def database(self) -> Path:
        return self.folder / "daily-papers.db"

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        # None of this machine's settings, but where coverage is to be noted.
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in ("PATH", "HOME") or name.startswith("COVERAGE_")
        }
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *arguments,
            cwd=self.folder,
            env={**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **self.settings},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def store(self, *digests: Digest) -> None:
        async with (
            open_database(f"sqlite+aiosqlite:///{self.database}") as database,
            database.transaction() as stores,
        ):
            for digest in digests:
                await stores.lists.save(digest, source="s", read_at=utc_now(), closed=True)

    async def run(self, *arguments: str) -> Ran:
        process = await self.start(*arguments)
        out, err = await asyncio.wait_for(process.communicate(), timeout=60)
        assert process.returncode is not None
        return Ran(process.returncode, out.decode(), err.decode())

    async def stored(self, day: date = date(2024, 6, 4)) -> list[str]:
        async with (
            open_database(f"sqlite+aiosqlite:///{self.folder / 'daily-papers.db'}") as database,
            database.reading() as stores,
        ):
            return [listing.paper.title for listing in await stores.lists.digest(day)]


async def test_help_names_every_command(cli: CommandLine) -> None:
    ran = await cli.run("--help")
    assert ran.code == 0
    for command in (
        "run",
        "demo",
        "fetch",
        "import",
        "export",
        "backup",
        "check",
        "invite",
        "version",
    ):
        assert re.search(rf"^\W*{command} ", ran.out, flags=re.M), command


@pytest.mark.parametrize(
    ("settings", "arguments", "says"),
    [
        ({}, ["run"], "DISCORD_TOKEN is missing"),
        ({}, ["invite"], "DISCORD_TOKEN is missing"),
        ({"DISCORD_TOKEN": "###"}, ["invite"], "does not look like a bot's token"),
        ({"SOURCES": "arxiv"}, ["fetch", "--from", "2024-06-04"], "SOURCES names 'arxiv'"),
        ({"COLLECT_EVERY": "x"}, ["run"], "COLLECT_EVERY is wrong: write the minutes"),
        ({}, ["fetch", "--from", "2024-06-04", "--to", "2024-06-01"], "swap them"),
        ({}, ["export"], "write either --date YYYY-MM-DD or --all"),
        ({}, ["export", "--date", "2024-06-04", "--all"], "write either --date"),
        ({}, ["export", "--all"], "--all needs --output"),
        ({}, ["export", "--date", "2024-06-04", "--language", "x"], "`x` is no language"),
    ],
)
async def test_a_wrong_setting_is_one_sentence_and_exit_code_2(
    cli: CommandLine, settings: Mapping[str, str], arguments: list[str], says: str
) -> None:
    cli.settings.update(settings)
    ran = await cli.run(*arguments)
    assert ran.code == 2
    assert says in ran.err
    assert len(ran.err.splitlines()) == 1, ran.err


async def test_a_database_that_cannot_be_opened_is_one_sentence(cli: CommandLine) -> None:
    cli.settings["DATABASE_URL"] = "sqlite+aiosqlite:////no/such/folder/papers.db"
    ran = await cli.run("fetch", "--from", "2024-06-04")
    assert ran.code == 2
    assert "/no/such/folder" in ran.err
    assert "Traceback" not in ran.err


async def test_the_invitation_asks_for_the_least_permissions(cli: CommandLine) -> None:
    cli.settings["DISCORD_TOKEN"] = "MTIzNDU2Nzg5MDEyMzQ1Njc4.x.y"
    ran = await cli.run("invite")
    assert ran.code == 0
    [url] = ran.out.split()
    assert "client_id=123456789012345678" in url
    assert "scope=bot+applications.commands" in url
    permissions = int(re.search(r"permissions=(\d+)", url)[1])  # type: ignore[index]
    named = {6: "reactions", 10: "view", 11: "send", 14: "embed", 16: "history", 38: "threads"}
    assert permissions == sum(1 << bit for bit in named)
    assert (await cli.run("invite", "--application-id", "42")).out.count("client_id=42&") == 1


async def test_importing_digests_tells_what_could_not_be_read_with_file_and_line(
    cli: CommandLine,
) -> None:
    folder = cli.folder / "digests" / "2024" / "06"
    folder.mkdir(parents=True)
    (folder / "04.md").write_text(DIGEST)
    ran = await cli.run("import", "digests")
    assert ran.code == 1
    assert "1 paper on 1 day, 1 new; 1 skipped as unreadable." in ran.out
    assert "digests/2024/06/04.md:13" in ran.err
    assert await cli.stored() == ["A paper"]
    assert "1 paper on 1 day, 0 new" in (await cli.run("import", "digests")).out


async def test_files_that_are_no_digests_are_named_and_cost_no_other(cli: CommandLine) -> None:
    folder = cli.folder / "digests"
    folder.mkdir()
    (folder / "2024-06-04.md").write_text(DIGEST.split("### [No link")[0])
    (folder / "huge.md").write_bytes(b"\n" * (21 * 2**20))
    (folder / "notes.md").write_text("Buy milk.\n")
    ran = await cli.run("import", "digests")
    assert ran.code == 1
    assert "digests/huge.md: larger than" in ran.err
    assert "digests/notes.md" in ran.err
    assert "Traceback" not in ran.err
    assert await cli.stored() == ["A paper"]


async def test_importing_what_is_not_there_is_told(cli: CommandLine) -> None:
    ran = await cli.run("import", "nowhere")
    assert ran.code == 2
    assert "nowhere" in ran.err


async def test_a_day_is_written_as_it_was_imported(cli: CommandLine) -> None:
    digest = DIGEST.split("### [No link")[0].strip() + "\n"
    (cli.folder / "2024-06-04.md").write_text(digest)
    await cli.run("import", "2024-06-04.md")

    ran = await cli.run("export", "--date", "2024-06-04")

    assert (ran.code, ran.out, ran.err) == (0, digest, "")


async def test_a_day_is_written_to_a_file_in_each_form(cli: CommandLine) -> None:
    await cli.store(a_digest(numbers=[1]))
    begins = {"markdown": "## Daily", "json": "{", "html": "<!doctype html>", "atom": "<?xml"}

    for form, beginning in begins.items():
        ran = await cli.run(
            "export", "--date", "2024-06-04", "--format", form, "--output", f"out/day.{form}"
        )
        assert (ran.code, ran.out) == (0, "")
        assert (cli.folder / "out" / f"day.{form}").read_text().startswith(beginning)


async def test_bullets_that_a_language_lacks_are_told(cli: CommandLine) -> None:
    await cli.store(a_digest(numbers=[1, 2]))

    ran = await cli.run("export", "--date", "2024-06-04", "--language", "KO")

    assert ran.code == 0
    assert "2 of 2 papers have no bullets in ko: `daily-papers fetch --from DATE" in ran.err


async def test_a_day_that_is_not_there_is_told_with_days_nearby(cli: CommandLine) -> None:
    await cli.store(a_digest(numbers=[1]))

    ran = await cli.run("export", "--date", "2024-06-05")

    assert ran.code == 1
    assert "no list of 5 June 2024" in ran.err
    assert "Days nearby: --date 2024-06-04." in ran.err


async def test_the_whole_archive_is_written_and_only_what_changed_again(cli: CommandLine) -> None:
    empty = await cli.run("export", "--all", "--output", "out")
    assert (empty.code, "there are no papers yet" in empty.err) == (1, True)
    await cli.store(a_digest(date(2024, 6, 3), [1]), a_digest(date(2024, 6, 4), [2, 3]))

    first = await cli.run("export", "--all", "--output", "out")
    await cli.store(a_digest(date(2024, 6, 4), [2, 3, 4]))
    second = await cli.run("export", "--all", "--output", "out")

    assert first.out == "out: 3 papers on 2 days.\n"
    assert second.out == "out: 4 papers on 2 days, 1 as they were.\n"
    assert names(cli.folder / "out" / "2024" / "06") == ["03.md", "04.md"]


async def test_a_file_that_cannot_be_written_is_told(cli: CommandLine) -> None:
    await cli.store(a_digest(numbers=[1]))
    (cli.folder / "out").write_text("a file where a folder should be")

    ran = await cli.run("export", "--all", "--output", "out")

    assert ran.code == 1
    assert "out/2024/06/04.md cannot be written (Not a directory)" in ran.err
    assert (cli.folder / "out").read_text() == "a file where a folder should be"


async def test_a_backfill_that_is_interrupted_goes_on_when_run_again(cli: CommandLine) -> None:
    days = [date(2024, 6, day) for day in range(3, 8)]
    async with LoopbackHuggingFace() as hub:
        for day in days:
            hub.list(day, [entry(f"2406.0000{day.day}", title=f"Paper {day.day}")])
        cli.settings["HUGGINGFACE_URL"] = hub.url
        arguments = ["fetch", "--from", "2024-06-03", "--to", "2024-06-07"]

        hub.fail_always(Slow(0.4))
        process = await cli.start(*arguments)
        async with asyncio.timeout(30):
            while len(hub.requests) < 3:  # noqa: ASYNC110 - the other end tells nobody
                await asyncio.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(process.communicate(), timeout=30)
        assert process.returncode == 130
        assert "run it again to go on" in err.decode()
        assert "Traceback" not in err.decode()

        hub.fail_always(None)
        ran = await cli.run(*arguments)
    assert ran.code == 0, ran.err
    assert "stored before" in ran.out
    for day in days:
        assert await cli.stored(day) == [f"Paper {day.day}"]


async def test_a_source_that_stays_broken_is_told_and_costs_only_its_days(
    cli: CommandLine,
) -> None:
    async with LoopbackHuggingFace() as hub:
        cli.settings["HUGGINGFACE_URL"] = hub.url
        hub.list(date(2024, 6, 4), [entry("2406.00001", title="A paper"), {"paper": None}])
        hub.fail_next(Status(404))
        ran = await cli.run("fetch", "--from", "2024-06-03", "--to", "2024-06-04")
    assert ran.code == 1
    assert "1 paper on 1 day, 1 new; 1 skipped as unreadable." in ran.out
    assert "not read: 2024-06-03: huggingface" in ran.err
    assert await cli.stored() == ["A paper"]


# --- what a user sees when something is wrong with the database ---


def spoil(file: Path, *, start: int, end: int) -> None:
    with file.open("r+b") as written:
        written.seek(start)
        written.write(b"\xff" * (end - start))


async def test_a_damaged_database_is_one_sentence_and_exit_code_2(cli: CommandLine) -> None:
    await cli.stored()
    spoil(cli.database, start=100, end=4096)
    cli.settings["DISCORD_TOKEN"] = "a.b.c"
    ran = await cli.run("run")
    assert ran.code == 2
    assert ran.err.splitlines()[-1] == (
        "daily-papers: the database daily-papers.db is damaged: stop the bot and put back a backup"
    )
    assert "Traceback" not in ran.err


async def test_a_file_that_is_no_database_is_one_sentence_and_exit_code_2(
    cli: CommandLine,
) -> None:
    await asyncio.to_thread(cli.database.write_text, "Dear diary, " * 100)
    cli.settings["DISCORD_TOKEN"] = "a.b.c"
    ran = await cli.run("run")
    assert ran.code == 2
    assert "daily-papers.db is not a database: move it away" in ran.err.splitlines()[-1]


async def test_tables_of_a_newer_version_are_one_sentence_and_exit_code_2(
    cli: CommandLine,
) -> None:
    await cli.stored()
    with closing(sqlite3.connect(cli.database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    cli.settings["DISCORD_TOKEN"] = "a.b.c"
    ran = await cli.run("run")
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1, ran.err
    assert "9999" in ran.err


async def test_a_database_that_another_program_holds_is_one_sentence_and_exit_code_1(
    cli: CommandLine,
) -> None:
    """It passes: to start again helps."""
    await cli.stored()
    cli.settings["DISCORD_TOKEN"] = "a.b.c"
    with closing(sqlite3.connect(cli.database)) as other:
        other.execute("BEGIN EXCLUSIVE")
        ran = await cli.run("run")
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1, ran.err
    assert "another program has held the database daily-papers.db" in ran.err


async def test_a_database_that_is_damaged_under_a_running_bot_ends_it_on_purpose(
    cli: CommandLine,
) -> None:
    async with LoopbackDiscord() as discord_server:
        guild = discord_server.add_guild("lab")
        channel = discord_server.add_channel(guild, "papers")
        manager = discord_server.add_member(guild, "minji", Permission.MANAGE_CHANNELS)
        cli.settings |= {
            "DISCORD_TOKEN": discord_server.token,
            "DISCORD_API_URL": discord_server.url,
            "SOURCES": "markdown:.",
        }
        await cli.stored()
        bot = await cli.start("run")
        await discord_server.gateway.connected(0)
        size = len(await asyncio.to_thread(cli.database.read_bytes))
        spoil(cli.database, start=0, end=size)
        for command, options in [
            ("subscribe", {"timezone": "Asia/Seoul"}),
            ("subscription list", {}),
        ]:
            with suppress(LookupError):  # it may have ended already
                async with asyncio.timeout(20):
                    await discord_server.slash(channel, manager, command, options)
        _, log = await asyncio.wait_for(bot.communicate(), timeout=60)
    assert bot.returncode == 2, log.decode()
    assert log.decode().splitlines()[-1] == (
        "daily-papers: the database daily-papers.db is damaged: stop the bot and put back a backup"
    )
    assert "Traceback" not in log.decode()


async def test_a_discord_that_cannot_be_reached_says_who_tries_again(cli: CommandLine) -> None:
    cli.settings |= {
        "DISCORD_TOKEN": "a.b.c",
        "DISCORD_API_URL": "http://127.0.0.1:9/api/v10",
        "SOURCES": "markdown:.",
    }
    ran = await cli.run("run")
    assert ran.code == 1
    assert "Discord cannot be reached" in ran.err
    assert "Start it again later, or let systemd" in ran.err


# --- backup ---


async def test_a_backup_is_told_with_its_size(cli: CommandLine) -> None:
    await cli.stored()
    ran = await cli.run("backup", "copy.db")
    assert ran.code == 0, ran.err
    size = len(await asyncio.to_thread((cli.folder / "copy.db").read_bytes))
    assert ran.out == f"copy.db: {size:,} bytes, checked.\n"


@pytest.mark.parametrize(
    ("file", "says", "code"),
    [
        ("here.db", "here.db is there already: name another file, or add --force", 1),
        ("daily-papers.db", "is the database itself", 1),
        ("no/such/copy.db", "the folder no/such does not exist: create it", 1),
    ],
)
async def test_a_backup_that_cannot_be_made_is_one_sentence(
    cli: CommandLine, file: str, says: str, code: int
) -> None:
    await cli.stored()
    (cli.folder / "here.db").touch()
    ran = await cli.run("backup", file)
    assert ran.code == code
    assert says in ran.err.splitlines()[-1]
    assert "Traceback" not in ran.err
    assert names(cli.folder) == ["daily-papers.db", "here.db"]


async def test_a_backup_takes_the_place_of_another_if_told(cli: CommandLine) -> None:
    await cli.stored()
    (cli.folder / "here.db").touch()
    assert (await cli.run("backup", "here.db", "--force")).code == 0
    assert len(await asyncio.to_thread((cli.folder / "here.db").read_bytes)) > 0


async def test_a_backup_of_nothing_is_told(cli: CommandLine) -> None:
    ran = await cli.run("backup", "copy.db")
    assert ran.code == 2
    assert "there is no database daily-papers.db yet" in ran.err
    assert names(cli.folder) == []


async def test_a_backup_that_is_ended_leaves_nothing(cli: CommandLine) -> None:
    await cli.stored()
    with closing(sqlite3.connect(cli.database)) as connection:
        connection.execute("CREATE TABLE filler (x)")
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) "
            "INSERT INTO filler SELECT zeroblob(1000000) FROM n"
        )
        connection.commit()
    process = await cli.start("backup", "copy.db")
    async with asyncio.timeout(30):
        while ".copy.db.partial" not in names(cli.folder):  # noqa: ASYNC110 - files tell nobody
            await asyncio.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    _, err = await asyncio.wait_for(process.communicate(), timeout=60)
    assert process.returncode == 130, err.decode()
    assert "Stopped. No copy was made." in err.decode()
    assert "Traceback" not in err.decode()
    assert names(cli.folder) == ["daily-papers.db"]


async def owe_papers(cli: CommandLine, channel_ids: Mapping[int, int], numbers: range) -> None:
    """Each channel (of its server) is owed today's papers of these numbers."""
    now = utc_now()
    at = (now - timedelta(minutes=5)).replace(second=0, microsecond=0)
    daily = DailyTime(at=at.time(), zone=ZoneInfo("UTC"))
    async with (
        open_database(f"sqlite+aiosqlite:///{cli.database}") as database,
        database.transaction() as stores,
    ):
        await stores.lists.save(
            a_digest(at.date(), numbers), source="huggingface", read_at=now, closed=False
        )
        for channel_id, guild_id in channel_ids.items():
            await stores.subscriptions.add(
                guild_id=guild_id,
                channel_id=channel_id,
                preferences=Preferences(daily=daily, announce_quiet_days=False),
                created_at=now - timedelta(days=2),
            )


async def test_a_backup_beside_a_bot_that_delivers_is_whole_and_the_bot_can_go_on_from_it(
    cli: CommandLine,
) -> None:
    async with LoopbackDiscord() as discord_server:
        guild = discord_server.add_guild("lab")
        channels = [discord_server.add_channel(guild, f"papers-{n}") for n in range(3)]
        cli.settings |= {
            "DISCORD_TOKEN": discord_server.token,
            "DISCORD_API_URL": discord_server.url,
            "SOURCES": "markdown:.",
        }
        await owe_papers(cli, dict.fromkeys(channels, guild), range(1, 9))
        discord_server.delay_answers(0.5)

        bot = await cli.start("run")
        await discord_server.posted(channels[0], 1)
        ran = await cli.run("backup", "copy.db")
        assert ran.code == 0, ran.err
        async with (
            look_into(f"sqlite+aiosqlite:///{cli.folder / 'copy.db'}") as copy,
            copy.reading() as stores,
        ):
            assert await stores.integrity.faults() == ()
            assert await stores.integrity.dangling() == {}
            assert await stores.integrity.contradictions() == ()
            assert await stores.marks.get(COPIED) is not None
            recorded = [
                message.message_id
                for delivery in await stores.deliveries.unfinished()
                for message in delivery.messages
                if message.message_id is not None
            ]
        assert 0 < len(recorded) < 3 * 8
        discord_server.delay_answers(0)
        for channel in channels:
            await discord_server.posted(channel, 8)
        stand = [message.id for c in channels for message in discord_server.messages(c)]
        assert set(recorded) <= set(stand)
        bot.send_signal(signal.SIGTERM)
        _, log = await asyncio.wait_for(bot.communicate(), timeout=60)
        assert bot.returncode == 0, log.decode()

        # The disk is lost; what was posted since the backup stands in Discord, and not in it.
        (cli.folder / "copy.db").replace(cli.database)
        age(cli.database)
        discord_server.forget_nonces()
        bot = await cli.start("run")
        async with asyncio.timeout(60):
            while await unfinished(cli):  # noqa: ASYNC110 - the other end tells nobody
                await asyncio.sleep(0.2)
        bot.send_signal(signal.SIGTERM)
        await asyncio.wait_for(bot.communicate(), timeout=60)
        assert [m.id for c in channels for m in discord_server.messages(c)] == stand


def age(file: Path) -> None:
    """Ten minutes pass before anybody starts from this copy."""
    with closing(sqlite3.connect(file)) as connection:
        for change in (
            "UPDATE marks SET at = strftime(?, at, '-10 minutes')",
            "UPDATE messages SET first_sent_at = strftime(?, first_sent_at, '-10 minutes')",
            "UPDATE messages SET lease_until = strftime(?, lease_until, '-10 minutes')",
        ):
            connection.execute(change, ("%Y-%m-%d %H:%M:%f000",))
        connection.commit()


async def unfinished(cli: CommandLine) -> int:
    async with (
        look_into(f"sqlite+aiosqlite:///{cli.database}") as database,
        database.reading() as stores,
    ):
        return len(await stores.deliveries.unfinished())


# --- check ---


async def test_a_check_without_problems_ends_with_a_summary_and_exit_code_0(
    cli: CommandLine,
) -> None:
    await cli.stored()
    cli.settings["DISCORD_TOKEN"] = "a.b.c"
    ran = await cli.run("check", "--offline")
    assert ran.code == 0, ran.out
    *lines, summary = ran.out.splitlines()
    assert all(line.startswith("✓ ") for line in lines), ran.out
    assert summary == f"All is well: {len(lines)} checks passed."
    assert ran.err == ""


async def test_a_check_finds_a_damaged_search_index_and_builds_it_anew_when_told(
    cli: CommandLine,
) -> None:
    cli.settings |= {
        "DISCORD_TOKEN": "a.b.c",
        "DATABASE_URL": f"sqlite+aiosqlite:///{cli.database}",
    }
    async with open_database(cli.settings["DATABASE_URL"]) as database:
        async with database.transaction() as stores:
            await stores.lists.save(a_digest(), source="x", read_at=utc_now(), closed=True)
        with closing(sqlite3.connect(cli.database, isolation_level=None)) as connection:
            connection.execute("DELETE FROM search_data WHERE id > 10")

        damaged = await cli.run("check", "--offline")
        mended = await cli.run("check", "--offline", "--rebuild-index")  # beside a running bot
        async with database.reading() as stores:
            offered = await stores.search.titles("paper", limit=5)

    assert damaged.code == 1
    assert "does not agree with 3 of 3 listings → `daily-papers check --rebuild" in damaged.out
    assert mended.code == 0, mended.out
    assert "✓ index: the search index was built anew from 3 listings" in mended.out
    assert len(offered) == 3


async def test_a_check_with_problems_says_what_to_do_and_ends_with_exit_code_1(
    cli: CommandLine,
) -> None:
    await cli.stored()
    cli.settings |= {"COLLECT_EVERY": "often", "DISCORD_API_URL": "http://127.0.0.1:9/api/v10"}
    cli.settings |= {"DISCORD_TOKEN": "canary-canary.x.y", "SOURCES": "markdown:."}
    ran = await cli.run("check")
    assert ran.code == 1
    *lines, summary = ran.out.splitlines()
    assert lines[0].startswith("✗ settings: COLLECT_EVERY is wrong: write the minutes")
    assert any(line.startswith("✗ token: Discord cannot be reached") for line in lines)
    assert any(line.startswith("! sources: markdown:. can be read and has no") for line in lines)
    assert summary == f"2 problems, 1 warning, {len(lines) - 3} checks passed."
    assert "Traceback" not in ran.err
    assert "canary" not in ran.out + ran.err
