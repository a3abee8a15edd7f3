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
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web

from bot.app import App
from bot.domain.subscriptions import Preferences, Subscription
from tests.faults.stage import DAILY, DAY, NOW, Stage, listed, paper_id, staged, until
from tests.loopback.discord_errors import Json
from tests.loopback.discord_interactions import DEFERRED, MESSAGE, MODAL, Interaction
from tests.loopback.discord_objects import DIRECT, EPHEMERAL, Message
from tests.loopback.discord_permissions import Overwrite, Permission
from tests.loopback.hugging_face import entry

ROOT: Final = Path(__file__).parents[1]
SUB_COMMAND: Final = (1, 2)
STRING: Final = 3
PAPERS: Final = 12
"""On the list of the day: two pages."""


class Audience(StrEnum):
    """Whom a command serves."""

    MANAGERS = "who may manage the channel; others are refused"
    SERVER = "a server's managers, and shows no more than that server"
    EVERYBODY = "everybody, also in direct messages; it changes nothing"
    ONESELF = "everybody, also in direct messages; it concerns what is theirs alone"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A command: options that would make it do something, and whether it takes a channel.

    `is_menu`: it stands in the menu of messages, and has no options.
    """

    options: dict[str, Any] = field(default_factory=dict)
    takes_channel: bool = True
    audience: Audience = Audience.MANAGERS
    is_menu: bool = False


def look_up(*, is_menu: bool = False, **options: Any) -> Row:
    return Row(options=options, takes_channel=False, audience=Audience.EVERYBODY, is_menu=is_menu)


def own(**options: Any) -> Row:
    return Row(options=options, takes_channel=False, audience=Audience.ONESELF)


COMMANDS: Final[dict[str, Row]] = {
    "subscribe": Row(options={"timezone": "UTC"}),
    "unsubscribe": Row(),
    "subscription list": Row(takes_channel=False, audience=Audience.SERVER),
    "subscription edit": Row(options={"limit": 3}),
    "subscription pause": Row(),
    "subscription resume": Row(),
    "subscription test": Row(),
    "papers day": look_up(date="2024-06-04"),
    "papers author": look_up(name="Ada"),
    "papers search": look_up(query="paper"),
    "papers show": look_up(paper="2406.00001"),
    "papers top": look_up(period="all"),
    "about": look_up(),
    "Find papers": look_up(is_menu=True),
    "More like this": look_up(is_menu=True),
    "papers saved": own(),
    "papers foryou": own(),
    "papers why": own(paper="2406.00001"),
    "follow author": own(name="Ada"),
    "follow words": own(words="paper"),
    "follow list": own(),
    "follow remove": own(what="paper"),
    "me digest": own(),
    "me digest-off": own(),
    "me hour": own(),
    "me reminder": own(weekday=0),
    "me data": own(),
    "me forget": own(),
}

GUARDED: Final = [
    n for n, row in COMMANDS.items() if row.audience in (Audience.MANAGERS, Audience.SERVER)
]
OWN: Final = [n for n, row in COMMANDS.items() if row.audience is Audience.ONESELF]
LOOK_UPS: Final = [n for n, row in COMMANDS.items() if row.audience is Audience.EVERYBODY]

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
    assert message.flags & EPHEMERAL
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


@pytest.mark.parametrize("name", GUARDED)
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
    if COMMANDS[name].audience is Audience.MANAGERS:
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


@pytest.mark.parametrize("name", GUARDED)
async def test_in_direct_messages_it_is_refused_with_a_sentence(stage: Stage, name: str) -> None:
    world = stage.discord.world
    direct = world.direct_channel(world.users[stage.manager])
    assert direct.type == DIRECT
    async with stage.running() as app:
        await subscribed(stage, app, stage.faulted)
        before = await stored(stage, app)
        options = COMMANDS[name].options
        said = await sentence(
            await stage.discord.slash(direct.id, stage.manager, name, options, forged=True)
        )
        assert await stored(stage, app) == before
    assert "went wrong" not in said
    assert stage.unforeseen() == []


@pytest.mark.parametrize(
    "custom_id", ["", "x", "unsubscribe:1", "subscription:pause:1", "\u202e\x00", "9" * 100]
)
async def test_a_press_of_what_was_never_there_changes_nothing_and_is_answered(
    stage: Stage, custom_id: str
) -> None:
    async with stage.running() as app:
        await archived(stage, app)
        await subscribed(stage, app, stage.faulted)
        before = await stored(stage, app)
        shared = await ask(stage, "papers day", stage.manager, share=True)
        forged = await stage.discord.forge(shared, stage.discord.add_user("mallory"), custom_id)
        [said] = await forged.followed_up()
        assert said.content
        assert said.flags & EPHEMERAL
        assert custom_ids(shared)
        assert await stored(stage, app) == before
    assert stage.unforeseen() == []


@pytest.mark.parametrize(
    "custom_id",
    [
        *("on:{token}:-1:en", f"on:{{token}}:{10**30}:en", "on:{token}:9999:en"),
        *("on:{token}:1:", "on:{token}:1:xx", "on:{token}:1:zz-ZZZZ-9", "on:{token}:1:../../etc"),
        *("on:wrong:1:en", "back:wrong:0:en", "jump:wrong:0:en", "on::0:en", "on:" + "a" * 90),
        *("back:{token}:0:ko", "jump-to:{token}:1:en", "open-paper:1", "choose-author:1:en:2"),
    ],
)
async def test_a_button_with_a_forged_id_changes_nothing_and_is_answered(
    stage: Stage, custom_id: str
) -> None:
    """By the page that was asked for, or by a sentence; not by silence. (Discord itself refuses
    the press of what does not stand under a message: it is made to stand there.)"""
    mallory = stage.discord.add_user("mallory")
    async with stage.running() as app:
        await archived(stage, app)
        await subscribed(stage, app, stage.faulted)
        before = await stored(stage, app)
        shared = await ask(stage, "papers day", stage.manager, share=True)
        forged = custom_id.replace("{token}", token_in(shared))
        put_under(shared, {"type": 2, "style": 2, "label": "x", "custom_id": forged})
        said = await outcome(await stage.discord.click(shared, mallory, forged))
        assert said
        assert "went wrong" not in said
        assert await stored(stage, app) == before
    assert stage.unforeseen() == []


@pytest.mark.parametrize(
    ("custom_id", "value"),
    [
        *(("open-paper", v) for v in ("2406.99999", "x", "9" * 100, TEXTS["sql"])),
        *(("choose-author:en", v) for v in ("999999", "-1", "x", str(10**30), "²")),
        *(("choose-day:en", v) for v in ("x", "2024-13-01", "2024-06-05T00:00")),
    ],
)
async def test_a_forged_choice_changes_nothing_and_is_answered_with_a_sentence(
    stage: Stage, custom_id: str, value: str
) -> None:
    mallory = stage.discord.add_user("mallory")
    async with stage.running() as app:
        await archived(stage, app)
        shared = await ask(stage, "papers day", stage.manager, share=True)
        before = shown(shared)
        options = [{"label": "x", "value": value}]
        put_under(shared, {"type": 3, "custom_id": custom_id, "options": options})
        said = await outcome(await stage.discord.choose(shared, mallory, custom_id, value))
        assert said
        assert "went wrong" not in said
        assert shown(shared) == before
    assert stage.unforeseen() == []


async def test_a_page_that_is_no_number_is_answered_with_a_sentence(stage: Stage) -> None:
    async with stage.running() as app:
        await archived(stage, app)
        shared = await ask(stage, "papers day", stage.manager, share=True)
        [jump] = [custom_id for custom_id in custom_ids(shared) if custom_id.startswith("jump:")]
        opened = await stage.discord.click(shared, stage.manager, jump)
        [field] = [
            holder["component"]["custom_id"] for holder in (await opened.modal())["components"]
        ]
        for typed in ("0", "-1", "x", "²", "99", "`@a"):
            said = await outcome(await stage.discord.submit(opened, {field: typed}))
            assert said
            assert "went wrong" not in said
        for custom_id in ("another", "jump-to:x:1:en"):
            forged = await stage.discord.submit(opened, {field: "1"}, custom_id=custom_id)
            assert "Ask again" in await outcome(forged)
    assert stage.unforeseen() == []


# --- look-ups -----------------------------------------------------------------------------


async def archived(stage: Stage, app: App) -> None:
    stage.publish(range(1, PAPERS + 1))
    await app.collecting.refresh()
    await until(lambda: bool(stage.discord.commands))


async def begun(
    stage: Stage, name: str, user_id: int, channel_id: int, options: dict[str, Any]
) -> Interaction:
    """Somebody looks something up, by a command or in the menu of a message."""
    if COMMANDS[name].is_menu:
        message = stage.discord.say(channel_id, user_id, options.get("said", "see 2406.00001"))
        return await stage.discord.menu(message, user_id, name)
    return await stage.discord.slash(channel_id, user_id, name, options)


async def ask(stage: Stage, command: str, user_id: int, /, **options: Any) -> Message:
    """What somebody is shown in the first channel."""
    options = COMMANDS[command].options | options
    return await (await begun(stage, command, user_id, stage.faulted, options)).message()


def shown(message: Message) -> str:
    """All that a message says, its components left out."""
    texts = [message.content]
    for embed in message.embeds:
        texts += [embed.get("title", ""), embed.get("description", "")]
        texts += [text for f in embed.get("fields", []) for text in (f["name"], f["value"])]
        texts += [embed.get("footer", {}).get("text", ""), embed.get("author", {}).get("name", "")]
    return "\n".join(filter(None, texts))


async def outcome(interaction: Interaction) -> str:
    """What somebody was told, or the page of the list that they were shown."""
    kind = (await interaction.answered())["type"]
    if kind in (MESSAGE, DEFERRED):
        return shown(await interaction.message())
    if kind == MODAL:
        return str((await interaction.modal())["title"])
    told = asyncio.create_task(interaction.followed_up())
    changed = asyncio.create_task(interaction.changed())
    await asyncio.wait({told, changed}, return_when=asyncio.FIRST_COMPLETED)
    if changed.done() and any(id_.startswith("jump:") for id_ in custom_ids(changed.result())):
        told.cancel()
        return shown(changed.result())
    # What it was pressed under has been taken away, if anything was changed.
    changed.cancel()
    [message] = await told
    assert message.flags & EPHEMERAL
    return shown(message)


def put_under(message: Message, component: Json) -> None:
    """Let a message have this one component, as if an older version had sent it."""
    message.components = [{"type": 1, "components": [component]}]


def custom_ids(message: Message) -> list[str]:
    children = [child for row in message.components for child in row["components"]]
    return [str(child["custom_id"]) for child in children if "custom_id" in child]


def token_in(message: Message) -> str:
    """By what the buttons under a list know their question."""
    [jump] = [custom_id for custom_id in custom_ids(message) if custom_id.startswith("jump:")]
    return jump.split(":")[1]


@pytest.mark.parametrize("name", LOOK_UPS)
@pytest.mark.parametrize("direct", [False, True], ids=["server", "direct"])
async def test_a_look_up_answers_everybody_and_shows_it_to_nobody_else(
    stage: Stage, name: str, direct: bool
) -> None:
    world = stage.discord.world
    nobody = stage.discord.add_user("nobody")
    channel_id = world.direct_channel(world.users[nobody]).id if direct else stage.faulted
    async with stage.running() as app:
        await archived(stage, app)
        before = await stored(stage, app)
        asked = await begun(stage, name, nobody, channel_id, COMMANDS[name].options)
        message = await asked.message()
        assert await stored(stage, app) == before
    assert message.flags & EPHEMERAL
    assert message.embeds
    said = [m for m in stage.discord.messages(channel_id) if m.author.id != nobody]
    assert said == []
    assert stage.unforeseen() == []


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("direct", [False, True], ids=["server", "direct"])
async def test_what_is_ones_own_is_answered_to_everybody_alone_and_changes_no_server(
    stage: Stage, name: str, direct: bool
) -> None:
    world = stage.discord.world
    nobody = stage.discord.add_user("nobody")
    channel_id = world.direct_channel(world.users[nobody]).id if direct else stage.faulted
    async with stage.running() as app:
        await archived(stage, app)
        await subscribed(stage, app, stage.well)
        before = await stored(stage, app)
        asked = await begun(stage, name, nobody, channel_id, COMMANDS[name].options)
        message = await asked.message()
        assert await stored(stage, app) == before
    assert message.flags & EPHEMERAL
    assert shown(message)
    assert_harmless(message)
    assert [m for m in stage.discord.messages(channel_id) if m.author.id != nobody] == []
    assert stage.unforeseen() == []


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("name", OWN)
async def test_what_one_types_for_oneself_is_shown_harmlessly(
    stage: Stage, name: str, text: str
) -> None:
    async with stage.running() as app:
        await archived(stage, app)
        for option in registered(stage.discord.commands)[name]:
            if option["type"] != STRING or option.get("choices"):
                continue
            typed = {option["name"]: text[: option.get("max_length", 6000)]}
            assert_harmless(await ask(stage, name, stage.manager, **typed))
            if option.get("autocomplete"):
                asking = await stage.discord.autocomplete(
                    stage.faulted, stage.manager, name, option["name"], typed
                )
                await asking.choices()
        assert_harmless(await ask(stage, "follow list", stage.manager))
    assert stage.unforeseen() == []


@pytest.mark.parametrize(
    "custom_id",
    [
        *(
            "liked:2406.99999",
            "saved:x",
            "similar:2406.99999",
            "similar:../../etc",
            "liked:" + "9" * 80,
        ),
        *("follow-authors:2406.99999", "follow-author:999999", "follow-authors:%s"),
        *(
            "forget:1:1",
            "forget:{user}:1",
            "forget:{user}:" + "9" * 10,
            "forget:{user}:" + "9" * 12,
            "forget:" + "9" * 20 + ":1",
        ),
    ],
)
async def test_a_press_of_what_is_ones_own_with_a_forged_id_is_answered_with_a_sentence(
    stage: Stage, custom_id: str
) -> None:
    mallory = stage.discord.add_user("mallory")
    async with stage.running() as app:
        await archived(stage, app)
        shared = await ask(stage, "papers day", stage.manager, share=True)
        forged = custom_id.replace("{user}", str(mallory))
        put_under(shared, {"type": 2, "style": 2, "label": "x", "custom_id": forged})
        said = await outcome(await stage.discord.click(shared, mallory, forged))
        assert said
        assert "went wrong" not in said
        async with app.database.reading() as stores:
            assert await stores.interests.of_reader(mallory) == ()
            assert await stores.readers.forgotten([mallory]) == {}
    assert stage.unforeseen() == []


@pytest.mark.parametrize(
    ("custom_id", "value"),
    [
        ("saved-read:{token}:0:en", "2406.00001"),
        ("saved-remove:wrong:0:en", "2406.00001"),
        ("saved-export:{token}:0:en", "exe"),
        ("choose-authors:2406.99999", "1"),
    ],
)
async def test_a_forged_choice_of_what_is_ones_own_is_answered_with_a_sentence(
    stage: Stage, custom_id: str, value: str
) -> None:
    """Among them one of another answer's question, which is no list of saved papers."""
    mallory = stage.discord.add_user("mallory")
    async with stage.running() as app:
        await archived(stage, app)
        shared = await ask(stage, "papers day", stage.manager, share=True)
        forged = custom_id.replace("{token}", token_in(shared))
        options = [{"label": "x", "value": value}]
        put_under(shared, {"type": 3, "custom_id": forged, "options": options})
        said = await outcome(await stage.discord.choose(shared, mallory, forged, value))
        assert said
        assert "went wrong" not in said
    assert stage.unforeseen() == []


