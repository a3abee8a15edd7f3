"""One line an event, nothing that steers a terminal, and no secret, whatever goes wrong.

Each test runs a real process: logging belongs to the whole of it.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.subscriptions import DailyTime, Preferences
from bot.services.clock import utc_now
from bot.storage.database import open_database
from tests.builders import a_daily_time, a_digest
from tests.loopback.discord_faults import Broken, Cut, Page, RateLimited
from tests.loopback.discord_gateway import Close
from tests.loopback.discord_permissions import Permission
from tests.loopback.discord_server import LoopbackDiscord
from tests.loopback.hugging_face import Body, LoopbackHuggingFace, Status

ROOT = Path(__file__).parents[1]
TOKEN = "Y2FuYXJ5LWlk.canary.discord-token-0123456789"
HF_TOKEN = "hf_canaryHuggingFaceToken0123456789"
FORMATS = ["text", "json"]

AS_USUAL = f"""
import logging, sys, threading, warnings
from bot import logs
from bot.settings import Settings
logs.set_up(Settings(_env_file=None, discord_token={TOKEN!r}, hf_token={HF_TOKEN!r},
                     log_format=sys.argv[1], log_level="INFO"))
log = logging.getLogger("tests")
"""

EVERYTHING = """
import logging, runpy, sys
from bot import logs
as_usual = logs.set_up
def all_of_it(settings):
    as_usual(settings)
    for quiet in (*logs.QUIET, "stamina", "aiohttp", "asyncio"):
        logging.getLogger(quiet).setLevel(logging.DEBUG)
logs.set_up = all_of_it
sys.argv[:] = ["daily-papers", "run"]
runpy.run_module("bot", run_name="__main__")
"""
"""`daily-papers run`, and every library tells every detail."""


async def start(
    script: str, *arguments: str, folder: Path, **environment: str
) -> asyncio.subprocess.Process:
    # None of this machine's settings, but where coverage is to be noted.
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "HOME") or name.startswith("COVERAGE_")
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        *arguments,
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def said(process: asyncio.subprocess.Process) -> str:
    """All that it printed by its end."""
    out, err = await asyncio.wait_for(process.communicate(), timeout=60)
    return out.decode() + err.decode()


@pytest.fixture(params=FORMATS)
def form(request: pytest.FixtureRequest) -> str:
    form: str = request.param
    return form


class Events:
    """What a script logs, line by line, in one of the two forms."""

    def __init__(self, printed: str, form: str) -> None:
        self.printed = printed
        self.lines = printed.splitlines()
        self.messages = [self._message(line, form) for line in self.lines]

    @staticmethod
    def _message(line: str, form: str) -> str:
        if form == "json":
            event: dict[str, Any] = json.loads(line)
            return "\n".join([event["message"], event.get("exception", "")]).rstrip()
        found = re.fullmatch(r"\S+T\S+\+00:00 [A-Z]+ [\w.]+: (.*)", line)
        assert found, line
        return found[1]


@pytest.fixture
def logged(tmp_path: Path, form: str) -> Any:
    async def run(script: str) -> Events:
        process = await start(AS_USUAL + script, form, folder=tmp_path)
        return Events(await said(process), form)

    return run


async def test_an_event_is_a_line_also_with_its_traceback(logged: Any) -> None:
    events = await logged("""
log.info("delivery %d of channel %d is done", 7, 42)
try:
    raise ValueError("first line\\nsecond line")
except ValueError:
    log.exception("a delivery failed")
