"""Lists with pages: the buttons that turn them, the selects under them, and what these answer.

Everything that a press needs is in the `custom_id` of what was pressed, or in the store under the
token there: a press after a restart is answered like any other.
"""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Self, TypeAlias

import discord
from discord.ext import commands

from bot.answering import language_of, say, think
from bot.cogs.cooldown import Cooldown
from bot.cogs.follows import FollowAuthor
from bot.cogs.pressed import (
    Interaction,
    PressedCog,
    answered,
    asker_of,
    button,
    is_known,
    is_of,
)
from bot.domain.errors import BotError, InvalidInput
from bot.domain.lookups import (
    PAGE,
    Answer,
    ByAuthor,
    Candidates,
    NoList,
    OnDay,
    Question,
    QuestionExpired,
    Similar,
)
from bot.domain.papers import PaperId
from bot.domain.phrases import Phrase, phrase
from bot.domain.text import quoted
from bot.rendering import answers, limits
from bot.rendering.message import Rendered
from bot.rendering.records import record_card
from bot.rendering.words import spoken
from bot.services.finding import Finding
from bot.services.measures import Measures

log = logging.getLogger(__name__)

_LANGUAGE: Final = r"(?P<language>[A-Za-z0-9-]{2,12})"
PLACE: Final = rf"(?P<token>[\w-]{{1,16}}):(?P<page>\d{{1,4}}):{_LANGUAGE}"
_JUMP_TO: Final = re.compile(f"jump-to:{PLACE}", re.ASCII)
_LONGEST_PAGE: Final = 4

PAGE_TYPED: Final = "page"
"""The `custom_id` of the text in which one types a page's number."""


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the answer whose question is kept under `token`, in the asker's `language`."""

    token: str
    page: int
    language: str

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        return cls(match["token"], int(match["page"]), match["language"])

    def custom_id(self, kind: str) -> str:
        return f"{kind}:{self.token}:{self.page}:{self.language}"


Below: TypeAlias = Callable[[Answer, str, str], Sequence[discord.ui.DynamicItem[Any]]]
"""The controls below a page, of an answer whose question is kept under a token, in a language."""