async def test_who_presses_somebody_elses_question_erases_nobody(stage: Stage) -> None:
    mallory = stage.discord.add_user("mallory")
    async with stage.running() as app:
        await archived(stage, app)
        shared = await ask(stage, "papers day", stage.manager, share=True)
        just_now = int(datetime.now(UTC).timestamp()) - 1
        forged = f"forget:{stage.manager}:{just_now}"
        put_under(shared, {"type": 2, "style": 4, "label": "x", "custom_id": forged})
        said = await outcome(await stage.discord.click(shared, mallory, forged))
        assert "too old" in said
        async with app.database.reading() as stores:
            assert await stores.readers.forgotten([mallory, stage.manager]) == {}
    assert stage.unforeseen() == []


async def test_a_card_from_a_shared_list_is_shown_to_who_chose_it_alone(stage: Stage) -> None:
    somebody = stage.discord.add_user("somebody")
    async with stage.running() as app:
        await archived(stage, app)
        shared = await ask(stage, "papers day", stage.manager, share=True)
        before = shown(shared)
        chosen = await stage.discord.choose(shared, somebody, "open-paper", "2406.00003")
        card = await chosen.message()
    assert "Paper 3" in shown(card)
    assert card.flags & EPHEMERAL
    assert stage.discord.messages(stage.faulted) == [shared]
    assert shown(shared) == before


