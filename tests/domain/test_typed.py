"""What people type at commands."""

from collections.abc import Callable
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import InvalidInput
from bot.domain.typed import find_zones, parse_time, parse_zone
from bot.rendering.words import spoken
from tests.builders import utc


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("9", time(9)),
        ("09:00", time(9)),
        ("  9:05 ", time(9, 5)),
        ("9.30", time(9, 30)),
        ("0930", time(9, 30)),
        ("21h", time(21)),
        ("12am", time(0)),
        ("12 pm", time(12)),
        ("9:30 P.M.", time(21, 30)),
        ("오전 9시", time(9)),
        ("오후 9시 30분", time(21, 30)),
        ("９：３０", time(9, 30)),
    ],
)
def test_times_are_read_as_people_write_them(text: str, meant: time) -> None:
    assert parse_time(text) == meant


@pytest.mark.parametrize(
    "text", ["", "nine", "25", "24:00", "9:60", "13pm", "0pm", "9:3", "-1", "1" * 99]
)
def test_what_is_no_time_is_answered_with_how_to_write_one(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_time(text)
    assert "`09:00`" in spoken(caught.value.reply, "en")


@pytest.mark.parametrize("parse", [parse_time, parse_zone])
def test_what_somebody_typed_is_told_to_them_and_not_to_the_log(
    parse: Callable[[str], object],
) -> None:
    with pytest.raises(InvalidInput, match="14 characters") as caught:
        parse("my secret plan")
    assert "my secret plan" in spoken(caught.value.reply, "en")
    assert "secret" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_a_time_or_a_clear_error(text: str) -> None:
    try:
        parsed = parse_time(text)
    except InvalidInput as error:
        parsed = None
        reply = spoken(error.reply, "en")
    assert parsed is not None or len(reply) < 200


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Asia/Seoul", "Asia/Seoul"),
        ("asia/seoul", "Asia/Seoul"),
        ("seoul", "Asia/Seoul"),
        ("new york", "America/New_York"),
        ("utc", "UTC"),
    ],
)
def test_a_zone_is_found_by_its_name_or_its_city(typed: str, zone: str) -> None:
    assert parse_zone(typed).key == zone


@pytest.mark.parametrize(
    "typed", ["", "berln", "Mars/Olympus", "america", "GMT+2", "utc+9", "🦉" * 300]
)
def test_an_unknown_zone_is_answered_with_zones_to_choose_from(typed: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_zone(typed)
    assert "`" in spoken(caught.value.reply, "en")
    assert len(spoken(caught.value.reply, "en")) < 400


def test_a_misspelt_city_is_answered_with_the_right_one() -> None:
    with pytest.raises(InvalidInput, match="not a time zone") as caught:
        parse_zone("berln")
    assert "`Europe/Berlin`" in spoken(caught.value.reply, "en")


def test_zones_are_offered_as_one_types_best_first() -> None:
    assert find_zones("seoul") == ["Asia/Seoul"]
    assert "Europe/Berlin" in find_zones("ber")
    assert find_zones("europe/be")[0].startswith("Europe/Be")
    assert "Asia/Seoul" in find_zones("kst", at=utc(2024, 6, 4))
    assert len(find_zones("")) == 25, "Discord shows 25 choices"
    assert all("/" in name for name in find_zones(""))
    assert find_zones("zzz", at=utc(2024, 6, 4)) == []
