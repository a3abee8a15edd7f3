"""The whole bot against a loopback Discord and a loopback Hugging Face, over real sockets."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.app import App, open_app
from bot.client import PaperBot
from bot.domain.subscriptions import DailyTime, Preferences, Subscription, SuspensionCause
from bot.domain.suspensions import Access
from bot.services.clock import utc_now
from bot.services.timing import DEFAULT_TIMING
from bot.settings import load_settings
from bot.storage.database import Stores, open_database
from tests.builders import a_daily_time, a_digest, utc
from tests.loopback.discord_faults import Broken, Cut, Denied, Late, Page, RateLimited
from tests.loopback.discord_gateway import Close
from tests.loopback.discord_objects import Message
from tests.loopback.discord_permissions import Permission
from tests.loopback.discord_server import LoopbackDiscord

POSTS = ("POST", "/channels/*/messages")


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
def environment(
    discord_server: LoopbackDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """The settings of a bot with an empty folder for a source, in the environment."""
    (tmp_path / "digests").mkdir()
    environment = {
        "DISCORD_TOKEN": discord_server.token,
        "DISCORD_API_URL": discord_server.url,
        "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'papers.db'}",
        "SOURCES": f"markdown:{tmp_path / 'digests'}",
    }
    monkeypatch.chdir(tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment


@asynccontextmanager
async def online(discord_server: LoopbackDiscord, **options: Any) -> AsyncGenerator[App]:
    """The bot as `daily-papers run` starts it, logged in and ready."""
    async with open_app(load_settings(), **options) as app:
        await app.bot.login(discord_server.token)
        connection = asyncio.create_task(app.bot.connect())
        await app.bot.wait_until_ready()
        yield app
        await app.bot.close()
        await connection


@asynccontextmanager
async def transaction(environment: dict[str, str]) -> AsyncGenerator[Stores]:
    async with (
        open_database(environment["DATABASE_URL"]) as database,
        database.transaction() as stores,
    ):
        yield stores


async def prepare(
    environment: dict[str, str], channel_ids: dict[int, int], *, numbers: range, **given: Any
) -> None:
    """A store in which each channel (of its server) is owed today's papers of these numbers."""
    now = utc_now()
    at = (now - timedelta(minutes=5)).replace(second=0, microsecond=0)
    daily = DailyTime(at=at.time(), zone=a_daily_time(zone="UTC").zone)
    async with transaction(environment) as stores:
        await stores.lists.save(
            a_digest(at.date(), numbers), source="huggingface", read_at=now, closed=False
        )
        for channel_id, guild_id in channel_ids.items():
            await stores.subscriptions.add(
                guild_id=guild_id,
                channel_id=channel_id,
                preferences=Preferences(daily=daily, announce_quiet_days=False, **given),
                created_at=now - timedelta(days=2),
            )


def titles(messages: list[Message]) -> list[str]:
    return [message.embeds[0]["title"] for message in messages]


async def test_from_subscribing_to_the_days_papers(
    discord_server: LoopbackDiscord, environment: dict[str, str]
) -> None:
    """A manager subscribes a moment before 09:00 in Seoul; the papers come at the hour, once."""
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers")
    manager = discord_server.add_member(guild, "minji", Permission.MANAGE_CHANNELS)
    async with transaction(environment) as stores:
        await stores.lists.save(
            a_digest(), source="huggingface", read_at=utc(2024, 6, 4), closed=False
        )
    shift = utc(2024, 6, 4, 23, 59, 55) - utc_now()

    async with online(discord_server, shift=shift) as app:
        interaction = await discord_server.slash(
            channel, manager, "subscribe", {"timezone": "seoul", "language": "en"}
        )
        answer = await interaction.message()
        assert f"<t:{int(utc(2024, 6, 5).timestamp())}:F>" in answer.content
        assert "Paper 1" in answer.embeds[0]["title"]
        assert "Test" in answer.embeds[0]["footer"]["text"]

        posted = await discord_server.posted(channel, 3)
        assert titles(posted) == ["Paper 1", "Paper 2", "Paper 3"]
        assert "3 papers" in posted[0].content
        await app.scheduling.sweep()
    assert len(discord_server.messages(channel)) == 3
    assert discord_server.tally.invalid == 0