UNESCAPED: Final = re.compile(r"(?<!\\)(?:\*\*bold|\[link\]\(|\|\|spoiler|`code|<@&?1>|<#1>)")
"""What `TEXTS` would do in Discord if it got out of a quotation."""


def assert_harmless(message: Message) -> None:
    """Nobody is pinged, nothing is forged, nothing is invisible."""
    assert not message.mentions
    assert not message.mention_roles
    assert not message.mention_everyone
    said = shown(message)
    assert not any(mark in said for mark in ("\x00", "\x1b", "\r", "\u202e", "\u2066", "\x07"))
    found = UNESCAPED.search(IN_CODE.sub("", said))
    assert found is None, said
    assert "went wrong" not in said


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("name", LOOK_UPS)
async def test_what_is_looked_for_is_shown_harmlessly(stage: Stage, name: str, text: str) -> None:
    """In every text option, and in whatever a message says that is searched for papers."""
    async with stage.running() as app:
        await archived(stage, app)
        if COMMANDS[name].is_menu:
            for said in (text, f"{text} 2406.00001 {text}", f"{text} 2406.99999"):
                assert_harmless(await ask(stage, name, stage.manager, said=said))
        offered = [o for o in registered(stage.discord.commands)[name] if o["type"] == STRING]
        for option in offered:
            if option.get("choices"):
                continue
            typed = {option["name"]: text[: option.get("max_length", 6000)]}
            assert_harmless(await ask(stage, name, stage.manager, **typed, share=True))
            if option.get("autocomplete"):
                asking = await stage.discord.autocomplete(
                    stage.faulted, stage.manager, name, option["name"], typed
                )
                await asking.choices()
    assert stage.unforeseen() == []


