"""The command line, as somebody types it: every process is a real one."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from bot.storage.database import open_database
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


@pytest.fixture
def cli(tmp_path: Path) -> "CommandLine":
    return CommandLine(tmp_path)


class CommandLine:
    """`daily-papers` in a folder of its own, with settings of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings: dict[str, str] = {}

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
    for command in ("run", "demo", "fetch", "import", "invite", "version"):
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
