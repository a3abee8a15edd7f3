"""The whole bot between a loopback Discord, a loopback Hugging Face and a SQLite file.

It is nine o'clock in Seoul on 5 June 2024, and five minutes later: two channels of two servers
are owed the three papers of the day before. All waits are fifty times shorter than they are.
"""

import asyncio
import gc
import logging
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from types import ModuleType
from typing import Any, Final

import discord.gateway
import discord.http
import discord.shard
import discord.webhook.async_
import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

import bot.app
import bot.language_model
from bot.app import App, open_app
from bot.client import PaperBot
from bot.domain.deliveries import Delivery
from bot.domain.papers import PaperId
from bot.domain.subscriptions import DailyTime, Preferences, Subscription
from bot.models.openai_compatible import OpenAiCompatible
from bot.services.clock import utc_now
from bot.services.timing import Timing
from bot.settings import load_settings
from bot.storage.database import open_database
from tests.builders import a_daily_time, utc
from tests.loopback.discord_interactions import Interaction
from tests.loopback.discord_objects import Message
from tests.loopback.discord_permissions import Permission
from tests.loopback.discord_server import LoopbackDiscord
from tests.loopback.hugging_face import LoopbackHuggingFace, entry
from tests.loopback.language_model import LoopbackModel
from tests.sources.conftest import impatient_http

FASTER: Final = 0.02
TIMING: Final = replace(Timing().times(FASTER), resume_every=timedelta(seconds=0.4))
SOURCE_TIMEOUT: Final = 0.3
"""Seconds for one answer of Hugging Face; the bot allows thirty."""

MODEL_TIMEOUT: Final = 0.3
"""Seconds for one answer of the language model; the bot allows two minutes."""

STORE_PATIENCE: Final = timedelta(seconds=0.5)
"""How long a writer waits for another process; the bot does ten seconds."""

DAY: Final = utc(2024, 6, 4).date()
NOW: Final = utc(2024, 6, 5, 0, 5)
SLOT: Final = utc(2024, 6, 5)
DAILY: Final = a_daily_time("09:00", "Asia/Seoul")
TITLES: Final = ["Paper 1", "Paper 2", "Paper 3"]
WITHIN: Final = 10.0