async def test_who_reads_korean_is_offered_and_answered_korean(
    discord_server: LoopbackDiscord, environment: dict[str, str]
) -> None:
    """Discord takes the translated names; in direct messages too."""
    await prepare(environment, {}, numbers=range(1, 4))
    reader = discord_server.add_user("minji", locale="ko")
    direct = discord_server.world.direct_channel(discord_server.world.users[reader]).id
    async with online(discord_server):
        async with asyncio.timeout(10):
            while not discord_server.commands:  # noqa: ASYNC110 - Discord tells nobody
                await asyncio.sleep(0.01)
        asked = await discord_server.slash(direct, reader, "papers top", {"period": "all"})
        [embed] = (await asked.message()).embeds
        nowhere = await discord_server.slash(direct, reader, "papers show", {"paper": "?"})
        said = (await nowhere.message()).content
    for command in discord_server.commands:
        assert _has_hangul(command["name_localizations"]["ko"]), command["name"]
    assert "Paper 1" in embed["description"]
    assert _has_hangul(embed["title"])
    assert _has_hangul(said)


def _has_hangul(text: str) -> bool:
    return any("가" <= letter <= "힣" for letter in text)


async def test_answers_that_are_lost_or_broken_double_and_lose_nothing(
    discord_server: LoopbackDiscord, environment: dict[str, str]
) -> None:
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers")
    await prepare(environment, {channel: guild}, numbers=range(1, 6))
    for fault in (
        Cut(carried_out=True),
        Cut(carried_out=False),
        Broken(503, carried_out=True),
        RateLimited(),
        RateLimited(overall=True),
    ):
        discord_server.inject(fault, *POSTS)

    async with online(discord_server):
        posted = await discord_server.posted(channel, 5)
        await asyncio.sleep(0.2)

    assert titles(posted) == [f"Paper {n}" for n in range(1, 6)]
    assert len(discord_server.messages(channel)) == 5


async def test_many_channels_are_served_without_one_refused_request(
    discord_server: LoopbackDiscord, environment: dict[str, str]
) -> None:
    """Sixty messages due at once, where Discord takes fifty requests a second."""
    guild = discord_server.add_guild("lab")
    channels = [discord_server.add_channel(guild, f"papers-{n}") for n in range(30)]
    manager = discord_server.add_member(guild, "minji", Permission.MANAGE_CHANNELS)
    await prepare(environment, dict.fromkeys(channels, guild), numbers=range(1, 3))

    async with online(discord_server):
        interaction = await discord_server.slash(channels[0], manager, "subscription list")
        await interaction.answered(within=3)  # Discord's own limit, in the middle of a delivery
        for channel in channels:
            assert titles(await discord_server.posted(channel, 2)) == ["Paper 1", "Paper 2"]

    assert discord_server.tally.invalid == 0


async def test_a_channel_that_refuses_is_asked_once_and_says_so_in_the_list(
    discord_server: LoopbackDiscord, environment: dict[str, str]
) -> None:
    guild = discord_server.add_guild("lab")
    shut, well = (discord_server.add_channel(guild, name) for name in ("shut", "well"))
    manager = discord_server.add_member(guild, "minji", Permission.MANAGE_CHANNELS)
    await prepare(environment, {shut: guild, well: guild}, numbers=range(1, 4))
    discord_server.forbid(shut)

    async with online(discord_server) as app:
        await discord_server.posted(well, 3)
        await app.scheduling.sweep()
        interaction = await discord_server.slash(well, manager, "subscription list")
        assert "Suspended" in (await interaction.message()).content
        assert discord_server.tally.invalid <= 1, "none, if the gateway told in time"

        discord_server.allow(shut)
        resumed = await discord_server.slash(
            well, manager, "subscription resume", {"channel": shut}
        )
        assert "Next post" in (await resumed.message()).content


