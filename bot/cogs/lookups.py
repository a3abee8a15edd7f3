"""`/papers …`, `/about` and **Find papers**: the face of `services.finding`."""

import logging
from collections.abc import Awaitable, Iterable, Sequence
from importlib.metadata import metadata
from typing import Any, Final, TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot import __version__
from bot.answering import language_of, think
from bot.cogs.cooldown import Cooldown
from bot.cogs.pages import PagesCog, fill
from bot.cogs.pressed import asker_of
from bot.cogs.saved import EXPORTS, send_export
from bot.domain.lookups import Candidates, ForYou, NoList, Period, Similar
from bot.domain.phrases import counted, phrase, translatable
from bot.permissions import invitation
from bot.rendering import limits, markup
from bot.rendering.about import about_card
from bot.rendering.citations import Format
from bot.rendering.message import Link, Rendered
from bot.rendering.reasons import reasons
from bot.rendering.words import day_text, spoken
from bot.services.finding import Finding
from bot.services.saving import Saving

log = logging.getLogger(__name__)

Interaction: TypeAlias = discord.Interaction[Any]
Choices: TypeAlias = list[app_commands.Choice[str]]
Text = app_commands.Range[str, 1, 200]
Votes = app_commands.Range[int, 0, 1_000_000]

FIND_PAPERS: Final = translatable("Find papers")
MORE_LIKE_THIS: Final = translatable("More like this")

_EVERYWHERE: Final = app_commands.AppCommandContext(guild=True, dm_channel=True)
_SHARE: Final = translatable("Show the answer to everybody here")
_DATE: Final = translatable("Such as 2024-06-04, 4 June, yesterday or last friday")
_PERIODS: Final = (
    app_commands.Choice(name=translatable("Day"), value=Period.DAY.value),
    app_commands.Choice(name=translatable("Week"), value=Period.WEEK.value),
    app_commands.Choice(name=translatable("Month"), value=Period.MONTH.value),
    app_commands.Choice(name=translatable("Year"), value=Period.YEAR.value),
    app_commands.Choice(name=translatable("All"), value=Period.ALL.value),
)


_VOTES: Final = "votes"
_BY: Final = (
    app_commands.Choice(name=translatable("Votes"), value=_VOTES),
    app_commands.Choice(name=translatable("What was liked here"), value="here"),
)
_DAYS: Final = "days"
_FROM: Final = (
    app_commands.Choice(name=translatable("Last days"), value=_DAYS),
    app_commands.Choice(name=translatable("Archive"), value="archive"),
)