@dataclass(slots=True)
class Stage:
    """Who is there, and what a test does with them."""

    discord: LoopbackDiscord
    hub: LoopbackHuggingFace
    log: pytest.LogCaptureFixture
    guild: int
    faulted: int
    """The channel that faults are for."""
    well: int
    """One of another server, which they are not for."""
    file: str
    """The database."""
    manager: int
    """May manage the channels of the first server."""
    shift: timedelta
    model: LoopbackModel
    """A language model, which the bot knows once it `reads_with_a_model`."""
    settings: dict[str, str] = field(default_factory=dict)
    """Beside those of the environment."""
    app: App = field(init=False)
    """The bot that runs, or ran last."""
    ended_with: BaseException | None = None
    """How the last connection ended, if not in peace."""

    @property
    def channels(self) -> dict[int, int]:
        """Each channel with its server."""
        world = self.discord.world
        return {id_: world.channels[id_].guild_id or 0 for id_ in (self.faulted, self.well)}

    @asynccontextmanager
    async def running(self, **timing: timedelta) -> AsyncGenerator[App]:
        """The bot as `daily-papers run` starts it, logged in and ready."""
        faster = replace(TIMING, **timing)
        async with open_app(load_settings(**self.settings), shift=self.shift, timing=faster) as app:
            self.app = app
            # For so long discord.py waits for one more server before it says that it is ready.
            app.bot._connection.guild_ready_timeout *= FASTER
            await app.bot.login(self.discord.token)
            connection = asyncio.create_task(app.bot.connect())
            await app.bot.wait_until_ready()
            try:
                yield app
            finally:
                await app.bot.close()
                [ended] = await asyncio.gather(connection, return_exceptions=True)
                self.ended_with = ended

    def reads_with_a_model(self) -> None:
        """From the next start on the bot has a language model."""
        self.settings = {"llm_model": self.model.names[0], "llm_base_url": self.model.url}

    # --- what is there --------------------------------------------------------------------

    async def started(self, app: App) -> None:
        """Return once the bot has read its sources for the first time, and swept: what is
        published from then on is not read before a test says so."""
        await until(
            lambda: app.collecting._refreshed_at is not None and not app.scheduling._running
        )

    def publish(self, numbers: Iterable[int] = (1, 2, 3), day: Any = DAY) -> None:
        """From now on Hugging Face lists these papers, best first."""
        numbers = [*numbers]
        self.hub.list(day, [listed(n, upvotes=50 - n) for n in numbers])

    def open_direct(self) -> int:
        """The channel of direct messages with the manager, who is a person too."""
        world = self.discord.world
        return world.direct_channel(world.users[self.manager]).id

    async def subscribe(
        self, app: App, channels: dict[int, int] | None = None, daily: DailyTime = DAILY
    ) -> None:
        """Channels that have subscribed two days ago, and had nothing yet; those of no server
        are people's."""
        async with app.database.transaction() as stores:
            for channel_id, guild_id in (channels or self.channels).items():
                await stores.subscriptions.add(
                    guild_id=guild_id,
                    channel_id=channel_id,
                    preferences=Preferences(daily=daily, announce_quiet_days=False),
                    created_at=NOW - timedelta(days=2),
                    reader_id=None if guild_id else self.manager,
                )

    async def owe(self, app: App, channels: dict[int, int] | None = None) -> None:
        """The list is stored, and the channels are owed it; nothing is planned yet."""
        self.publish()
        await app.collecting.refresh()
        await self.subscribe(app, channels)

    async def ask(
        self, channel_id: int, command: str, options: dict[str, Any] | None = None
    ) -> Interaction:
        """The manager runs a command, once Discord knows it."""
        await until(lambda: bool(self.discord.commands))
        return await self.discord.slash(channel_id, self.manager, command, options)

    # --- what has become of it ------------------------------------------------------------

    def titles(self, channel_id: int) -> list[str]:
        """The papers that stand in a channel, in order."""
        return titles(self.discord.messages(channel_id))

    async def served(self, app: App, *channels: int) -> None:
        """Return once these channels have every paper, each once and in order, and nothing is
        left to do; another round changes nothing."""
        chosen = channels or tuple(self.channels)
        for channel_id in chosen:
            await self.discord.posted(channel_id, len(TITLES), within=WITHIN)
        async with asyncio.timeout(WITHIN):
            while any(  # noqa: ASYNC110 - the store tells nobody
                d.channel_id in chosen for d in await self.open_deliveries(app)
            ):
                await asyncio.sleep(0.01)
        await app.scheduling.sweep()
        for channel_id in chosen:
            assert self.titles(channel_id) == TITLES

    async def open_deliveries(self, app: App) -> list[Delivery]:
        """Deliveries that are not done: those that wait for a source, and half-sent ones."""
        async with app.database.reading() as stores:
            return [*await stores.deliveries.waiting(), *await stores.deliveries.unfinished()]

    async def subscription(self, app: App, channel_id: int) -> Subscription | None:
        async with app.database.reading() as stores:
            return await stores.subscriptions.of_channel(channel_id)

    async def archived(self, app: App, day: Any = DAY) -> list[str]:
        """The titles of a stored list, best first."""
        async with app.database.reading() as stores:
            return [listing.paper.title for listing in await stores.lists.digest(day)]

    async def down_since(self, app: App) -> datetime | None:
        """Since when the store has Hugging Face for down."""
        async with app.database.reading() as stores:
            return await stores.lists.down_since(["huggingface"])

    async def logged(self, words: str) -> None:
        """Return once a line of the log has these words."""
        await until(lambda: any(words in record.getMessage() for record in self.log.records))

    def unforeseen(self) -> list[str]:
        """What the log has that nobody foresaw: tracebacks of ours, and errors nobody handled."""
        gc.collect()  # asyncio tells of a task's error when the task is thrown away
        return [
            f"{record.name}: {record.getMessage()}: {record.exc_info and record.exc_info[1]!r}"
            for record in self.log.records
            if record.levelno >= logging.WARNING
            # discord.py logs tracebacks as it pleases; the loopback servers are not the bot.
            and not record.name.startswith(("discord.", "aiohttp.server"))
            # What failed is answered with a reference, for this line to be found.
            and not record.getMessage().startswith(("command ", "component ", "modal "))
            and (record.exc_info or record.name == "asyncio")
        ]