@pytest.mark.parametrize("kind", ["markdown", "mentions", "controls", "lines", "bidi"])
async def test_what_papers_say_is_shown_harmlessly(stage: Stage, kind: str) -> None:
    """In a list, in a snippet, on a card, as an author's name, in a choice."""
    text = TEXTS[kind]
    papers = [
        entry(
            str(paper_id(n)),
            title=f"paper {text} {n}",
            summary=f"abstract {text} {n}",
            ai_summary=f"bullet {text} {n}",
            authors=[{"name": f"Ada {text}"}, {"name": "@everyone Lovelace"}],
        )
        for n in range(1, PAPERS + 1)
    ]
    stage.hub.list(DAY, papers)
    asked: list[tuple[str, dict[str, Any]]] = [
        ("papers day", {}),
        ("papers search", {"query": "abstract"}),
        ("papers search", {"query": "bullet"}),
        ("papers author", {"name": "Ada"}),
        ("papers author", {"name": "Lovelace"}),
        ("papers show", {}),
        ("papers top", {}),
        ("Find papers", {}),
    ]
    async with stage.running() as app:
        await app.collecting.refresh()
        await until(lambda: bool(stage.discord.commands))
        for name, options in asked:
            more = {} if COMMANDS[name].is_menu else {"share": True}
            message = await ask(stage, name, stage.manager, **options, **more)
            assert "paper" in shown(message).lower()
            assert_harmless(message)
        for name, option, typed in (
            ("papers author", "name", "a"),
            ("papers show", "paper", "pap"),
            ("papers search", "author", "a"),
        ):
            choices = {option: typed} | ({"query": "x"} if name == "papers search" else {})
            asking = await stage.discord.autocomplete(
                stage.faulted, stage.manager, name, option, choices
            )
            for choice in await asking.choices():
                assert choice["name"].isprintable()
    assert stage.unforeseen() == []


# --- what is typed ------------------------------------------------------------------------


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
        free = [o["name"] for o in options if o["type"] == STRING and not o.get("choices")]
        for option in free:
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
        for command, option in (
            ("papers day", "date"),
            ("papers author", "name"),
            ("papers search", "query"),
            ("papers show", "paper"),
        ):
            # Nobody asks as often as to be told to wait.
            reader = stage.discord.add_user("reader")
            asked = await stage.discord.slash(stage.faulted, reader, command, {option: text[:200]})
            await asked.message()
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
