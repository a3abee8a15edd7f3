"""The names of months and weekdays, as people of a language type them."""

from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import get_day_names, get_month_names

from bot.domain.days import CalendarNames
from bot.domain.text import fold


@lru_cache(maxsize=64)
def calendar_names(language: str) -> CalendarNames:
    """The names in the reader's language and in English, which everybody may use."""
    months: dict[str, int] = {}
    weekdays: dict[str, int] = {}
    for locale in (Locale("en"), _locale(language)):
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in get_month_names(width, context, locale).items():
                    months.setdefault(fold(name).strip("."), number)
                for number, name in get_day_names(width, context, locale).items():
                    weekdays.setdefault(fold(name).strip("."), number)
    months.setdefault("sept", 9)
    return CalendarNames(months, weekdays)


def _locale(tag: str) -> Locale:
    try:
        return Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale("en")
