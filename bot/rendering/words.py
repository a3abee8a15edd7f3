"""Phrases, dates, numbers and names in the language of who reads them."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.lists import format_list
from babel.numbers import format_compact_decimal, format_decimal

from bot.domain.phrases import Language, Phrase, Value, translatable
from bot.rendering.catalogues import translated, translated_form

_TAG: Final = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*")
_LARGEST_COUNT: Final = 999_000_000_000
_ENGLISH: Final = Locale("en", "001")  # day before month, as most of the world's English has it


def spoken(said: Phrase, language: str, *, on_discord: bool = True) -> str:
    """`said` in `language`, its values written as that language does.

    An instant becomes Discord time; elsewhere than `on_discord` it is written out, in UTC.
    """
    count = said.values.get("count")
    if said.several and isinstance(count, int):
        message = translated_form(said.message, said.several, count, language)
    else:
        message = translated(said.message, language)
    values = {name: _value(v, language, on_discord) for name, v in said.values.items()}
    return message.format_map(values)


def _value(value: Value, language: str, on_discord: bool) -> str:
    match value:
        case str():
            return value
        case Phrase():
            return spoken(value, language, on_discord=on_discord)
        case Language(tag):
            return language_name(tag, in_language=language)
        case int():
            return number(value, language)
        case datetime():
            return timestamp(value) if on_discord else instant_text(value, language)
        case date():
            return day_text(value, language)
        case _:
            return names_text([_value(one, language, on_discord) for one in value], language)


@lru_cache(maxsize=256)
def day_text(day: date, language: str) -> str:
    """`day` in full: "4 June 2024", "2024년 6월 4일"."""
    return format_date(day, format="long", locale=_locale(language))


@lru_cache(maxsize=256)
def short_day_text(day: date, language: str) -> str:
    """`day` where its year is known: "4 June", "6월 4일"."""
    return format_skeleton("MMMMd", day, locale=_locale(language))


def days_text(days: Iterable[date], language: str) -> str:
    """Several days, newest first: "4 June 2024 and 3 June 2024"."""
    newest_first = sorted(set(days), reverse=True)
    return format_list([day_text(day, language) for day in newest_first], locale=_locale(language))


def names_text(names: Iterable[str], language: str) -> str:
    """Several names, each once: "Hugging Face and the digest"."""
    return format_list(list(dict.fromkeys(names)), locale=_locale(language))


@lru_cache(maxsize=4096)
def number(count: int, language: str) -> str:
    """`count` with its digits grouped; at most 999 billion, more than anything has."""
    return format_decimal(min(count, _LARGEST_COUNT), locale=_locale(language))


def short_number(count: int, language: str) -> str:
    """`count` as one reads it at a glance: "1.2K", "1.2만"."""
    return format_compact_decimal(
        min(count, _LARGEST_COUNT), locale=_locale(language), fraction_digits=1
    )


def language_name(code: str, *, in_language: str = "en") -> str:
    """The name of a BCP 47 language tag in a language; an unknown tag names itself.

    `und`, the tag of text whose language nobody can tell, is "other".
    """
    if code == "und":
        return translated(translatable("other"), in_language)
    named = _parsed(code)
    return (named.get_display_name(_locale(in_language)) if named is not None else None) or code


def is_language(tag: str) -> bool:
    """Whether `tag` is a BCP 47 tag in lower case of a language that is known by name."""
    return _TAG.fullmatch(tag) is not None and _parsed(tag) is not None


def instant_text(instant: datetime, language: str) -> str:
    """`instant` to the minute, in UTC: "4 June 2024 07:30 UTC"."""
    there = instant.astimezone(UTC)
    return f"{day_text(there.date(), language)} {there:%H:%M} UTC"


def timestamp(instant: datetime, style: str = "F") -> str:
    """`instant` as Discord time, which every reader sees in their own zone and language.

    Styles: https://discord.com/developers/docs/reference#message-formatting-timestamp-styles
    """
    if instant.tzinfo is None:
        raise ValueError(f"an instant has a zone, not {instant!r}")
    return f"<t:{instant.timestamp():.0f}:{style}>"


def same_language(first: str, second: str) -> bool:
    """Whether two tags name one language: `zh` and `zh-hans` do."""
    return first.partition("-")[0].casefold() == second.partition("-")[0].casefold()


def _locale(tag: str) -> Locale:
    """The conventions of `tag`; English where Babel knows none."""
    found = _parsed(tag)
    return _ENGLISH if found is None or str(found) == "en" else found


@lru_cache(maxsize=256)
def _parsed(tag: str) -> Locale | None:
    if tag == "und":
        return None  # Babel takes it for American English
    try:
        return Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        return None