def direct_messages(discord_server: LoopbackDiscord, user_id: int) -> list[str]:
    """What the bot has written to a person."""
    return [
        message.content
        for channel in discord_server.world.channels.values()
        if channel.recipient is not None and channel.recipient.id == user_id
        for message in discord_server.messages(channel.id)
    ]


async def subscribed(
    discord_server: LoopbackDiscord, app: App, channel: int, manager: int
) -> Subscription:
    """A subscription made by `manager`, whose slot of today is owed."""
    answer = await discord_server.slash(channel, manager, "subscribe", {"quiet_days": False})
    assert "Next post" in (await answer.message()).content
    before = await app.subscribing.of_channel(channel)
    at = (utc_now() - timedelta(minutes=5)).replace(second=0, microsecond=0)
    async with app.database.transaction() as stores:
        await stores.subscriptions.remove(before.id)
        return await stores.subscriptions.add(
            guild_id=before.guild_id,
            channel_id=channel,
            preferences=Preferences(
                daily=DailyTime(at=at.time(), zone=a_daily_time(zone="UTC").zone)
            ),
            created_at=utc_now() - timedelta(days=2),
            created_by=before.created_by,
        )


@pytest.mark.parametrize("closed", [False, True], ids=["who subscribed", "the owner"])
async def test_a_channel_that_shuts_costs_no_refusal_is_told_once_and_opens_by_itself(
    discord_server: LoopbackDiscord, environment: dict[str, str], closed: bool
) -> None:
    guild = discord_server.add_guild("the *lab*")
    channel = discord_server.add_channel(guild, "papers")
    manager = discord_server.add_member(guild, "minji", Permission.MANAGE_CHANNELS)
    owner = discord_server.world.guilds[guild].owner_id
    discord_server.shut_direct_messages(manager, shut=closed)
    async with transaction(environment) as stores:
        await stores.lists.save(
            a_digest(utc_now().date(), range(1, 4)),
            source="huggingface",
            read_at=utc_now(),
            closed=False,
        )
    async with online(discord_server) as app:
        await subscribed(discord_server, app, channel, manager)
        discord_server.deny(channel, Permission.EMBED_LINKS)
        await until(lambda: app.presence.standing(guild, channel).access is Access.SHUT)
        for _ in range(3):
            await app.scheduling.sweep()
            await app.suspending.sweep()
        assert discord_server.messages(channel) == []
        [told] = direct_messages(discord_server, owner if closed else manager)
        assert told == (
            f"I can't post the daily papers in <#{channel}> of **the \\*lab\\*** any more: "
            "I lack Embed Links. I have kept everything, and go on by myself as soon as I get "
            "that permission back."
        )
        assert discord_server.tally.invalid == closed, "only the closed direct messages refuse"

        discord_server.allow(channel)
        posted = await discord_server.posted(channel, 3)
        assert titles(posted) == ["Paper 1", "Paper 2", "Paper 3"]
    assert discord_server.tally.invalid == closed


async def test_a_server_that_takes_the_bot_in_again_gets_its_papers_without_a_command(
    discord_server: LoopbackDiscord, environment: dict[str, str]
) -> None:
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers")
    elsewhere = discord_server.add_channel(discord_server.add_guild("elsewhere"), "papers")
    discord_server.expel_bot(guild)
    other = discord_server.world.channels[elsewhere].guild_id
    assert other is not None
    async with online(discord_server) as app:
        await prepare(environment, {channel: guild, elsewhere: other}, numbers=range(1, 4))
        await app.scheduling.sweep()
        await discord_server.posted(elsewhere, 3)
        suspended = await app.subscribing.of_channel(channel)
        assert suspended.suspension is not None
        assert suspended.suspension.cause is SuspensionCause.REMOVED

        discord_server.invite_bot(guild)
        assert titles(await discord_server.posted(channel, 3)) == [f"Paper {n}" for n in (1, 2, 3)]
    assert discord_server.tally.invalid == 0