class TurnPages(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=re.compile(f"(?P<kind>back|on|jump):{PLACE}", re.ASCII),
):
    """Back or on to the page that is named in it; or says which page this is, and asks for
    another one."""

    def __init__(self, button: discord.ui.Button[Any], kind: str, place: Place) -> None:
        super().__init__(button, row=1)
        self._kind = kind
        self._place = place

    @classmethod
    def of(cls, kind: str, place: Place, label: str, *, leads_nowhere: bool = False) -> Self:
        """A new one."""
        button = discord.ui.Button[Any](
            label=label, custom_id=place.custom_id(kind), disabled=leads_nowhere
        )
        return cls(button, kind, place)

    @classmethod
    async def from_custom_id(
        cls, _: Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(button(item), match["kind"], Place.of(match))

    async def callback(self, interaction: Interaction) -> None:
        pages = _pages(interaction)
        if self._kind == "jump":
            await pages.ask_for_page(interaction, self._place, self.item.label or "")
        else:
            await pages.turn(interaction, self._place)


class OpenPaper(discord.ui.DynamicItem[discord.ui.Select[Any]], template=re.compile(r"open-paper")):
    """The papers of a page: choosing one opens its card for who chose it, and nobody else."""

    def __init__(self, select: discord.ui.Select[Any]) -> None:
        super().__init__(select, row=0)

    @classmethod
    async def from_custom_id(
        cls, _: Interaction, item: discord.ui.Item[Any], _match: re.Match[str], /
    ) -> Self:
        return cls(_select(item))

    async def callback(self, interaction: Interaction) -> None:
        await _pages(interaction).open_paper(interaction, self.item.values[0])


class Choose(
    discord.ui.DynamicItem[discord.ui.Select[Any]],
    template=re.compile(f"choose-(?P<kind>author|day):{_LANGUAGE}", re.ASCII),
):
    """The authors whom a name may mean, or the days around one without a list: choosing one
    turns the message into their papers."""

    def __init__(self, select: discord.ui.Select[Any], kind: str, language: str) -> None:
        super().__init__(select, row=0)
        self._kind = kind
        self._language = language

    @classmethod
    async def from_custom_id(
        cls, _: Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(_select(item), match["kind"], match["language"])

    async def callback(self, interaction: Interaction) -> None:
        await _pages(interaction).choose(
            interaction, self._kind, self.item.values[0], language=self._language
        )


class MoreLikeThis(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=re.compile(r"similar:(?P<paper>[\w./-]{1,40})", re.ASCII),
):
    """Shows who pressed it papers like the one that is named in it."""

    def __init__(self, button: discord.ui.Button[Any], paper: str) -> None:
        super().__init__(button)
        self._paper = paper

    @classmethod
    async def from_custom_id(
        cls, _: Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(button(item), match["paper"])

    async def callback(self, interaction: Interaction) -> None:
        await _pages(interaction).more_like(interaction, self._paper)


_CHOOSE_AUTHOR: Final = phrase("Choose an author")
_CHOOSE_DAY: Final = phrase("Choose a day nearby")
_OPEN: Final = phrase("Open a paper, for you alone")
_OUTDATED: Final = phrase("That is from an older version of me. Ask again with `/papers`.")


class PagesCog(PressedCog):
    """Shows answers, and answers whoever presses what stands under them."""

    items = (TurnPages, OpenPaper, Choose, MoreLikeThis)

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        finding: Finding,
        *,
        cooldown: Cooldown,
        measures: Measures,
    ) -> None:
        super().__init__(bot, cooldown=cooldown, measures=measures)
        self.finding = finding
        self._below: dict[type[Question], Below] = {}

    def add_below(self, kind: type[Question], below: "Below") -> None:
        """Let answers to questions of a kind have more controls below their pages."""
        self._below[kind] = below

    # --- answers to commands, which have been deferred ---

    async def show(self, interaction: Interaction, question: Question) -> None:
        """The first page of the answer to `question`."""
        await self._show(interaction, question, language=language_of(interaction))

    async def show_candidates(self, interaction: Interaction, found: Candidates) -> None:
        """Several authors, to choose one."""
        language = language_of(interaction)
        options = answers.author_options(found.authors[: limits.CHOICES], language=language)
        view = _to_choose("author", options, _CHOOSE_AUTHOR, language)
        await fill(interaction, answers.candidates(found, language=language), view)

    async def show_nearest(self, interaction: Interaction, none: NoList) -> None:
        """Why a day has no list, with the days around it to choose from."""
        language = language_of(interaction)
        options = answers.day_options(none.nearest, language=language)
        view = _to_choose("day", options, _CHOOSE_DAY, language)
        await fill(interaction, Rendered(content=spoken(none.reply, language)), view)

    async def show_paper(self, interaction: Interaction, paper_id: PaperId) -> None:
        """All that is known about a paper."""
        record = await self.finding.record(paper_id)
        card = record_card(record, language=language_of(interaction))
        await fill(interaction, card, card.view())

    # --- what is pressed ---

    @answered("turn page")
    async def turn(self, interaction: Interaction, place: Place) -> None:
        await self._turn(interaction, place)

    @answered("ask for page")
    async def ask_for_page(self, interaction: Interaction, place: Place, shown: str) -> None:
        language = language_of(interaction)
        modal = discord.ui.Modal(
            title=limits.fit(spoken(phrase("Go to a page"), language), limits.MODAL_TEXT),
            custom_id=place.custom_id("jump-to"),
        )
        number = discord.ui.TextInput[Any](
            custom_id=PAGE_TYPED, placeholder=shown, max_length=_LONGEST_PAGE
        )
        asked = limits.fit(spoken(phrase("Number of the page"), language), limits.MODAL_TEXT)
        modal.add_item(discord.ui.Label(text=asked, component=number))
        # It is answered by `on_interaction`, also after a restart: nothing waits for it.
        modal.stop()
        await interaction.response.send_modal(modal)

    @answered("jump to page")
    async def jump(self, interaction: Interaction, place: Place, typed: str) -> None:
        digits = typed.strip()
        if not digits.isdecimal():
            raise InvalidInput(
                f"no page number in {len(typed)} characters",
                reply=phrase(
                    "{typed} is not a page number. Write one such as `2`.", typed=quoted(typed)
                ),
            )
        page = max(int(digits[:_LONGEST_PAGE]) - 1, 0)
        await self._turn(interaction, replace(place, page=page))

    @answered("open paper")
    async def open_paper(self, interaction: Interaction, value: str) -> None:
        await think(interaction, share=False)
        await self.show_paper(interaction, PaperId.parse(value))

    @answered("more like this")
    async def more_like(self, interaction: Interaction, value: str) -> None:
        await think(interaction, share=False)
        await self.show(interaction, Similar(PaperId.parse(value)))

    @answered("choose")
    async def choose(
        self, interaction: Interaction, kind: str, value: str, *, language: str
    ) -> None:
        question = _CHOSEN[kind](value)
        await interaction.response.defer()
        await self._show(interaction, question, language=language)

    @answered("outdated")
    async def refuse(self, interaction: Interaction) -> None:
        """What an older version made is of no use any more: take it away, and say so."""
        if interaction.type is discord.InteractionType.component:
            await _take_away(interaction)
        await say(interaction, _OUTDATED)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """Answer what discord.py gives to nobody: our modal, and what no item of ours matches."""
        data: Any = interaction.data or {}
        custom_id = data.get("custom_id", "")
        match interaction.type:
            case discord.InteractionType.modal_submit:
                if (place := _JUMP_TO.fullmatch(custom_id)) is not None:
                    await self.jump(interaction, Place.of(place), _text_in(data))
                else:
                    await self.refuse(interaction)
            case discord.InteractionType.component if not is_known(interaction, custom_id):
                await self.refuse(interaction)

    async def _show(self, interaction: Interaction, question: Question, *, language: str) -> None:
        answer = await self.finding.answer(question, asker=asker_of(interaction), language=language)
        has_more = answer.pages > 1 or type(question) in self._below
        token = await self._kept(question) if has_more else None
        await self._fill(interaction, answer, token, language)

    async def show_page(self, interaction: Interaction, question: Question, place: Place) -> None:
        """The page of the answer to `question`, as it is now."""
        answer = await self.finding.answer(
            question, asker=asker_of(interaction), page=place.page, language=place.language
        )
        await self._fill(interaction, answer, place.token, place.language)

    async def _fill(
        self, interaction: Interaction, answer: Answer, token: str | None, language: str
    ) -> None:
        below = self._below.get(type(answer.question))
        more = below(answer, token, language) if below is not None and token is not None else ()
        await _fill_page(interaction, answer, token, language, more)

    async def _kept(self, question: Question) -> str | None:
        """The token for the page buttons; none if it cannot be kept now: a page without buttons
        is better than no page."""
        try:
            return await self.finding.keep(question)
        except BotError as error:
            log.warning("an answer has no page buttons: %s", error)
            return None

    async def _turn(self, interaction: Interaction, place: Place) -> None:
        await interaction.response.defer()
        try:
            question = await self.finding.kept(place.token)
        except QuestionExpired:
            await _take_away(interaction, TurnPages)
            raise
        await self.show_page(interaction, question, place)


class _Outdated(InvalidInput):
    """A choice that nothing of this version offers."""

    def __init__(self) -> None:
        super().__init__("a choice that was not offered", reply=_OUTDATED)


def _by_author(value: str) -> Question:
    if re.fullmatch(r"\d{1,18}", value, re.ASCII) is None:
        raise _Outdated
    return ByAuthor(int(value))


def _on_day(value: str) -> Question:
    try:
        return OnDay(date.fromisoformat(value))
    except ValueError:
        raise _Outdated from None


_CHOSEN: Final[Mapping[str, Callable[[str], Question]]] = {"author": _by_author, "day": _on_day}
"""What is asked by choosing a value of each kind."""


def _pages(interaction: Interaction) -> PagesCog:
    cog = interaction.client.get_cog(PagesCog.__cog_name__)
    assert isinstance(cog, PagesCog)  # noqa: S101 - it is what registers the items
    return cog


def _select(item: discord.ui.Item[Any]) -> discord.ui.Select[Any]:
    assert isinstance(item, discord.ui.Select)  # noqa: S101 - we gave the id to a select
    return item


async def fill(
    interaction: Interaction, message: Rendered, view: discord.ui.View | None = None
) -> None:
    """Put `message` where the interaction's deferred answer, or what was pressed, stands."""
    await interaction.edit_original_response(
        content=message.content,
        embeds=message.embeds,
        view=view,
        allowed_mentions=discord.AllowedMentions.none(),
    )


async def _fill_page(
    interaction: Interaction,
    answer: Answer,
    token: str | None,
    language: str,
    more: Sequence[discord.ui.DynamicItem[Any]],
) -> None:
    view = discord.ui.View(timeout=None)
    if answer.entries:
        options = answers.paper_options(
            answer.entries, first=answer.page * PAGE + 1, language=language
        )
        view.add_item(OpenPaper(_select_of(options, "open-paper", spoken(_OPEN, language))))
    if token is not None and answer.pages > 1:
        here = Place(token, answer.page, language)
        back = replace(here, page=max(here.page - 1, 0))
        on = replace(here, page=here.page + 1)
        is_first, is_last = answer.page == 0, answer.page + 1 >= answer.pages
        for button in (
            TurnPages.of("back", back, spoken(phrase("Back"), language), leads_nowhere=is_first),
            TurnPages.of("jump", here, f"{answer.page + 1}/{answer.pages}"),
            TurnPages.of("on", on, spoken(phrase("Next"), language), leads_nowhere=is_last),
        ):
            view.add_item(button)
    if isinstance(answer.question, ByAuthor):
        view.add_item(FollowAuthor.of(answer.question.author_id, language))
    for item in more:
        view.add_item(item)
    shown = answers.page(answer, language=language)
    await fill(interaction, shown, view if view.children else None)


def _to_choose(
    kind: str, options: Sequence[answers.Option], placeholder: Phrase, language: str
) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    select = _select_of(options, f"choose-{kind}:{language}", spoken(placeholder, language))
    view.add_item(Choose(select, kind, language))
    return view


def _select_of(
    options: Sequence[answers.Option], custom_id: str, placeholder: str
) -> discord.ui.Select[Any]:
    return discord.ui.Select(
        custom_id=custom_id,
        placeholder=limits.fit(placeholder, limits.PLACEHOLDER),
        options=[
            discord.SelectOption(label=one.label, description=one.description, value=one.value)
            for one in options
        ],
    )


async def _take_away(interaction: Interaction, *kinds: type[discord.ui.DynamicItem[Any]]) -> None:
    """Take from the message the items of these kinds, and those that are of no kind we know."""
    assert interaction.message is not None  # noqa: S101 - what was pressed stands in one
    view = discord.ui.View.from_message(interaction.message, timeout=None)
    for item in view.walk_children():
        custom_id = getattr(item, "custom_id", None)
        if custom_id is not None and (
            is_of(custom_id, kinds) or not is_known(interaction, custom_id)
        ):
            view.remove_item(item)
    view.stop()  # its items are known by their ids: discord.py need not remember them
    left = view if view.children else None
    if interaction.response.is_done():
        await interaction.edit_original_response(view=left)
    else:
        await interaction.response.edit_message(view=left)


def _text_in(data: Any) -> str:
    """The one text in what a modal sends, however deep it stands."""
    if isinstance(data, dict):
        if isinstance(value := data.get("value"), str):
            return value
        return next(filter(None, map(_text_in, data.values())), "")
    return next(filter(None, map(_text_in, data)), "") if isinstance(data, list) else ""
