"""Which letters a text has, and which ones a language is written in."""

import pytest

from bot.domain.scripts import (
    CYRILLIC,
    HAN,
    HANGUL,
    KANA,
    LATIN,
    letters,
    mostly_latin,
    script_of,
)


@pytest.mark.parametrize(
    ("language", "script"),
    [
        ("ko", HANGUL),
        ("ko-KR", HANGUL),
        ("ja", KANA),
        ("zh-hant", HAN),
        ("ru", CYRILLIC),
        ("sr", CYRILLIC),
        ("sr-latn", LATIN),
        ("en", LATIN),
        ("de", LATIN),
        ("xx", LATIN),
        ("hi", "DEVANAGARI"),
    ],
)
def test_a_language_has_a_script(language: str, script: str) -> None:
    assert script_of(language) == script


def test_letters_are_counted_by_script_and_nothing_else_is() -> None:
    assert letters("Über 3 모델, ガラス ﾊﾟ! 漢字 Ж Ａ α") == {
        LATIN: 5,
        HANGUL: 2,
        KANA: 5,
        HAN: 2,
        CYRILLIC: 1,
        "GREEK": 1,
    }
    assert not letters("12 % … $")


def test_an_english_text_stays_one_with_a_few_foreign_signs() -> None:
    assert mostly_latin("plain words")
    assert mostly_latin("words with α and β")
    assert not mostly_latin("그런 모델 A")
    assert not mostly_latin("12 %")
    assert not mostly_latin("")
