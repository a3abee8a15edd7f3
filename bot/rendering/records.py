"""Everything the archive holds about one paper, as one message."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import discord

from bot.domain.abstracts import best_summary
from bot.domain.lookups import Appearance, Entry, PaperRecord, VotesSeen
from bot.domain.papers import ORIGINS_BEST_FIRST, Paper, Summary
from bot.domain.phrases import counted, phrase
from bot.rendering import cards, limits, markup
from bot.rendering.message import Rendered, embed_units
from bot.rendering.words import (
    day_text,
    language_name,
    names_text,
    short_day_text,
    short_number,
    spoken,
)

_SIMILAR_TITLE_ROOM: Final = 120
_LANGUAGE_ROOM: Final = 60
_NAMES_ROOM: Final = 600
"""Units of the names of the languages that find no room."""

_SEEN_SHOWN: Final = 4
_LEAST_FOR_A_LANGUAGE: Final = 300
"""Units without which another language's bullets are only named."""


def record_card(record: PaperRecord, *, language: str) -> Rendered:
    """The paper's card, its lists and votes, similar papers, and its bullets in other languages.

    The first embed is the card that a channel gets. Languages for which there is no room are
    named.
    """
    paper = record.paper
    newest = record.appearances[0] if record.appearances else None
    card = cards.paper_card(
        paper,
        day=newest.day if newest is not None else None,
        rank=newest.rank if newest is not None else None,
        upvotes=newest.upvotes if newest is not None else None,
        language=language,
    )
    [embed] = card.embeds
    if record.appearances:
        embed.add_field(
            name=spoken(phrase("On the lists"), language),
            value=_lists(record.appearances, language),
            inline=False,
        )
    if record.similar:
        embed.add_field(
            name=spoken(phrase("Similar papers"), language),
            value=_similar(record.similar),
            inline=False,
        )
    return replace(card, embeds=(embed, *_other_languages(paper, embed, language)), silent=False)


def _lists(appearances: Sequence[Appearance], language: str) -> str:
    """A line for each list, newest first; how many more there are where room ends."""
    lines = [_list(appearance, language) for appearance in appearances]
    for shown in range(len(lines), 0, -1):
        left = len(lines) - shown
        more = [spoken(counted("+{count} more", "+{count} more", count=left), language)]
        text = "\n".join(lines[:shown] + (more if left else []))
        if limits.units(text) <= limits.FIELD_VALUE:
            return text
    raise AssertionError("one line always fits")  # pragma: no cover


def _list(appearance: Appearance, language: str) -> str:
    votes = short_number(appearance.upvotes, language) if appearance.upvotes is not None else "—"
    line = f"{day_text(appearance.day, language)} · #{appearance.rank} · ▲ {votes}"
    if len(appearance.seen) < 2:
        return line
    return f"{line} ({_over_time(appearance.seen, language)})"


def _over_time(seen: Sequence[VotesSeen], language: str) -> str:
    """The votes at the ends of some days: the first, the last, and those evenly between."""
    last = len(seen) - 1
    chosen = sorted({round(at * last / (_SEEN_SHOWN - 1)) for at in range(_SEEN_SHOWN)})
    return " → ".join(
        f"{short_day_text(seen[at].on, language)} {short_number(seen[at].upvotes, language)}"
        for at in chosen
    )


def _similar(entries: Sequence[Entry]) -> str:
    lines: list[str] = []
    for entry in entries:
        title = limits.fit(
            markup.plain(entry.title) or f"arXiv {entry.id}",
            _SIMILAR_TITLE_ROOM,
            shown_as=markup.link_text,
        )
        line = f"- [{title}]({entry.id.arxiv_url})"
        if limits.units("\n".join([*lines, line])) > limits.FIELD_VALUE:
            break
        lines.append(line)
    return "\n".join(lines)


def _other_languages(paper: Paper, card: discord.Embed, language: str) -> list[discord.Embed]:
    """An embed for each further language; those that find no room are named on the card."""
    summaries = _further(paper, language)
    room = limits.EMBED_CHARACTERS - embed_units(card) - _NAMES_ROOM
    shown = summaries[: min(room // _LEAST_FOR_A_LANGUAGE, limits.EMBEDS - 1)]
    embeds: list[discord.Embed] = []
    for left, summary in zip(range(len(shown), 0, -1), shown, strict=True):
        share = min(room // left, cards.DESCRIPTION_ROOM)
        title = limits.fit(_named(summary.language, language), _LANGUAGE_ROOM)
        embed = discord.Embed(
            title=title,
            description=cards.bullets(summary, room=share - limits.units(title), language=language),
            colour=card.colour,
        )
        room -= embed_units(embed)
        embeds.append(embed)
    if unshown := summaries[len(shown) :]:
        names = _enumerated([_named(summary.language, language) for summary in unshown], language)
        card.add_field(name=spoken(phrase("Also held in"), language), value=names, inline=False)
    return embeds


def _further(paper: Paper, language: str) -> list[Summary]:
    """For each language but the card's, its most carefully written summary, in their order."""
    on_card = best_summary(paper, language)
    best: dict[str, Summary] = {}
    for summary in sorted(paper.summaries, key=lambda one: ORIGINS_BEST_FIRST.index(one.origin)):
        if on_card is not None and summary.language != on_card.language:
            best.setdefault(summary.language, summary)
    in_order = dict.fromkeys(summary.language for summary in paper.summaries)
    return [best[tag] for tag in in_order if tag in best and _says_something(best[tag], language)]


def _says_something(summary: Summary, language: str) -> bool:
    return bool(cards.bullets(summary, room=cards.DESCRIPTION_ROOM, language=language))


def _named(tag: str, language: str) -> str:
    name = markup.plain(language_name(tag, in_language=language))
    name = name or language_name("und", in_language=language)
    return limits.fit(name, _LANGUAGE_ROOM, shown_as=markup.unlinked)


def _enumerated(names: Sequence[str], language: str) -> str:
    """As many of `names` as a field holds."""
    for shown in range(len(names), 0, -1):
        text = names_text(names[:shown], language)
        if limits.units(text) <= _NAMES_ROOM:
            return text
    return limits.ELLIPSIS
