"""What people type: times of day and time zones."""

import re
import zoneinfo
from datetime import datetime, time
from difflib import get_close_matches
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from bot.domain.errors import InvalidInput
from bot.domain.phrases import phrase
from bot.domain.text import fold, quoted

_TIME: Final = re.compile(
    r"(?:(?P<before>오전|오후|上午|下午|午前|午後)\s*)?"
    r"(?P<hour>\d{1,2})(?:\s*(?:[:.h시時点點]|\s)\s*(?P<minute>\d{2})?\s*[분分]?|(?P<run>\d{2}))?"
    r"\s*(?P<after>[ap]\.?m\.?)?"
)
_AFTERNOON: Final = frozenset({"오후", "下午", "午後", "pm"})

# Etc/GMT+9 is nine hours *behind* UTC (POSIX's sign): who types an offset means the opposite.
_HIDDEN: Final = re.compile(r"(?:posix|right|SystemV)/.*|(?:Etc/)?GMT[-+]?\d+|localtime|posixrules")


def parse_time(text: str) -> time:
    """A time of day such as `9`, `09:00`, `9.30`, `9:30 pm` or `오후 9시`; else `InvalidInput`."""
    found = _TIME.fullmatch(fold(text))
    if found is None:
        raise _not_a_time(text)
    hour, minute = int(found["hour"]), int(found["minute"] or found["run"] or 0)
    half = found["before"] or (found["after"] or "").replace(".", "")
    if half:
        if not 1 <= hour <= 12:
            raise _not_a_time(text)
        hour = hour % 12 + (12 if half in _AFTERNOON else 0)
    try:
        return time(hour, minute)
    except ValueError:
        raise _not_a_time(text) from None


def _not_a_time(text: str) -> InvalidInput:
    return InvalidInput(
        f"not a time of day: {len(text)} characters",
        reply=phrase(
            "I can't read {typed} as a time of day. Write it as `09:00` or `21:30`.",
            typed=quoted(text),
        ),
    )


@cache
def zone_names() -> tuple[str, ...]:
    """The IANA names, places before technical aliases."""
    names = [name for name in zoneinfo.available_timezones() if _HIDDEN.fullmatch(name) is None]
    return tuple(sorted(names, key=lambda name: ("/" not in name or name.startswith("Etc/"), name)))


def parse_zone(text: str, *, at: datetime | None = None) -> ZoneInfo:
    """The zone that `text` names: an IANA name in any case, or a city that only one zone has.

    `InvalidInput` names near misses, among them, with `at`, those of an abbreviation.
    """
    wanted = fold(text).replace(" ", "_")
    for name in zone_names():
        if name.casefold() == wanted:
            return ZoneInfo(name)
    found = find_zones(text, limit=5, at=at)
    cities = [name for name in found if name.rpartition("/")[2].casefold() == wanted]
    if len(cities) == 1:
        return ZoneInfo(cities[0])
    if not found:
        close = get_close_matches(
            wanted, {name.rpartition("/")[2].casefold() for name in zone_names()}
        )
        found = [name for name in zone_names() if name.rpartition("/")[2].casefold() in close][:5]
    hint = ", ".join(f"`{name}`" for name in found) or "`Asia/Seoul`, `Europe/Berlin`, `UTC`"
    raise InvalidInput(
        f"not a time zone: {len(text)} characters",
        reply=phrase(
            "I don't know the time zone {typed}. Choose one from the list as you type, such as "
            "{zones}.",
            typed=quoted(text),
            zones=hint,
        ),
    )


def find_zones(text: str, *, limit: int = 25, at: datetime | None = None) -> list[str]:
    """IANA names that match what was typed so far, best first.

    `seoul` finds `Asia/Seoul`, `new y` finds `America/New_York`; with `at`, the abbreviation in
    force then finds its zones too, so that `kst` finds `Asia/Seoul`.
    """
    wanted = fold(text).replace(" ", "_")
    ranked: list[tuple[int, str]] = []
    for name in zone_names():
        folded = name.casefold()
        parts = folded.split("/")
        if folded == wanted or parts[-1] == wanted:
            rank = 0
        elif parts[-1].startswith(wanted):
            rank = 1
        elif any(part.startswith(wanted) for part in parts):
            rank = 2
        elif wanted in folded:
            rank = 3
        elif at is not None and (at.astimezone(ZoneInfo(name)).tzname() or "").casefold() == wanted:
            rank = 4
        else:
            continue
        ranked.append((rank, name))
    ranked.sort(key=lambda found: found[0])  # stable: places stay before aliases
    return [name for _, name in ranked[:limit]]
