"""A small server on the day of the sample lists, with the real bot in it."""

import asyncio
import contextlib
import tempfile
import webbrowser
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import discord
import simcord
from rich.console import Console

from bot.app import App, open_app
from bot.demo.clock import RunningClock
from bot.demo.page import DemoPage
from bot.demo.pictures import paper_picture
from bot.domain.errors import BotError
from bot.domain.subscriptions import DailyTime, Preferences
from bot.services.clock import utc_now
from bot.settings import Settings, load_settings
from bot.sources.markdown_reader import read_digests

SIMCORD: Final = "3.2.1"
"""The one version whose internals `demo.page` knows."""

SAMPLES: Final = Path(__file__).parents[1] / "samples" / "digests"
LANGUAGES: Final = ("en", "ko")

SLOT: Final = datetime(2024, 6, 4, 13, tzinfo=UTC)
"""When the first papers come: 09:00 in New York, 22:00 in Seoul, on the day of their list."""

OLDER: Final = (date(2024, 5, 28), date(2024, 5, 29))
"""Days whose lists are in the archive from the start: too old to be posted, there to be found."""

LEAD: Final = timedelta(seconds=5)
"""How long before that the demo starts: enough to see them come."""

TICK: Final = timedelta(milliseconds=250)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """The running demo: where its page is, the bot, and the channels by their names."""

    url: str
    app: App
    channels: dict[str, simcord.ChannelHandle]


async def run_demo(*, port: int = 8765, open_browser: bool = False) -> None:
    """Serve the demo's page at `port` until cancelled, which is how it ends: Ctrl-C cancels."""
    with contextlib.suppress(asyncio.CancelledError):
        async with open_demo(port=port) as demo:
            console = Console(highlight=False)
            console.print(f"The demo is at {demo.url} (Ctrl-C ends it).", soft_wrap=True)
            if open_browser:
                await asyncio.to_thread(webbrowser.open, demo.url)
            await asyncio.Event().wait()


@asynccontextmanager
async def open_demo(*, port: int = 0, lead: timedelta = LEAD) -> AsyncGenerator[Demo]:
    """The bot in its simulated server, with the page at `port` (0: any that is free).

    The first papers come `lead` after the start. `BotError` says what to do if the port is
    taken, or if another version of the simulated Discord is installed.
    """
    if simcord.__version__ != SIMCORD:
        raise BotError(
            f"the demo needs simcord {SIMCORD}, and {simcord.__version__} is installed: "
            f"`pip install simcord=={SIMCORD}`."
        )
    with tempfile.TemporaryDirectory(prefix="daily-papers-demo-") as folder:
        shift = SLOT - lead - utc_now()
        async with open_app(_settings(Path(folder)), shift=shift) as app:
            env = simcord.Env(app.bot)
            env.backend.clock = RunningClock(shift)
            env.backend.bot_user.name = "Daily Papers"
            await env.start()
            try:
                channels, viewer = _reading_group(env)
                await _fill(app)
                await _subscribe(app, channels)
                page = DemoPage(env, channels, viewer, pictures=_pictures(), port=port)
                async with _served(page):
                    following = asyncio.create_task(_follow(page))
                    try:
                        yield Demo(url=page.address, app=app, channels=channels)
                    finally:
                        following.cancel()
                        await asyncio.wait([following])
                # What is under way is finished before the simulated Discord goes.
                await app.bot.close()
            finally:
                await env.shutdown()


def _settings(folder: Path) -> Settings:
    """The defaults, whatever the environment of a real bot says, with the bundled lists."""
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    ours = {
        "database_url": f"sqlite+aiosqlite:///{folder / 'demo.db'}",
        "sources": ",".join(f"markdown:{SAMPLES / language}" for language in LANGUAGES),
        "shard_count": 1,
        "_env_file": None,
    }
    return load_settings(**{**defaults, **ours})


def _reading_group(
    env: simcord.Env,
) -> tuple[dict[str, simcord.ChannelHandle], simcord.MemberActor]:
    """A server with three channels, and the member whose eyes we look through."""
    guild = env.create_guild("Reading group")
    managing = discord.Permissions(manage_channels=True)
    hosts = guild.create_role("hosts", permissions=managing)
    viewer = guild.add_member(env.create_user("you", global_name="You"), roles=[hosts])
    topics = {
        "papers": "The papers of the day, at 09:00 in New York",
        "논문": "오늘의 논문, 매일 서울 시각 22시",
        "playground": "Type / to try the commands",
    }
    channels = {name: guild.create_text_channel(name, topic=topics[name]) for name in topics}
    return channels, viewer


async def _fill(app: App) -> None:
    """Take the older lists into the archive, as `daily-papers fetch` does."""
    async for collected in app.collecting.backfill(OLDER):
        if collected.error is not None:
            raise collected.error


async def _subscribe(app: App, channels: dict[str, simcord.ChannelHandle]) -> None:
    """Subscribe two channels since yesterday, so that on a slow machine, too, `SLOT` is not
    past before they are: a slot that was missed is delivered at once."""
    chosen = {
        "papers": Preferences(daily=_daily(9, "America/New_York"), language="en"),
        "논문": Preferences(daily=_daily(22, "Asia/Seoul"), language="ko"),
    }
    async with app.database.transaction() as stores:
        for name, preferences in chosen.items():
            channel = channels[name]
            assert channel.guild is not None  # noqa: S101 - we made it in one
            await stores.subscriptions.add(
                guild_id=channel.guild.id,
                channel_id=channel.id,
                preferences=preferences,
                created_at=SLOT - timedelta(hours=23),
            )
    await app.collecting.refresh()
    await app.scheduling.track()
    await app.scheduling.sweep()


def _daily(hour: int, zone: str) -> DailyTime:
    return DailyTime(at=time(hour), zone=ZoneInfo(zone))


def _pictures() -> dict[str, bytes]:
    """A picture for each thumbnail that the sample lists name, by its address."""
    pictures = {}
    for file in sorted(SAMPLES.glob("en/**/*.md")):
        for reading in read_digests(file.read_bytes(), name=str(file)):
            for listing in reading.digest:
                pictures[listing.paper.thumbnail] = paper_picture(listing.paper)
    return pictures


@asynccontextmanager
async def _served(page: DemoPage) -> AsyncGenerator[None]:
    try:
        await page.__aenter__()
    except simcord.SetupError as error:
        raise BotError(
            f"the demo's page cannot be served ({error}). "
            "If another program has the port, try `daily-papers demo --port 8766`."
        ) from error
    try:
        yield
    finally:
        await page.close()


async def _follow(page: DemoPage) -> None:
    """Let the page show what happens by itself."""
    while True:
        await asyncio.sleep(TICK.total_seconds())
        page.publish_changes()
