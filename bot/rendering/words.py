"""The words of our own that people read, and dates and numbers in the reader's language."""

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_compact_decimal, format_decimal

from bot.domain.deliveries import QuietReason
from bot.domain.papers import SummaryOrigin

DAILY_PAPERS: Final = "Daily papers"
PAPERS: Final = ("{count} paper", "{count} papers")
LATE_PAPERS: Final = "{count} of them late"
FROM_SOURCES: Final = "from {sources}"
SOURCES: Final = {"huggingface": "Hugging Face", "markdown": "the digest"}
OTHER_SOURCE: Final = "another source"

UPVOTES: Final = "▲ {count}"
UNKNOWN: Final = "—"
MORE_AUTHORS: Final = "+{count} more"
MORE_POINTS: Final = ("+{count} more point", "+{count} more points")
LATE: Final = "late"
TEST: Final = "Test"
ARXIV: Final = "arXiv {id}"
ORIGINS: Final = {
    SummaryOrigin.DIGEST: "digest",
    SummaryOrigin.MODEL: "AI summary",
    SummaryOrigin.HUGGING_FACE: "Hugging Face summary",
    SummaryOrigin.ABSTRACT: "abstract",
}
IN_LANGUAGE: Final = "{origin} in {language}"

ARXIV_BUTTON: Final = "arXiv"
HUGGING_FACE_BUTTON: Final = "Hugging Face"
CODE_BUTTON: Final = "Code"
CODE_WITH_STARS_BUTTON: Final = "Code ★ {stars}"
PROJECT_BUTTON: Final = "Project"

ALSO_LISTED: Final = "Also on the list"
ALSO_LISTED_ON: Final = "Also on the list, {number}"
CONTINUED: Final = "And"
QUIET_AHEAD: Final = "Quiet days ahead"
QUIET_UNTIL: Final = "No new lists are expected before then: the next papers come {at} ({in_time})."
QUIET: Final = {
    QuietReason.WEEKEND: "No papers today: there are no lists at the weekend.",
    QuietReason.NO_LIST: "No papers today: no list has been published.",
    QuietReason.NOTHING_NEW: "No papers today: this channel has had everything on the list.",
    QuietReason.SOURCE_DOWN: "No papers today: the source cannot be reached.",
}
DOWN_SINCE: Final = "No papers today: the source has been out of reach since {since}."
NEXT_POST: Final = "Next post: {at} ({in_time})."

LACKING: Final = (
    "I can't post the daily papers in {channels} of **{guild}** any more: {reason}. "
    "I have kept everything, and go on by myself as soon as I get that permission back."
)
REFUSED: Final = (
    "I can't post the daily papers in {channels} of **{guild}** any more: {reason}. "
    "I have kept everything. Once that is mended, `/subscription resume` goes on."
)
GONE: Final = (
    "I can't find {channels} of **{guild}** any more, where the daily papers came. I keep the "
    "settings for {days} days, should it come back; `/subscribe` starts in another channel."
)
MORE_CHANNELS: Final = " and {count} more"

OTHER_LANGUAGE: Final = "other"

_LARGEST_COUNT: Final = 999_000_000_000
_ENGLISH: Final = Locale("en", "001")  # day before month, as most of the world's English has it


def plural(forms: tuple[str, str], count: int, language: str) -> str:
    """The form for `count` things, with the number written as in `language`."""
    return forms[count != 1].format(count=number(count, language))


@lru_cache(maxsize=256)
def day_text(day: date, language: str) -> str:
    """`day` in full: "4 June 2024", "2024년 6월 4일"."""
    return format_date(day, format="long", locale=_locale(language))


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
        return OTHER_LANGUAGE
    spoken = _parsed(code)
    return (spoken.get_display_name(_locale(in_language)) if spoken is not None else None) or code


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