@asynccontextmanager
async def staged(
    log: pytest.LogCaptureFixture, patch: pytest.MonkeyPatch, folder: Any
) -> AsyncGenerator[Stage]:
    """A stage with its servers, and the environment that leads the bot to them."""
    hurry(patch)
    shift = NOW - utc_now()
    async with (
        LoopbackDiscord(now=lambda: utc_now() + shift) as server,
        LoopbackHuggingFace() as hub,
        LoopbackModel() as model,
    ):
        for name, value in {
            "DISCORD_TOKEN": server.token,
            "DISCORD_API_URL": server.url,
            "DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'papers.db'}",
            "SOURCES": "huggingface",
            "HUGGINGFACE_URL": hub.url,
        }.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        guild, other = server.add_guild("lab"), server.add_guild("club")
        gc.freeze()  # what an earlier test left is not this one's
        stage = Stage(
            discord=server,
            hub=hub,
            log=log,
            guild=guild,
            faulted=server.add_channel(guild, "papers"),
            well=server.add_channel(other, "papers"),
            file=str(folder / "papers.db"),
            manager=server.add_member(guild, "minji", Permission.MANAGE_CHANNELS),
            shift=shift,
            model=model,
        )
        try:
            yield stage
        finally:
            gc.unfreeze()


def hurry(patch: pytest.MonkeyPatch) -> None:
    """Undo what the bot changes in discord.py at the end, and shorten the waits of others."""
    patch.setattr(Route, "BASE", Route.BASE)
    patch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    patch.setattr(DiscordWebSocket, "gateway", None, raising=False)

    async def at_once(self: PaperBot, shard_id: int | None, *, initial: bool = False) -> None:
        """The five seconds between two shards are for the real Discord."""

    patch.setattr(PaperBot, "before_identify_hook", at_once)
    for module in (discord.http, discord.shard, discord.webhook.async_):
        patch.setattr(module, "asyncio", _Hurried("asyncio"))
    patch.setattr(bot.app, "open_database", partial(open_database, patience=STORE_PATIENCE))
    patch.setattr(
        bot.language_model,
        "OpenAiCompatible",
        partial(OpenAiCompatible, timeout=MODEL_TIMEOUT),
    )
    patch.setattr(bot.app, "Http", lambda: impatient_http(timeout=SOURCE_TIMEOUT, max_bytes=2**22))


class _Hurried(ModuleType):
    """asyncio as discord.py's modules see it: they sleep before they try again."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    @staticmethod
    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds * FASTER)


def listed(number: int, **fields: object) -> dict[str, Any]:
    """Paper n as Hugging Face lists it."""
    return entry(str(paper_id(number)), title=f"Paper {number}", **fields)


def paper_id(number: int) -> PaperId:
    return PaperId(f"2406.{number:05d}")


def titles(messages: Iterable[Message]) -> list[str]:
    return [message.embeds[0]["title"] for message in messages]


async def until(is_so: Callable[[], bool]) -> None:
    """Return once something is so at the other end of a socket."""
    async with asyncio.timeout(WITHIN):
        while not is_so():  # noqa: ASYNC110 - the other end tells nobody
            await asyncio.sleep(0.01)
