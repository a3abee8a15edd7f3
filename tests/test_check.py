"""`daily-papers check`: what it says of each part, and that it changes none."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from aiohttp import web
from discord.http import Route

from bot.checking import check, check_discord, check_model, check_settings
from bot.domain.subscriptions import Subscription, SubscriptionState
from bot.services.checking import Level
from bot.settings import load_settings
from bot.storage.database import open_database
from tests.builders import DAY, a_digest, a_subscription, some_preferences, utc
from tests.loopback.discord_faults import Cut, Page
from tests.loopback.discord_objects import FORUM
from tests.loopback.discord_permissions import Permission
from tests.loopback.discord_server import LoopbackDiscord
from tests.loopback.hugging_face import LoopbackHuggingFace, Status, entry
from tests.loopback.language_model import LoopbackModel

FAST = 1_000.0
"""Requests a second: the loopback has no bot beside us to leave room for."""

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DISCORD_TOKEN", "DISCORD_API_URL", "DATABASE_URL", "SOURCES", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("LLM_MODEL", "LLM_BASE_URL", "LLM_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def discord_server(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[LoopbackDiscord]:
    async with LoopbackDiscord() as server:
        monkeypatch.setattr(Route, "BASE", server.url)
        yield server


async def lines_of(
    server: LoopbackDiscord, *subscriptions: Subscription, token: str = ""
) -> list[str]:
    return [
        str(finding)
        async for finding in check_discord(token or server.token, subscriptions, per_second=FAST)
    ]


def subscribed(guild_id: int, channel_id: int, **fields: object) -> Subscription:
    return a_subscription(guild_id=guild_id, channel_id=channel_id, **fields)


# --- Discord ---


async def test_channels_that_can_be_posted_in_are_counted(discord_server: LoopbackDiscord) -> None:
    guilds = [discord_server.add_guild(name) for name in ("lab", "club")]
    subscriptions = [
        subscribed(guild, discord_server.add_channel(guild, name))
        for guild in guilds
        for name in ("papers", "more")
    ]
    assert await lines_of(discord_server, *subscriptions) == [
        "✓ token: Discord knows it: the bot is daily-papers",
        "✓ permissions: 4 channels can be posted in",
    ]
    assert discord_server.tally.invalid == 0
    assert {route.split()[0] for route in discord_server.tally.by_route} == {"GET"}


async def test_a_channel_that_lacks_permissions_is_named_with_them(
    discord_server: LoopbackDiscord,
) -> None:
    guild = discord_server.add_guild("lab")
    shut, well = (discord_server.add_channel(guild, name) for name in ("shut", "well"))
    discord_server.deny(shut, Permission.EMBED_LINKS | Permission.READ_MESSAGE_HISTORY)
    _, problem, good = await lines_of(
        discord_server, subscribed(guild, shut), subscribed(guild, well)
    )
    assert problem == (
        f"✗ permissions: the bot lacks Embed Links, Read Message History in #shut in lab ({shut}) "
        "→ give the bot Embed Links, Read Message History in the channel's settings, Permissions"
    )
    assert good == "✓ permissions: 1 channel can be posted in"


@pytest.mark.parametrize("state", [SubscriptionState.PAUSED])
async def test_what_a_paused_channel_lacks_is_a_warning(
    discord_server: LoopbackDiscord, state: SubscriptionState
) -> None:
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers")
    discord_server.forbid(channel)
    _, problem = await lines_of(discord_server, subscribed(guild, channel, state=state))
    assert problem.startswith("! permissions: the bot lacks Send Messages")


async def test_what_a_channel_can_do_without_is_a_warning(discord_server: LoopbackDiscord) -> None:
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers")
    discord_server.deny(channel, Permission.ADD_REACTIONS)
    _, problem = await lines_of(discord_server, subscribed(guild, channel))
    assert problem.startswith("! permissions: the bot lacks Add Reactions")


async def test_a_server_that_removed_the_bot_is_asked_once_for_all_its_channels(
    discord_server: LoopbackDiscord,
) -> None:
    gone, stayed = discord_server.add_guild("gone"), discord_server.add_guild("stayed")
    channels = [discord_server.add_channel(gone, name) for name in "ab"]
    well = discord_server.add_channel(stayed, "papers")
    discord_server.expel_bot(gone)
    _, *problems, good = await lines_of(
        discord_server, *(subscribed(gone, c) for c in channels), subscribed(stayed, well)
    )
    assert len(problems) == 2
    for problem in problems:
        assert problem.startswith(f"✗ permissions: server {gone} has removed the bot → invite it")
    assert good == "✓ permissions: 1 channel can be posted in"
    assert discord_server.tally.invalid <= 1


async def test_a_channel_that_is_gone_is_told(discord_server: LoopbackDiscord) -> None:
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers")
    discord_server.remove_channel(channel)
    _, problem = await lines_of(discord_server, subscribed(guild, channel))
    assert problem.startswith(f"✗ permissions: lab has no channel {channel} any more")


async def test_a_channel_of_another_kind_is_told(discord_server: LoopbackDiscord) -> None:
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers", FORUM)
    _, problem = await lines_of(discord_server, subscribed(guild, channel))
    assert problem.startswith(f"✗ permissions: {channel} in lab takes no messages")


async def test_threads_have_the_permissions_of_their_channel(
    discord_server: LoopbackDiscord,
) -> None:
    world = discord_server.world
    guild = discord_server.add_guild("lab")
    threads = []
    for name, denied in [
        ("well", Permission.SEND_MESSAGES),  # which a thread does not need
        ("shut", Permission.SEND_MESSAGES_IN_THREADS),
        ("hidden", Permission.VIEW_CHANNEL),
        ("locked", Permission.MENTION_EVERYONE),
    ]:
        parent = discord_server.add_channel(guild, name)
        discord_server.deny(parent, denied)
        threads.append(world.add_thread(world.channels[parent], name))
    threads[-1].locked = True
    _, shut, hidden, locked, good = await lines_of(
        discord_server, *(subscribed(guild, thread.id) for thread in threads)
    )
    assert "the bot lacks Send Messages in Threads" in shut
    assert f"the bot cannot see {threads[2].id} in lab" in hidden
    assert f"#locked in lab ({threads[3].id}) is locked → unlock the thread" in locked
    assert good == "✓ permissions: 1 channel can be posted in"


async def test_a_role_whose_mention_reaches_nobody_is_a_warning(
    discord_server: LoopbackDiscord,
) -> None:
    guild = discord_server.add_guild("lab")
    roles = [
        discord_server.add_role(guild, "readers", mentionable=True),
        discord_server.add_role(guild, "quiet"),
        5,
    ]
    subscriptions = [
        subscribed(
            guild,
            discord_server.add_channel(guild, f"c{role}"),
            preferences=some_preferences(role_id=role),
        )
        for role in roles
    ]
    _, quiet, gone, good = await lines_of(discord_server, *subscriptions)
    assert quiet.startswith("! permissions: the mention of quiet in #")
    assert quiet.endswith("→ turn on “Allow anyone to @mention this role” in its settings")
    assert gone.endswith("is gone → choose another with `/subscription edit`")
    assert good == "✓ permissions: 1 channel can be posted in"


async def test_a_token_that_discord_does_not_know_ends_the_asking(
    discord_server: LoopbackDiscord,
) -> None:
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers")
    [line] = await lines_of(discord_server, subscribed(guild, channel), token="bm90.x.y")
    assert line.startswith("✗ token: Discord does not know this DISCORD_TOKEN → copy it again")


async def test_a_discord_that_refuses_to_say_anything_is_told(
    discord_server: LoopbackDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Route, "BASE", discord_server.url.replace("v10", "v0"))
    [line] = await lines_of(discord_server)
    assert line.startswith("✗ token: Discord refuses us (404)")


async def test_a_discord_that_cannot_be_reached_is_told(
    discord_server: LoopbackDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Route, "BASE", f"{NOWHERE}/api/v10")
    [line] = await lines_of(discord_server)
    assert line.startswith("✗ token: Discord cannot be reached")
    assert line.endswith("check the network, and DISCORD_API_URL if set")


async def test_a_discord_that_goes_away_meanwhile_is_told_once(
    discord_server: LoopbackDiscord,
) -> None:
    guilds = [discord_server.add_guild(name) for name in ("lab", "club")]
    subscriptions = [subscribed(g, discord_server.add_channel(g, "papers")) for g in guilds]
    discord_server.inject(Cut(), "GET", "/guilds/*/channels", times=None)
    _, *lines = await lines_of(discord_server, *subscriptions)
    assert len(lines) == 1
    assert lines[0].startswith(
        f"✗ permissions: Discord could not be asked about server {guilds[0]}"
    )


@pytest.mark.parametrize("path", ["/users/@me", "/oauth2/applications/@me"])
async def test_a_proxys_page_at_login_is_told_with_the_cure(
    discord_server: LoopbackDiscord, path: str
) -> None:
    page = discord_server.inject(Page(200), "GET", path, times=None)
    assert await lines_of(discord_server) == [
        "✗ token: what answers is not Discord → look at what stands between: a proxy, a "
        "firewall, DISCORD_API_URL if set"
    ]
    assert page.hits == 1


@pytest.mark.parametrize(
    "path", ["/guilds/*", "/guilds/*/channels", "/guilds/*/members/*", "/channels/*"]
)
async def test_a_proxys_page_in_place_of_a_server_is_told_with_the_cure(
    discord_server: LoopbackDiscord, path: str
) -> None:
    world = discord_server.world
    guild = discord_server.add_guild("lab")
    thread = world.add_thread(world.channels[discord_server.add_channel(guild, "papers")], "well")
    page = discord_server.inject(Page(200), "GET", path, times=None)
    _, *lines = await lines_of(discord_server, subscribed(guild, thread.id))
    assert lines == [
        f"✗ permissions: Discord could not be asked about server {guild}: what answers is not "
        "Discord → look at what stands between: a proxy, a firewall, DISCORD_API_URL if set"
    ]
    assert page.hits


# --- settings ---


def test_every_wrong_setting_is_a_line_and_the_rest_is_still_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "a.b.c")
    monkeypatch.setenv("COLLECT_EVERY", "often")
    monkeypatch.setenv("LOG_LEVEL", "chatty")
    monkeypatch.setenv("SHARD_IDS", "5-6")
    monkeypatch.setenv("SHARD_COUNT", "4")
    monkeypatch.setenv("MARKDOWN_LANGUAGE", "ko")
    settings, wrong, findings = check_settings()
    assert wrong >= {"collect_every", "log_level"}
    assert settings.collect_every == 15
    assert settings.markdown_language == "ko"
    assert [finding.level for finding in findings] == [Level.BAD] * 3
    assert [finding.text.split()[0] for finding in findings] == [
        "COLLECT_EVERY",
        "LOG_LEVEL",
        "SHARD_IDS",
    ]


def test_good_settings_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "a.b.c")
    _, wrong, [finding] = check_settings()
    assert wrong == frozenset()
    assert finding.level is Level.GOOD


# --- all of it ---


@asynccontextmanager
async def everything(
    monkeypatch: pytest.MonkeyPatch, server: LoopbackDiscord, folder: Path
) -> AsyncGenerator[LoopbackHuggingFace]:
    """A bot that is well: token, channel, source and database."""
    guild = server.add_guild("lab")
    channel = server.add_channel(guild, "papers")
    url = f"sqlite+aiosqlite:///{folder / 'papers.db'}"
    async with open_database(url) as database, database.transaction() as stores:
        await stores.lists.save(
            a_digest(), source="huggingface", read_at=utc(2024, 6, 4), closed=True
        )
        await stores.subscriptions.add(
            guild_id=guild,
            channel_id=channel,
            preferences=some_preferences(),
            created_at=utc(2024, 6, 4),
        )
    async with LoopbackHuggingFace() as hub:
        hub.list(DAY, [entry("2406.00001")])
        for name, value in {
            "DISCORD_TOKEN": server.token,
            "DISCORD_API_URL": server.url,
            "DATABASE_URL": url,
            "HUGGINGFACE_URL": hub.url,
        }.items():
            monkeypatch.setenv(name, value)
        yield hub


async def checked(*, offline: bool = False) -> list[str]:
    return [str(f) async for f in check(today=DAY, offline=offline, per_second=FAST)]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def areas(lines: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(line.split(":")[0][2:] for line in lines))


async def test_a_bot_that_is_well_is_all_good_and_nothing_is_changed(
    discord_server: LoopbackDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with everything(monkeypatch, discord_server, tmp_path):
        before = await asyncio.to_thread((tmp_path / "papers.db").read_bytes)
        lines = await checked()
    assert all(line.startswith("✓") for line in lines), lines
    assert areas(lines) == [
        "settings", "database", "migrations", "integrity", "index", "subscriptions",
        "token", "permissions", "sources",
    ]  # fmt: skip
    assert lines[-1] == "✓ sources: huggingface: 1 paper of 2024-06-04"
    assert names(tmp_path) == ["papers.db"]
    assert await asyncio.to_thread((tmp_path / "papers.db").read_bytes) == before


async def test_with_parts_down_the_rest_is_looked_at(
    discord_server: LoopbackDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with everything(monkeypatch, discord_server, tmp_path) as hub:
        monkeypatch.setenv("DISCORD_API_URL", f"{NOWHERE}/api/v10")
        hub.fail_always(Status(404))
        lines = await checked()
    bad = [line for line in lines if line.startswith("✗")]
    assert areas(bad) == ["token", "sources"]
    assert any(line.startswith("✓ subscriptions: 1 subscription") for line in lines)


async def test_without_a_token_the_rest_is_looked_at(
    discord_server: LoopbackDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with everything(monkeypatch, discord_server, tmp_path):
        monkeypatch.delenv("DISCORD_TOKEN")
        lines = await checked()
    assert lines[0].startswith("✗ settings: DISCORD_TOKEN is missing: put the bot's token")
    assert "sources" in areas(lines)
    assert "token" not in areas(lines)


async def test_offline_asks_nobody(
    discord_server: LoopbackDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with everything(monkeypatch, discord_server, tmp_path) as hub:
        lines = await checked(offline=True)
        assert hub.requests == []
    assert not {"token", "permissions", "sources"} & set(areas(lines))
    assert not discord_server.tally.by_route


@pytest.mark.parametrize(
    ("name", "value", "left_out"),
    [
        ("DATABASE_URL", "mysql://x", {"database", "integrity", "permissions"}),
        ("DISCORD_API_URL", "discord", {"token", "permissions"}),
        ("HUGGINGFACE_URL", "hub", {"sources"}),
    ],
)
async def test_a_part_whose_setting_is_wrong_is_left_out(
    discord_server: LoopbackDiscord,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    left_out: set[str],
) -> None:
    async with everything(monkeypatch, discord_server, tmp_path):
        monkeypatch.setenv(name, value)
        lines = await checked()
    assert lines[0].startswith(f"✗ settings: {name} is wrong: write")
    assert not left_out & set(areas(lines))
    assert len(areas(lines)) >= 3
    assert names(tmp_path) == ["papers.db"]


async def test_sources_that_cannot_be_meant_are_a_line(
    discord_server: LoopbackDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with everything(monkeypatch, discord_server, tmp_path):
        monkeypatch.setenv("SOURCES", "arxiv")
        lines = await checked()
    assert lines[-1].startswith("✗ sources: SOURCES names 'arxiv', which is no source: write")


async def test_tables_of_an_older_version_are_neither_read_nor_changed(
    discord_server: LoopbackDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with everything(monkeypatch, discord_server, tmp_path):
        with closing(sqlite3.connect(tmp_path / "papers.db")) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '0001'")
            connection.commit()
        lines = await checked(offline=True)
    assert any(line.startswith("! migrations: the tables are of version 0001") for line in lines)
    assert "subscriptions" not in areas(lines)


async def test_a_database_that_is_not_there_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = await checked(offline=True)
    assert lines[-1].startswith("! database: there is no database daily-papers.db yet")
    assert names(tmp_path) == []


async def test_a_database_that_is_none_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "daily-papers.db"
    await asyncio.to_thread(file.write_text, "Dear diary, " * 1_000)
    lines = await checked(offline=True)
    assert "is not a database: move it away" in lines[-1]
    assert await asyncio.to_thread(file.read_text) == "Dear diary, " * 1_000


async def test_a_database_url_without_a_file_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite+aiosqlite:///:memory:")
    lines = await checked(offline=True)
    assert lines[-1].startswith("✗ database: ")
    assert "would forget what was posted" in lines[-1]


# --- the language model ---


async def lines_about_the_model(**settings: object) -> list[str]:
    return [str(finding) async for finding in check_model(load_settings(**settings))]


async def test_a_model_that_answers_is_well() -> None:
    async with LoopbackModel(key="right") as model:
        lines = await lines_about_the_model(
            llm_model="loopback-1", llm_base_url=model.url, llm_api_key="right"
        )
    assert lines == [
        f"✓ model: {model.url} can be reached",
        "✓ model: the key is taken",
        "✓ model: loopback-1 answers",
    ]
    assert len(model.asked) == 1


async def test_without_a_model_nothing_is_said_of_it() -> None:
    assert await lines_about_the_model() == []


async def test_a_service_that_is_not_there_is_told() -> None:
    [line] = await lines_about_the_model(llm_model="m", llm_base_url=f"{NOWHERE}/v1")
    assert line.startswith(f"✗ model: {NOWHERE}/v1 cannot be asked: the connection failed")
    assert line.endswith("→ check LLM_BASE_URL, and that the service runs")


async def test_a_model_whose_client_is_not_installed_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    [line] = await lines_about_the_model(llm_model="m")
    assert line.startswith("✗ model: LLM_MODEL is set and the package openai is missing")


async def test_a_wrong_key_is_told_apart_from_a_wrong_address() -> None:
    async with LoopbackModel(key="right") as model:
        _, line = await lines_about_the_model(
            llm_model="loopback-1", llm_base_url=model.url, llm_api_key="wrong"
        )
    assert line == (
        "✗ model: the language model's service refuses the key: it answered 401 "
        "(invalid_api_key) → set LLM_API_KEY"
    )


@pytest.mark.parametrize(("lists", "cure"), [(True, "loopback-1"), (False, "LLM_MODEL")])
async def test_a_model_that_is_not_there_is_told_with_those_that_are(
    lists: bool, cure: str
) -> None:
    told = None if lists else web.Response(status=404)
    async with LoopbackModel(lists=told) as model:
        *_, line = await lines_about_the_model(llm_model="other", llm_base_url=model.url)
    assert line.startswith("✗ model: other gives no answer: it answered 404 (model_not_found) →")
    assert cure in line


async def test_the_model_is_a_part_of_the_whole(
    discord_server: LoopbackDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with everything(monkeypatch, discord_server, tmp_path), LoopbackModel() as model:
        monkeypatch.setenv("LLM_MODEL", "loopback-1")
        monkeypatch.setenv("LLM_BASE_URL", model.url)
        assert (await checked())[-1] == "✓ model: loopback-1 answers"
        assert "model" not in areas(await checked(offline=True))
