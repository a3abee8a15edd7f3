"""`daily-papers check`: looks at every part, tells what it finds, changes nothing but, when told
to, the search index.

Discord is asked by REST alone and slowly, for the bot may be at work with the same token.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, TypeVar

import aiohttp
import discord

from bot.domain.errors import SettingsError
from bot.domain.subscriptions import Subscription, SubscriptionState
from bot.endpoint import (
    NotDiscord,
    bound_requests,
    expect_discord,
    expecting_discord,
    use_api,
)
from bot.language_model import model_of
from bot.models.answers import ModelError, ModelMisconfigured
from bot.models.prompts import asked
from bot.pacing import Pacing, paced
from bot.permissions import Channel, blocking, missing
from bot.services.checking import (
    Finding,
    Level,
    check_room,
    check_source,
    check_store,
    counted,
    rebuild_index,
)
from bot.settings import Settings, load_settings
from bot.sources.http import Http
from bot.sources.specification import open_sources
from bot.storage.database import look_into
from bot.storage.errors import DatabaseMissing, StorageError

REQUESTS_PER_SECOND: Final = 2.0
"""What deliveries at full speed leave of Discord's 50: three requests a server, so some eight
minutes for three hundred."""

REQUEST_TIMEOUT: Final = timedelta(seconds=30)

_NAMED: Final = 8
"""Models that are named to choose from."""

_OF_DISCORD: Final = frozenset({"discord_token", "discord_api_url"})
_OF_SOURCES: Final = frozenset({"sources", "huggingface_url", "hf_token", "markdown_language"})
_OF_MODEL: Final = frozenset({"llm_model", "llm_base_url", "llm_api_key"})

Answer = TypeVar("Answer")


async def check(
    *,
    today: date,
    offline: bool = False,
    rebuild: bool = False,
    per_second: float = REQUESTS_PER_SECOND,
) -> AsyncIterator[Finding]:
    """Every finding as it is made: settings, database, token, permissions, sources, model.

    A part that is down is a finding, and the rest is looked at all the same. `offline` leaves
    Discord, the sources and the model out. `rebuild` first builds the search index anew, and is
    all that changes anything.
    """
    settings, wrong, findings = check_settings()
    for finding in findings:
        yield finding
    subscriptions: tuple[Subscription, ...] = ()
    if "database_url" not in wrong:
        if rebuild:
            yield await rebuild_index(settings.database_url)
        findings, subscriptions = await check_database(settings.database_url)
        for finding in findings:
            yield finding
    if offline:
        return
    if settings.discord_token is not None and not wrong & _OF_DISCORD:
        if settings.discord_api_url is not None:
            use_api(settings.discord_api_url)
        async for finding in check_discord(settings.token(), subscriptions, per_second=per_second):
            yield finding
    if not wrong & _OF_SOURCES:
        async for finding in check_sources(settings, today):
            yield finding
    if not wrong & _OF_MODEL:
        async for finding in check_model(settings):
            yield finding


# --- settings -----------------------------------------------------------------------------


def check_settings() -> tuple[Settings, frozenset[str], tuple[Finding, ...]]:
    """The settings, with defaults in place of the wrong ones, which are named and told of."""
    problems: list[str] = []
    wrong: dict[str, object] = {}
    while True:
        try:
            settings = load_settings(**wrong)
            break
        except SettingsError as error:
            told = str(error).splitlines()
        problems += told
        # Each sentence begins with the name of its setting.
        named = {line.partition(" ")[0].lower() for line in told} & Settings.model_fields.keys()
        wrong |= {name: Settings.model_fields[name].default for name in named}
    findings = [Finding(area="settings", level=Level.BAD, text=problem) for problem in problems]
    if settings.discord_token is None:
        try:
            settings.token()
        except SettingsError as error:
            findings.append(Finding(area="settings", level=Level.BAD, text=str(error)))
    if not findings:
        text = f"all {len(Settings.model_fields)} can be read"
        findings.append(Finding(area="settings", level=Level.GOOD, text=text))
    return settings, frozenset(wrong), tuple(findings)


# --- the database -------------------------------------------------------------------------


async def check_database(url: str) -> tuple[tuple[Finding, ...], tuple[Subscription, ...]]:
    """What is found in the database at `url`, and the subscriptions that can be read."""
    try:
        async with look_into(url) as database:
            room = check_room(database.file)
            report = await check_store(database)
    except DatabaseMissing as error:
        return (Finding(area="database", level=Level.WARNING, text=str(error)),), ()
    except StorageError as error:
        return (Finding(area="database", level=Level.BAD, text=str(error)),), ()
    return (room, *report.findings), report.subscriptions


# --- Discord ------------------------------------------------------------------------------

_FAILURES: Final = (discord.HTTPException, aiohttp.ClientError, OSError)

_LOOK_BETWEEN: Final = "look at what stands between: a proxy, a firewall, DISCORD_API_URL if set"


async def check_discord(
    token: str, subscriptions: Sequence[Subscription], *, per_second: float = REQUESTS_PER_SECOND
) -> AsyncIterator[Finding]:
    """Whether Discord knows the token, and whether each channel of `subscriptions` can be
    posted in. Once Discord cannot be asked, no more is asked of it."""
    client = discord.Client(
        intents=discord.Intents(guilds=True),
        member_cache_flags=discord.MemberCacheFlags.none(),
        http_trace=Pacing(per_second).trace(),
    )
    bound_requests(client, REQUEST_TIMEOUT)
    expect_discord(client)
    async with client:
        try:
            await _slowly(client.login(token))
        except (*_FAILURES, discord.LoginFailure) as error:
            yield _about_login(error)
            return
        yield Finding(
            area="token", level=Level.GOOD, text=f"Discord knows it: the bot is {client.user}"
        )
        of_guild: defaultdict[int, list[Subscription]] = defaultdict(list)
        for subscription in subscriptions:
            of_guild[subscription.guild_id].append(subscription)
        good = 0
        for guild_id, in_guild in of_guild.items():
            try:
                findings = await _check_guild(client, guild_id, in_guild)
            except _FAILURES as error:
                why = str(error) or "no answer in time"
                yield Finding(
                    area="permissions",
                    level=Level.BAD,
                    text=f"Discord could not be asked about server {guild_id}: {why}",
                    cure=_LOOK_BETWEEN if isinstance(error, NotDiscord) else "try again later",
                )
                return
            good += len(in_guild) - len({f.channel_id for f in findings})
            for found in findings:
                yield found.finding
        if good:
            yield Finding(
                area="permissions",
                level=Level.GOOD,
                text=f"{counted(good, 'channel')} can be posted in",
            )


def _about_login(error: Exception) -> Finding:
    if isinstance(error, discord.LoginFailure):
        return Finding(
            area="token",
            level=Level.BAD,
            text="Discord does not know this DISCORD_TOKEN",
            cure="copy it again from https://discord.com/developers/applications, Bot, Reset Token",
        )
    if isinstance(error, discord.HTTPException):
        text = f"Discord refuses us ({error.status}): {error.text or 'no text'}"
        return Finding(area="token", level=Level.BAD, text=text, cure="try again later")
    if isinstance(error, NotDiscord):
        return Finding(area="token", level=Level.BAD, text=str(error), cure=_LOOK_BETWEEN)
    return Finding(
        area="token",
        level=Level.BAD,
        text=f"Discord cannot be reached: {str(error) or 'no answer in time'}",
        cure="check the network, and DISCORD_API_URL if set",
    )


@dataclass(frozen=True, slots=True)
class _OfChannel:
    channel_id: int
    finding: Finding


async def _check_guild(
    client: discord.Client, guild_id: int, subscriptions: Sequence[Subscription]
) -> list[_OfChannel]:
    """What keeps posts from the channels of one server."""
    try:
        guild = await _guild(client, guild_id)
    except (discord.NotFound, discord.Forbidden):
        return [
            _problem(
                subscription,
                f"server {guild_id} has removed the bot",
                "invite it again with the link of `daily-papers invite`, or leave it: the "
                "configuration is kept for 30 days",
            )
            for subscription in subscriptions
        ]
    findings = []
    for subscription in subscriptions:
        if (found := await _check_channel(client, guild, subscription)) is not None:
            findings.append(found)
    return findings


async def _check_channel(
    client: discord.Client, guild: discord.Guild, subscription: Subscription
) -> _OfChannel | None:
    channel: object = guild.get_channel(subscription.channel_id)
    if channel is None:
        try:
            # Threads are not among a server's channels.
            with expecting_discord():
                channel = await _slowly(client.fetch_channel(subscription.channel_id))
        except discord.NotFound:
            return _problem(
                subscription,
                f"{guild.name} has no channel {subscription.channel_id} any more",
                "nothing, unless it should be there: subscribe in another channel",
            )
        except discord.Forbidden:
            return _problem(
                subscription,
                f"the bot cannot see {subscription.channel_id} in {guild.name}",
                "add the bot to the private thread, or give it View Channel",
            )
    if not isinstance(channel, Channel):
        return _problem(
            subscription,
            f"{subscription.channel_id} in {guild.name} takes no messages",
            "subscribe in a text channel, an announcement channel or a thread",
        )
    where = f"#{channel.name} in {guild.name} ({channel.id})"
    if lacking := missing(channel):
        names = ", ".join(lacking)
        cure = f"give the bot {names} in the channel's settings, Permissions"
        text = f"the bot lacks {names} in {where}"
        return _problem(subscription, text, cure, severe=bool(blocking(channel)))
    if isinstance(channel, discord.Thread) and channel.locked:
        return _problem(subscription, f"{where} is locked", "unlock the thread")
    return _check_role(channel, subscription, where)


def _check_role(channel: Channel, subscription: Subscription, where: str) -> _OfChannel | None:
    role_id = subscription.preferences.role_id
    if role_id is None:
        return None
    role = channel.guild.get_role(role_id)
    if role is None:
        text = f"the role that posts in {where} mention is gone"
        cure = "choose another with `/subscription edit`"
    elif role.mentionable or channel.permissions_for(channel.guild.me).mention_everyone:
        return None
    else:
        text = f"the mention of {role.name} in {where} reaches nobody"
        cure = "turn on “Allow anyone to @mention this role” in its settings"
    return _problem(subscription, text, cure, severe=False)


def _problem(
    subscription: Subscription, text: str, cure: str, *, severe: bool = True
) -> _OfChannel:
    """A finding about a channel; of one that is suspended or paused, nobody misses papers."""
    active = subscription.state is SubscriptionState.ACTIVE
    level = Level.BAD if severe and active else Level.WARNING
    finding = Finding(area="permissions", level=level, text=text, cure=cure)
    return _OfChannel(subscription.channel_id, finding)


async def _guild(client: discord.Client, guild_id: int) -> discord.Guild:
    """A server with its channels, its roles and our own member, as the gateway would have it:
    so permissions are worked out as they are while the bot runs."""
    if client.user is None:
        raise RuntimeError("not logged in")
    with expecting_discord():
        data: Any = {
            **await _slowly(client.http.get_guild(guild_id, with_counts=False)),
            "channels": await _slowly(client.http.get_all_guild_channels(guild_id)),
            "members": [await _slowly(client.http.get_member(guild_id, client.user.id))],
        }
        guild = discord.Guild(data=data, state=client._connection)
    client._connection._add_guild(guild)  # where a thread that is fetched finds its channel
    return guild


async def _slowly(request: Awaitable[Answer]) -> Answer:
    with paced():
        async with asyncio.timeout(5 * REQUEST_TIMEOUT.total_seconds()):
            return await request


# --- sources ------------------------------------------------------------------------------


async def check_sources(settings: Settings, today: date) -> AsyncIterator[Finding]:
    """Whether each source can be read."""
    async with Http(timeout=15, attempts=2) as http:
        try:
            sources = open_sources(
                settings.sources,
                http=http,
                huggingface_url=settings.huggingface_url,
                hf_token=settings.hf_token.get_secret_value() if settings.hf_token else None,
                markdown_language=settings.markdown_language,
            )
        except SettingsError as error:
            yield Finding(area="sources", level=Level.BAD, text=str(error))
            return
        for source in sources:
            yield await check_source(source, today)


# --- the language model -------------------------------------------------------------------

_ASKED_FOR_A_TEST: Final = (
    "A test",
    "We ask whether a model answers. It is asked once, and whatever it says will do.",
)


async def check_model(settings: Settings) -> AsyncIterator[Finding]:
    """Whether the endpoint answers, takes the key and has the model; nothing without a model."""
    url = settings.llm_base_url
    try:
        model = model_of(settings)
        if model is None:
            return
        async with model:
            try:
                names = await model.models()
            except ModelMisconfigured as error:
                yield _about_endpoint(url)
                text = f"the language model's service refuses the key: {error}"
                yield Finding(area="model", level=Level.BAD, text=text, cure="set LLM_API_KEY")
                return
            except ModelError as error:
                text = f"{url} cannot be asked: {error}"
                cure = "check LLM_BASE_URL, and that the service runs"
                yield Finding(area="model", level=Level.BAD, text=text, cure=cure)
                return
            yield _about_endpoint(url)
            if names is not None and model.name not in names:
                # Some services list only a part of their models: the answer decides.
                some = ", ".join(names[:_NAMED]) or "none"
                cure = f"set LLM_MODEL to one that it has: {some}"
            else:
                cure = "set LLM_MODEL to one that it has, or LLM_API_KEY to a key that may use it"
            try:
                await model.ask(asked(*_ASKED_FOR_A_TEST, language="en", language_name="English"))
            except ModelError as error:
                text = f"{model.name} gives no answer: {error}"
                yield Finding(area="model", level=Level.BAD, text=text, cure=cure)
                return
            if settings.llm_api_key is not None:
                yield Finding(area="model", level=Level.GOOD, text="the key is taken")
            yield Finding(area="model", level=Level.GOOD, text=f"{model.name} answers")
    except SettingsError as error:
        yield Finding(area="model", level=Level.BAD, text=str(error))


def _about_endpoint(url: str) -> Finding:
    return Finding(area="model", level=Level.GOOD, text=f"{url} can be reached")