log.warning("and on", stack_info=True)
""")
    assert len(events.lines) == 3
    assert events.messages[0] == "delivery 7 of channel 42 is done"
    assert events.messages[1].startswith("a delivery failed")
    assert "Traceback (most recent call last)" in events.messages[1]
    assert "second line" in events.messages[1]
    assert "and on" in events.messages[2]


async def test_json_has_the_parts_of_an_event_as_fields(tmp_path: Path) -> None:
    script = AS_USUAL + 'log.error("논문 %s", "\\x1b", exc_info=ValueError("why"))'
    line = await said(await start(script, "json", folder=tmp_path))
    event = json.loads(line)
    assert set(event) == {"time", "level", "logger", "message", "exception"}
    assert event["time"].endswith("+00:00")
    assert (event["level"], event["logger"]) == ("ERROR", "tests")
    assert event["message"] == "논문 \x1b", "the JSON form is exact"
    assert event["exception"] == "ValueError: why"


async def test_text_keeps_what_people_read(tmp_path: Path) -> None:
    script = AS_USUAL + r"log.info('논문 “é” C:\\new 👩‍🔬')"
    assert r"논문 “é” C:\new 👩‍🔬" in await said(await start(script, "text", folder=tmp_path))


async def test_what_somebody_typed_forges_no_event_and_steers_no_terminal(logged: Any) -> None:
    events = await logged(r"""
typed = "x\r\n2024-06-05 ERROR bot: forged\x1b[2J\x07\x85\u2028\u202e\x00\x7f\ud800\t"
log.warning("command %s: no paper %s", "paper", typed)
log.warning("and on")
""")
    assert len(events.lines) == 2
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", events.printed)
    assert "forged" in events.messages[0]


async def test_secrets_are_struck_out_wherever_they_stand(logged: Any) -> None:
    events = await logged(f"""
from urllib.parse import quote
token, hf = {TOKEN!r}, {HF_TOKEN!r}
log.info("message: " + token)
log.info("argument: %s %r", token, dict(Authorization="Bearer " + hf))
log.info("address: https://x/?token=%s&hf=%s", quote(token, safe=""), quote(hf))
log.info("before https://x/api/v10/webhooks/123/aW50ZXJhY3Rpb24_-.x/messages/@original after")
log.info("before https://x/api/v10/interactions/123/aW50ZXJhY3Rpb24_-.x/callback after")
log.info("event: %s", dict(id=1, token="aW50ZXJhY3Rpb24_-.x"))
log.info('quoted: {{"token": "aW50ZXJhY3Rpb24_-.x", "id": 1}}')
try:
    raise RuntimeError(token) from ValueError(hf)
except RuntimeError:
    log.exception("exception")
