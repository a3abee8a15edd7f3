"""What the image, the unit and their page promise, read off the files: no engine is needed."""

import asyncio
import inspect
import json
import re
import shutil
import subprocess
import sys
from configparser import RawConfigParser
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest

from bot.client import LAST_ANSWERS
from bot.services.clock import utc_now
from bot.services.delivering import Delivering
from bot.services.measures import Measures
from bot.services.measuring import Measuring
from bot.services.scheduling import STOP_PATIENCE
from bot.settings import Settings
from bot.storage.database import open_database
from bot.web import Watched, Web

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "operating.md").read_text()


class Instruction(NamedTuple):
    name: str
    arguments: str


def instructions() -> list[Instruction]:
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.M)
    lines = re.sub(r"\s*\\\n\s*", " ", text).splitlines()
    return [Instruction(*line.split(None, 1)) for line in lines if line.strip()]


def stages() -> list[list[Instruction]]:
    """The instructions of each stage, its FROM first."""
    found: list[list[Instruction]] = []
    for instruction in instructions():
        if instruction.name == "FROM":
            found.append([])
        found[-1].append(instruction)
    return found


def last(name: str) -> str:
    """What an instruction of the image that is run says, the last time."""
    return [i.arguments for i in stages()[-1] if i.name == name][-1]


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in last("ENV").split())


# --- the image ----------------------------------------------------------------------------


def test_it_is_made_of_the_official_image_alone() -> None:
    assert {stage[0].arguments.split()[0] for stage in stages()} == {"python:3.12-slim"}


def test_nothing_unpinned_is_installed() -> None:
    installs = [i.arguments for i in instructions() if "pip install" in i.arguments]
    assert len(installs) == 2
    requirements, program = installs
    assert "--require-hashes -r requirements/run.txt" in requirements
    assert "--no-deps --no-build-isolation ." in program
    assert "apt" not in "".join(i.arguments for i in instructions() if i.name == "RUN")


def test_it_runs_as_a_user_without_rights_who_owns_the_volume() -> None:
    user, _, group = last("USER").partition(":")
    assert int(user) == int(group) > 1000
    made = " ".join(i.arguments for i in stages()[-1] if i.name == "RUN")
    assert f"--uid {user}" in made
    assert f"--owner={user} --group={group} --mode=0700 {last('VOLUME')}" in made


def test_nothing_but_the_volume_is_written() -> None:
    volume = last("VOLUME")
    assert environment()["DATABASE_URL"].startswith(f"sqlite+aiosqlite:///{volume}/")
    assert environment()["PYTHONDONTWRITEBYTECODE"] == "1"
    assert last("WORKDIR") == volume


def test_what_it_sets_are_settings() -> None:
    given = {name.lower(): value for name, value in environment().items()}
    known = {name: value for name, value in given.items() if name in Settings.model_fields}
    assert set(known) == {"database_url", "http_port"}
    assert Settings(_env_file=None, **known).http_port == int(last("EXPOSE"))  # type: ignore[call-arg, arg-type]


def test_it_is_stopped_by_the_signal_that_the_bot_heeds() -> None:
    assert last("STOPSIGNAL") == "SIGTERM"
    assert json.loads(last("ENTRYPOINT")) == ["daily-papers"], "no shell stands between"
    assert json.loads(last("CMD")) == ["run"]


def test_no_secret_and_no_more_than_is_needed_gets_in() -> None:
    whole = "\n".join(i.arguments for i in instructions())
    assert not re.search(r"token|secret|password", whole, flags=re.I)
    assert "ADD" not in {i.name for i in instructions()}
    rules = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {path for i in stages()[0] if i.name == "COPY" for path in i.arguments.split()[:-1]}
    assert let_in == copied
    for path in let_in:
        assert (ROOT / path).exists(), path
    assert not any(fnmatchcase(".env", pattern) for pattern in let_in)


@pytest.mark.parametrize(("dying_of", "code"), [(None, 0), ("the timers stand still", 1)])
async def test_the_health_check_is_that_of_the_bot(dying_of: str | None, code: int) -> None:
    async def nothing() -> dict[str, str | None]:
        return {}

    async def text() -> bytes:
        return b""

    watched = Watched(alive=lambda: dying_of, ready=nothing, metrics=text)
    check = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    assert check[0] == "python"
    async with Web(watched, host="127.0.0.1", port=0) as web:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *check[1:],
            env={"HTTP_PORT": str(web.port), "HTTP_PROXY": "http://127.0.0.1:9"},
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert await process.wait() == code


# --- the unit -----------------------------------------------------------------------------


def unit() -> RawConfigParser:
    parsed = RawConfigParser(strict=False)
    parsed.optionxform = str  # type: ignore[assignment, method-assign]
    parsed.read(ROOT / "docs" / "daily-papers.service")
    return parsed


def test_the_unit_leaves_the_bot_nothing_but_its_folder() -> None:
    service = unit()["Service"]
    assert service["User"] == service["StateDirectory"] == "daily-papers"
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"
    assert service["CapabilityBoundingSet"] == ""
    assert service["WorkingDirectory"] == "/var/lib/daily-papers"
    assert service["Restart"] == "always"
    assert unit()["Unit"]["StartLimitIntervalSec"] == "0"


def test_a_stop_has_the_time_that_the_bot_takes_for_it() -> None:
    delivering = inspect.signature(Delivering.close).parameters["patience"].default
    longest = delivering + STOP_PATIENCE + LAST_ANSWERS
    given = int(unit()["Service"]["TimeoutStopSec"])
    assert given > longest.total_seconds() + 10
    assert f"--stop-timeout {given}" in PAGE


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "daily-papers.service").read_text()
    file = tmp_path / "daily-papers.service"
    file.write_text(text.replace("/opt/daily-papers/bin/daily-papers", "/bin/true"))
    ran = subprocess.run(  # noqa: S603 - our own file
        ["systemd-analyze", "verify", str(file)],  # noqa: S607 - wherever it is
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")


# --- the page -----------------------------------------------------------------------------


async def test_every_metric_is_explained_and_no_other_is(tmp_path: Path) -> None:
    async with open_database(f"sqlite+aiosqlite:///{tmp_path / 'papers.db'}") as database:
        measuring = Measuring(database, Measures(), sources=[], now=utc_now)
        text = (await measuring.text()).decode()
    told = set(re.findall(r"^# TYPE daily_papers_(\w+) ", text, flags=re.M))
    described = re.search(r"^## Metrics$(.*?)^### ", PAGE, flags=re.M | re.S)
    assert described is not None
    explained = {
        name
        for row in described[1].splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`(\w+)(?:\{.*?\})?`", row.split("|")[1])
    }
    assert explained == told


def test_the_alerts_ask_for_metrics_that_there_are() -> None:
    rules = re.search(r"```yaml\n(.*?)```", PAGE, flags=re.S)
    assert rules is not None
    asked = {
        re.sub(r"_(bucket|count|sum)$", "", name)
        for name in re.findall(r"daily_papers_(\w+)", rules[1])
    }
    assert len(asked) >= 10
    for name in asked:
        assert f"`{name}" in PAGE, name


def test_every_setting_of_operating_is_one() -> None:
    named = set(re.findall(r"\b(?:HTTP|LOG)_[A-Z]+\b", PAGE))
    assert named == {"HTTP_HOST", "HTTP_PORT", "LOG_FORMAT", "LOG_LEVEL"}
