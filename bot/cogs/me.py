"""`/me …`: what comes to a person alone, and what is kept about them. Every answer is private."""

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self, TypeAlias

import discord
import orjson
from discord import app_commands
from discord.ext import commands

from bot.answering import language_of, say, think
from bot.cogs.cooldown import Cooldown
from bot.cogs.follows import language_of_bullets, when_they_come
from bot.cogs.pressed import PressedCog, answered, button
from bot.domain.errors import InvalidInput
from bot.domain.phrases import Language, counted, phrase, translatable
from bot.domain.subscriptions import MAX_LIMIT
from bot.domain.typed import find_zones, parse_time, parse_zone
from bot.rendering import limits
from bot.rendering.words import spoken
from bot.services.following import Following
from bot.services.measures import Measures
from bot.services.privacy import REMEMBERED, Privacy
from bot.services.subscribing import Subscribing

Interaction: TypeAlias = discord.Interaction[Any]
Choices: TypeAlias = list[app_commands.Choice[str]]
Limit = app_commands.Range[int, 1, MAX_LIMIT]

DATA_FILE: Final = "my-data.json"

ASKED_FOR: Final = timedelta(minutes=15)
"""How long the question whether to erase stands: nobody means it a week later."""

_EVERYWHERE: Final = app_commands.AppCommandContext(guild=True, dm_channel=True)
_TIME: Final = translatable("When they come each day, such as 09:00")
_ZONE: Final = translatable("Your time zone: type a city, such as Seoul")
_EVERYTHING: Final = "everything"
_TASTE: Final = "taste"
_WHAT: Final = (
    app_commands.Choice(name=translatable("Everything about me"), value=_EVERYTHING),
    app_commands.Choice(name=translatable("My taste; what I liked and saved stays"), value=_TASTE),
)


_OFF: Final = -1
_DAY_NAMES: Final = (
    phrase("Monday"),
    phrase("Tuesday"),
    phrase("Wednesday"),
    phrase("Thursday"),
    phrase("Friday"),
    phrase("Saturday"),
    phrase("Sunday"),
)
_WEEKDAYS: Final = (
    app_commands.Choice(name=translatable("Monday"), value=0),
    app_commands.Choice(name=translatable("Tuesday"), value=1),
    app_commands.Choice(name=translatable("Wednesday"), value=2),
    app_commands.Choice(name=translatable("Thursday"), value=3),
    app_commands.Choice(name=translatable("Friday"), value=4),
    app_commands.Choice(name=translatable("Saturday"), value=5),
    app_commands.Choice(name=translatable("Sunday"), value=6),
    app_commands.Choice(name=translatable("Never"), value=_OFF),
)