async def test_a_server_that_puts_the_bot_out_is_known_to_be_gone_and_erased_in_a_month(
    discord_server: LoopbackDiscord, environment: dict[str, str]
) -> None:
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers")
    await prepare(environment, {channel: guild}, numbers=range(1, 3))

    async def is_gone(app: App, *, expected: bool) -> None:
        async with asyncio.timeout(10):
            departed = not expected
            while departed is not expected:
                async with app.database.reading() as stores:
                    departed = guild in await stores.privacy.departed()

    async with online(discord_server) as app:
        discord_server.expel_bot(guild)
        await is_gone(app, expected=True)
        discord_server.invite_bot(guild)
        await is_gone(app, expected=False)
    discord_server.expel_bot(guild)
    async with online(discord_server) as app:
        await is_gone(app, expected=True)
        await app.privacy.sweep()
        assert await app.subscribing.in_guild(guild) != ()
    async with online(discord_server, shift=timedelta(days=31)) as app:
        await app.privacy.sweep()

        await is_gone(app, expected=False)
        assert await app.subscribing.in_guild(guild) == ()


@pytest.mark.parametrize("ids", [None, (0, 1), (1,)])
async def test_every_connection_goes_to_the_gateway_that_the_api_names(
    discord_server: LoopbackDiscord,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    ids: tuple[int, ...] | None,
) -> None:
    """With explicit shards, after a lost connection, after an invalid session."""
    discord_server.gateway.resume_url = "ws://127.0.0.1:9/elsewhere"
    if ids is not None:
        monkeypatch.setenv("SHARD_COUNT", "2")
        monkeypatch.setenv("SHARD_IDS", ",".join(map(str, ids)))
    shards = ids or (0,)
    gateway = discord_server.gateway
    async with online(discord_server):
        await gateway.connected(*shards)
        assert sorted(gateway.identified) == [(shard, 2 if ids else 1) for shard in shards]

        await gateway.close(Close.UNKNOWN_ERROR)
        await until(lambda: sorted(gateway.resumed) == list(shards))

        gateway.invalidate()
        await until(lambda: len(gateway.identified) == 2 * len(shards))


async def until(is_so: Callable[[], bool]) -> None:
    """Return once something is so at the other end of a socket."""
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - the other end tells nobody
            await asyncio.sleep(0.01)


async def run_process(environment: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "run",
        env={**os.environ, **environment, "PYTHONPATH": str(Path(__file__).parents[1])},
        stderr=asyncio.subprocess.PIPE,
    )


async def test_sigterm_finishes_the_post_under_way_and_the_next_start_sends_the_rest(
    discord_server: LoopbackDiscord, environment: dict[str, str]
) -> None:
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers")
    await prepare(environment, {channel: guild}, numbers=range(1, 6))
    discord_server.delay_answers(0.3)

    process = await run_process(environment)
    await discord_server.posted(channel, 2)
    process.send_signal(signal.SIGTERM)
    _, log = await asyncio.wait_for(process.communicate(), timeout=30)
    assert process.returncode == 0, log.decode()
    assert discord_server.token not in log.decode()

    stopped_at = len(discord_server.messages(channel))
    assert stopped_at < 5
    async with transaction(environment) as stores:
        [delivery] = await stores.deliveries.unfinished()
    recorded = [message.message_id for message in delivery.messages if message.message_id]
    assert recorded == [message.id for message in discord_server.messages(channel)]

    discord_server.delay_answers(0)
    async with online(discord_server):
        posted = await discord_server.posted(channel, 5)
    assert titles(posted) == [f"Paper {n}" for n in range(1, 6)]


async def test_a_token_that_discord_does_not_know_is_one_sentence_and_exit_code_2(
    discord_server: LoopbackDiscord, environment: dict[str, str]
) -> None:
    process = await run_process({**environment, "DISCORD_TOKEN": "bm90LXRoZS10b2tlbg.x.y"})
    _, log = await asyncio.wait_for(process.communicate(), timeout=30)
    assert process.returncode == 2
    assert len(log.decode().splitlines()) == 1, log.decode()
    assert "copy it again" in log.decode()


