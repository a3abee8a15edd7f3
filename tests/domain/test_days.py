"""Days as people type them, seen from Wednesday 5 June 2024."""

from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.days import CalendarNames, parse_bound, parse_day
from bot.domain.errors import InvalidInput
from bot.rendering.calendars import calendar_names
from bot.rendering.words import spoken

TODAY = date(2024, 6, 5)
NAMES = calendar_names("ko")


def day(text: str, *, today: date = TODAY, names: CalendarNames = NAMES) -> date:
    return parse_day(text, today=today, names=names)


@pytest.mark.parametrize(
    "text",
    [
        "2024-06-04",
        " 2024-6-4 ",
        "2024/06/04",
        "2024.6.4",
        "2024. 6. 4.",
        "20240604",
        "２０２４-０６-０４",
        "4.6.2024",
        "4 June 2024",
        "4 jun 2024",
        "4th of June, 2024",
        "June 4, 2024",
        "Tuesday, 4 June 2024",
        "4 JUNE",
        "June 4th",
        "2024년 6월 4일",
        "2024년6월4일",
        "6월 4일",
        "yesterday",
        "Yesterday",
        "어제",
        "1 day ago",
        "a day ago",
        "1일 전",
        "tuesday",
        "last Tuesday",
        "Tue.",
        "화요일",
        "지난 화요일",
    ],
)
def test_the_day_before_is_understood_as_people_write_it(text: str) -> None:
    assert day(text) == date(2024, 6, 4)


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("today", 0),
        ("오늘", 0),
        ("the day before yesterday", 2),
        ("그저께", 2),
        ("3 days ago", 3),
        ("3일전", 3),
        ("2 weeks ago", 14),
        ("2주 전", 14),
        ("일주일 전", 7),
        ("last friday", 5),
        ("지난 금요일", 5),
        ("지난주 금요일", 5),
        ("지난주 화요일", 8),
        ("wednesday", 7),
        ("수요일", 7),
    ],
)
def test_days_are_counted_back(text: str, back: int) -> None:
    assert day(text) == TODAY - timedelta(days=back)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("6 June", date(2023, 6, 6)),
        ("5 June", TODAY),
        ("29 February", date(2024, 2, 29)),
        ("12월 25일", date(2023, 12, 25)),
    ],
)
def test_without_a_year_it_is_the_last_one_that_was(text: str, found: date) -> None:
    assert day(text) == found


def test_a_leap_day_is_looked_for_over_a_century_that_has_none() -> None:
    assert day("29 February", today=date(2103, 6, 1)) == date(2096, 2, 29)


@pytest.mark.parametrize(
    ("language", "text"), [("fr", "4 juin"), ("de", "4. Juni"), ("es", "4 de junio")]
)
def test_names_of_the_readers_language_are_known(language: str, text: str) -> None:
    assert day(text, names=calendar_names(language)) == date(2024, 6, 4)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2024-13-01",
        "2024-02-30",
        "30 February",
        "0000-01-01",
        "4 5 June",
        "June",
        "4 June July",
        "4 June 2024 2025",
        "9999999 days ago",
        "4/6/2024",
        "٣",
        "x" * 400,
        "@everyone",
    ],
)
def test_what_is_no_day_is_answered_with_what_to_write(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        day(text)
    assert "`2024-06-04`" in spoken(caught.value.reply, "en")


@given(st.text(max_size=80))
def test_any_text_is_a_day_or_an_answer(text: str) -> None:
    with suppress(InvalidInput):
        assert isinstance(day(text), date)


@given(st.dates(min_value=date(1000, 1, 1)))
def test_every_day_is_read_back_as_iso_writes_it(written: date) -> None:
    assert day(written.isoformat()) == written


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("2024년", date(2024, 1, 1), date(2024, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2024년 12월", date(2024, 12, 1), date(2024, 12, 31)),
        ("4 June", date(2024, 6, 4), date(2024, 6, 4)),
    ],
)
def test_an_end_of_a_range_may_be_a_month_or_a_year(text: str, first: date, last: date) -> None:
    assert parse_bound(text, today=TODAY, names=NAMES, is_end=False) == first
    assert parse_bound(text, today=TODAY, names=NAMES, is_end=True) == last


@pytest.mark.parametrize("text", ["2024-13", "0000", "9999"])
def test_a_month_or_year_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_bound(text, today=TODAY, names=NAMES, is_end=True)
