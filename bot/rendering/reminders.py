"""What a person saved and has not read, as one message a week."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import discord

from bot.domain.papers import Paper
from bot.domain.phrases import counted, phrase
from bot.rendering import limits, markup
from bot.rendering.message import Rendered
from bot.rendering.words import spoken

SHOWN: Final = 10

_TITLE_ROOM: Final = 200
_COLOUR: Final = 0x8C9BB0


def reminder(
    unread: Sequence[Paper], *, slot_at: datetime, language: str, plain: bool = False
) -> Rendered:
    """The newest of what is `unread`, as links, and how many more there are.

    Its embed's URL is unique to the slot, so that it is found again. `plain` names papers by
    their ids alone, for when Discord refused their titles.
    """
    lines = []
    for paper in unread[:SHOWN]:
        title = (not plain and markup.plain(paper.title)) or str(paper.id)
        shown = limits.fit(title, _TITLE_ROOM, shown_as=markup.link_text)
        lines.append(f"- [{shown}]({paper.arxiv_url})")
    if left := len(unread) - len(lines):
        more = counted("and {count} more", "and {count} more", count=left)
        lines.append(f"- *{spoken(more, language)}*")
    if not lines:  # they read them in the minutes since this was planned
        lines.append(spoken(phrase("You have read all that you saved."), language))
    ends = phrase("`/papers saved` has them all; `/me reminder` ends this weekly message.")
    embed = discord.Embed(
        title=spoken(phrase("Saved, and not read yet"), language),
        url=f"https://huggingface.co/papers#saved-{slot_at:%Y-%m-%d-%H%M}",
        description="\n".join([*lines, "", spoken(ends, language)]),
        colour=_COLOUR,
    )
    return Rendered(embeds=(embed,))
