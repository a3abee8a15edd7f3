"""`/subscribe`, `/unsubscribe` and `/subscription …`: the face of `services.subscribing`."""

import contextlib
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import discord
from discord import app_commands
from discord.ext import commands

from bot.answering import language_of, say
from bot.cogs import permissions
from bot.domain.errors import InvalidInput
from bot.domain.phrases import Language, Phrase, counted, phrase, translatable
from bot.domain.subscriptions import (
    DEFAULT_LIMIT,
    DEFAULT_TIME,
    MAX_LIMIT,
    DailyTime,
    Order,
    Preferences,
    Subscription,
    SubscriptionState,
    Suspension,
    SuspensionCause,
)
from bot.domain.typed import find_zones, parse_time, parse_zone
from bot.permissions import Channel
from bot.rendering.suspended import reason
from bot.rendering.words import language_name, spoken, timestamp
from bot.services.subscribing import Subscribing

DEFAULT_ZONE: Final = "UTC"

AnyChannel = app_commands.AppCommandChannel | app_commands.AppCommandThread
Limit = app_commands.Range[int, 1, MAX_LIMIT]

_MANAGERS: Final = discord.Permissions(manage_channels=True)

_OPTIONS: Final = {
    "channel": translatable("Where the papers come; this channel if you leave it out"),
    "time": translatable("When they come each day, such as 09:00"),
    "timezone": translatable("Your time zone: type a city, such as Seoul"),
    "language": translatable("The language of the summary bullets"),
    "limit": translatable("How many papers get a card of their own; the rest follow as links"),
    "role": translatable("A role to mention once a day"),
    "quiet_days": translatable("Explain days without papers in one silent line"),
    "reactions": translatable("Put reactions under each card, for readers to join"),
    "edits": translatable("Give a card better bullets when they come after it was posted"),
    "order": translatable("Which papers come first; by taste, every fifth is something else"),
}
_ORDERS: Final = [
    app_commands.Choice(name=translatable("Most votes"), value=Order.VOTES.value),
    app_commands.Choice(name=translatable("What this channel likes"), value=Order.TASTE.value),
]


