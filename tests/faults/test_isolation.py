"""One channel's trouble is its own. Told by what has come before what, never by a clock."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.faults.faults import FATAL_CLOSES, locked
from tests.faults.phases import CALLBACK, FOLLOW_UP, TRIES
from tests.faults.stage import DAY, FASTER, TITLES, WITHIN, Stage, titles, until
from tests.loopback.discord_faults import Broken, Cut, Denied, Held, Late
from tests.loopback.discord_gateway import Close
from tests.loopback.discord_limits import Rates

ROOT = Path(__file__).parents[2]


def channels_of(stage: Stage, guild_id: int, count: int) -> dict[int, int]:
    """New channels, each with its server."""
    return {stage.discord.add_channel(guild_id, f"more-papers-{n}"): guild_id for n in range(count)}


def posts_to(channel_id: int | str) -> tuple[str, str]:
    return ("POST", f"/channels/{channel_id}/messages")


async def test_a_dead_channel_holds_up_nobody(stage: Stage) -> None:
    others = channels_of(stage, stage.guild, 8) | {stage.well: stage.channels[stage.well]}
    dead = stage.discord.inject(Held(), *posts_to(stage.faulted), times=None)

    async with stage.running() as app:
        await stage.owe(app, {stage.faulted: stage.guild} | others)
        sweeping = asyncio.create_task(app.scheduling.sweep())
        for channel_id in others:
            await stage.discord.posted(channel_id, len(TITLES), within=WITHIN)
        assert dead.hits
        assert stage.titles(stage.faulted) == []

        dead.withdraw()
        dead.release()
        await sweeping
        await stage.served(app, stage.faulted, *others)


async def test_a_slow_channel_holds_up_nobody(stage: Stage) -> None:
    others = channels_of(stage, stage.guild, 8)
    stage.discord.delay_answers(0.01)
    stage.discord.inject(Late(0.2), *posts_to(stage.faulted), times=None)

    async with stage.running() as app:
        await stage.owe(app, {stage.faulted: stage.guild} | others)
        sweeping = asyncio.create_task(app.scheduling.sweep())
        for channel_id in others:
            await stage.discord.posted(channel_id, len(TITLES), within=WITHIN)
        assert len(stage.titles(stage.faulted)) < len(TITLES)
        await sweeping
        await stage.served(app, stage.faulted, *others)


async def test_a_server_with_five_hundred_channels_holds_up_no_other(stage: Stage) -> None:
    """It has subscribed first, and everybody's hour is the same."""
    stage.discord.limits.rates = Rates.off()
    large = channels_of(stage, stage.guild, 500)
    small = {
        channel_id: guild_id
        for guild_id in (stage.discord.add_guild(f"small {n}") for n in range(5))
        for channel_id in channels_of(stage, guild_id, 1)
    }

    async with stage.running() as app:
        await stage.owe(app, large | small)
        sweeping = asyncio.create_task(app.scheduling.sweep())
        for channel_id in small:
            await stage.discord.posted(channel_id, len(TITLES), within=30)
        # In turns: before the large server has had one message for each of its channels.
        assert sum(len(stage.titles(channel_id)) for channel_id in large) < len(large)
        await app.bot.close()
        await asyncio.wait([sweeping])
    for channel_id in small:
        assert stage.titles(channel_id) == TITLES


async def test_a_server_whose_channels_are_all_dead_holds_up_no_other(stage: Stage) -> None:
    """More of them than messages are under way at once."""
    dead = channels_of(stage, stage.guild, 80)
    rules = [stage.discord.inject(Held(), *posts_to(channel), times=None) for channel in dead]
    others = channels_of(stage, stage.discord.add_guild("others"), 3)

    async with stage.running() as app:
        await stage.owe(app, dead | others)
        sweeping = asyncio.create_task(app.scheduling.sweep())
        for channel_id in others:
            await stage.discord.posted(channel_id, len(TITLES), within=WITHIN)
        # Those that hang were asked before, and are not given up yet.
        assert any(rule.hits for rule in rules)
        assert not sweeping.done()
        assert all(stage.titles(channel_id) == [] for channel_id in dead)
        await app.bot.close()
        await asyncio.wait([sweeping])


