"""From the outside, as somebody who means harm: by commands, by components, by what papers say.

Whatever command the bot registers needs a row here; one without fails the first test.
"""

import asyncio
import logging
import re
import signal
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web

from bot.app import App
from bot.domain.subscriptions import Preferences, Subscription
from tests.faults.stage import DAILY, DAY, NOW, Stage, listed, staged, until
from tests.loopback.discord_errors import Json
from tests.loopback.discord_interactions import Interaction
from tests.loopback.discord_objects import DIRECT
from tests.loopback.discord_permissions import Overwrite, Permission

ROOT: Final = Path(__file__).parents[1]
SUB_COMMAND: Final = (1, 2)
STRING: Final = 3


@dataclass(frozen=True, kw_only=True)
class Row:
    """A command: options that would make it do something, and whether it takes a channel.

    `managers_only`: who may not manage the channel is refused; else who may sees no more than
    their own channels.
    """

    options: dict[str, Any] = field(default_factory=dict)
    takes_channel: bool = True
    managers_only: bool = True


COMMANDS: Final[dict[str, Row]] = {
    "subscribe": Row(options={"timezone": "UTC"}),
    "unsubscribe": Row(),
    "subscription list": Row(takes_channel=False, managers_only=False),
    "subscription edit": Row(options={"limit": 3}),
    "subscription pause": Row(),
    "subscription resume": Row(),
    "subscription test": Row(),
}

IN_CODE: Final = re.compile("`[^`\n]+`")

TEXTS: Final = {
    "markdown": "**bold** [link](https://evil.example) `code` ||spoiler|| # title",
    "mentions": "@everyone @here <@1> <@&1> <#1>",
    "controls": "a\x00b\x1b[2Jc\rd\x07",
    "lines": "first\n2026-01-01 CRITICAL bot: forged\u2028third",
    "bidi": "safe\u202etxt.exe\u2066",
    "sql": "'; DROP TABLE subscriptions; --",
    "percent": "%s %d {0} {name}",
    "long": "x" * 5000,
}


