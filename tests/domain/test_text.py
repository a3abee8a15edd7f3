"""Cleaning, folding, cutting into sentences."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.text import _thoroughly_clean, clean, fold, sentences


def test_a_title_over_two_lines_becomes_one() -> None:
    assert clean("Transformers are SSMs:\n  Generalized\tModels\r\n") == (
        "Transformers are SSMs: Generalized Models"
    )


def test_control_and_direction_characters_are_taken_out() -> None:
    assert clean("a\x0cb\x08c\u202edec\ufeff\ud800") == "a b cdec \ufffd"


@given(st.text())
@example(" a\u00a0b ")
@example("a\u200bb")
@example("\ud800")
@example("a\u3000 b")
def test_the_short_way_of_cleaning_gives_what_the_long_way_gives(text: str) -> None:
    assert clean(text) == _thoroughly_clean(text)


@given(st.text())
def test_clean_text_is_one_line_and_stays_clean(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert "\n" not in cleaned
    assert len(cleaned.splitlines()) <= 1
    cleaned.encode()


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Benjamin Thérien", "benjamin therien"),
        ("Łukasz Kaiser", "lukasz kaiser"),
        ("Søren Kierkegaard", "Soren KIERKEGAARD"),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
        ("Ｉ\u0307", "i"),
        ("Straße", "strasse"),
    ],
)
def test_names_meet_without_case_accents_or_width(written: str, typed: str) -> None:
    assert fold(written) == fold(typed)


def test_hangul_and_kana_are_not_taken_apart() -> None:
    assert fold("김철수") == "김철수"
    assert fold("ガ") != fold("カ")


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three?", 3),
        ("We follow A. Smith et al. The result holds, e.g. Here too.", 1),
        ("It gains 3.5 points. No more.", 2),
        ("그렇다。아니다。", 2),
        ("", 0),
        ("no end", 1),
    ],
)
def test_sentences_end_where_readers_see_an_end(text: str, count: int) -> None:
    assert len(sentences(text)) == count


@given(st.text())
def test_sentences_lose_no_text(text: str) -> None:
    assert "".join(sentences(text)).replace(" ", "") == clean(text).replace(" ", "")