async def test_a_discord_that_cannot_be_reached_is_one_sentence(
    environment: dict[str, str],
) -> None:
    process = await run_process({**environment, "DISCORD_API_URL": "http://127.0.0.1:9/api/v10"})
    _, log = await asyncio.wait_for(process.communicate(), timeout=30)
    assert process.returncode == 1
    assert log.decode().splitlines()[-1].startswith("daily-papers: Discord cannot be reached")
    assert "Traceback" not in log.decode()


@pytest.mark.parametrize("path", ["/users/@me", "/oauth2/applications/@me", "/gateway/bot"])
async def test_a_proxys_page_in_place_of_discord_is_one_sentence(
    discord_server: LoopbackDiscord, environment: dict[str, str], path: str
) -> None:
    discord_server.inject(Page(200), "GET", path, times=None)
    process = await run_process(environment)
    _, log = await asyncio.wait_for(process.communicate(), timeout=30)
    assert process.returncode == 1
    last = log.decode().splitlines()[-1]
    assert last.startswith(
        "daily-papers: Discord cannot be reached: what answers is not Discord. Check the network,"
    )
    assert "Traceback" not in log.decode()


# --- what readers say ---------------------------------------------------------------------


@asynccontextmanager
async def with_three_cards(
    discord_server: LoopbackDiscord, environment: dict[str, str], **given: Any
) -> AsyncGenerator[tuple[App, int, list[int]]]:
    """The bot online, a channel, and the ids of three cards in it; nothing left to be read."""
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers")
    await prepare(environment, {channel: guild}, numbers=range(1, 4), **given)
    async with online(discord_server, timing=DEFAULT_TIMING.times(0.02)) as app:
        cards = await discord_server.posted(channel, 3)
        await app.delivering.resume()  # the last of them is recorded as well
        await app.tracking.caught_up()
        yield app, channel, [message.id for message in cards]


async def liked(app: App, reader_id: int) -> set[str]:
    async with app.database.reading() as stores:
        interests = await stores.interests.of_reader(reader_id)
    return {f"{each.verdict} {each.paper_id}" for each in interests}