@pytest.fixture
async def stage(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncGenerator[Stage]:
    caplog.set_level(logging.INFO)
    async with staged(caplog, monkeypatch, tmp_path) as stage:
        yield stage


def registered(commands: list[Json]) -> dict[str, list[Json]]:
    """Every whole command, subcommands after a space, with its options."""
    found: dict[str, list[Json]] = {}
    waiting = [(command["name"], command.get("options") or []) for command in commands]
    while waiting:
        name, options = waiting.pop()
        below = [option for option in options if option["type"] in SUB_COMMAND]
        if below:
            waiting += [(f"{name} {o['name']}", o.get("options") or []) for o in below]
        else:
            found[name] = options
    return found


async def subscribed(stage: Stage, app: App, *channels: int) -> None:
    async with app.database.transaction() as stores:
        for channel_id in channels:
            await stores.subscriptions.add(
                guild_id=stage.discord.world.channels[channel_id].guild_id or 0,
                channel_id=channel_id,
                preferences=Preferences(daily=DAILY, announce_quiet_days=False),
                created_at=NOW - timedelta(minutes=1),
            )
    await until(lambda: bool(stage.discord.commands))


async def stored(stage: Stage, app: App) -> list[Subscription]:
    """All there is to change."""
    async with app.database.reading() as stores:
        return [
            subscription
            for guild_id in stage.discord.world.guilds
            for subscription in await stores.subscriptions.in_guild(guild_id)
        ]


async def sentence(interaction: Interaction) -> str:
    """The answer: words, for this person alone, that ping nobody."""
    message = await interaction.message()
    assert message.content
    assert message.flags & 64
    assert not message.mentions
    assert not message.mention_roles
    assert not message.mention_everyone
    return message.content


async def test_every_command_has_a_row(stage: Stage) -> None:
    async with stage.running():
        await until(lambda: bool(stage.discord.commands))

    found = registered(stage.discord.commands)

    assert set(found) == set(COMMANDS)
    for name, options in found.items():
        takes_channel = any(option["name"] == "channel" for option in options)
        assert takes_channel == COMMANDS[name].takes_channel


@pytest.mark.parametrize("name", COMMANDS)
async def test_who_may_not_manage_the_channel_changes_nothing(stage: Stage, name: str) -> None:
    """Discord offers them no such command; somebody who opened it to all, or forges it, does."""
    nobody = stage.discord.add_member(stage.guild, "mallory")
    async with stage.running() as app:
        await subscribed(stage, app, stage.faulted)
        before = await stored(stage, app)
        said = await sentence(
            await stage.discord.slash(stage.faulted, nobody, name, COMMANDS[name].options)
        )
        assert await stored(stage, app) == before
    if COMMANDS[name].managers_only:
        assert "Manage Channels" in said
    assert "daily at" not in said


@pytest.mark.parametrize("name", [name for name, row in COMMANDS.items() if row.takes_channel])
async def test_who_manages_one_channel_cannot_change_another(stage: Stage, name: str) -> None:
    other = stage.discord.add_channel(stage.guild, "others")
    stage.discord.world.overwrite(
        stage.discord.world.channels[other],
        stage.manager,
        Overwrite(stage.manager, kind=1, deny=int(Permission.MANAGE_CHANNELS)),
    )
    async with stage.running() as app:
        await subscribed(stage, app, stage.faulted, other)
        before = await stored(stage, app)
        said = await sentence(
            await stage.ask(stage.faulted, name, COMMANDS[name].options | {"channel": other})
        )
        assert await stored(stage, app) == before
    assert "Manage Channels" in said


@pytest.mark.parametrize("name", [name for name, row in COMMANDS.items() if row.takes_channel])
@pytest.mark.parametrize("owner", [False, True], ids=["manager", "owner"])
async def test_another_servers_channel_cannot_be_named(
    stage: Stage, name: str, owner: bool
) -> None:
    """Not even by the owner of their own server."""
    user = stage.manager
    if owner:
        user = stage.discord.add_member(stage.guild, "owner")
        stage.discord.world.guilds[stage.guild].owner_id = user
    async with stage.running() as app:
        await subscribed(stage, app, stage.faulted, stage.well)
        before = await stored(stage, app)
        options = COMMANDS[name].options | {"channel": stage.well}
        said = await sentence(await stage.discord.slash(stage.faulted, user, name, options))
        assert await stored(stage, app) == before
    assert "daily at" not in said


async def test_the_list_names_no_channel_of_another_server(stage: Stage) -> None:
    async with stage.running() as app:
        await subscribed(stage, app, stage.faulted, stage.well)
        said = await sentence(await stage.ask(stage.faulted, "subscription list"))
    assert f"<#{stage.faulted}>" in said
    assert str(stage.well) not in said


@pytest.mark.parametrize("name", COMMANDS)
async def test_in_direct_messages_it_is_refused_with_a_sentence(stage: Stage, name: str) -> None:
    world = stage.discord.world
    direct = world.direct_channel(world.users[stage.manager])
    assert direct.type == DIRECT
    async with stage.running() as app:
        await subscribed(stage, app, stage.faulted)
        before = await stored(stage, app)
        said = await sentence(await stage.ask(direct.id, name, COMMANDS[name].options))
        assert await stored(stage, app) == before
    assert "went wrong" not in said
    assert stage.unforeseen() == []


@pytest.mark.parametrize(
    "custom_id", ["", "x", "unsubscribe:1", "subscription:pause:1", "\u202e\x00", "9" * 100]
)
async def test_a_forged_component_changes_nothing_and_breaks_nothing(
    stage: Stage, custom_id: str
) -> None:
    async with stage.running() as app:
        await subscribed(stage, app, stage.faulted)
        before = await stored(stage, app)
        message = stage.discord.say(stage.faulted, stage.manager, "press this")
        await stage.discord.forge(message, stage.manager, custom_id)
        assert await sentence(await stage.ask(stage.faulted, "subscription list"))
        assert await stored(stage, app) == before
    assert stage.unforeseen() == []


def texts() -> list[Any]:
    return [
        pytest.param(command, text, id=f"{command}-{kind}")
        for command in ("subscribe", "subscription edit")
        for kind, text in TEXTS.items()
    ]


@pytest.mark.parametrize(("command", "text"), texts())
async def test_what_somebody_types_is_shown_and_logged_harmlessly(
    stage: Stage, command: str, text: str
) -> None:
    """In every text option that the command takes."""
    async with stage.running() as app:
        await subscribed(stage, app, stage.well)
        if command == "subscription edit":
            await subscribed(stage, app, stage.faulted)
        before = await stored(stage, app)
        options = registered(stage.discord.commands)[command]
        for option in (o["name"] for o in options if o["type"] == STRING):
            said = await sentence(await stage.ask(stage.faulted, command, {option: text}))
            assert len(said) < 1000
            assert not any(mark in said for mark in ("\x00", "\x1b", "\r", "\u202e", "\u2066"))
            # Discord shows code as it stands; whatever was typed must not get out of it.
            outside = IN_CODE.sub("", said)
            assert not any(mark in outside for mark in ("`", "[link](", "**bold**", "||", "@"))
            assert "\n" not in said.partition(". ")[0]
            if next(o for o in options if o["name"] == option).get("autocomplete"):
                asking = await stage.discord.autocomplete(
                    stage.faulted, stage.manager, command, option, {option: text}
                )
                assert len(await asking.choices()) <= 25
        assert await stored(stage, app) == before
    assert stage.unforeseen() == []


async def test_what_somebody_types_forges_no_line_of_the_log(stage: Stage) -> None:
    """The real process: each line of its log begins with a time and has nothing unprintable."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", stderr=asyncio.subprocess.PIPE, cwd=ROOT
    )
    for text in TEXTS.values():
        for command in ("subscribe", "subscription edit"):
            for option in ("time", "timezone", "language"):
                await sentence(await stage.ask(stage.faulted, command, {option: text}))
    process.send_signal(signal.SIGTERM)
    _, err = await asyncio.wait_for(process.communicate(), timeout=30)

    lines = err.decode().split("\n")
    assert lines.pop() == ""
    assert len(lines) > len(TEXTS)
    for line in lines:
        assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00 (INFO|WARNING) bot\.", line)
        assert line.isprintable()
    assert stage.discord.token not in err.decode()


async def test_addresses_in_papers_are_never_asked(stage: Stage) -> None:
    """A picture, a film, a code link, an avatar: Discord may fetch them, the bot does not."""
    asked: list[str] = []

    async def note(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response()

    site = web.Application()
    site.router.add_route("*", "/{path:.*}", note)
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    here = f"http://127.0.0.1:{runner.addresses[0][1]}"
    paper = listed(
        1,
        thumbnail=f"{here}/thumbnail.png",
        mediaUrls=[f"{here}/media.png", f"{here}/film.mp4"],
        githubRepo=f"{here}/code",
        projectPage=f"{here}/project",
        organization={"fullname": "Lab", "avatar": f"{here}/avatar.png"},
    )
    stage.hub.list(DAY, [paper | {"thumbnail": f"{here}/card.png"}])
    try:
        async with stage.running() as app:
            await stage.subscribe(app)
            await app.scheduling.collect()
            await stage.discord.posted(stage.faulted)
            async with app.database.reading() as stores:
                [listing] = await stores.lists.digest(DAY)
            await sentence(await stage.ask(stage.faulted, "subscription list"))
    finally:
        await runner.cleanup()

    assert listing.paper.code_url == f"{here}/code"
    assert asked == []