class Forget(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=re.compile(r"forget:(?P<user>\d{1,20}):(?P<at>\d{1,10})", re.ASCII),
):
    """Erases the person who is named in it, if it is they who press, and soon."""

    def __init__(self, button: discord.ui.Button[Any], user_id: int, at: int) -> None:
        super().__init__(button)
        self._user_id = user_id
        self._at = at

    @classmethod
    def of(cls, user_id: int, at: datetime, language: str) -> Self:
        """A new one."""
        return cls(
            discord.ui.Button(
                style=discord.ButtonStyle.danger,
                label=spoken(phrase("Erase everything about me"), language),
                custom_id=f"forget:{user_id}:{int(at.timestamp())}",
            ),
            user_id,
            int(at.timestamp()),
        )

    @classmethod
    async def from_custom_id(
        cls, _: Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(button(item), int(match["user"]), int(match["at"]))

    async def callback(self, interaction: Interaction) -> None:
        cog = interaction.client.get_cog(MeCog.__cog_name__)
        assert isinstance(cog, MeCog)  # noqa: S101 - it is what registers the item
        await cog.erase(interaction, self._user_id, datetime.fromtimestamp(self._at, UTC))


class KeepAll(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=re.compile(r"forget-nothing")
):
    """Takes the question back."""

    @classmethod
    async def from_custom_id(
        cls, _: Interaction, item: discord.ui.Item[Any], _match: re.Match[str], /
    ) -> Self:
        return cls(button(item))

    async def callback(self, interaction: Interaction) -> None:
        cog = interaction.client.get_cog(MeCog.__cog_name__)
        assert isinstance(cog, MeCog)  # noqa: S101 - it is what registers the item
        await cog.keep(interaction)


class MeCog(PressedCog):
    """Everybody decides about what comes to them, and what is kept about them."""

    items = (Forget, KeepAll)

    me = app_commands.Group(
        name="me",
        description=translatable("What comes to you alone, and what I keep about you"),
        allowed_contexts=_EVERYWHERE,
    )

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        following: Following,
        subscribing: Subscribing,
        privacy: Privacy,
        *,
        cooldown: Cooldown,
        measures: Measures,
    ) -> None:
        super().__init__(bot, cooldown=cooldown, measures=measures)
        self._following = following
        self._subscribing = subscribing
        self._privacy = privacy

    async def interaction_check(self, interaction: Interaction) -> bool:
        self.cooldown.spend(interaction)
        return True

    # --- their own papers ---

    @me.command(
        description=translatable("The papers of the day for you alone, followed ones first")
    )
    @app_commands.describe(
        time=_TIME,
        timezone=_ZONE,
        language=translatable("The language of the summary bullets"),
        limit=translatable("How many papers get a card of their own; the rest follow as links"),
    )
    async def digest(
        self,
        interaction: Interaction,
        time: str | None = None,
        timezone: str | None = None,
        language: str | None = None,
        limit: Limit | None = None,
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        subscription = await self._following.digest(
            interaction.user.id,
            at=parse_time(time) if time is not None else None,
            zone=parse_zone(timezone, at=interaction.created_at) if timezone else None,
            language=await self._subscribing.language(language) if language else None,
            limit=limit,
        )
        preferences = subscription.preferences
        await say(
            interaction,
            phrase(
                "The papers of the day come to you by direct message, daily at {time} ({zone}), "
                "bullets in {language}. Next: {next}.",
                time=f"{preferences.daily.at:%H:%M}",
                zone=preferences.daily.zone.key,
                language=Language(preferences.language),
                next=self._following.next_message(subscription),
            ),
        )
        if language and (note := await self._subscribing.unserved(preferences.language)):
            await say(interaction, note)

    @me.command(
        name="digest-off", description=translatable("End your own daily papers; follows go on")
    )
    async def digest_off(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        left = await self._following.end_digest(interaction.user.id)
        await say(
            interaction,
            phrase("Your daily papers have ended.")
            if left is None
            else phrase("Your daily papers have ended. What you follow still comes to you."),
        )

    @me.command(description=translatable("When your direct messages come"))
    @app_commands.describe(time=_TIME, timezone=_ZONE)
    async def hour(
        self, interaction: Interaction, time: str | None = None, timezone: str | None = None
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        subscription = await self._following.hour(
            interaction.user.id,
            at=parse_time(time) if time is not None else None,
            zone=parse_zone(timezone, at=interaction.created_at) if timezone else None,
        )
        await say(interaction, when_they_come(subscription))

    @me.command(description=translatable("Once a week, what you saved and have not read"))
    @app_commands.describe(weekday=translatable("The day it comes, at the hour of your messages"))
    @app_commands.choices(weekday=list(_WEEKDAYS))
    async def reminder(self, interaction: Interaction, weekday: int) -> None:
        await interaction.response.defer(ephemeral=True)
        subscription = await self._following.remind(
            interaction.user.id,
            weekday if weekday != _OFF else None,
            language=await language_of_bullets(interaction, self._subscribing),
        )
        if weekday == _OFF or subscription is None:
            await say(interaction, phrase("Nothing reminds you any more."))
            return
        daily = subscription.preferences.daily
        await say(
            interaction,
            phrase(
                "Every {weekday} at {time} ({zone}) you get what you saved and have not read; "
                "nothing comes if that is nothing.",
                weekday=spoken(_DAY_NAMES[weekday], language_of(interaction)),
                time=f"{daily.at:%H:%M}",
                zone=daily.zone.key,
            ),
        )

    # --- what is kept about them ---

    @me.command(description=translatable("Everything I keep about you, as a file"))
    async def data(self, interaction: Interaction) -> None:
        await think(interaction, share=False)
        kept = await self._privacy.data(interaction.user.id)
        file = io.BytesIO(orjson.dumps(kept, option=orjson.OPT_INDENT_2))
        said = phrase("This is everything I keep about you. `/me forget` erases it.")
        await interaction.edit_original_response(
            content=spoken(said, language_of(interaction)),
            attachments=[discord.File(file, DATA_FILE)],
        )

    @me.command(description=translatable("Erase what I keep about you; I ask once more first"))
    @app_commands.describe(what=translatable("Everything, or how your papers are ordered"))
    @app_commands.choices(what=list(_WHAT))
    async def forget(self, interaction: Interaction, what: str = _EVERYTHING) -> None:
        await think(interaction, share=False)
        if what == _TASTE:
            await self._privacy.forget_taste(interaction.user.id)
            await say(
                interaction,
                phrase(
                    "Forgotten. I learn your taste anew, from what you say from now on; what you "
                    "liked and saved stays."
                ),
            )
            return
        language = language_of(interaction)
        view = discord.ui.View(timeout=None)
        view.add_item(Forget.of(interaction.user.id, interaction.created_at, language))
        keep = spoken(phrase("Keep everything"), language)
        view.add_item(KeepAll(discord.ui.Button(label=keep, custom_id="forget-nothing")))
        view.stop()  # its item is known by its id: discord.py need not remember it
        asked = phrase(
            "This erases, at once and for good, what you liked, saved and dismissed, what you "
            "follow, your own daily papers, and which papers you were sent. Channels that you "
            "subscribed go on, without your id."
        )
        await interaction.edit_original_response(content=spoken(asked, language), view=view)

    @answered("keep")
    async def keep(self, interaction: Interaction) -> None:
        await interaction.response.defer()
        kept = phrase("Nothing was erased.")
        await interaction.edit_original_response(
            content=spoken(kept, language_of(interaction)), view=None
        )

    @answered("erase")
    async def erase(self, interaction: Interaction, user_id: int, asked_at: datetime) -> None:
        await interaction.response.defer()
        waited = interaction.created_at - asked_at
        if interaction.user.id != user_id or not timedelta(0) <= waited <= ASKED_FOR:
            raise InvalidInput(
                "an old question whether to erase",
                reply=phrase("That question is too old. `/me forget` asks it again."),
            )
        erased = await self._privacy.forget(user_id)
        done = phrase(
            "Erased: what you said of {papers}, {follows}, and what I knew of {posts} to you. For "
            "{days} days I keep your id and nothing else, so that I don't read your old reactions "
            "again.",
            papers=counted("{count} paper", "{count} papers", count=erased.papers),
            follows=counted("{count} follow", "{count} follows", count=erased.follows),
            posts=counted("{count} post", "{count} posts", count=erased.posts),
            days=REMEMBERED.days,
        )
        await interaction.edit_original_response(
            content=spoken(done, language_of(interaction)), view=None
        )

    # --- what is offered ---

    @digest.autocomplete("timezone")
    @hour.autocomplete("timezone")
    async def _zones(self, interaction: Interaction, current: str) -> Choices:
        return [_choice(name, name) for name in find_zones(current, at=interaction.created_at)]

    @digest.autocomplete("language")
    async def _languages(self, _: Interaction, current: str) -> Choices:
        wanted = current.strip().casefold()
        tags = await self._subscribing.languages()
        return [_choice(tag, tag) for tag in tags if tag.startswith(wanted)][: limits.CHOICES]


def _choice(name: str, value: str) -> app_commands.Choice[str]:
    return app_commands.Choice(name=limits.fit(name or "?", limits.CHOICE), value=value)