class LookupCog(commands.Cog):
    """Everybody may ask; the answer is theirs alone unless they share it."""

    papers = app_commands.Group(
        name="papers",
        description=translatable("Look up the papers of past days"),
        allowed_contexts=_EVERYWHERE,
    )

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        finding: Finding,
        pages: PagesCog,
        saving: Saving,
        *,
        cooldown: Cooldown,
    ) -> None:
        self._bot = bot
        self._saving = saving
        self._finding = finding
        self._pages = pages
        self._cooldown = cooldown
        self._links = project_links(metadata("daily-papers").get_all("Project-URL") or [])
        self._menus = [
            app_commands.ContextMenu(name=name, callback=callback, allowed_contexts=_EVERYWHERE)
            for name, callback in (
                (FIND_PAPERS, self.find_papers),
                (MORE_LIKE_THIS, self.more_like_this),
            )
        ]
        for menu in self._menus:
            menu.add_check(self.interaction_check)

    async def cog_load(self) -> None:
        for menu in self._menus:
            self._bot.tree.add_command(menu)

    async def cog_unload(self) -> None:
        for menu in self._menus:
            self._bot.tree.remove_command(menu.name, type=menu.type)

    async def interaction_check(self, interaction: Interaction) -> bool:
        self._cooldown.spend(interaction)
        return True

    @papers.command(description=translatable("The list of a past day"))
    @app_commands.describe(date=_DATE, share=_SHARE)
    async def day(
        self, interaction: Interaction, date: Text | None = None, share: bool = False
    ) -> None:
        await think(interaction, share=share)
        try:
            question = await self._finding.on_day(date, language=language_of(interaction))
        except NoList as none:
            if not none.nearest:
                raise
            await self._pages.show_nearest(interaction, none)
        else:
            await self._pages.show(interaction, question)

    @papers.command(description=translatable("The papers of an author"))
    @app_commands.describe(
        name=translatable("Any part of the name, in any order; accents don't matter"), share=_SHARE
    )
    async def author(self, interaction: Interaction, name: Text, share: bool = False) -> None:
        await think(interaction, share=share)
        found = await self._finding.by_author(name)
        if isinstance(found, Candidates):
            await self._pages.show_candidates(interaction, found)
        else:
            await self._pages.show(interaction, found)

    @papers.command(description=translatable("Search titles, summaries and abstracts"))
    @app_commands.describe(
        query=translatable('Words to find; "quotes" keep words together, -word excludes'),
        author=translatable("Only papers of this author"),
        since=translatable("Only lists since this day"),
        until=translatable("Only lists until this day"),
        min_votes=translatable("Only papers with so many votes"),
        share=_SHARE,
    )
    async def search(
        self,
        interaction: Interaction,
        query: Text,
        author: Text | None = None,
        since: Text | None = None,
        until: Text | None = None,
        min_votes: Votes | None = None,
        share: bool = False,
    ) -> None:
        await think(interaction, share=share)
        question = await self._finding.search(
            query,
            author=author,
            since=since,
            until=until,
            min_votes=min_votes,
            language=language_of(interaction),
        )
        await self._pages.show(interaction, question)

    @papers.command(name="show", description=translatable("Everything about one paper"))
    @app_commands.describe(
        paper=translatable("An arXiv id, a link, or words of its title"), share=_SHARE
    )
    async def show(self, interaction: Interaction, paper: Text, share: bool = False) -> None:
        await think(interaction, share=share)
        await self._pages.show_paper(interaction, await self._finding.paper(paper))

    @papers.command(
        description=translatable(
            "The papers with the most votes of a day, week, month, year, or of all"
        )
    )
    @app_commands.describe(
        period=translatable("How far back; a week if left out"),
        by=translatable("By votes, or by what readers here liked"),
        share=_SHARE,
    )
    @app_commands.choices(period=list(_PERIODS), by=list(_BY))
    async def top(
        self,
        interaction: Interaction,
        period: str = Period.WEEK.value,
        by: str = _VOTES,
        share: bool = False,
    ) -> None:
        await think(interaction, share=share)
        if by == _VOTES:
            await self._pages.show(interaction, await self._finding.best(Period(period)))
        else:
            await self._pages.show(interaction, self._finding.liked_here(Period(period)))

    @papers.command(description=translatable("What you saved: to read, mark, take away or export"))
    @app_commands.describe(
        words=translatable("Only what says this, read as a search is"),
        unread=translatable("Only what you have not read"),
        export=translatable("As a file, to be read elsewhere"),
    )
    @app_commands.choices(export=list(EXPORTS))
    async def saved(
        self,
        interaction: Interaction,
        words: Text | None = None,
        unread: bool = False,
        export: str | None = None,
    ) -> None:
        await think(interaction, share=False)
        question = self._saving.question(words or "", unread=unread)
        if export is None:
            await self._pages.show(interaction, question)
        else:
            await send_export(interaction, self._saving, question, Format(export))

    @papers.command(description=translatable("Why a paper was posted here, or was not"))
    @app_commands.describe(paper=translatable("An arXiv id, a link, or words of its title"))
    async def why(self, interaction: Interaction, paper: Text) -> None:
        await think(interaction, share=False)
        place = asker_of(interaction).place
        found, known, why = await self._finding.why(await self._finding.paper(paper), place)
        said = reasons(found, known, why, place=place, language=language_of(interaction))
        await fill(interaction, Rendered(content=said))

    @papers.command(
        name="foryou", description=translatable("Papers that fit what you liked and saved")
    )
    @app_commands.rename(from_="from")
    @app_commands.describe(from_=translatable("The last days, or the whole archive"))
    @app_commands.choices(from_=list(_FROM))
    async def for_you(self, interaction: Interaction, from_: str = _DAYS) -> None:
        await think(interaction, share=False)
        await self._pages.show(interaction, ForYou(archive=from_ != _DAYS))

    @app_commands.command(description=translatable("What I am, what I hold, and what I keep"))
    @app_commands.describe(share=_SHARE)
    @app_commands.allowed_contexts(guilds=True, dms=True)
    async def about(self, interaction: Interaction, share: bool = False) -> None:
        await think(interaction, share=share)
        language = language_of(interaction)
        invite = Link(
            spoken(phrase("Add me to a server"), language), invitation(interaction.application_id)
        )
        card = about_card(
            await self._finding.about(),
            version=__version__,
            links=[invite, *self._links],
            language=language,
        )
        await fill(interaction, card, card.view())

    async def find_papers(self, interaction: Interaction, message: discord.Message) -> None:
        """The papers that a message links to or names."""
        await think(interaction, share=False)
        await self._pages.show(interaction, self._finding.named("\n".join(_texts(message))))

    async def more_like_this(self, interaction: Interaction, message: discord.Message) -> None:
        """Papers like the first that a message links to or names."""
        await think(interaction, share=False)
        named = self._finding.named("\n".join(_texts(message)))
        await self._pages.show(interaction, Similar(named.papers[0]))

    # --- what is offered while one types ---

    @day.autocomplete("date")
    @search.autocomplete("since")
    @search.autocomplete("until")
    async def _days(self, interaction: Interaction, current: str) -> Choices:
        return await _offered(interaction, self._days_like(current, language_of(interaction)))

    async def _days_like(self, typed: str, language: str) -> Choices:
        return [
            _choice(
                f"{day_text(offered.day, language)} · {_papers(offered.papers, language)}",
                offered.day.isoformat(),
            )
            for offered in await self._finding.days(typed, language=language)
        ]

    @author.autocomplete("name")
    @search.autocomplete("author")
    async def _authors(self, interaction: Interaction, current: str) -> Choices:
        return await _offered(interaction, self._authors_like(current, language_of(interaction)))

    async def _authors_like(self, typed: str, language: str) -> Choices:
        return [
            _choice(
                _with_end(markup.plain(author.name), f" · {_papers(author.papers, language)}"),
                f"#{author.id}",
            )
            for author in await self._finding.authors(typed)
        ]

    @show.autocomplete("paper")
    @why.autocomplete("paper")
    async def _titles(self, interaction: Interaction, current: str) -> Choices:
        return await _offered(interaction, self._titles_like(current))

    async def _titles_like(self, typed: str) -> Choices:
        return [
            _choice(markup.plain(entry.title) or str(entry.id), str(entry.id))
            for entry in await self._finding.titles(typed)
        ]


