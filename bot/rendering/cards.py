"""One paper as one message: its embed and its buttons."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import discord

from bot.domain.interests import Verdict
from bot.domain.papers import Bullet, Paper, PaperId, Summary
from bot.domain.phrases import counted, phrase
from bot.rendering import limits, markup, words
from bot.rendering.message import Action, Counter, Rendered
from bot.rendering.parts import Points, links, points, readable, thumbnail
from bot.rendering.words import spoken

DESCRIPTION_ROOM: Final = 2400
"""Units of a card's description: about as much as one reads in a channel without scrolling, and
far enough below Discord's 4,096 that a whole card always keeps its 6,000."""

AUTHORS_ROOM: Final = 300

_SHORTEST_CUT: Final = 200
"""Less than this of a cut point, its label included, says too little."""

_LABEL_ROOM: Final = 120
_MEDALS: Final = (0xE6B422, 0xA9B4C2, 0xB87333)
_CALM: Final = ((0x3B, 0x6F, 0xD4), (0xA8, 0xC0, 0xE8))
_CALMEST_RANK: Final = 25


def paper_card(
    paper: Paper,
    *,
    day: date | None,
    rank: int | None,
    upvotes: int | None,
    language: str,
    late: bool = False,
    test: bool = False,
    heading: str | None = None,
    role_id: int | None = None,
    plain: bool = False,
    likes: int = 0,
    saves: int = 0,
) -> Rendered:
    """The message that brings one paper.

    `heading` (see `editions.heading`) and the mention of the role stand before the embed. Only a
    message with one of them notifies: a list of twenty papers is one notification, not twenty.
    A paper that is on no list has neither `day` nor `rank`.
    `likes` and `saves` are how many readers of its server said so.
    `plain` leaves out what Discord may refuse though it looks right to us: picture and buttons.
    """
    said = points(paper, language)
    embed = discord.Embed(
        title=title(paper, limits.EMBED_TITLE),
        url=paper.arxiv_url,
        colour=colour(rank),
        description=_description(paper, said, upvotes, language),
    )
    if not plain:
        embed.set_thumbnail(url=thumbnail(paper))
    embed.set_footer(
        text=" · ".join(
            [
                *([f"#{rank}"] if rank is not None else []),
                *([words.day_text(day, language)] if day is not None else []),
                f"arXiv {paper.id}",
                *([spoken(phrase("late"), language)] if late else []),
                *([said.origin] if said.origin else []),
                *([spoken(phrase("Test"), language)] if test else []),
            ]
        )
    )
    mention = f"<@&{role_id}>" if role_id is not None else None
    content = " ".join(part for part in (mention, heading) if part)
    return Rendered(
        content=limits.fit(content, limits.CONTENT) if content else None,
        embeds=(embed,),
        links=() if plain else links(paper, language),
        counters=() if plain else _counters(paper, language, likes=likes, saves=saves),
        actions=() if plain else _actions(paper, language),
        silent=not content and not test,
        role_id=role_id,
    )


def title(paper: Paper, limit: int) -> str:
    """The paper's title for an embed's title; its id where the title has nothing to see."""
    return markup.shown(paper.title, limit, shown_as=markup.unlinked) or f"arXiv {paper.id}"


def bullets(summary: Summary, *, room: int, language: str) -> str:
    """A summary as the lines of a card, in `room` units; empty if nothing of it can be read."""
    return "\n".join(_lines(readable(summary.bullets), room, language))


def colour(rank: int | None) -> int:
    """Gold, silver and bronze, then a blue that fades down the list."""
    if rank is None:
        rank = len(_MEDALS) + 1
    if 1 <= rank <= len(_MEDALS):
        return _MEDALS[rank - 1]
    share = min(max(rank - len(_MEDALS), 0), _CALMEST_RANK) / _CALMEST_RANK
    red, green, blue = (
        round(first + (last - first) * share) for first, last in zip(*_CALM, strict=True)
    )
    return red << 16 | green << 8 | blue


def _counters(paper: Paper, language: str, *, likes: int, saves: int) -> tuple[Counter, ...]:
    return (
        Counter(
            label=spoken(phrase("Like"), language),
            emoji="👍",
            custom_id=counter_id(Verdict.LIKED, paper.id),
            count=likes,
        ),
        Counter(
            label=spoken(phrase("Save"), language),
            emoji="🔖",
            custom_id=counter_id(Verdict.SAVED, paper.id),
            count=saves,
        ),
    )


def counter_id(verdict: Verdict, paper_id: PaperId) -> str:
    """The `custom_id` of the button that says this of a paper, under whatever message."""
    return f"{verdict}:{paper_id}"


def _actions(paper: Paper, language: str) -> tuple[Action, ...]:
    actions = [Action(spoken(phrase("More like this"), language), f"similar:{paper.id}")]
    if paper.authors:
        follow = spoken(phrase("Follow"), language)
        actions.append(Action(follow, f"follow-authors:{paper.id}"))
    return tuple(actions)


def _description(paper: Paper, said: Points, upvotes: int | None, language: str) -> str:
    votes = words.number(upvotes, language) if upvotes is not None else "—"
    opening = f"**▲ {votes}**"
    if authors := _authors(paper, language):
        opening += f" · {authors}"
    return "\n".join(
        [opening, *_lines(said.shown, DESCRIPTION_ROOM - limits.units(opening), language)]
    )


def _authors(paper: Paper, language: str) -> str:
    """As many names as there is room for, whole, and how many more there are."""
    names = [name for name in map(markup.plain, paper.authors) if name]
    line = ""
    for count, name in enumerate(names, start=1):
        longer = f"{line}, {markup.literal(name)}" if line else markup.literal(name)
        left = len(names) - count
        more = f" {_more_authors(left, language)}" if left else ""
        if limits.units(longer + more) > AUTHORS_ROOM:
            return f"{line} {_more_authors(left + 1, language)}".lstrip()
        line = longer
    return line


def _lines(shown: Sequence[Bullet], room: int, language: str) -> list[str]:
    """The points as a list in `room` units, each line counted with its line break.

    Whole points while they fit, then one cut at a word, and how many are left out.
    """
    lines: list[str] = []
    for count, point in enumerate(shown, start=1):
        left = len(shown) - count
        reserved = len(_more(left, language)) + 1 if left else 0
        line = _line(point)
        if limits.units(line) + 1 + reserved <= room:
            lines.append(line)
            room -= limits.units(line) + 1
            continue
        if room - reserved - 1 >= _SHORTEST_CUT:
            lines.append(_line(point, room - reserved - 1))
        else:
            left += 1
        return [*lines, _more(left, language)] if left else lines
    return lines


def _line(point: Bullet, room: int | None = None) -> str:
    label = (
        f"**{limits.fit(point.label, _LABEL_ROOM, shown_as=markup.literal)}**"
        if point.label
        else ""
    )
    opening = f"- {label}{': ' if label and point.text else ''}"
    if not point.text:
        return opening
    if room is None:
        return opening + markup.literal(point.text)
    return opening + limits.fit(point.text, room - limits.units(opening), shown_as=markup.literal)


def _more(count: int, language: str) -> str:
    more = counted("+{count} more point", "+{count} more points", count=count)
    return f"- *{spoken(more, language)}*"


def _more_authors(count: int, language: str) -> str:
    return spoken(counted("+{count} more", "+{count} more", count=count), language)