async def test_people_who_cannot_be_reached_hold_up_nobody(stage: Stage) -> None:
    """Channels of many servers refuse us, and telling of each hangs; a channel that was left to
    the next round gets its papers all the same."""
    shut = {
        channel_id: guild_id
        for guild_id in (stage.discord.add_guild(f"shut {n}") for n in range(20))
        for channel_id in channels_of(stage, guild_id, 1)
    }
    for channel_id in shut:
        stage.discord.inject(Denied(), *posts_to(channel_id))
    telling = stage.discord.inject(Held(), "POST", "/users/@me/channels", times=None)
    stage.discord.inject(Broken(503), *posts_to(stage.well), times=TRIES)

    async with stage.running() as app:
        await stage.owe(app, shut | {stage.well: stage.channels[stage.well]})
        await app.scheduling.sweep()
        await telling.met()
        await stage.discord.posted(stage.well, len(TITLES), within=30)
        assert telling.hits < len(shut)


@pytest.mark.parametrize(
    ("status", "code"), [(403, 50013), (403, 50001), (404, 10003)], ids=["403", "hidden", "404"]
)
async def test_a_channel_that_refused_once_is_asked_nothing_more(
    stage: Stage, status: int, code: int
) -> None:
    """Over rounds and a restart, although the gateway shows nothing wrong."""
    refusing = stage.discord.inject(Denied(status, code), *posts_to(stage.faulted), times=None)
    reading = stage.discord.inject(
        Denied(status, code), "GET", f"/channels/{stage.faulted}*", times=None
    )

    async with stage.running() as app:
        await stage.owe(app)
        for _ in range(3):
            await app.scheduling.sweep()
            await app.scheduling.collect()
        await stage.served(app, stage.well)
    async with stage.running() as app:
        await app.scheduling.sweep()
        await stage.served(app, stage.well)

    assert (refusing.hits, reading.hits) == (1, 0)


@pytest.mark.parametrize("code", [50013, 50001])
async def test_a_channel_that_is_known_to_be_shut_is_never_asked(stage: Stage, code: int) -> None:
    stage.discord.forbid(stage.faulted, code)

    async with stage.running() as app:
        await stage.owe(app)
        await app.scheduling.sweep()
        await stage.served(app, stage.well)
    assert stage.discord.tally.invalid == 0


async def test_posting_does_not_wait_for_a_discord_that_never_takes_the_commands(
    stage: Stage,
) -> None:
    held = stage.discord.inject(Held(), "PUT", "/applications/*/commands", times=None)

    async with stage.running() as app:
        await stage.owe(app)
        await app.scheduling.sweep()
        await stage.served(app)
        assert held.hits
        assert stage.discord.commands == []


@pytest.mark.parametrize("route", ["send", "history", "callback", "follow-up"])
async def test_a_route_that_never_answers_stops_nothing_else(stage: Stage, route: str) -> None:
    """The bot goes on, and other channels and commands are served."""
    method, path = {
        "send": posts_to(stage.faulted),
        "history": ("GET", f"/channels/{stage.faulted}/messages"),
        "callback": CALLBACK,
        "follow-up": FOLLOW_UP,
    }[route]
    if route == "history":
        stage.discord.inject(Cut(carried_out=True), *posts_to(stage.faulted))
        stage.discord.inject(Broken(503), *posts_to(stage.faulted), times=None)
    held = stage.discord.inject(Held(), method, path, times=None)
    here = stage.discord.add_channel(stage.guild, "questions")

    async with stage.running() as app:
        await stage.owe(app)
        asking = await stage.ask(here, "subscription list")
        sweeping = asyncio.create_task(app.scheduling.sweep())
        await stage.discord.posted(stage.well, len(TITLES), within=WITHIN)
        if route in ("callback", "follow-up"):
            await until(lambda: held.hits > 1)
        else:
            assert (await asking.message()).content
            if route == "send":
                assert held.hits
        held.withdraw()
        held.release()
        again = await stage.ask(here, "subscription list")
        assert (await again.message()).content
        await app.bot.close()
        await asyncio.wait([sweeping])


# --- look-ups -----------------------------------------------------------------------------


async def test_a_look_up_is_answered_in_the_middle_of_a_delivery(stage: Stage) -> None:
    """Although Discord does not answer what the delivery posts."""
    posting = stage.discord.inject(Held(), *posts_to(stage.faulted))

    async with stage.running() as app:
        await stage.owe(app)
        sweeping = asyncio.create_task(app.scheduling.sweep())
        await posting.met()
        asked = await stage.ask(stage.faulted, "papers day", {"date": DAY.isoformat()})
        answer = await asked.message()
        assert "Paper 1" in answer.embeds[0]["description"]
        assert not sweeping.done()

        posting.release()
        await sweeping
        posts = [m for m in stage.discord.messages(stage.faulted) if m.interaction is None]
        assert titles(posts) == TITLES