warnings.warn("warning " + token)
log.info("%d", token)
thread = threading.Thread(target=lambda: 1 / 0, name=token)
thread.start(); thread.join()
raise RuntimeError("nobody handles this " + token)
""")
    printed = events.printed
    assert len(events.lines) == 12
    for secret in (TOKEN, HF_TOKEN, "aW50ZXJhY3Rpb24"):
        assert secret not in printed
    assert [n for n, m in enumerate(events.messages) if "[redacted]" not in m] == [9, 10]
    assert events.messages[3] == (
        "before https://x/api/v10/webhooks/123/[redacted]/messages/@original after"
    )
    assert "interactions/123/[redacted]/callback after" in events.messages[4]
    assert "not fit to print" in events.messages[9]
    assert "ZeroDivisionError" in events.messages[10]
    assert "nobody handles this [redacted]" in events.messages[11]


async def test_a_secret_too_short_to_be_one_spoils_no_words(tmp_path: Path) -> None:
    script = AS_USUAL.replace(HF_TOKEN, "a") + 'log.info("a paper")'
    assert "tests: a paper" in await said(await start(script, "text", folder=tmp_path))


async def test_a_standard_error_that_is_gone_keeps_nobody_from_working(tmp_path: Path) -> None:
    script = AS_USUAL + 'import os; os.close(2); log.warning("heard by nobody"); print("on")'
    assert await said(await start(script, "text", folder=tmp_path)) == "on\n"


async def test_an_interruption_is_not_told_as_a_fault(tmp_path: Path) -> None:
    printed = await said(await start(AS_USUAL + "raise KeyboardInterrupt", "text", folder=tmp_path))
    assert printed.rstrip().endswith("KeyboardInterrupt")
    assert "CRITICAL" not in printed


# --- the whole bot ------------------------------------------------------------------------


@pytest.fixture
async def discord_server() -> AsyncGenerator[LoopbackDiscord]:
    async with LoopbackDiscord(token=TOKEN) as server:
        yield server


@pytest.fixture
async def hub() -> AsyncGenerator[LoopbackHuggingFace]:
    async with LoopbackHuggingFace() as hub:
        yield hub


@pytest.fixture
def environment(
    discord_server: LoopbackDiscord, hub: LoopbackHuggingFace, tmp_path: Path, form: str
) -> dict[str, str]:
    return {
        "DISCORD_TOKEN": TOKEN,
        "DISCORD_API_URL": discord_server.url,
        "HF_TOKEN": HF_TOKEN,
        "HUGGINGFACE_URL": hub.url,
        "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'papers.db'}",
        "LOG_LEVEL": "DEBUG",
        "LOG_FORMAT": form,
    }


async def owe_papers(environment: Mapping[str, str], guild: int, channel: int) -> None:
    """A store in which a channel is owed five papers."""
    now = utc_now()
    at = (now - timedelta(minutes=5)).replace(second=0, microsecond=0)
    daily = DailyTime(at=at.time(), zone=a_daily_time(zone="UTC").zone)
    async with (
        open_database(environment["DATABASE_URL"]) as database,
        database.transaction() as stores,
    ):
        await stores.lists.save(
            a_digest(at.date(), range(1, 6)), source="huggingface", read_at=now, closed=False
        )
        await stores.subscriptions.add(
            guild_id=guild,
            channel_id=channel,
            preferences=Preferences(daily=daily, announce_quiet_days=False),
            created_at=now - timedelta(days=2),
        )


async def test_through_all_kinds_of_faults_no_secret_is_logged_whatever_the_level(
    discord_server: LoopbackDiscord,
    hub: LoopbackHuggingFace,
    environment: dict[str, str],
    tmp_path: Path,
    form: str,
) -> None:
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers")
    manager = discord_server.add_member(guild, "minji", Permission.MANAGE_CHANNELS)
    await owe_papers(environment, guild, channel)
    echo = f"Authorization: Bearer {HF_TOKEN}".encode()
    hub.fail_next(Status(500, body=echo), Body(echo), Status(401, {"www-authenticate": HF_TOKEN}))
    for fault in (
        Broken(500),
        RateLimited(),
        Cut(carried_out=True),
        Page(502),
        Broken(503, carried_out=True),
    ):
        discord_server.inject(fault, "POST", "/channels/*/messages")
    discord_server.inject(Broken(500), "POST", "/webhooks/*")

    process = await start(EVERYTHING, folder=tmp_path, **environment)
    printed = asyncio.create_task(said(process))
    await discord_server.posted(channel, 5)
    await discord_server.gateway.close(Close.UNKNOWN_ERROR)
    await discord_server.gateway.connected(0)
    while not discord_server.commands:  # noqa: ASYNC110 - the other end tells nobody
        await asyncio.sleep(0.05)
    interaction = await discord_server.slash(channel, manager, "subscription list")
    await interaction.message()
    process.terminate()

    log = await printed
    assert process.returncode == 0, log
    events = Events(log, form)
    assert len(events.lines) > 50
    for secret in (TOKEN, HF_TOKEN, interaction.token):
        assert secret not in log
    assert "[redacted]" in log
    assert "discord.gateway" in log, "the libraries had their say"


async def test_a_token_that_discord_does_not_know_is_not_shown_either(
    environment: dict[str, str], tmp_path: Path
) -> None:
    environment["DISCORD_TOKEN"] = "Y2FuYXJ5LWlk.another.canary-0123456789"
    process = await start(EVERYTHING, folder=tmp_path, **environment)
    printed = await said(process)
    assert process.returncode == 2
    assert "canary" not in printed
    assert "copy it again" in printed
