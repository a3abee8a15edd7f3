"""What stands around the cards of a delivery: the line before, the links after, a quiet day."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, TypeAlias

import discord

from bot.domain.deliveries import LINKS_PER_CLOSING, EditionItem, Quiet, QuietReason
from bot.domain.papers import Paper
from bot.rendering import limits, markup, words
from bot.rendering.message import Rendered

Listed: TypeAlias = tuple[EditionItem, Paper, int | None]
"""A paper of a closing, with its upvotes on its list's day."""

_SOURCE_NAME_ROOM: Final = 60
_HEADING_ROOM: Final = 1900  # of a content's 2,000: a role may be mentioned before it
_COLOUR: Final = 0x8C9BB0
_TITLE_ROOM: Final = 250
_FIELDS_ROOM: Final = 30  # the names of the fields that longer titles may need


def heading(items: Sequence[EditionItem], *, sources: Sequence[str], language: str) -> str:
    """The line before the first card: whose lists, how many papers, how many late, where from.

    `sources` are names as the sources give them ("huggingface", "markdown:./digests"); people
    get to read which kind it is, never a path.
    """
    days = words.days_text((item.day for item in items), language)
    parts = [f"**{words.DAILY_PAPERS} · {days}**" if days else f"**{words.DAILY_PAPERS}**"]
    parts.append(words.plural(words.PAPERS, len(items), language))
    if late := sum(item.late for item in items):
        parts.append(words.LATE_PAPERS.format(count=words.number(late, language)))
    if named := words.names_text(map(_source_name, sources), language):
        parts.append(words.FROM_SOURCES.format(sources=named))
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
        return Rendered(content=_until(words.QUIET_UNTIL, quiet_until), silent=True)
    titles = [
        (not plain and markup.plain(paper.title)) or str(paper.id) for _, paper, _ in listings
    ]

    def rendered(titles: Sequence[str]) -> discord.Embed:
        lines = [
            _line(title, paper, upvotes, language)
            for title, (_, paper, upvotes) in zip(titles, listings, strict=True)
        ]
        return _closing_embed(lines, day, quiet_until, number, language)

    room = limits.EMBED_CHARACTERS - _FIELDS_ROOM - _units(rendered([""] * len(titles)))
    longest = _shared([limits.units(markup.link_text(title)) for title in titles], room)
    fitted = [limits.fit(title, longest, shown_as=markup.link_text) for title in titles]
    return Rendered(embeds=(rendered(fitted),), silent=True)


def notice(quiet: Quiet) -> Rendered:
    """The one silent line of a day without papers: why, and when the next post comes."""
    if quiet.reason is QuietReason.SOURCE_DOWN and quiet.since is not None:
        why = words.DOWN_SINCE.format(since=words.timestamp(quiet.since, "R"))
    else:
        why = words.QUIET[quiet.reason]
    return Rendered(content=f"{why} {_until(words.NEXT_POST, quiet.next_at)}", silent=True)


def _until(sentence: str, instant: datetime) -> str:
    return sentence.format(at=words.timestamp(instant), in_time=words.timestamp(instant, "R"))


def _source_name(source: str) -> str:
    kind = source.partition(":")[0]
    if kind in words.SOURCES:
        return words.SOURCES[kind]
    return markup.shown(kind, _SOURCE_NAME_ROOM, shown_as=markup.unlinked) or words.OTHER_SOURCE


def _line(title: str, paper: Paper, upvotes: int | None, language: str) -> str:
    votes = words.short_number(upvotes, language) if upvotes is not None else words.UNKNOWN
    return f"- [{title}]({paper.arxiv_url}) {words.UPVOTES.format(count=votes)}"


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
    embed = discord.Embed(
        title=words.ALSO_LISTED if number == 0 else words.ALSO_LISTED_ON.format(number=number + 1),
        url=f"https://huggingface.co/papers/date/{day.isoformat()}#{number + 1}",
        description=first,
        colour=_COLOUR,
    )
    for chunk in rest:
        embed.add_field(name=words.CONTINUED, value=chunk, inline=False)
    if quiet_until is not None:
        note = _until(words.QUIET_UNTIL, quiet_until)
        embed.add_field(name=words.QUIET_AHEAD, value=note, inline=False)
    papers = words.plural(words.PAPERS, len(lines), language)
    embed.set_footer(text=f"{words.day_text(day, language)} · {papers}")
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


def _units(embed: discord.Embed) -> int:
    """The characters of an embed that count towards the sum of its message."""
    texts = [embed.title, embed.description, embed.footer.text]
    texts += [text for field in embed.fields for text in (field.name, field.value)]
    return sum(limits.units(text) for text in texts if text)