class SubscriptionCog(commands.Cog):
    """Managers of a channel decide about its daily papers."""

    manage = app_commands.Group(
        name="subscription",
        description=translatable("See and change the daily papers of this server's channels"),
        guild_only=True,
        default_permissions=_MANAGERS,
    )

    def __init__(self, subscribing: Subscribing) -> None:
        self._subscribing = subscribing

    @app_commands.command(
        description=translatable("Bring the papers of the day to a channel, every day at your hour")
    )
    @app_commands.describe(**_OPTIONS)
    @app_commands.choices(order=_ORDERS)
    @app_commands.guild_only()
    @app_commands.default_permissions(_MANAGERS)
    async def subscribe(
        self,
        interaction: discord.Interaction,
        channel: AnyChannel | None = None,
        time: str = f"{DEFAULT_TIME:%H:%M}",
        timezone: str = DEFAULT_ZONE,
        language: str = "en",
        limit: Limit = DEFAULT_LIMIT,
        role: discord.Role | None = None,
        quiet_days: bool = True,
        reactions: bool = False,
        edits: bool = True,
        order: str = Order.VOTES.value,
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        target = await managed_channel(interaction, channel)
        permissions.require_bot(target)
        permissions.require_role(role, target)
        preferences = Preferences(
            daily=DailyTime(
                at=parse_time(time), zone=parse_zone(timezone, at=interaction.created_at)
            ),
            language=await self._subscribing.language(language),
            limit=limit,
            role_id=role.id if role is not None else None,
            announce_quiet_days=quiet_days,
            seed_reactions=reactions,
            edit_cards=edits,
            order=Order(order),
        )
        subscription = await self._subscribing.subscribe(
            guild_id=target.guild.id,
            channel_id=target.id,
            preferences=preferences,
            user_id=interaction.user.id,
        )
        await self._confirm(
            interaction,
            subscription,
            translatable("The papers of the day come to {settings}"),
            note=await self._subscribing.unserved(preferences.language),
        )

    @app_commands.command(description=translatable("End the daily papers of a channel"))
    @app_commands.describe(
        channel=translatable("The channel to unsubscribe; this one if you leave it out")
    )
    @app_commands.guild_only()
    @app_commands.default_permissions(_MANAGERS)
    async def unsubscribe(
        self, interaction: discord.Interaction, channel: AnyChannel | None = None
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        target = await managed_channel(interaction, channel)
        await self._subscribing.unsubscribe(target.id)
        ended = phrase(
            "{channel} gets no more daily papers. What was posted stays, and I remember it: if "
            "you subscribe again, nothing comes twice.",
            channel=target.mention,
        )
        await say(interaction, ended)

    @manage.command(name="list", description=translatable("The subscriptions of this server"))
    async def list_(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        guild, asker = interaction.guild, interaction.user
        if guild is None:
            raise InvalidInput("no server", reply=phrase("Ask me that in the server it is about."))
        language = language_of(interaction)
        lines = []
        for subscription in await self._subscribing.in_guild(guild.id):
            channel = guild.get_channel_or_thread(subscription.channel_id)
            # Nobody learns of a channel here that they could not change.
            if (
                permissions.may_manage(asker, channel)
                if isinstance(channel, Channel)
                else isinstance(asker, discord.Member) and asker.guild_permissions.manage_channels
            ):
                lines.append(self._described(subscription, language))
        if not lines:
            await say(interaction, phrase("No channel is subscribed yet. `/subscribe` starts one."))
        for page in _pages(lines):
            await interaction.followup.send(page, ephemeral=True)

    @manage.command(
        name="edit", description=translatable("Change a subscription; what you leave out stays")
    )
    @app_commands.describe(**_OPTIONS, no_role=translatable("Mention no role any more"))
    @app_commands.choices(order=_ORDERS)
    async def edit(
        self,
        interaction: discord.Interaction,
        channel: AnyChannel | None = None,
        time: str | None = None,
        timezone: str | None = None,
        language: str | None = None,
        limit: Limit | None = None,
        role: discord.Role | None = None,
        no_role: bool = False,
        quiet_days: bool | None = None,
        reactions: bool | None = None,
        edits: bool | None = None,
        order: str | None = None,
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        target = await managed_channel(interaction, channel)
        if role is not None and no_role:
            raise InvalidInput(
                "role and no_role", reply=phrase("Choose a `role` or `no_role: True`, not both.")
            )
        permissions.require_role(role, target)
        subscription = await self._subscribing.of_channel(target.id)
        before = subscription.preferences
        after = Preferences(
            daily=DailyTime(
                at=parse_time(time) if time is not None else before.daily.at,
                zone=parse_zone(timezone, at=interaction.created_at)
                if timezone is not None
                else before.daily.zone,
            ),
            language=await self._subscribing.language(language) if language else before.language,
            limit=limit if limit is not None else before.limit,
            role_id=None if no_role else role.id if role is not None else before.role_id,
            announce_quiet_days=before.announce_quiet_days if quiet_days is None else quiet_days,
            seed_reactions=before.seed_reactions if reactions is None else reactions,
            edit_cards=before.edit_cards if edits is None else edits,
            order=before.order if order is None else Order(order),
        )
        if after == before:
            raise InvalidInput(
                "nothing to change",
                reply=phrase(
                    "Nothing to change: say what should be different, such as `time: 08:30`. "
                    "Now: {settings}",
                    settings=self._described(subscription, language_of(interaction)),
                ),
            )
        changed = await self._subscribing.change(subscription, after)
        note = None
        if after.language != before.language:
            note = await self._subscribing.unserved(after.language)
        await self._confirm(
            interaction, changed, translatable("Changed. The papers come to {settings}"), note=note
        )

    @manage.command(
        name="pause", description=translatable("Stop the daily papers of a channel for now")
    )
    @app_commands.describe(channel=_OPTIONS["channel"])
    async def pause(
        self, interaction: discord.Interaction, channel: AnyChannel | None = None
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        target = await managed_channel(interaction, channel)
        await self._subscribing.pause(target.id)
        paused = phrase(
            "Paused: {channel} gets nothing until `/subscription resume`. Its settings are kept.",
            channel=target.mention,
        )
        await say(interaction, paused)

    @manage.command(
        name="resume", description=translatable("Go on with the daily papers of a channel")
    )
    @app_commands.describe(channel=_OPTIONS["channel"])
    async def resume(
        self, interaction: discord.Interaction, channel: AnyChannel | None = None
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        target = await managed_channel(interaction, channel)
        await self._subscribing.of_channel(target.id)
        permissions.require_bot(target, at_least=True)
        subscription = await self._subscribing.resume(target.id)
        await self._confirm(
            interaction, subscription, translatable("The papers come again to {settings}")
        )

    @manage.command(
        name="test", description=translatable("Show here, to you alone, how a paper will look")
    )
    @app_commands.describe(channel=_OPTIONS["channel"])
    async def test(
        self, interaction: discord.Interaction, channel: AnyChannel | None = None
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        target = await managed_channel(interaction, channel)
        subscription = await self._subscribing.of_channel(target.id)
        permissions.require_bot(target, at_least=True)
        await self._confirm(
            interaction, subscription, translatable("The papers come to {settings}")
        )

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        await self._subscribing.forget(channel.id)

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, thread: discord.RawThreadDeleteEvent) -> None:
        await self._subscribing.forget(thread.thread_id)

    @subscribe.autocomplete("timezone")
    @edit.autocomplete("timezone")
    async def _zones(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        now, language = interaction.created_at, language_of(interaction)
        return [
            app_commands.Choice(name=spoken(_zone_now(name, now), language), value=name)
            for name in find_zones(current, at=now)
        ]

    @subscribe.autocomplete("language")
    @edit.autocomplete("language")
    async def _languages(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        wanted, reader = current.strip().casefold(), language_of(interaction)
        named = [
            (
                tag,
                f"{language_name(tag, in_language=tag)} ({language_name(tag, in_language=reader)})",
            )
            for tag in await self._subscribing.languages()
        ]
        return [
            app_commands.Choice(name=name, value=tag)
            for tag, name in named
            if wanted in name.casefold() or tag.startswith(wanted)
        ][:25]

    async def _confirm(
        self,
        interaction: discord.Interaction,
        subscription: Subscription,
        opening: str,
        *,
        note: Phrase | None = None,
    ) -> None:
        """Say what holds now and when the next post comes, with a card to look at.

        `opening` is a message with `{settings}`, `note` what should be known besides.
        """
        language = language_of(interaction)
        lines = [
            spoken(phrase(opening, settings=self._described(subscription, language)), language)
        ]
        if note is not None:
            lines.append(spoken(note, language))
        card = await self._subscribing.test_card(subscription.preferences.language)
        if card is None:
            nothing = phrase("I hold no papers yet; the first list is on its way.")
            lines.append(spoken(nothing, language))
            await interaction.followup.send("\n".join(lines), ephemeral=True)
            return
        lines.append(spoken(phrase("A card will look like this:"), language))
        await interaction.followup.send(
            **{**card.arguments(), "content": "\n".join(lines)}, ephemeral=True
        )

    def _described(self, subscription: Subscription, language: str) -> str:
        """What was chosen for a channel, and how it stands."""
        preferences = subscription.preferences
        parts = [
            phrase(
                "{channel} daily at {time} ({zone}), bullets in {language}",
                channel=f"<#{subscription.channel_id}>",
                time=f"{preferences.daily.at:%H:%M}",
                zone=preferences.daily.zone.key,
                language=Language(preferences.language),
            ),
            counted("up to {count} card", "up to {count} cards", count=preferences.limit),
        ]
        if preferences.role_id is not None:
            parts.append(phrase("mentioning {role}", role=f"<@&{preferences.role_id}>"))
        if not preferences.announce_quiet_days:
            parts.append(phrase("silent on days without papers"))
        if preferences.seed_reactions:
            parts.append(phrase("with reactions to join"))
        if not preferences.edit_cards:
            parts.append(phrase("cards stay as they were posted"))
        if preferences.order is Order.TASTE:
            parts.append(phrase("ordered by what this channel likes"))
        settings = ", ".join(spoken(part, language) for part in parts)
        return f"{settings}. {spoken(self._state(subscription), language)}"

    def _state(self, subscription: Subscription) -> Phrase:
        match subscription.state:
            case SubscriptionState.ACTIVE:
                next_post = self._subscribing.next_post(subscription)
                return phrase(
                    "Next post: {at} ({in_time}).",
                    at=timestamp(next_post),
                    in_time=timestamp(next_post, "R"),
                )
            case SubscriptionState.PAUSED:
                return phrase("**Paused**: `/subscription resume` goes on.")
            case SubscriptionState.SUSPENDED:
                return _suspended(subscription.suspension)


async def managed_channel(interaction: discord.Interaction, named: AnyChannel | None) -> Channel:
    """The channel that a command is about, if its user may manage it."""
    found: object = interaction.channel
    if named is not None and (found := named.resolve()) is None:
        with contextlib.suppress(discord.HTTPException):
            found = await named.fetch()  # an archived thread is in no cache
    if named is not None and found is None:
        raise InvalidInput(
            f"channel {named.id} is not in the cache",
            reply=phrase(
                "I can't see {channel}: give me **View Channel** there, then try again.",
                channel=named.mention,
            ),
        )
    channel = permissions.postable(found)
    permissions.require_manager(interaction.user, channel)
    return channel


def _suspended(suspension: Suspension | None) -> Phrase:
    assert suspension is not None  # noqa: S101 - a suspended subscription has one
    match suspension.cause:
        case SuspensionCause.LACKING:
            return phrase(
                "**Suspended**: {reason}. Once I may again, I go on by myself.",
                reason=reason(suspension),
            )
        case SuspensionCause.REMOVED:
            return phrase(
                "**Suspended**: I was not in this server. I go on by myself within a minute."
            )
        case _:
            return phrase(
                "**Suspended**, because Discord refused my posts ({reason}): "
                "mend that, then `/subscription resume`.",
                reason=reason(suspension),
            )


def _zone_now(zone: str, now: datetime) -> Phrase:
    time = f"{now.astimezone(ZoneInfo(zone)):%H:%M}"
    return phrase("{zone} · now {time}", zone=zone, time=time)


def _pages(lines: list[str], *, limit: int = 2000) -> list[str]:
    """`lines` in as few messages as hold them."""
    pages = [""]
    for line in lines:
        if len(pages[-1]) + len(line) + 1 > limit:
            pages.append("")
        pages[-1] += f"{line}\n"
    return pages
