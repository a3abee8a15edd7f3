"""What the bot says of itself."""

from collections.abc import Sequence
from typing import Final

import discord

from bot.domain.lookups import About, SourceState
from bot.domain.phrases import Phrase, counted, phrase
from bot.domain.suspensions import KEPT_FOR
from bot.rendering import limits
from bot.rendering.editions import source_name
from bot.rendering.message import Link, Rendered
from bot.rendering.words import spoken, timestamp

_COLOUR: Final = 0x3B6FD4
_SOURCES_SHOWN: Final = 10

_PURPOSE: Final = phrase(
    "I bring each day's research papers to your channel, and look up those of past days: "
    "`/subscribe` and `/papers`."
)
_PRIVACY: Final = phrase(
    "I keep the settings of channels, which papers came to them, and for a while the questions "
    "whose answers have buttons, without who asked. I do not read messages: only the one on which "
    "somebody uses **Find papers** or **More like this**, and I keep nothing of it but the numbers "
    "of its papers."
)
_PEOPLE: Final = phrase(
    "Of people I keep, by id, what they said of papers with reactions and buttons, what they "
    "follow, and their own daily papers; never names or messages. `/me data` shows all of it, "
    "`/me forget` erases it. A server that removes me is erased after {days} days.",
    days=KEPT_FOR.days,
)


def about_card(about: About, *, version: str, links: Sequence[Link], language: str) -> Rendered:
    """Version, what the archive holds, its sources, and what is kept of people."""
    embed = discord.Embed(
        title=spoken(phrase("Daily Papers {version}", version=version), language),
        description=spoken(_PURPOSE, language),
        colour=_COLOUR,
    )

    def field(name: Phrase, *lines: Phrase) -> None:
        text = "\n".join(spoken(line, language) for line in lines)
        value = limits.fit(text, limits.FIELD_VALUE)
        embed.add_field(name=spoken(name, language), value=value, inline=False)

    field(phrase("Archive"), _archive(about))
    if about.sources:
        field(phrase("Sources"), *map(_source, _named(about.sources)[:_SOURCES_SHOWN]))
    field(phrase("Privacy"), _PRIVACY, _PEOPLE)
    return Rendered(embeds=(embed,), links=tuple(links))


def _archive(about: About) -> Phrase:
    if about.first_day is None or about.last_day is None:
        return phrase("Empty as yet: the first list is on its way.")
    papers = counted("{count} paper", "{count} papers", count=about.papers)
    days = counted("{count} day", "{count} days", count=about.days)
    return phrase(
        "{papers} of {days}, from {first} to {last}",
        papers=papers,
        days=days,
        first=about.first_day,
        last=about.last_day,
    )


def _named(sources: Sequence[SourceState]) -> list[SourceState]:
    """One source of each name that people are told: of several digests, the one worst off."""
    told: list[Phrase | str] = []
    worst = []
    for source in sorted(sources, key=_health):
        if (name := source_name(source.name)) not in told:
            told.append(name)
            worst.append(source)
    return [source for source in sources if source in worst]


def _health(source: SourceState) -> tuple[bool, float]:
    """Less is worse: a source that is down before one that is not, the longest unread first."""
    read_at = source.last_success_at
    return source.down_since is None, 0.0 if read_at is None else read_at.timestamp()


def _source(source: SourceState) -> Phrase:
    name = source_name(source.name)
    if source.down_since is not None:
        return phrase(
            "- {source}: out of reach since {since}", source=name, since=source.down_since
        )
    if source.last_success_at is None:
        return phrase("- {source}: not read yet", source=name)
    at = timestamp(source.last_success_at, "R")
    return phrase("- {source}: last read {at}", source=name, at=at)
