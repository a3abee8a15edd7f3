"""Builds every long-lived object once, in the order of the layers, and closes them in reverse."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from bot.client import PaperBot, TokenRefused
from bot.cogs.cooldown import PRESSED, Cooldown
from bot.cogs.follows import FollowCog
from bot.cogs.interests import InterestCog
from bot.cogs.lookups import LookupCog
from bot.cogs.me import MeCog
from bot.cogs.pages import PagesCog
from bot.cogs.paper_authors import PaperAuthorsCog
from bot.cogs.saved import SavedCog
from bot.cogs.standing import StandingCog
from bot.cogs.subscriptions import SubscriptionCog
from bot.domain.subscriptions import NO_GUILD, shard_of
from bot.endpoint import (
    bound_requests,
    bound_requests_once_started,
    expect_discord,
    hear_no_messages,
    use_api,
)
from bot.language_model import allowance_of, model_of, prices_of
from bot.pacing import Pacing
from bot.people import DiscordPeople
from bot.presence import GatewayPresence
from bot.reactions import DiscordReactions
from bot.sender import DiscordSender
from bot.services.clock import Now, utc_now
from bot.services.collecting import Collecting
from bot.services.delivering import Delivering, Posted
from bot.services.finding import Finding
from bot.services.following import Following
from bot.services.improving import Improving
from bot.services.learning import Learning
from bot.services.measures import Measures
from bot.services.measuring import Measuring
from bot.services.privacy import Privacy
from bot.services.publishing import Publishing
from bot.services.recounting import Changed, Recounting
from bot.services.restoring import restored
from bot.services.saving import Saving
from bot.services.scheduling import Scheduling
from bot.services.seeding import Seeding
from bot.services.subscribing import Subscribing
from bot.services.summarising import Summarising
from bot.services.suspending import Suspending
from bot.services.timing import DEFAULT_TIMING, Timing
from bot.services.tracking import Tracking
from bot.settings import Settings
from bot.sources.http import Http
from bot.sources.specification import open_sources
from bot.storage.database import Database, open_database
from bot.storage.errors import DatabaseDamaged
from bot.web import Watched, Web, open_web
from bot.web_pages import WebPages


@dataclass(frozen=True, slots=True)
class Archive:
    """The store and what fills it: all that the command line needs."""

    database: Database
    collecting: Collecting


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The running parts, for `run`, the demo and tests."""

    bot: PaperBot
    database: Database
    collecting: Collecting
    delivering: Delivering
    finding: Finding
    scheduling: Scheduling
    subscribing: Subscribing
    suspending: Suspending
    following: Following
    privacy: Privacy
    tracking: Tracking
    seeding: Seeding
    summarising: Summarising | None
    improving: Improving
    presence: GatewayPresence
    web: Web | None


@asynccontextmanager
async def open_archive(
    settings: Settings,
    *,
    now: Now = utc_now,
    measures: Measures | None = None,
    on_damage: Callable[[DatabaseDamaged], None] | None = None,
    on_read: Callable[[], None] = lambda: None,
) -> AsyncGenerator[Archive]:
    """The store, migrated, with the sources that the settings name.

    `on_damage` is called once if the store proves damaged while it is open, `on_read` whenever
    the sources were read.
    """
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(Http())
        sources = open_sources(
            settings.sources,
            http=http,
            huggingface_url=settings.huggingface_url,
            hf_token=settings.hf_token.get_secret_value() if settings.hf_token else None,
            markdown_language=settings.markdown_language,
        )
        database = await stack.enter_async_context(
            open_database(settings.database_url, on_damage=on_damage)
        )
        collecting = Collecting(database, sources, now=now, measures=measures, on_read=on_read)
        yield Archive(database, collecting)


