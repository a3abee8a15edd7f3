"""Why there is no list of a day."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from bot.domain.phrases import Phrase, phrase
from bot.storage.database import Stores

NO_PAPERS: Final = phrase("I hold no papers yet; the first list is on its way.")

_SATURDAY: Final = 5


async def why_no_list(stores: Stores, day: date, *, today: date, sources: Sequence[str]) -> Phrase:
    """A sentence for who asked for the list of `day`, which is not stored; `sources` are those
    that lists come from."""
    ends = await stores.archive.ends()
    if ends is None:
        return NO_PAPERS
    if day > today:
        return phrase("{day} is still to come.", day=day)
    down_since = await stores.lists.down_since(sources)
    if down_since is not None and day >= down_since.date():
        return phrase(
            "I have no list of {day}: the source has been out of reach since {since}.",
            day=day,
            since=down_since,
        )
    if day < ends[0]:
        return phrase(
            "I have no list of {day}: what I hold begins on {first}.", day=day, first=ends[0]
        )
    if day.weekday() >= _SATURDAY:
        return phrase("There is no list of {day}: there are none at the weekend.", day=day)
    if day == today:
        return phrase(
            "There is no list of {day} yet: lists open in the course of their day.", day=day
        )
    if not await stores.archive.was_read(day):
        return phrase("I have no list of {day}: I was not running then.", day=day)
    return phrase("I have no list of {day}: none was published that day.", day=day)
