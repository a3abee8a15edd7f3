"""The connection to Discord: what it does not depend on, why it ends, and what is seen of it."""

import asyncio
import logging
import socket
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot import client
from bot.app import App, open_app
from bot.client import PaperBot, TokenRefused
from bot.cogs.pages import PAGE_TYPED
from bot.domain.errors import BotError
from bot.domain.lookups import PAGE, About
from bot.pacing import Pacing
from bot.services.clock import utc_now
from bot.services.measures import Measures, ShardHealth
from bot.settings import load_settings
from bot.storage.errors import DatabaseUnavailable
from tests.builders import a_digest
from tests.loopback.discord_faults import Broken, Denied, Fault, Held, Page
from tests.loopback.discord_gateway import Close
from tests.loopback.discord_interactions import Interaction
from tests.loopback.discord_objects import EPHEMERAL
from tests.loopback.discord_permissions import Permission
from tests.loopback.discord_server import LoopbackDiscord
from tests.services.scrape import Scraped

COMMANDS = ("PUT", "/applications/*/commands")
FILLED = ("PATCH", "/webhooks/*/*/messages/@original")
TAKEN_AWAY = ("DELETE", "/webhooks/*/*/messages/@original")


@pytest.fixture(autouse=True)
def _discord_py_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """`DISCORD_API_URL` changes discord.py for the whole process."""
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    monkeypatch.setattr(DiscordWebSocket, "gateway", None, raising=False)

    async def at_once(self: PaperBot, shard_id: int | None, *, initial: bool = False) -> None:
        """The five seconds between two shards are for the real Discord."""

    monkeypatch.setattr(PaperBot, "before_identify_hook", at_once)


@pytest.fixture
async def discord_server() -> AsyncGenerator[LoopbackDiscord]:
    async with LoopbackDiscord() as server:
        yield server


