"""What stands around the cards of a delivery: the line before, the links after, a quiet day."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Final, TypeAlias

import discord

from bot.domain.deliveries import LINKS_PER_CLOSING, EditionItem, Quiet, QuietReason
from bot.domain.follows import Follow
from bot.domain.papers import Paper, PaperId
from bot.domain.phrases import Phrase, counted, phrase
from bot.rendering import limits, markup, words
from bot.rendering.catalogues import languages
from bot.rendering.message import Rendered, embed_units
from bot.rendering.words import spoken

Listed: TypeAlias = tuple[EditionItem, Paper, int | None]
"""A paper of a closing, with its upvotes on its list's day."""

_SOURCE_NAME_ROOM: Final = 60
_HEADING_ROOM: Final = 1900  # of a content's 2,000: a role may be mentioned before it
_COLOUR: Final = 0x8C9BB0
_TITLE_ROOM: Final = 250
_REASONS_ROOM: Final = 2000  # of an embed's 6,000
_FOLLOW_ROOM: Final = 60
_FOLLOWS_NAMED: Final = 3
_MORE_FIELDS: Final = 10  # that longer titles may need

BY_CHANNELS_TASTE: Final = phrase("by this channel's taste")
BY_READERS_TASTE: Final = phrase("by your taste")

_CONTINUED: Final = phrase("And")
_QUIET: Final = {
    QuietReason.WEEKEND: phrase("No papers today: there are no lists at the weekend."),
    QuietReason.NO_LIST: phrase("No papers today: no list has been published."),
    QuietReason.NOTHING_NEW: phrase(
        "No papers today: this channel has had everything on the list."
    ),
    QuietReason.SOURCE_DOWN: phrase("No papers today: the source cannot be reached."),
}


def heading(
    items: Sequence[EditionItem],
    *,
    sources: Sequence[str],
    language: str,
    order: Phrase | None = None,
) -> str:
    """The line before the first card: whose lists, how many papers, how many late, where from.

    `order` says how the papers are ordered, if not as their lists have them. `sources` are names
    as the sources give them ("huggingface", "markdown:./digests"); people get to read which kind
    it is, never a path.
    """
    name = spoken(phrase("Daily papers"), language)
    days = words.days_text((item.day for item in items), language)
    said = [counted("{count} paper", "{count} papers", count=len(items))]
    if late := sum(item.late for item in items):
        said.append(counted("{count} of them late", "{count} of them late", count=late))
    if order is not None:
        said.append(order)
    if named := tuple(map(source_name, sources)):
        said.append(phrase("from {sources}", sources=named))
    parts = [f"**{name} · {days}**" if days else f"**{name}**"]
    parts += [spoken(part, language) for part in said]
    return limits.fit(" · ".join(parts), _HEADING_ROOM)


def closing(
    listings: Sequence[Listed],
    *,
    day: date,
    language: str,
    quiet_until: datetime | None,
    number: int = 0,
    plain: bool = False,
) -> Rendered:
    """The last message of a delivery: papers beyond the limit as links, quiet days ahead.

    All `listings` are in it, at most `LINKS_PER_CLOSING`; the titles share the room there is.
    `number` counts the closings of one delivery from 0. Its embed's URL is unique to day and
    number, so that it is found again. Without listings it is the note about the quiet days only.
    `plain` names papers by their ids alone, for when Discord refused their titles.
    """
    if len(listings) > LINKS_PER_CLOSING:
        raise ValueError(f"{len(listings)} links are too many for one closing")
    if not listings:
        if quiet_until is None:
            raise ValueError("a closing has links or quiet days to tell of")
        return _line_alone(language, _quiet_until(quiet_until))
    titles = [
        (not plain and markup.plain(paper.title)) or str(paper.id) for _, paper, _ in listings
    ]

    def rendered(titles: Sequence[str]) -> discord.Embed:
        lines = [
            _line(title, paper, upvotes, language)
            for title, (_, paper, upvotes) in zip(titles, listings, strict=True)
        ]
        return _closing_embed(lines, day, quiet_until, number, language)

    return Rendered(embeds=(_filled(titles, rendered, language),), silent=True)


def following(
    listings: Sequence[Listed],
    followed: Mapping[PaperId, Sequence[Follow]],
    *,
    day: date,
    language: str,
    number: int = 0,
    plain: bool = False,
) -> Rendered:
    """The message of what a person follows: its papers as links, each with the reason.

    Like a closing it is known by its URL. The first of a delivery (`number` 0) notifies.
    """
    titles = [
        (not plain and markup.plain(paper.title)) or str(paper.id) for _, paper, _ in listings
    ]
    room = _REASONS_ROOM // len(listings)
    reasons = [
        limits.fit(reason(why, language), room) if (why := followed.get(paper.id)) else ""
        for _, paper, _ in listings
    ]

    def rendered(titles: Sequence[str]) -> discord.Embed:
        lines = [
            " · ".join(filter(None, (_line(title, paper, upvotes, language), because)))
            for title, (_, paper, upvotes), because in zip(titles, listings, reasons, strict=True)
        ]
        embed = _closing_embed(lines, day, None, number, language)
        embed.title = spoken(phrase("New for you"), language)
        return embed

    return Rendered(embeds=(_filled(titles, rendered, language),), silent=number > 0)


