"""What stands under a list of saved papers: mark as read, take away, export. Always private."""

import io
import re
from collections.abc import Sequence
from typing import Any, Final, Self

import discord
from discord import app_commands
from discord.ext import commands

from bot.answering import language_of, say
from bot.cogs.cooldown import Cooldown
from bot.cogs.pages import PLACE, PagesCog, Place
from bot.cogs.pressed import Interaction, PressedCog, answered, asker_of
from bot.domain.errors import InvalidInput, NotFound
from bot.domain.lookups import PAGE, Answer, QuestionExpired, Saved
from bot.domain.papers import PaperId
from bot.domain.phrases import Phrase, counted, phrase
from bot.domain.text import quoted
from bot.rendering import answers, citations, limits
from bot.rendering.citations import Format
from bot.rendering.reasons import message_url
from bot.rendering.words import spoken
from bot.services.measures import Measures
from bot.services.saving import Saving, Stands

FILE: Final = "saved"

_LABELS: Final = {
    "read": phrase("Mark as read, or as not read"),
    "remove": phrase("Take from the list"),
    "export": phrase("Export all of this"),
}
_FORMATS: Final = {
    Format.BIBTEX: "BibTeX",
    Format.RIS: "RIS (Zotero, EndNote, Mendeley)",
    Format.MARKDOWN: "Markdown",
    Format.JSON: "JSON",
}
EXPORTS: Final = tuple(
    app_commands.Choice(name=label, value=form.value) for form, label in _FORMATS.items()
)


class SavedSelect(
    discord.ui.DynamicItem[discord.ui.Select[Any]],
    template=re.compile(f"saved-(?P<kind>read|remove|export):{PLACE}", re.ASCII),
):
    """Does something with papers of the page under which it stands, or exports all of the list."""

    def __init__(self, select: discord.ui.Select[Any], kind: str, place: Place) -> None:
        super().__init__(select)
        self._kind = kind
        self._place = place

    @classmethod
    def of(
        cls, kind: str, place: Place, options: Sequence[discord.SelectOption], *, row: int
    ) -> Self:
        """A new one."""
        select = discord.ui.Select[Any](
            custom_id=place.custom_id(f"saved-{kind}"),
            placeholder=limits.fit(spoken(_LABELS[kind], place.language), limits.PLACEHOLDER),
            options=list(options),
            max_values=1 if kind == "export" else len(options),
            row=row,
        )
        return cls(select, kind, place)

    @classmethod
    async def from_custom_id(
        cls, _: Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        assert isinstance(item, discord.ui.Select)  # noqa: S101 - we gave the id to a select
        return cls(item, match["kind"], Place.of(match))

    async def callback(self, interaction: Interaction) -> None:
        cog = interaction.client.get_cog(SavedCog.__cog_name__)
        assert isinstance(cog, SavedCog)  # noqa: S101 - it is what registers the item
        await cog.chosen(interaction, self._kind, self._place, self.item.values)


class SavedCog(PressedCog):
    """Everybody's own list of papers to read."""

    items = (SavedSelect,)

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        pages: PagesCog,
        saving: Saving,
        *,
        cooldown: Cooldown,
        measures: Measures,
    ) -> None:
        super().__init__(bot, cooldown=cooldown, measures=measures)
        self._pages = pages
        self._saving = saving

    async def cog_load(self) -> None:
        await super().cog_load()
        self._pages.add_below(Saved, selects)

    @answered("saved")
    async def chosen(
        self, interaction: Interaction, kind: str, place: Place, values: Sequence[str]
    ) -> None:
        """Do what was chosen, and show the page as it is then."""
        await interaction.response.defer()
        question = await self._pages.finding.kept(place.token)
        if not isinstance(question, Saved):
            raise QuestionExpired
        if kind == "export":
            await send_export(interaction, self._saving, question, _format(values[0]))
            return
        asker, papers = asker_of(interaction), [PaperId.parse(value) for value in values]
        stands: tuple[Stands, ...] = ()
        if kind == "read":
            await self._saving.mark(asker, papers)
        else:
            stands = await self._saving.remove(asker, papers)
        await self._pages.show_page(interaction, question, place)
        if stands:
            await say(interaction, _still_saved(stands))


def selects(answer: Answer, token: str, language: str) -> tuple[SavedSelect, ...]:
    """What stands under a page of saved papers, below what turns pages."""
    if not answer.entries:
        return ()
    place = Place(token, answer.page, language)
    papers = [
        discord.SelectOption(label=one.label, description=one.description, value=one.value)
        for one in answers.paper_options(
            answer.entries, first=answer.page * PAGE + 1, language=language
        )
    ]
    formats = [discord.SelectOption(label=label, value=form) for form, label in _FORMATS.items()]
    return (
        SavedSelect.of("read", place, papers, row=2),
        SavedSelect.of("remove", place, papers, row=3),
        SavedSelect.of("export", place, formats, row=4),
    )


async def send_export(
    interaction: Interaction, saving: Saving, question: Saved, form: Format
) -> None:
    """All of somebody's list as a file, for them alone."""
    papers = await saving.papers(question, asker_of(interaction))
    if not papers:
        raise NotFound(
            "nothing saved to export",
            reply=phrase("There is nothing to export: nothing that you saved is like that."),
        )
    file = io.BytesIO(citations.export(papers, form))
    said = counted("{count} paper", "{count} papers", count=len(papers))
    await interaction.followup.send(
        spoken(said, language_of(interaction)),
        file=discord.File(file, f"{FILE}.{form.value}"),
        ephemeral=True,
    )


def _still_saved(stands: Sequence[Stands]) -> Phrase:
    return phrase(
        "You saved this with a reaction, which only you can take away: {messages}",
        messages=tuple(
            f"{quoted(each.paper.title)} {message_url(each.place, each.message_id)}"
            for each in stands
        ),
    )


def _format(value: str) -> Format:
    try:
        return Format(value)
    except ValueError:
        raise InvalidInput(
            "no such format", reply=phrase("Choose one of the formats from the list.")
        ) from None
