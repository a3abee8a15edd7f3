"""`/follow …`: the face of what people follow. Every answer is private."""

import re
from typing import Any, Final, Self, TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot.answering import language_of, say
from bot.cogs.cooldown import Cooldown
from bot.cogs.pressed import PressedCog, answered, button
from bot.domain.errors import InvalidInput
from bot.domain.follows import Follow, FollowKind
from bot.domain.phrases import Phrase, counted, phrase, translatable
from bot.domain.subscriptions import Scope, Subscription
from bot.domain.text import quoted
from bot.rendering import limits, markup
from bot.rendering.words import spoken
from bot.services.finding import Finding
from bot.services.following import LONGEST, Followed, Following
from bot.services.measures import Measures
from bot.services.subscribing import Subscribing

Interaction: TypeAlias = discord.Interaction[Any]
Choices: TypeAlias = list[app_commands.Choice[str]]
Text = app_commands.Range[str, 1, LONGEST]

_EVERYWHERE: Final = app_commands.AppCommandContext(guild=True, dm_channel=True)
_LINE_ROOM: Final = 70


class FollowAuthor(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=re.compile(r"follow-author:(?P<author>\d{1,18})", re.ASCII),
):
    """Follows the author of this id, or ends that."""

    def __init__(self, button: discord.ui.Button[Any], author_id: int) -> None:
        super().__init__(button)
        self._author_id = author_id

    @classmethod
    def of(cls, author_id: int, language: str) -> Self:
        """The button for an author."""
        label = spoken(phrase("Follow"), language)
        return cls(
            discord.ui.Button(label=label, custom_id=f"follow-author:{author_id}"), author_id
        )

    @classmethod
    async def from_custom_id(
        cls, _: Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(button(item), int(match["author"]))

    async def callback(self, interaction: Interaction) -> None:
        cog = interaction.client.get_cog(FollowCog.__cog_name__)
        assert isinstance(cog, FollowCog)  # noqa: S101 - it is what registers the item
        await cog.toggle(interaction, self._author_id)


class FollowCog(PressedCog):
    """Everybody decides about what comes to them."""

    items = (FollowAuthor,)

    following = app_commands.Group(
        name="follow",
        description=translatable("Get a direct message when a paper comes that you wait for"),
        allowed_contexts=_EVERYWHERE,
    )

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        following: Following,
        subscribing: Subscribing,
        finding: Finding,
        *,
        cooldown: Cooldown,
        measures: Measures,
    ) -> None:
        super().__init__(bot, cooldown=cooldown, measures=measures)
        self._following = following
        self._subscribing = subscribing
        self._finding = finding

    async def interaction_check(self, interaction: Interaction) -> bool:
        self.cooldown.spend(interaction)
        return True

    # --- follows ---

    @following.command(description=translatable("Follow an author, also one without papers yet"))
    @app_commands.describe(name=translatable("The name; choose from the list if it is there"))
    async def author(self, interaction: Interaction, name: Text) -> None:
        await interaction.response.defer(ephemeral=True)
        followed = await self._following.follow_author(
            interaction.user.id,
            name,
            language=await language_of_bullets(interaction, self._subscribing),
        )
        await self._confirm(interaction, followed)

    @following.command(description=translatable("Follow words of titles, summaries and abstracts"))
    @app_commands.describe(
        words=translatable('Words to find; "quotes" keep words together, -word excludes')
    )
    async def words(self, interaction: Interaction, words: Text) -> None:
        await interaction.response.defer(ephemeral=True)
        followed = await self._following.follow_words(
            interaction.user.id,
            words,
            language=await language_of_bullets(interaction, self._subscribing),
        )
        await self._confirm(interaction, followed)

    @following.command(name="list", description=translatable("What you follow"))
    async def list_(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        follows = await self._following.follows(interaction.user.id)
        if not follows:
            await say(interaction, phrase("You follow nothing yet. `/follow author` starts it."))
            return
        language = language_of(interaction)
        lines = [
            spoken(
                counted("You follow {count}:", "You follow {count}:", count=len(follows)), language
            )
        ]
        lines += [f"- {spoken(_described(follow), language)}" for follow in follows]
        text = "\n".join(lines)
        await interaction.followup.send(limits.fit(text, limits.CONTENT), ephemeral=True)

    @following.command(description=translatable("Stop following"))
    @app_commands.describe(what=translatable("What to follow no longer; choose from the list"))
    async def remove(self, interaction: Interaction, what: Text) -> None:
        await interaction.response.defer(ephemeral=True)
        follows = await self._following.follows(interaction.user.id)
        chosen = [
            follow
            for follow in follows
            if what in (str(follow.id), follow.said) or follow.said.casefold() == what.casefold()
        ]
        if not chosen:
            raise InvalidInput(
                f"no follow in {len(what)} characters",
                reply=phrase(
                    "You don't follow {typed}. `/follow list` shows what you follow.",
                    typed=quoted(what),
                ),
            )
        await self._ended(
            interaction, await self._following.unfollow(interaction.user.id, chosen[0].id)
        )

    @answered("follow author")
    async def toggle(self, interaction: Interaction, author_id: int) -> None:
        await interaction.response.defer(ephemeral=True)
        done = await self._following.toggle_author(
            interaction.user.id,
            author_id,
            language=await language_of_bullets(interaction, self._subscribing),
        )
        if isinstance(done, Follow):
            await self._ended(interaction, done)
        else:
            await self._confirm(interaction, done)
        await take_up(interaction, self._following)

    # --- direct messages that were closed ---

    @commands.Cog.listener()
    async def on_app_command_completion(self, interaction: Interaction, _: object) -> None:
        await take_up(interaction, self._following)

    # --- what is offered ---

    @author.autocomplete("name")
    async def _authors(self, _: Interaction, current: str) -> Choices:
        return [
            _choice(markup.plain(author.name), f"#{author.id}")
            for author in await self._finding.authors(current)
        ]

    @remove.autocomplete("what")
    async def _follows(self, interaction: Interaction, current: str) -> Choices:
        wanted = current.strip().casefold()
        return [
            _choice(follow.said, str(follow.id))
            for follow in await self._following.follows(interaction.user.id)
            if wanted in follow.said.casefold()
        ][: limits.CHOICES]

    # --- answers ---

    async def _confirm(self, interaction: Interaction, followed: Followed) -> None:
        said = quoted(followed.said, _LINE_ROOM)
        if not followed.is_new:
            opening = phrase("You follow {said} already.", said=said)
        elif followed.is_known:
            opening = phrase("You follow {said} now.", said=said)
        else:
            opening = phrase(
                "You follow {said} now. No paper here has that author yet: I watch for the name.",
                said=said,
            )
        when = when_they_come(followed.subscription)
        await say(interaction, phrase("{opening} {when}", opening=opening, when=when))

    async def _ended(self, interaction: Interaction, follow: Follow) -> None:
        said = quoted(follow.said, _LINE_ROOM)
        await say(interaction, phrase("You follow {said} no longer.", said=said))


async def take_up(interaction: Interaction, following: Following) -> None:
    """Tell a person who is here again that their messages did not get through, and try again."""
    if await following.take_up(interaction.user.id):
        await say(
            interaction,
            phrase(
                "Your direct messages were closed to me, so your papers waited. I try again "
                "now: allow direct messages in the privacy settings of a server we share."
            ),
        )


async def language_of_bullets(interaction: Interaction, subscribing: Subscribing) -> str:
    """The language of a new subscription: the reader's own, if there are bullets in it."""
    tags = await subscribing.languages()
    own = language_of(interaction)
    return next((tag for tag in (own, own.partition("-")[0]) if tag in tags), "en")


def when_they_come(subscription: Subscription) -> Phrase:
    """When a person gets what they follow, and the papers of the day if they want these."""
    daily = subscription.preferences.daily
    values = {"time": f"{daily.at:%H:%M}", "zone": daily.zone.key}
    if subscription.scope is Scope.LISTS:
        return phrase("Your papers come daily at {time} ({zone}), followed ones first.", **values)
    return phrase(
        "New papers come by direct message, one a day at most, at {time} ({zone}); `/me hour` "
        "changes that.",
        **values,
    )


def _described(follow: Follow) -> Phrase:
    said = quoted(follow.said, _LINE_ROOM)
    if follow.kind is FollowKind.WORDS:
        return phrase("words: {said}", said=said)
    if follow.author_id is None:
        return phrase("author: {said}, in no paper yet when you followed", said=said)
    return phrase("author: {said}", said=said)


def _choice(name: str, value: str) -> app_commands.Choice[str]:
    return app_commands.Choice(name=limits.fit(name or "?", limits.CHOICE), value=value)