def reason(follows: Sequence[Follow], language: str) -> str:
    """Why a person gets a paper: which of their follows it is for, the first few by name."""
    names = tuple(markup.shown(each.said, _FOLLOW_ROOM) for each in follows[:_FOLLOWS_NAMED])
    return spoken(phrase("you follow {names}", names=names), language)


def _filled(
    titles: Sequence[str], rendered: Callable[[Sequence[str]], discord.Embed], language: str
) -> discord.Embed:
    """What `rendered` makes of the titles, once they share the room there is."""
    fields = _MORE_FIELDS * limits.units(spoken(_CONTINUED, language))
    room = limits.EMBED_CHARACTERS - fields - embed_units(rendered([""] * len(titles)))
    longest = _shared([limits.units(markup.link_text(title)) for title in titles], room)
    return rendered([limits.fit(title, longest, shown_as=markup.link_text) for title in titles])


def notice(quiet: Quiet, *, language: str) -> Rendered:
    """The one silent line of a day without papers: why, and when the next post comes."""
    if quiet.reason is QuietReason.SOURCE_DOWN and quiet.since is not None:
        since = words.timestamp(quiet.since, "R")
        why = phrase(
            "No papers today: the source has been out of reach since {since}.", since=since
        )
    else:
        why = _QUIET[quiet.reason]
    at, in_time = words.timestamp(quiet.next_at), words.timestamp(quiet.next_at, "R")
    when = phrase("Next post: {at} ({in_time}).", at=at, in_time=in_time)
    return _line_alone(language, why, when)


def _line_alone(language: str, *sentences: Phrase) -> Rendered:
    """A silent line, which is known by its text: whatever language the channel had."""

    def line(in_language: str) -> str:
        return " ".join(spoken(sentence, in_language) for sentence in sentences)

    others = tuple(line(other) for other in languages())
    return Rendered(content=line(language), silent=True, known_as=others)


def _quiet_until(instant: datetime) -> Phrase:
    return phrase(
        "No new lists are expected before then: the next papers come {at} ({in_time}).",
        at=words.timestamp(instant),
        in_time=words.timestamp(instant, "R"),
    )


def source_name(source: str) -> Phrase | str:
    """Which kind of source it is, as people may read it; never a path."""
    kind = source.partition(":")[0]
    if kind == "huggingface":
        return "Hugging Face"
    if kind == "markdown":
        return phrase("the digest")
    shown = markup.shown(kind, _SOURCE_NAME_ROOM, shown_as=markup.unlinked)
    return shown or phrase("another source")


def _line(title: str, paper: Paper, upvotes: int | None, language: str) -> str:
    votes = words.short_number(upvotes, language) if upvotes is not None else "—"
    return f"- [{title}]({paper.arxiv_url}) ▲ {votes}"


def _shared(lengths: Sequence[int], room: int) -> int:
    """How long the longest titles may be so that all of them fit in `room`: short ones leave
    their share to the others."""
    longest = _TITLE_ROOM
    while longest > 1 and sum(min(length, longest) for length in lengths) > room:
        longest -= 1
    return longest


def _closing_embed(
    lines: Sequence[str], day: date, quiet_until: datetime | None, number: int, language: str
) -> discord.Embed:
    first, *rest = _chunks(lines)
    title = phrase("Also on the list")
    if number:
        title = phrase("Also on the list, {number}", number=number + 1)
    embed = discord.Embed(
        title=spoken(title, language),
        url=f"https://huggingface.co/papers/date/{day.isoformat()}#{number + 1}",
        description=first,
        colour=_COLOUR,
    )
    for chunk in rest:
        embed.add_field(name=spoken(_CONTINUED, language), value=chunk, inline=False)
    if quiet_until is not None:
        embed.add_field(
            name=spoken(phrase("Quiet days ahead"), language),
            value=spoken(_quiet_until(quiet_until), language),
            inline=False,
        )
    papers = counted("{count} paper", "{count} papers", count=len(lines))
    embed.set_footer(text=f"{words.day_text(day, language)} · {spoken(papers, language)}")
    return embed


def _chunks(lines: Sequence[str]) -> list[str]:
    """Whole lines in pieces: the first for a description, the others for fields."""
    chunks: list[str] = []
    for line in lines:
        room = limits.EMBED_DESCRIPTION if len(chunks) <= 1 else limits.FIELD_VALUE
        if chunks and limits.units(f"{chunks[-1]}\n{line}") <= room:
            chunks[-1] += f"\n{line}"
        else:
            chunks.append(line)
    return chunks