@asynccontextmanager
async def open_app(
    settings: Settings, *, shift: timedelta = timedelta(0), timing: Timing = DEFAULT_TIMING
) -> AsyncGenerator[App]:
    """The whole bot, ready to be started with its token.

    `shift` sets the bot's clock ahead of the machine's: the demo lives on the day of its papers.
    """

    def clock() -> datetime:
        return utc_now() + shift

    if settings.discord_api_url is not None:
        use_api(settings.discord_api_url)
    measures = Measures()
    pacing = Pacing(measures=measures)
    bot = PaperBot(
        pacing=pacing,
        shard_count=settings.shard_count,
        shard_ids=settings.shard_ids,
        named_gateway=settings.discord_api_url is not None,
        measures=measures,
    )
    bound_requests(bot, timing.start_timeout)
    bound_requests_once_started(bot, timing.request_timeout)
    expect_discord(bot)
    hear_no_messages(bot)
    owns = _owns(settings)
    async with AsyncExitStack() as opened:
        # Of several processes one asks the model: the one that has the direct messages.
        model = model_of(settings) if owns(NO_GUILD) else None
        if model is not None:
            await opened.enter_async_context(model)
        archive = await opened.enter_async_context(
            open_archive(
                settings,
                now=clock,
                measures=measures,
                on_damage=bot.fail,
                on_read=lambda: summarise(),
            )
        )
        database = archive.database
        presence = GatewayPresence(bot)
        sender = DiscordSender(
            bot,
            timeout=timing.request_timeout,
            on_locked_out=lambda: bot.fail(TokenRefused()),
        )
        reactions = DiscordReactions(
            bot,
            meanings=settings.reactions,
            turn=pacing.unhurried,
            timeout=timing.request_timeout,
        )
        recounting = Recounting(database, reactions)
        tracking = Tracking(
            database,
            reactions,
            meanings=settings.reactions,
            now=clock,
            timing=timing,
            measures=measures,
            on_change=lambda *change: recounting.changed(Changed(*change)),
        )
        seeding = Seeding(database, reactions, emoji=settings.reactions.seeds, timing=timing)
        improving = Improving(database, reactions, now=clock, timing=timing, measures=measures)
        summarising = (
            Summarising(
                database,
                model,
                now=clock,
                prices=prices_of(settings),
                allowance=allowance_of(settings),
                concurrency=settings.llm_concurrency,
                timing=timing,
                measures=measures,
                on_summary=improving.wake,
            )
            if model is not None
            else None
        )

        def summarise() -> None:
            if summarising is not None:
                summarising.wake()

        async def subscriptions_changed() -> None:
            await scheduling.track()
            summarise()

        def posted(post: Posted) -> None:
            tracking.posted(post.message_id, post.place, anew=post.tried_before)
            if post.seed:
                seeding.wake()

        learning = Learning(database, now=clock)
        delivering = Delivering(
            database,
            sender,
            presence,
            sources=archive.collecting.source_names,
            now=clock,
            timing=timing,
            restored=await restored(database, clock()),
            measures=measures,
            on_posted=posted,
            tastes=learning,
        )
        suspending = Suspending(
            database,
            presence,
            DiscordPeople(bot, sender),
            now=clock,
            on_resume=lambda: scheduling.follow(),
            owns=owns,
            timing=timing,
            measures=measures,
        )
        privacy = Privacy(
            database,
            presence=presence,
            settled=tracking.applied,
            measures=measures,
            now=clock,
            on_change=lambda: scheduling.track(),
            owns=owns,
            on_erased=lambda card: recounting.changed(
                Changed(card.message_id, card.place, card.paper_id)
            ),
        )
        scheduling = Scheduling(
            database=database,
            collecting=archive.collecting,
            delivering=delivering,
            suspending=suspending,
            now=clock,
            collect_every=timedelta(minutes=settings.collect_every),
            owns=owns,
            shift=shift,
            resume_every=timing.resume_every,
            hourly=[privacy.sweep],
        )
        subscribing = Subscribing(
            database,
            now=clock,
            on_change=subscriptions_changed,
            with_model=settings.llm_model is not None,
        )
        following = Following(
            database,
            sender,
            now=clock,
            on_change=subscriptions_changed,
            on_resume=scheduling.follow,
        )
        finding = Finding(database, learning, now=clock, sources=archive.collecting.source_names)
        saving = Saving(database, now=clock)
        cooldown = Cooldown()
        pages = PagesCog(bot, finding, cooldown=cooldown, measures=measures)

        async def start() -> None:
            await scheduling.start()
            seeding.wake()
            improving.wake()

        async def stop() -> None:
            await delivering.close()
            await scheduling.stop()
            if summarising is not None:
                await summarising.close()
            await improving.close()
            await seeding.close()
            await recounting.close()
            await learning.close()
            await tracking.close()

        bot.wire(
            faces=[
                SubscriptionCog(subscribing),
                StandingCog(bot, suspending, privacy),
                pages,
                LookupCog(bot, finding, pages, saving, cooldown=cooldown),
                SavedCog(bot, pages, saving, cooldown=cooldown, measures=measures),
                FollowCog(
                    bot, following, subscribing, finding, cooldown=cooldown, measures=measures
                ),
                MeCog(bot, following, subscribing, privacy, cooldown=cooldown, measures=measures),
                PaperAuthorsCog(bot, following, subscribing, cooldown=cooldown, measures=measures),
                InterestCog(bot, tracking, cooldown=Cooldown(PRESSED), measures=measures),
            ],
            start=start,
            stop=stop,
        )
        measuring = Measuring(
            database,
            measures,
            sources=archive.collecting.source_names,
            now=clock,
            gateway=bot.shard_health,
        )
        pages_of_days = WebPages(
            Publishing(database, now=clock, sources=archive.collecting.source_names),
            measures=measures,
        )
        watched = Watched(
            alive=scheduling.stopped_by_itself,
            ready=partial(_ready, bot, measuring, scheduling),
            metrics=measuring.text,
        )
        async with AsyncExitStack() as stack:
            stack.push_async_callback(measuring.close)
            web = await stack.enter_async_context(
                open_web(settings, watched, routes=pages_of_days.routes)
            )
            await stack.enter_async_context(bot)
            yield App(
                bot=bot,
                database=database,
                collecting=archive.collecting,
                delivering=delivering,
                finding=finding,
                scheduling=scheduling,
                subscribing=subscribing,
                suspending=suspending,
                following=following,
                privacy=privacy,
                tracking=tracking,
                seeding=seeding,
                summarising=summarising,
                improving=improving,
                presence=presence,
                web=web,
            )


async def _ready(
    bot: PaperBot, measuring: Measuring, scheduling: Scheduling
) -> dict[str, str | None]:
    """What keeps the bot from its work, for each of its parts."""
    return {
        "gateway": bot.trouble(),
        "store": await measuring.trouble(),
        "scheduler": scheduling.trouble(),
    }


def _owns(settings: Settings) -> Callable[[int], bool]:
    """Which servers' subscriptions this process delivers: all, unless it runs some shards only."""
    ids, count = settings.shard_ids, settings.shard_count
    if ids is None or count is None:
        return lambda _guild_id: True
    return lambda guild_id: shard_of(guild_id, count) in ids