@pytest.fixture
async def app(
    discord_server: LoopbackDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[App]:
    """The bot, not logged in yet, with an empty folder for a source."""
    (tmp_path / "digests").mkdir()
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    settings = load_settings(
        http_port=port,
        discord_api_url=discord_server.url,
        database_url=f"sqlite+aiosqlite:///{tmp_path / 'papers.db'}",
        sources=f"markdown:{tmp_path / 'digests'}",
    )
    async with open_app(settings) as app:
        yield app


@asynccontextmanager
async def connected(app: App, discord_server: LoopbackDiscord) -> AsyncGenerator[asyncio.Task[Any]]:
    """Logged in and ready, until closed; the task ends as `PaperBot.connect` does."""
    await app.bot.login(discord_server.token)
    connection = asyncio.create_task(app.bot.connect())
    await app.bot.wait_until_ready()
    yield connection
    await app.bot.close()
    await asyncio.wait([connection])


async def until(is_so: Callable[[], bool]) -> None:
    """Return once something is so at the other end of a socket."""
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - the other end tells nobody
            await asyncio.sleep(0.01)


def running(name: str) -> bool:
    """Whether there is a task of that name, or one that runs a function of that name."""
    return any(name in repr(task) for task in asyncio.all_tasks())


# --- commands -----------------------------------------------------------------------------


async def test_a_discord_that_does_not_take_the_commands_keeps_nothing_from_starting(
    app: App, discord_server: LoopbackDiscord
) -> None:
    rule = discord_server.inject(Held(), *COMMANDS, times=None)
    async with connected(app, discord_server):
        await rule.met()
        assert app.bot.is_ready()
        assert discord_server.commands == []
    assert not running("_register_commands"), "closing did not wait for it either"


@pytest.mark.parametrize(
    ("fault", "why"), [(Denied(), "403"), (Page(200), "what answers is not Discord")]
)
async def test_commands_that_were_not_taken_are_offered_until_they_are(
    app: App,
    discord_server: LoopbackDiscord,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    why: str,
) -> None:
    monkeypatch.setattr(client, "FIRST_REGISTERING_AGAIN", timedelta(milliseconds=1))
    rule = discord_server.inject(fault, *COMMANDS, times=2)
    async with connected(app, discord_server):
        await until(lambda: discord_server.commands != [])
    assert rule.hits == 2
    told = [r.getMessage() for r in caplog.records if "did not take the commands" in r.msg]
    assert len(told) == 2
    assert why in told[0]


async def test_commands_are_offered_less_and_less_often(
    app: App,
    discord_server: LoopbackDiscord,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Every refusal counts against the bot."""
    monkeypatch.setattr(client, "FIRST_REGISTERING_AGAIN", timedelta(milliseconds=1))
    monkeypatch.setattr(client, "LAST_REGISTERING_AGAIN", timedelta(milliseconds=4))
    discord_server.inject(Denied(), *COMMANDS, times=5)
    async with connected(app, discord_server):
        await until(lambda: discord_server.commands != [])
    pauses = [r.args[0] for r in caplog.records if "did not take the commands" in r.msg]  # type: ignore[index]
    assert pauses == [0.001, 0.002, 0.004, 0.004, 0.004]


# --- the end ------------------------------------------------------------------------------


async def test_a_failure_stops_the_bot_and_the_first_is_the_reason(
    app: App, discord_server: LoopbackDiscord, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(app, discord_server) as connection:
        app.bot.fail(BotError("the database is damaged: put back a backup"))
        app.bot.fail(BotError("and so on"))
        await connection
        assert app.bot.is_closed()
    assert str(app.bot.failure) == "the database is damaged: put back a backup"
    [told] = [r for r in caplog.records if r.levelno == logging.CRITICAL]
    assert "put back a backup" in told.getMessage()


async def test_an_answer_that_is_ready_too_late_is_a_warning(
    app: App,
    discord_server: LoopbackDiscord,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It was asked after the last ones were waited for, while the connections are closed."""
    looked_up, closed = asyncio.Event(), asyncio.Event()
    about, close = app.finding.about, app.bot.http.close

    async def slow_about() -> About:
        found = await about()
        looked_up.set()
        await closed.wait()
        return found

    async def slow_close() -> None:
        await close()
        closed.set()
        await until(lambda: "the answer did not arrive" in caplog.text)

    monkeypatch.setattr(client, "LAST_ANSWERS", timedelta(0))
    monkeypatch.setattr(app.finding, "about", slow_about)
    monkeypatch.setattr(app.bot.http, "close", slow_close)
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers")
    reader = discord_server.add_member(guild, "ada")
    async with connected(app, discord_server):
        await until(lambda: discord_server.commands != [])
        await discord_server.slash(channel, reader, "about")
        await looked_up.wait()
        await app.bot.close()
    ours = [record for record in caplog.records if record.name == "bot.answering"]
    assert {record.levelno for record in ours} == {logging.WARNING}
    assert "command about: Discord failed: Session is closed" in caplog.text


async def test_a_failure_of_what_is_being_stopped_does_not_wait_for_itself(
    app: App, discord_server: LoopbackDiscord
) -> None:
    stopping = asyncio.Event()
    work: asyncio.Task[None]

    async def fail_and_finish() -> None:
        app.bot.fail(BotError("it broke"))
        await stopping.wait()

    async def stop() -> None:
        stopping.set()
        await work

    async def start() -> None:
        nonlocal work
        work = asyncio.create_task(fail_and_finish())

    app.bot.wire(faces=[], start=start, stop=stop)
    await app.bot.login(discord_server.token)
    await app.bot.connect()
    assert work.done()
    assert app.bot.failure is not None


async def test_a_token_that_is_taken_no_longer_ends_the_connection_with_the_cure(
    app: App, discord_server: LoopbackDiscord
) -> None:
    async with connected(app, discord_server) as connection:
        await discord_server.gateway.close(Close.AUTHENTICATION_FAILED)
        with pytest.raises(TokenRefused, match="copy the new one from https://discord"):
            await connection


async def test_any_other_end_is_discords_own_word(
    app: App, discord_server: LoopbackDiscord
) -> None:
    async with connected(app, discord_server) as connection:
        await discord_server.gateway.close(Close.INVALID_SHARD)
        with pytest.raises(discord.ConnectionClosed) as ended:
            await connection
        assert ended.value.code == Close.INVALID_SHARD


async def test_a_gateway_that_lets_nobody_in_does_not_keep_the_bot_from_ending(
    app: App, discord_server: LoopbackDiscord, caplog: pytest.LogCaptureFixture
) -> None:
    """discord.py would go on trying with a session that is closed, for ever."""
    discord_server.gateway.refuse(times=1000)
    await app.bot.login(discord_server.token)
    connection = asyncio.create_task(app.bot.connect())
    await until(lambda: "Failed to connect for shard_id" in caplog.text)
    await app.bot.close()
    await asyncio.wait_for(connection, timeout=30)


async def test_a_command_under_way_is_still_answered(
    app: App, discord_server: LoopbackDiscord
) -> None:
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers")
    manager = discord_server.add_member(guild, "minji", Permission.MANAGE_CHANNELS)
    async with connected(app, discord_server):
        await until(lambda: discord_server.commands != [])
        async with app.database.transaction():  # keeps the command from being carried out
            asked = await discord_server.slash(
                channel, manager, "subscribe", {"timezone": "seoul", "language": "en"}
            )
            await asked.answered()
            closing_down = asyncio.create_task(app.bot.close())
            await asyncio.sleep(0)
        await closing_down
    assert "09:00" in (await asked.message()).content


async def test_a_command_that_does_not_end_is_broken_off(
    app: App, discord_server: LoopbackDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "LAST_ANSWERS", timedelta(milliseconds=10))
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers")
    manager = discord_server.add_member(guild, "minji", Permission.MANAGE_CHANNELS)
    async with connected(app, discord_server):
        await until(lambda: discord_server.commands != [])
        async with app.database.transaction():
            asked = await discord_server.slash(
                channel, manager, "subscribe", {"timezone": "seoul", "language": "en"}
            )
            await asked.answered()
            assert running("CommandTree-invoker")
            await app.bot.close()
            assert not running("CommandTree-invoker")


# --- what is shared -----------------------------------------------------------------------


async def _asked_in_vain(discord_server: LoopbackDiscord) -> Interaction:
    """A question whose answer was to be shared; nobody can answer it."""
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers")
    reader = discord_server.add_member(guild, "ada")
    await until(lambda: discord_server.commands != [])
    options = {"paper": "9901.00001", "share": True}
    return await discord_server.slash(channel, reader, "papers show", options)


async def test_only_who_asked_reads_what_went_wrong(
    app: App, discord_server: LoopbackDiscord
) -> None:
    async with connected(app, discord_server):
        asked = await _asked_in_vain(discord_server)
        [answer] = await asked.followed_up()
    assert "9901.00001" in answer.content
    assert answer.flags & EPHEMERAL
    assert discord_server.messages(asked.channel.id) == []


async def test_what_went_wrong_is_told_to_everybody_rather_than_to_nobody(
    app: App, discord_server: LoopbackDiscord
) -> None:
    discord_server.inject(Denied(), *FILLED)
    async with connected(app, discord_server):
        asked = await _asked_in_vain(discord_server)
        answer = await asked.message()
    assert "9901.00001" in answer.content
    assert discord_server.messages(asked.channel.id) == [answer]


async def test_what_cannot_be_taken_away_says_nothing(
    app: App, discord_server: LoopbackDiscord, caplog: pytest.LogCaptureFixture
) -> None:
    discord_server.inject(Denied(), *TAKEN_AWAY)
    async with connected(app, discord_server):
        asked = await _asked_in_vain(discord_server)
        [answer] = await asked.followed_up()
    assert answer.flags & EPHEMERAL
    assert [said.content for said in discord_server.messages(asked.channel.id)] == ["…"]
    assert "did not arrive" not in caplog.text


# --- what is seen -------------------------------------------------------------------------


async def test_how_the_shards_stand(app: App, discord_server: LoopbackDiscord) -> None:
    bot = app.bot
    assert [(s.shard, s.connected) for s in bot.shard_health()] == [(0, False)]
    assert bot.trouble() == "not connected to Discord yet"
    async with connected(app, discord_server):
        [shard] = bot.shard_health()
        assert (shard.shard, shard.connected) == (0, True)
        assert bot.trouble() is None

        discord_server.gateway.refuse(times=1)
        discord_server.gateway.cut()
        await until(lambda: bot.trouble() is not None)
        assert bot.trouble() == "connecting to Discord again: shard 0"
        assert [shard.connected for shard in bot.shard_health()] == [False]
        await until(lambda: bot.trouble() is None)


@pytest.mark.parametrize(
    ("count", "ids", "expected"), [(None, None, [0]), (3, None, [0, 1, 2]), (6, (2, 3), [2, 3])]
)
async def test_every_shard_of_this_process_is_told_of_before_it_ever_connected(
    count: int | None, ids: tuple[int, ...] | None, expected: list[int]
) -> None:
    bot = PaperBot(pacing=Pacing(), shard_count=count, shard_ids=ids)
    assert bot.shard_health() == tuple(
        ShardHealth(shard=shard, connected=False) for shard in expected
    )
    measures = Measures()
    measures.gateway(bot.shard_health())
    assert Scraped(measures.text()).all("gateway_connected") == {(str(n),): 0 for n in expected}


async def test_whoever_looks_after_the_bot_sees_it_start_run_and_end(
    app: App, discord_server: LoopbackDiscord
) -> None:
    assert app.web is not None
    async with aiohttp.ClientSession(f"http://127.0.0.1:{app.web.port}") as session:

        async def ready() -> tuple[int, dict[str, str]]:
            async with session.get("/readyz") as answer:
                return answer.status, await answer.json()

        async def healthy() -> int:
            async with session.get("/healthz") as answer:
                return answer.status

        status, checks = await ready()
        assert status == 503
        assert checks["gateway"] == "not connected to Discord yet"
        assert checks["store"] == "ok"
        assert await healthy() == 200, "it is about to start"

        async with connected(app, discord_server):
            assert await ready() == (200, {"gateway": "ok", "store": "ok", "scheduler": "ok"})
            async with session.get("/metrics") as answer:
                seen = Scraped(await answer.read())
            assert seen["gateway_connected", "0"] == 1
            assert seen["store_up"] == 1
            assert seen["discord_requests_total", "200"] > 0

        assert (await ready())[0] == 503
        assert await healthy() == 200, "it ends on purpose"


async def test_a_heartbeat_that_was_answered_is_the_latency(
    app: App, discord_server: LoopbackDiscord
) -> None:
    async with connected(app, discord_server):
        await until(lambda: app.bot.shard_health()[0].latency is not None)
        latency = app.bot.shard_health()[0].latency
        assert latency is not None
        assert 0 <= latency < 60


async def test_an_acknowledgement_whose_answer_was_lost_still_leads_to_a_reply(
    app: App, discord_server: LoopbackDiscord
) -> None:
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers")
    manager = discord_server.add_member(guild, "민지", Permission.MANAGE_CHANNELS, locale="ko")
    async with connected(app, discord_server):
        await until(lambda: discord_server.commands != [])
        lost = Broken(500, carried_out=True)
        discord_server.inject(lost, "POST", "/interactions/*/*/callback")
        asked = await discord_server.slash(channel, manager, "subscription list")
        reply = await asked.message()
    assert reply.content == "Discord 문제로 끝까지 처리하지 못했어요. 다시 시도해 주세요."


async def test_buttons_and_forms_are_timed_like_commands(
    app: App, discord_server: LoopbackDiscord
) -> None:
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers")
    reader = discord_server.add_member(guild, "reader")
    day = utc_now().date()
    async with app.database.transaction() as stores:
        listed = a_digest(day, range(1, PAGE + 2))
        await stores.lists.save(listed, source="huggingface", read_at=utc_now(), closed=False)

    def timed() -> set[tuple[str, ...]]:
        return set(Scraped(app.bot.measures.text()).all("command_seconds_count"))

    async with connected(app, discord_server):
        await until(lambda: discord_server.commands != [])
        shown = await discord_server.slash(channel, reader, "papers day", {"date": day.isoformat()})
        message = await shown.message()
        [jump] = [
            component["custom_id"]
            for row in message.components
            for component in row["components"]
            if component["custom_id"].startswith("jump:")
        ]
        opened = await discord_server.click(message, reader, jump)
        await opened.modal()
        await until(lambda: ("ask for page", "component") in timed())
        submitted = await discord_server.submit(opened, {PAGE_TYPED: "2"})
        await submitted.changed()
        await until(lambda: ("jump to page", "modal") in timed())
    assert timed() == {
        ("papers day", "command"),
        ("ask for page", "component"),
        ("jump to page", "modal"),
    }


async def test_commands_are_registered_in_every_language(
    app: App, discord_server: LoopbackDiscord
) -> None:
    async with connected(app, discord_server):
        await until(lambda: discord_server.commands != [])
    [subscribe] = [one for one in discord_server.commands if one["name"] == "subscribe"]
    assert subscribe["name_localizations"] == {"ko": "구독"}
    assert set(subscribe["description_localizations"]) == {"ko"}
    options = {one["name"]: one["name_localizations"] for one in subscribe["options"]}
    assert options["timezone"] == {"ko": "시간대"}


async def test_a_commands_first_answer_is_timed_and_only_our_failures_are_errors(
    app: App,
    discord_server: LoopbackDiscord,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers")
    manager = discord_server.add_member(guild, "minji", Permission.MANAGE_CHANNELS)

    def seen() -> Scraped:
        return Scraped(app.bot.measures.text())

    async with connected(app, discord_server):
        await until(lambda: discord_server.commands != [])
        listed = await discord_server.slash(channel, manager, "subscription list")
        await listed.message()
        assert seen()["command_seconds_count", "subscription list", "command"] == 1

        typed = await discord_server.autocomplete(
            channel, manager, "subscribe", "timezone", {"timezone": "seo"}
        )
        await typed.choices()
        await until(lambda: ("subscribe", "autocomplete") in seen().all("command_seconds_count"))

        not_there = await discord_server.slash(channel, manager, "subscription pause")
        assert "no subscription" in (await not_there.message()).content
        assert seen().all("command_errors_total") == {}, "there was nothing to pause"

        with closing(sqlite3.connect(tmp_path / "papers.db")) as elsewhere:
            elsewhere.execute("ALTER TABLE subscriptions RENAME TO gone")
        failed = await discord_server.slash(channel, manager, "subscription list")
        assert "went wrong on my side" in (await failed.message()).content
        assert seen().all("command_errors_total") == {("subscription list",): 1}

        @asynccontextmanager
        async def full() -> AsyncGenerator[None]:
            raise DatabaseUnavailable("no space is left: free some")
            yield

        monkeypatch.setattr(app.database, "reading", full)
        failed = await discord_server.slash(channel, manager, "subscription list")
        assert "My archive cannot be used right now" in (await failed.message()).content
        assert seen().all("command_errors_total") == {("subscription list",): 2}
