"""What people type for a day, in their own language: `2024-06-04`, `4 June`, `last friday`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from bot.domain.errors import InvalidInput
from bot.domain.phrases import phrase
from bot.domain.text import clean, fold, quoted

LONGEST: Final = 60
"""Characters; no day takes more."""


@dataclass(frozen=True, slots=True)
class CalendarNames:
    """Folded names of months (1 to 12) and weekdays (0 is Monday), in the reader's languages."""

    months: Mapping[str, int]
    weekdays: Mapping[str, int]


_DAYS_BACK: Final = {
    "today": 0,
    "yesterday": 1,
    "day before yesterday": 2,
    "the day before yesterday": 2,
    "오늘": 0,
    "어제": 1,
    "그저께": 2,
    "그제": 2,
}
_AGO: Final = re.compile(
    r"(?P<count>\d{1,4}|an?|one|일(?=주))\s*(?:(?P<days>days?|일)|(?P<weeks>weeks?|주일?))\s*(?:ago|전)"
)
_WEEKDAY: Final = re.compile(r"(?:(?P<before>last|previous|on|지난주|지난)\s*)?(?P<name>\D+?)")
_YEAR_FIRST: Final = re.compile(
    r"(?P<year>\d{4})\s?[-/.년]\s?(?P<month>\d{1,2})\s?[-/.월]\s?(?P<day>\d{1,2})\s?[.일]?"
    r"|(?P<run_year>\d{4})(?P<run_month>\d{2})(?P<run_day>\d{2})"
)
_DAY_FIRST: Final = re.compile(r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})\.?")
_WITHOUT_YEAR: Final = re.compile(r"(?P<month>\d{1,2})\s?월\s?(?P<day>\d{1,2})\s?일")
_NAMED: Final = re.compile(r"\d+|[^\W\d_]+")
_ORDINALS: Final = frozenset({"st", "nd", "rd", "th"})
_FILLERS: Final = _ORDINALS | {"of", "the", "de", "den", "der", "le", "el", "di"}
_MONTH: Final = re.compile(r"(?P<year>\d{4})(?:\s?[-/.년]\s?(?P<month>\d{1,2})\s?[.월]?|\s?년)?")


def parse_day(text: str, *, today: date, names: CalendarNames) -> date:
    """The day that `text` names, seen from `today`; else `InvalidInput`.

    Without a year it is the latest such day that is not in the future; a weekday is the last
    one before today.
    """
    typed = fold(clean(text))
    if len(typed) > LONGEST:
        raise _not_a_day(text)
    try:
        found = _relative(typed, today, names) or _written(typed, today, names)
    except (ValueError, OverflowError):  # a 30th of February, or a day before the year 1
        found = None
    if found is None:
        raise _not_a_day(text)
    return found


def parse_bound(text: str, *, today: date, names: CalendarNames, is_end: bool) -> date:
    """The same for one end of a range, for which a year or a month will do: `2024`, `2024-06`."""
    typed = fold(clean(text))
    found = _MONTH.fullmatch(typed)
    if found is None:
        return parse_day(text, today=today, names=names)
    year, month = int(found["year"]), found["month"]
    try:
        first = date(year, int(month or 1), 1)
        after = _next_month(first) if month else date(year + 1, 1, 1)
    except (ValueError, OverflowError):
        raise _not_a_day(text) from None
    return after - timedelta(days=1) if is_end else first


def _relative(typed: str, today: date, names: CalendarNames) -> date | None:
    if (back := _DAYS_BACK.get(typed)) is not None:
        return today - timedelta(days=back)
    if (ago := _AGO.fullmatch(typed)) is not None:
        count = int(ago["count"]) if ago["count"].isdecimal() else 1
        return today - timedelta(days=count * (7 if ago["weeks"] else 1))
    named = _WEEKDAY.fullmatch(typed)
    weekday = None if named is None else names.weekdays.get(named["name"].strip(" ."))
    if named is None or weekday is None:
        return None
    if named["before"] == "지난주":  # of the week before this one
        return today - timedelta(days=today.weekday() + 7 - weekday)
    return today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1)


def _written(typed: str, today: date, names: CalendarNames) -> date | None:
    if (found := _YEAR_FIRST.fullmatch(typed)) is not None:
        parts = [found[name] or found[f"run_{name}"] for name in ("year", "month", "day")]
        year, month, day = map(int, parts)
        return date(year, month, day)
    if (found := _DAY_FIRST.fullmatch(typed)) is not None:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    if (found := _WITHOUT_YEAR.fullmatch(typed)) is not None:
        return _latest(int(found["month"]), int(found["day"]), today)
    return _with_name(typed, today, names)


def _with_name(typed: str, today: date, names: CalendarNames) -> date | None:
    """A day with its month's name, in any order: `4 June 2024`, `June 4th`."""
    months, numbers = [], []
    for word in _NAMED.findall(typed):
        if word.isdecimal():
            numbers.append(word)
        elif word in names.months:
            months.append(names.months[word])
        elif word not in _FILLERS and word not in names.weekdays:
            return None
    years = [int(number) for number in numbers if len(number) == 4]
    days = [int(number) for number in numbers if len(number) <= 2]
    if len(months) != 1 or len(days) != 1 or len(years) + len(days) != len(numbers):
        return None
    match years:
        case []:
            return _latest(months[0], days[0], today)
        case [year]:
            return date(year, months[0], days[0])
        case _:
            return None


def _latest(month: int, day: int, today: date) -> date:
    """The last such day that is not after `today`; 29 February may be some years back."""
    for year in range(today.year, today.year - 9, -1):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found <= today:
            return found
    raise ValueError(f"no year has a day {month}-{day}")


def _next_month(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def _not_a_day(text: str) -> InvalidInput:
    return InvalidInput(
        f"not a day: {len(text)} characters",
        reply=phrase(
            "I can't read {text} as a day. Write it as `2024-06-04`, `4 June` or `yesterday`.",
            text=quoted(text),
        ),
    )
