"""One page of an answer of the archive as one message, and the words of what turns its pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

import discord

from bot.domain.interests import Verdict
from bot.domain.lookups import (
    PAGE,
    Answer,
    Author,
    Best,
    ByAuthor,
    Candidates,
    Entry,
    ForYou,
    LikedHere,
    Named,
    OnDay,
    Period,
    Reason,
    Saved,
    Search,
    Similar,
    Snippet,
)
from bot.domain.phrases import Phrase, counted, phrase, translatable
from bot.domain.text import clean
from bot.rendering import limits, markup
from bot.rendering.message import Rendered
from bot.rendering.words import day_text, short_number, spoken

_COLOUR: Final = 0x3B6FD4

# Ten lines and what stands before them keep within a description's 4,096 units: a line is its
# title, its snippet, and 110 units of number, address, votes and day.
_TITLE_ROOM: Final = 250
_TITLE_ROOM_BESIDE_SNIPPETS: Final = 140
_SNIPPET_ROOM: Final = 130
_TITLE_ROOM_IN_REASON: Final = 100
_BECAUSE: Final = {
    (True, True): translatable("because you saved {title}"),
    (False, True): translatable("because you liked {title}"),
    (True, False): translatable("a little like {title}, which you saved"),
    (False, False): translatable("a little like {title}, which you liked"),
}
"""Of a paper that was saved, or liked, and that is close, or not very."""
_NAME_ROOM: Final = 100
_QUERY_ROOM: Final = 150
_NAMED_UNKNOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Option:
    """One line of a select: what it says, and the value that choosing it sends."""

    label: str
    value: str
    description: str | None = None


def page(answer: Answer, *, language: str) -> Rendered:
    """The papers on the page of `answer`, as people of `language` read them.

    Its embed has no address of its own: nothing in it may be taken for a post about a paper.
    """
    shows_day = not isinstance(answer.question, OnDay)
    opening = [*_narrowed(answer, language), *_unknown(answer, language)]
    if answer.entries:
        has_snippets = any(entry.snippet or entry.reason for entry in answer.entries)
        room = _TITLE_ROOM_BESIDE_SNIPPETS if has_snippets else _TITLE_ROOM
        lines = [
            _line(number, entry, room, language, shows_day=shows_day)
            for number, entry in enumerate(answer.entries, start=answer.page * PAGE + 1)
        ]
        listed = ("\n\n" if has_snippets else "\n").join(lines)
    else:
        listed = spoken(_nothing(answer), language)
    embed = discord.Embed(
        title=limits.fit(spoken(_title(answer), language), limits.EMBED_TITLE),
        description="\n".join([*opening, listed]),
        colour=_COLOUR,
    )
    if met := _coauthors(answer.coauthors, language):
        embed.add_field(name=spoken(phrase("Most often with"), language), value=met, inline=False)
    if answer.entries:
        embed.set_footer(text=_footer(answer, language))
    return Rendered(embeds=(embed,))


def candidates(found: Candidates, *, language: str) -> Rendered:
    """The authors whom a typed name may mean, to choose from."""
    lines = [
        f"- {markup.shown(author.name, _NAME_ROOM)} · {_papers(author.papers, language)}"
        for author in found.authors
    ]
    asked = phrase(
        "Who is {name}?",
        name=markup.shown(found.typed, _NAME_ROOM, shown_as=markup.unlinked) or "?",
    )
    embed = discord.Embed(
        title=limits.fit(spoken(asked, language), limits.EMBED_TITLE),
        description="\n".join(_whole(lines, limits.EMBED_DESCRIPTION)),
        colour=_COLOUR,
    )
    return Rendered(embeds=(embed,))


def paper_options(entries: Sequence[Entry], *, first: int, language: str) -> tuple[Option, ...]:
    """The papers of a page, to open one; `first` is the number of the first."""
    return tuple(
        Option(
            label=limits.fit(f"{number}. {_plain_title(entry)}", limits.OPTION),
            description=" · ".join(_facts(entry, language, shows_day=True)),
            value=str(entry.id),
        )
        for number, entry in enumerate(entries, start=first)
    )


def author_options(authors: Sequence[Author], *, language: str) -> tuple[Option, ...]:
    """Authors, to choose one."""
    return tuple(
        Option(
            label=limits.fit(markup.plain(author.name) or "?", limits.OPTION),
            description=_papers(author.papers, language),
            value=str(author.id),
        )
        for author in authors
    )


def day_options(days: Sequence[date], *, language: str) -> tuple[Option, ...]:
    """Days that have a list, to choose one."""
    return tuple(Option(label=day_text(day, language), value=day.isoformat()) for day in days)


def _title(answer: Answer) -> Phrase:
    match answer.question:
        case OnDay(day):
            return phrase("Papers of {day}", day=day)
        case ByAuthor():
            return phrase("Papers by {author}", author=_name(answer.author))
        case Search(query=query):
            shown = markup.shown(query, _QUERY_ROOM, shown_as=markup.unlinked)
            return phrase("Search: {query}", query=shown or "?")
        case Best(period, until):
            return _best(period, until)
        case LikedHere(period, until):
            return _liked(period, until)
        case Saved(words=""):
            return phrase("Saved by you")
        case Saved(words=words):
            shown = markup.shown(words, _QUERY_ROOM, shown_as=markup.unlinked)
            return phrase("Saved by you: {query}", query=shown or "?")
        case Named():
            return phrase("Papers in this message")
        case Similar(paper):
            shown = markup.shown(answer.title or "", _QUERY_ROOM, shown_as=markup.unlinked)
            return phrase("Like {title}", title=shown or str(paper))
        case ForYou(archive=True):
            return phrase("For you, from the archive")
        case ForYou():
            return phrase("For you, from the last days")


def _best(period: Period, until: date) -> Phrase:
    match period:
        case Period.DAY:
            return phrase("Best of {day}", day=until)
        case Period.WEEK:
            return phrase("Best of the week until {day}", day=until)
        case Period.MONTH:
            return phrase("Best of the month until {day}", day=until)
        case Period.YEAR:
            return phrase("Best of the year until {day}", day=until)
        case Period.ALL:
            return phrase("Best of all time")


def _liked(period: Period, until: date) -> Phrase:
    match period:
        case Period.DAY:
            return phrase("Liked here on {day}", day=until)
        case Period.WEEK:
            return phrase("Liked here in the week until {day}", day=until)
        case Period.MONTH:
            return phrase("Liked here in the month until {day}", day=until)
        case Period.YEAR:
            return phrase("Liked here in the year until {day}", day=until)
        case Period.ALL:
            return phrase("Liked here")


def _nothing(answer: Answer) -> Phrase:
    """Why a page is empty, and what to try."""
    match answer.question:
        case Search(author_id=None, since=None, until=None, min_votes=None):
            return phrase(
                "Nothing found. Try fewer or shorter words; `-word` excludes, and quotes keep "
                "words together."
            )
        case Search():
            return phrase("Nothing found. Try fewer words, or leave out an option.")
        case Best():
            return phrase("No list of that time has papers. Try a longer period.")
        case Saved(words="", unread=False):
            return phrase("You have saved nothing yet. 🔖 or **Save** under a card does it.")
        case Saved():
            return phrase("Nothing that you saved is like that. Leave out an option to see more.")
        case LikedHere():
            return phrase(
                "Nobody here has liked or saved a paper in that time. 👍 and 🔖 under a card do it."
            )
        case Named():
            return phrase("A paper can be looked up here once it was on a list.")
        case Similar():
            return phrase("I hold no paper that is like this one.")
        case ForYou():
            return phrase(
                "Nothing yet. Like or save papers that you care about, with 👍 or 🔖 under a card: "
                "fewer than ten are enough. `from: archive` looks further back."
            )
        case _:
            return phrase("I hold no papers here any more. Try `/papers search`.")


def _narrowed(answer: Answer, language: str) -> list[str]:
    """What a search was narrowed to, on one line."""
    asked = answer.question
    if not isinstance(asked, Search):
        return []
    parts = []
    if asked.author_id is not None:
        parts.append(phrase("by {author}", author=_name(answer.author)))
    if asked.since is not None:
        parts.append(phrase("since {day}", day=asked.since))
    if asked.until is not None:
        parts.append(phrase("until {day}", day=asked.until))
    if asked.min_votes is not None:
        parts.append(phrase("▲ {count} and more", count=asked.min_votes))
    line = " · ".join(spoken(part, language) for part in parts)
    return [f"*{line}*"] if line else []


def _unknown(answer: Answer, language: str) -> list[str]:
    """Which of the papers that somebody named are on no list that we know."""
    if not isinstance(answer.question, Named):
        return []
    known = {entry.id for entry in answer.entries}
    unknown = [paper_id for paper_id in answer.question.papers if paper_id not in known]
    if answer.pages > 1 or len(unknown) > _NAMED_UNKNOWN:
        missing = len(answer.question.papers) - answer.total
        said = counted(
            "I have not seen {count} of them in any list.",
            "I have not seen {count} of them in any list.",
            count=missing,
        )
        return [spoken(said, language)] if missing > 0 else []
    if not unknown:
        return []
    said = phrase(
        "I have not seen {papers} in any list.",
        papers=tuple(f"`{paper_id}`" for paper_id in unknown),
    )
    return [spoken(said, language)]


def _line(number: int, entry: Entry, room: int, language: str, *, shows_day: bool) -> str:
    title = limits.fit(_plain_title(entry), room, shown_as=markup.link_text)
    # Each fact stays on one line: a "▲" at the end of one says nothing.
    facts = [fact.replace(" ", "\u00a0") for fact in _facts(entry, language, shows_day=shows_day)]
    line = " · ".join([f"**{number}.** [{title}]({entry.id.arxiv_url})", *facts])
    if entry.snippet is not None and (marked := _marked(entry.snippet)):
        line += f"\n> {marked}"
    if entry.reason is not None and (why := _why(entry.reason, language)):
        line += f"\n> {why}"
    return line


def _why(reason: Reason, language: str) -> str:
    """Why a paper fits, on one line."""
    here = counted(
        "{count} other here liked it", "{count} others here liked it", count=reason.liked_here
    )
    others = spoken(here, language) if reason.liked_here else ""
    if reason.title is None:
        return others or spoken(phrase("fits your taste"), language)
    room = _TITLE_ROOM_IN_REASON - limits.units(others)
    title = markup.shown(reason.title, room, shown_as=markup.unlinked) or "?"
    because = _BECAUSE[reason.said is Verdict.SAVED, reason.is_close]
    said = spoken(phrase(because, title=f"*{title}*"), language)
    return " · ".join(filter(None, (said, others)))


def _plain_title(entry: Entry) -> str:
    return markup.plain(entry.title) or f"arXiv {entry.id}"


def _facts(entry: Entry, language: str, *, shows_day: bool) -> list[str]:
    votes = short_number(entry.upvotes, language) if entry.upvotes is not None else "—"
    facts = [f"▲ {votes}"]
    if (said := entry.said_here) is not None:
        facts = [f"👍 {said.likes}", f"🔖 {said.saves}", *facts]
    if entry.is_read:
        facts.insert(0, "✓")
    if shows_day and entry.day is not None:
        facts.append(day_text(entry.day, language))
    return facts


def _marked(snippet: Snippet) -> str:
    """The snippet as Markdown on one line, its matches in bold; a visible ellipsis marks a cut."""
    shown = ""
    for is_match, pieces in groupby(snippet.pieces, key=lambda piece: piece[1]):
        text = _one_line("".join(text for text, _ in pieces))
        core = text.strip()
        if not core:
            shown += text
            continue
        mark = "**" if is_match else ""
        before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        room = _SNIPPET_ROOM - limits.units(shown + before + mark + mark)
        if room < 1:
            return shown.rstrip() + limits.ELLIPSIS
        fitted = limits.fit(core, room, shown_as=markup.unlinked)
        shown += f"{before}{mark}{fitted}{mark}"
        if fitted != markup.unlinked(core):
            return shown
        shown += after
    return shown.strip()


def _one_line(text: str) -> str:
    """`text` clean, with the space that separates it from its neighbours."""
    if not (cleaned := clean(text)):
        return " " if text else ""
    before = " " if text[0].isspace() else ""
    after = " " if text[-1].isspace() else ""
    return f"{before}{cleaned}{after}"


def _coauthors(authors: Sequence[Author], language: str) -> str:
    names = [
        f"{markup.shown(author.name, _NAME_ROOM)} ({short_number(author.papers, language)})"
        for author in authors
    ]
    return " · ".join(_whole(names, limits.FIELD_VALUE, between=len(" · ")))


def _whole(texts: Sequence[str], room: int, *, between: int = 1) -> list[str]:
    """As many whole texts as there is room for, with so many units between two."""
    fitting = []
    for text in texts:
        room -= limits.units(text) + between
        if room < 0:
            break
        fitting.append(text)
    return fitting


def _footer(answer: Answer, language: str) -> str:
    if answer.is_capped:
        total = phrase("more than {count} papers", count=answer.total)
    else:
        total = counted("{count} paper", "{count} papers", count=answer.total)
    parts = [total]
    if answer.pages > 1:
        turned = phrase("Page {page} of {pages}", page=answer.page + 1, pages=answer.pages)
        parts.insert(0, turned)
    if answer.searched_since is not None:
        parts.append(phrase("searched the lists since {day}", day=answer.searched_since))
    return " · ".join(spoken(part, language) for part in parts)


def _papers(count: int, language: str) -> str:
    return spoken(counted("{count} paper", "{count} papers", count=count), language)


def _name(author: Author | None) -> str:
    if author is None:
        return "?"
    return markup.shown(author.name, _NAME_ROOM, shown_as=markup.unlinked) or "?"