async def until_stored(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Return once the store holds something; it tells nobody."""
    async with asyncio.timeout(10):
        while not await is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def until_liked(app: App, reader_id: int, *expected: str) -> None:
    async def is_so() -> bool:
        return await liked(app, reader_id) == set(expected)

    await until_stored(is_so)


async def test_reactions_of_every_kind_of_event_are_followed(
    discord_server: LoopbackDiscord, environment: dict[str, str]
) -> None:
    async with with_three_cards(discord_server, environment) as (app, channel, cards):
        ann = discord_server.add_member(app.bot.guilds[0].id, "ann")
        for message_id, emoji in zip(cards, "👍🔖👎", strict=True):
            discord_server.react(channel, message_id, ann, emoji)
        await until_liked(app, ann, "liked 2406.00001", "saved 2406.00002", "dismissed 2406.00003")

        discord_server.unreact(channel, cards[0], ann, "👍")
        discord_server.clear_reactions(channel, cards[1], "🔖")
        discord_server.clear_reactions(channel, cards[2])
        await until_liked(app, ann)

        discord_server.react(channel, cards[0], ann, "🔖")
        discord_server.react(channel, cards[1], ann, "🔖")
        await until_liked(app, ann, "saved 2406.00001", "saved 2406.00002")
        discord_server.delete(channel, cards[0])
        discord_server.delete(channel, *cards[1:])

        async def nothing_stands_under_them() -> bool:
            async with app.database.reading() as stores:
                return not any([await stores.interests.reactions(each) for each in cards])

        await until_stored(nothing_stands_under_them)
        assert await liked(app, ann) == {"saved 2406.00001", "saved 2406.00002"}


async def test_what_people_write_is_not_even_looked_at(
    discord_server: LoopbackDiscord, environment: dict[str, str]
) -> None:
    heard: list[object] = []

    async def on_message(message: object) -> None:
        heard.append(message)

    async with with_three_cards(discord_server, environment) as (app, channel, cards):
        app.bot.add_listener(on_message)
        ann = discord_server.add_member(app.bot.guilds[0].id, "ann")
        discord_server.say(channel, ann, "good morning")
        discord_server.react(channel, cards[0], ann, "👍")
        await until_liked(app, ann, "liked 2406.00001")

    assert heard == []


@pytest.mark.parametrize("is_resumed", [True, False])
async def test_only_after_a_session_that_is_not_resumed_reactions_are_read_again(
    discord_server: LoopbackDiscord, environment: dict[str, str], is_resumed: bool
) -> None:
    history = "GET", "/channels/*/messages"
    async with with_three_cards(discord_server, environment) as (app, channel, cards):
        ann = discord_server.add_member(app.bot.guilds[0].id, "ann")
        discord_server.react(channel, cards[0], ann, "👍")
        await until_liked(app, ann, "liked 2406.00001")
        seen = discord_server.inject(Late(0), *history, times=None)

        gateway = discord_server.gateway
        await gateway.close(4000)
        await gateway.disconnected()
        if not is_resumed:
            gateway.forget_sessions()
        discord_server.unreact(channel, cards[0], ann, "👍")
        discord_server.react(channel, cards[2], ann, "🔖")
        await gateway.connected(0)

        await until_liked(app, ann, "saved 2406.00003")
        await app.tracking.caught_up()
        assert gateway.resumed == ([0] if is_resumed else [])
        assert seen.hits == (0 if is_resumed else 1)


async def test_a_channel_that_is_gone_is_asked_for_its_reactions_once(
    discord_server: LoopbackDiscord, environment: dict[str, str]
) -> None:
    async with with_three_cards(discord_server, environment) as (app, channel, cards):
        ann = discord_server.add_member(app.bot.guilds[0].id, "ann")
        discord_server.react(channel, cards[0], ann, "👍")
        await until_liked(app, ann, "liked 2406.00001")
        discord_server.forbid(channel, 50001)
        before = discord_server.tally.invalid

        app.tracking.lost(lambda _guild_id: True)
        await app.tracking.caught_up()

        assert discord_server.tally.invalid == before + 1
        assert await liked(app, ann) == {"liked 2406.00001"}, "nothing is taken from anybody"


async def test_a_press_is_answered_on_the_card_for_all(
    discord_server: LoopbackDiscord, environment: dict[str, str]
) -> None:
    async with with_three_cards(discord_server, environment) as (app, channel, cards):
        ann = discord_server.add_member(app.bot.guilds[0].id, "ann")
        [message, *_] = discord_server.messages(channel)
        pressed = await discord_server.click(message, ann, "saved:2406.00001")
        await pressed.answered(within=3)
        await until_liked(app, ann, "saved 2406.00001")
        await until(lambda: "Save 1" in _labels(message))
        assert _labels(message) == [
            *("arXiv", "Hugging Face"),
            *("Like", "Save 1", "More like this", "Follow"),
        ]
        assert message.id == cards[0], "and it is still the same post"


def _labels(message: Message) -> list[str]:
    return [button["label"] for row in message.components for button in row["components"]]


async def test_cards_are_seeded_also_by_the_next_process(
    discord_server: LoopbackDiscord, environment: dict[str, str]
) -> None:
    puts = "PUT", "/channels/*/messages/*/reactions/*/@me"
    failing = discord_server.inject(Broken(502), *puts, times=None)
    async with with_three_cards(discord_server, environment, seed_reactions=True) as (
        _,
        channel,
        _,
    ):
        await failing.met()
        assert len(discord_server.messages(channel)) == 3, "no delivery waits for it"
    failing.withdraw()

    async with online(discord_server) as app:
        await app.seeding.caught_up()
        async with app.database.reading() as stores:
            assert await stores.interests.to_seed(1) == ()
    me = discord_server.world.bot.id
    for message in discord_server.messages(channel):
        assert message.reactions == {"👍": [me], "🔖": [me], "👎": [me]}


# --- people -------------------------------------------------------------------------------


async def a_digest_is_due(
    discord_server: LoopbackDiscord, app: App, reader: int, channel: int
) -> None:
    """A person has asked for their own papers, and those of today are owed."""
    asked = await discord_server.slash(channel, reader, "me digest", {"language": "en"})
    assert "by direct message" in (await asked.message()).content
    before = await app.following.subscription(reader)
    assert before is not None
    at = (utc_now() - timedelta(minutes=5)).replace(second=0, microsecond=0)
    async with app.database.transaction() as stores:
        await stores.subscriptions.remove(before.id)
        await stores.subscriptions.add(
            guild_id=before.guild_id,
            channel_id=before.channel_id,
            preferences=Preferences(
                daily=DailyTime(at=at.time(), zone=a_daily_time(zone="UTC").zone)
            ),
            created_at=utc_now() - timedelta(days=2),
            created_by=reader,
            reader_id=reader,
        )


async def test_closed_direct_messages_are_told_of_and_lose_and_double_nothing(
    discord_server: LoopbackDiscord, environment: dict[str, str]
) -> None:
    """Refused at the first digest, kept, told of under the next command, taken up again."""
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers")
    reader = discord_server.add_member(guild, "ann")
    await prepare(environment, {}, numbers=range(1, 4))
    discord_server.shut_direct_messages(reader)
    async with online(discord_server) as app:
        await a_digest_is_due(discord_server, app, reader, channel)
        await app.scheduling.sweep()

        async def is_suspended() -> bool:
            kept = await app.following.subscription(reader)
            return kept is not None and kept.suspension is not None

        await until_stored(is_suspended)
        refused = discord_server.tally.invalid
        await app.scheduling.sweep()
        assert discord_server.tally.invalid == refused == 1, "it is not asked again by itself"
        assert discord_server.direct_messages(reader) == []

        discord_server.shut_direct_messages(reader, shut=False)
        command = await discord_server.slash(channel, reader, "follow list")
        assert "You follow nothing yet" in (await command.message()).content
        [told] = await command.followed_up()
        assert "Your direct messages were closed to me" in told.content
        direct = discord_server.world.direct_channel(discord_server.world.users[reader]).id
        assert titles(await discord_server.posted(direct, 3)) == ["Paper 1", "Paper 2", "Paper 3"]

        again = await discord_server.slash(channel, reader, "follow list")
        await again.message()
        await app.scheduling.sweep()
        assert len(discord_server.messages(direct)) == 3
        assert again.followups == []


async def test_who_cannot_be_written_to_at_all_is_told_so_and_nothing_is_kept(
    discord_server: LoopbackDiscord, environment: dict[str, str]
) -> None:
    guild = discord_server.add_guild("lab")
    channel = discord_server.add_channel(guild, "papers")
    reader = discord_server.add_member(guild, "ann")
    await prepare(environment, {}, numbers=range(1, 4))
    async with online(discord_server) as app:
        discord_server.inject(Denied(403, 50007), "POST", "/users/@me/channels")

        refused = await discord_server.slash(
            channel, reader, "follow words", {"words": "diffusion"}
        )

        assert "I can't write to you. Allow direct messages" in (await refused.message()).content
        assert await app.following.follows(reader) == ()
        assert await app.following.subscription(reader) is None
        taken = await discord_server.slash(channel, reader, "follow words", {"words": "diffusion"})
        assert "You follow `diffusion` now" in (await taken.message()).content


async def test_authors_are_followed_from_a_card_with_what_discord_takes(
    discord_server: LoopbackDiscord, environment: dict[str, str]
) -> None:
    async with with_three_cards(discord_server, environment) as (app, channel, _):
        ann = discord_server.add_member(app.bot.guilds[0].id, "ann")
        [card, *_] = discord_server.messages(channel)
        pressed = await discord_server.click(card, ann, "follow-authors:2406.00001")
        answer = await pressed.message()
        [select] = answer.components[0]["components"]
        of = {option["label"]: option["value"] for option in select["options"]}
        assert list(of) == ["Ada Lovelace", "Benjamin Thérien"]

        both = await discord_server.choose(answer, ann, select["custom_id"], *of.values())
        await both.changed()
        assert [each.said for each in await app.following.follows(ann)] == [*of]

        none = await discord_server.choose(answer, ann, select["custom_id"])
        assert "no author of this paper" in (await none.changed()).content
        assert await app.following.follows(ann) == ()
