"""Dates, numbers and languages as the reader writes them."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from bot.domain.phrases import Language, Phrase, counted, phrase
from bot.rendering import words
from tests.builders import utc


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "4 June 2024"),
        ("en-us", "June 4, 2024"),
        ("ko", "2024년 6월 4일"),
        ("zh-hant", "2024年6月4日"),
        ("de", "4. Juni 2024"),
        *((unknown, "4 June 2024") for unknown in ("und", "tlh", "", "no such tag", "x" * 300)),
    ],
)
def test_a_day_is_written_in_the_readers_language(language: str, expected: str) -> None:
    assert words.day_text(date(2024, 6, 4), language) == expected


def test_several_days_come_newest_first_and_once() -> None:
    days = [date(2024, 6, 3), date(2024, 6, 4), date(2024, 6, 3)]

    assert words.days_text(days, "en") == "4 June 2024 and 3 June 2024"


def test_numbers_are_written_in_the_readers_language() -> None:
    assert words.number(12345, "en") == "12,345"
    assert words.number(12345, "de") == "12.345"
    assert words.short_number(12345, "en") == "12.3K"
    assert words.short_number(12345, "ko") == "1.2만"
    assert words.short_number(999, "en") == "999"


def test_a_number_beyond_all_counting_stays_short() -> None:
    assert words.number(10**100, "en") == "999,000,000,000"
    assert words.short_number(10**100, "en") == "999B"


def papers(count: int) -> Phrase:
    return counted("{count} paper", "{count} papers", count=count)


def test_one_is_not_many() -> None:
    assert words.spoken(papers(1), "en") == "1 paper"
    assert words.spoken(papers(0), "en") == "0 papers"
    assert words.spoken(papers(1234), "de") == "1.234 papers"


def test_a_phrase_is_spoken_in_the_readers_language_values_and_all() -> None:
    said = phrase(
        "from {sources}",
        sources=(papers(2), Language("ko"), 1234, date(2024, 6, 4), utc(2024, 6, 4), "{as is}"),
    )

    assert words.spoken(said, "ko-KR") == (
        "출처: 논문 2편, 한국어, 1,234, 2024년 6월 4일, <t:1717459200:F> 및 {as is}"
    )
    assert words.spoken(said, "en") == (
        "from 2 papers, Korean, 1,234, 4 June 2024, <t:1717459200:F> and {as is}"
    )


@pytest.mark.parametrize(
    ("code", "in_language", "expected"),
    [
        ("ko", "en", "Korean"),
        ("ko", "ko", "한국어"),
        ("zh-hans", "en", "Chinese (Simplified)"),
        ("und", "en", "other"),
        ("tlh", "en", "tlh"),
        ("", "en", ""),
    ],
)
def test_languages_have_names(code: str, in_language: str, expected: str) -> None:
    assert words.language_name(code, in_language=in_language) == expected


def test_a_script_does_not_make_another_language() -> None:
    assert words.same_language("zh", "zh-Hans")
    assert not words.same_language("zh", "ko")


def test_an_instant_is_discord_time() -> None:
    instant = datetime(2024, 6, 4, 9, tzinfo=timezone(timedelta(hours=9)))

    assert words.timestamp(instant) == "<t:1717459200:F>"
    assert words.timestamp(instant.astimezone(UTC), "R") == "<t:1717459200:R>"


def test_a_time_without_a_zone_is_no_instant() -> None:
    with pytest.raises(ValueError, match="zone"):
        words.timestamp(datetime(2024, 6, 4, 9))  # noqa: DTZ001 - that is the mistake