async def test_a_card_that_is_shared_is_no_post(stage: Stage) -> None:
    """Before the delivery and in the middle of it, whose first answer is lost, and whose nonce
    is forgotten."""
    stage.discord.world.nonce_remembered = timedelta(0)

    async def share() -> None:
        options = {"paper": "2406.00001", "share": True}
        card = await (await stage.ask(stage.faulted, "papers show", options)).message()
        assert card.embeds[0]["title"] == "Paper 1"

    async with stage.running(nonce_remembered=timedelta(0)) as app:
        await stage.owe(app)
        await share()
        posting = stage.discord.inject(Cut(carried_out=False), *posts_to(stage.faulted))
        looking = stage.discord.inject(
            Held(answered=True), "GET", f"/channels/{stage.faulted}/messages"
        )
        sweeping = asyncio.create_task(app.scheduling.sweep())
        await looking.met()
        await share()
        looking.release()
        await sweeping
        async with asyncio.timeout(WITHIN):
            while await stage.open_deliveries(app):
                await app.scheduling.sweep()
        assert posting.hits == 1
        posts = [m for m in stage.discord.messages(stage.faulted) if m.interaction is None]
        assert titles(posts) == TITLES
        assert len(stage.discord.messages(stage.faulted)) == len(TITLES) + 2


async def test_a_look_up_is_acknowledged_while_another_process_writes(stage: Stage) -> None:
    """Discord takes no first answer after three seconds. What only reads waits for nobody."""
    async with stage.running() as app:
        stage.publish(range(1, 13))
        await app.collecting.refresh()
        async with locked(stage.file):
            reading = await stage.ask(stage.faulted, "papers show", {"paper": "2406.00002"})
            keeping = await stage.ask(stage.faulted, "papers day", {"date": DAY.isoformat()})
            assert [(await asked.answered())["type"] for asked in (reading, keeping)] == [5, 5]
            assert (await reading.message()).embeds[0]["title"] == "Paper 2"
            waited = await keeping.message()
            assert waited.content or waited.embeds
        again = await stage.ask(stage.faulted, "papers day", {"date": DAY.isoformat()})
        assert (await again.message()).embeds


async def test_who_asks_while_the_bot_stops_leaves_no_trace(stage: Stage) -> None:
    """One look-up is under way when it begins to stop; the next comes while that is waited for,
    and is cut off."""
    async with stage.running() as app:
        first = stage.discord.inject(Held(answered=True), *CALLBACK)
        await stage.ask(stage.faulted, "papers day")
        await first.met()
        second = stage.discord.inject(Held(), *CALLBACK)
        closing = asyncio.create_task(app.bot.close())
        await stage.ask(stage.faulted, "papers day")
        await second.met()
        first.release()
        await closing
        second.release()
    assert stage.unforeseen() == []


# --- ends on purpose, with a sentence -----------------------------------------------------

_FASTER = f"""
import sys
from functools import partial
import bot.__main__ as command_line
from bot.services.timing import Timing
command_line.open_app = partial(command_line.open_app, timing=Timing().times({FASTER}))
sys.argv = ["daily-papers", "run"]
command_line.main()
"""


async def run_faster() -> asyncio.subprocess.Process:
    """The bot as a process of its own, with the environment of the stage; its waits are short."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", _FASTER, stderr=asyncio.subprocess.PIPE, cwd=ROOT
    )


async def ended(process: asyncio.subprocess.Process) -> str:
    """Its last words, which are a sentence of ours and no traceback."""
    _, err = await asyncio.wait_for(process.communicate(), timeout=60)
    log = err.decode()
    assert log, process.returncode
    last = log.splitlines()[-1]
    assert process.returncode in (1, 2), log
    assert last.startswith("daily-papers: "), log
    assert "Traceback" not in log
    return last


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/users/@me"), ("GET", "/gateway/bot")],
    ids=["login", "gateway"],
)
async def test_a_start_that_is_never_answered_ends_with_a_sentence(
    stage: Stage, method: str, path: str
) -> None:
    held = stage.discord.inject(Held(), method, path, times=None)

    last = await ended(await run_faster())

    assert held.hits
    assert "Discord cannot be reached: no answer in time. Check the network" in last


@pytest.mark.parametrize("code", FATAL_CLOSES, ids=[str(int(code)) for code in FATAL_CLOSES])
async def test_a_gateway_that_wants_us_back_no_more_ends_the_bot_with_a_sentence(
    stage: Stage, code: Close
) -> None:
    """As often as the bot comes back, it is closed again."""

    async def close_each_connection() -> None:
        while True:
            await stage.discord.gateway.connected(0)
            await stage.discord.gateway.close(code)

    closing = asyncio.create_task(close_each_connection())
    try:
        assert await ended(await run_faster())
    finally:
        closing.cancel()