def project_links(named: Sequence[str]) -> tuple[Link, ...]:
    """The project's own pages, as the package's metadata names them: "Repository, https://…"."""
    pairs = [one.partition(", ")[::2] for one in named]
    return tuple(Link(label, url) for label, url in pairs if limits.is_web_url(url))


async def _offered(interaction: Interaction, choices: Awaitable[Choices]) -> Choices:
    """`choices`, or none if they cannot be had: one goes on typing without them."""
    try:
        return (await choices)[: limits.CHOICES]
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop who types
        name = interaction.command.qualified_name if interaction.command is not None else "?"
        log.warning("autocomplete of %s failed: %s", name, str(error) or type(error).__name__)
        return []


def _choice(name: str, value: str) -> app_commands.Choice[str]:
    return app_commands.Choice(name=limits.fit(name, limits.CHOICE), value=value)


def _with_end(text: str, end: str) -> str:
    """`text` cut so that `end`, which is not cut, still finds room in a choice."""
    return limits.fit(text or "?", limits.CHOICE - limits.units(end)) + end


def _papers(count: int, language: str) -> str:
    return spoken(counted("{count} paper", "{count} papers", count=count), language)


def _texts(message: discord.Message) -> Iterable[str]:
    """All that a message says: its text, its embeds and links, and those of what it forwards."""
    forwarded: Sequence[discord.Message | discord.MessageSnapshot] = message.message_snapshots
    for said in (message, *forwarded):
        yield said.content
        for embed in said.embeds:
            yield from filter(None, [embed.url, embed.title, embed.description])
            yield from (f"{field.name}\n{field.value}" for field in embed.fields)
        for row in said.components:
            if isinstance(row, discord.ActionRow):
                yield from (
                    button.url
                    for button in row.children
                    if isinstance(button, discord.Button) and button.url is not None
                )
