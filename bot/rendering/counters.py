"""The counts on a card that stands in a channel already."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import discord

from bot.domain.interests import Verdict
from bot.domain.papers import PaperId
from bot.rendering.cards import counter_id
from bot.rendering.message import recounted

COUNTED: Final = (Verdict.LIKED, Verdict.SAVED)
"""What has a button. That a paper is not for somebody is between them and us."""


def recounted_view(
    message: discord.Message, paper_id: PaperId, counts: Mapping[Verdict, int]
) -> discord.ui.View:
    """What stands under `message`, with these counts of a paper. To be called inside the running
    event loop."""
    view = discord.ui.View.from_message(message, timeout=None)
    view.stop()  # its items are known by their ids: discord.py need not remember them
    for counter, count in _counters(view, paper_id, counts):
        counter.label = recounted(counter.label or "", count)
    return view


def shows(message: discord.Message, paper_id: PaperId, counts: Mapping[Verdict, int]) -> bool:
    """Whether these counts are what stands under `message`. The same holds as above."""
    view = discord.ui.View.from_message(message, timeout=None)
    view.stop()
    return all(
        counter.label == recounted(counter.label or "", count)
        for counter, count in _counters(view, paper_id, counts)
    )


def _counters(
    view: discord.ui.View, paper_id: PaperId, counts: Mapping[Verdict, int]
) -> Iterator[tuple[discord.ui.Button[Any], int]]:
    of = {counter_id(verdict, paper_id): counts.get(verdict, 0) for verdict in COUNTED}
    for item in view.walk_children():
        if isinstance(item, discord.ui.Button) and item.custom_id in of:
            yield item, of[item.custom_id]
