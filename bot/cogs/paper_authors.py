"""Follow under a card: the authors of a paper, to choose whom to follow."""

import re
from typing import Any, Final, Self

import discord
from discord.ext import commands

from bot.answering import language_of, think
from bot.cogs.cooldown import Cooldown
from bot.cogs.follows import language_of_bullets, take_up, when_they_come
from bot.cogs.pressed import Interaction, PressedCog, answered, button
from bot.domain.papers import PaperId
from bot.domain.phrases import Phrase, counted, phrase
from bot.domain.text import quoted
from bot.rendering import answers, limits
from bot.rendering.words import spoken
from bot.services.following import Following, Offered
from bot.services.measures import Measures
from bot.services.subscribing import Subscribing

_PAPER: Final = r"(?P<paper>[\w./-]{1,40})"
_AUTHOR: Final = re.compile(r"\d{1,18}", re.ASCII)
_CHOOSE: Final = phrase("Choose whom to follow")


class FollowAuthors(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=re.compile(f"follow-authors:{_PAPER}", re.ASCII),
):
    """Shows who pressed it the authors of the paper that is named in it."""

    def __init__(self, button: discord.ui.Button[Any], paper: str) -> None:
        super().__init__(button)
        self._paper = paper

    @classmethod
    async def from_custom_id(
        cls, _: Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(button(item), match["paper"])

    async def callback(self, interaction: Interaction) -> None:
        await _cog(interaction).offer(interaction, self._paper)


class ChooseAuthors(
    discord.ui.DynamicItem[discord.ui.Select[Any]],
    template=re.compile(f"choose-authors:{_PAPER}", re.ASCII),
):
    """The authors of a paper: those who are ticked are followed, from then on."""

    def __init__(self, select: discord.ui.Select[Any], paper: str) -> None:
        super().__init__(select)
        self._paper = paper

    @classmethod
    async def from_custom_id(
        cls, _: Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        assert isinstance(item, discord.ui.Select)  # noqa: S101 - we gave the id to a select
        return cls(item, match["paper"])

    async def callback(self, interaction: Interaction) -> None:
        # What was ticked before tells what was changed: what was followed elsewhere meanwhile
        # stays as it is.
        before = {option.value for option in self.item.options if option.default}
        after = set(self.item.values)
        await _cog(interaction).choose(
            interaction, self._paper, begun=_ids(after - before), ended=_ids(before - after)
        )


class PaperAuthorsCog(PressedCog):
    """Answers who presses Follow under a card."""

    items = (FollowAuthors, ChooseAuthors)

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        following: Following,
        subscribing: Subscribing,
        *,
        cooldown: Cooldown,
        measures: Measures,
    ) -> None:
        super().__init__(bot, cooldown=cooldown, measures=measures)
        self._following = following
        self._subscribing = subscribing

    @answered("follow authors")
    async def offer(self, interaction: Interaction, paper: str) -> None:
        await think(interaction, share=False)
        paper_id = PaperId.parse(paper)
        offered = await self._following.authors(interaction.user.id, paper_id, limit=limits.OPTIONS)
        await _show(interaction, paper_id, offered, _opening(offered))
        await take_up(interaction, self._following)

    @answered("choose authors")
    async def choose(
        self, interaction: Interaction, paper: str, *, begun: list[int], ended: list[int]
    ) -> None:
        await interaction.response.defer()
        paper_id = PaperId.parse(paper)
        subscription = await self._following.choose_authors(
            interaction.user.id,
            begun=begun,
            ended=ended,
            language=await language_of_bullets(interaction, self._subscribing),
        )
        offered = await self._following.authors(interaction.user.id, paper_id, limit=limits.OPTIONS)
        said = _outcome(offered)
        if subscription is not None:
            when = when_they_come(subscription)
            said = phrase("{opening} {when}", opening=said, when=when)
        await _show(interaction, paper_id, offered, said)
        await take_up(interaction, self._following)


async def _show(
    interaction: Interaction, paper_id: PaperId, offered: Offered, said: Phrase
) -> None:
    language = language_of(interaction)
    select = discord.ui.Select[Any](
        custom_id=f"choose-authors:{paper_id}",
        placeholder=limits.fit(spoken(_CHOOSE, language), limits.PLACEHOLDER),
        min_values=0,
        max_values=len(offered.authors),
        options=[
            discord.SelectOption(
                label=option.label,
                description=option.description,
                value=option.value,
                default=author.id in offered.followed,
            )
            for author, option in zip(
                offered.authors,
                answers.author_options(offered.authors, language=language),
                strict=True,
            )
        ],
    )
    view = discord.ui.View(timeout=None)
    view.add_item(select)
    view.stop()  # it is known by its id: discord.py need not remember it
    await interaction.edit_original_response(
        content=limits.fit(spoken(said, language), limits.CONTENT),
        view=view,
        allowed_mentions=discord.AllowedMentions.none(),
    )


def _opening(offered: Offered) -> Phrase:
    left = offered.count - len(offered.authors)
    if left > 0:
        return counted(
            "The first authors of this paper: tick whom to follow. {count} more is not shown: "
            "`/follow author` finds everybody.",
            "The first authors of this paper: tick whom to follow. {count} more are not shown: "
            "`/follow author` finds everybody.",
            count=left,
        )
    return phrase("The authors of this paper: tick whom to follow.")


def _outcome(offered: Offered) -> Phrase:
    names = tuple(
        quoted(author.name) for author in offered.authors if author.id in offered.followed
    )
    if not names:
        return phrase("You follow no author of this paper.")
    return phrase("Of this paper's authors you follow {names}.", names=names)


def _ids(values: set[str]) -> list[int]:
    return sorted(int(value) for value in values if _AUTHOR.fullmatch(value))


def _cog(interaction: Interaction) -> PaperAuthorsCog:
    cog = interaction.client.get_cog(PaperAuthorsCog.__cog_name__)
    assert isinstance(cog, PaperAuthorsCog)  # noqa: S101 - it is what registers the items
    return cog
