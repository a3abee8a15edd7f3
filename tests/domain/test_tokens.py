"""Which words a text has: what is stored and what is typed have the same."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.tokens import (
    LONGEST,
    is_cjk,
    is_whole_word,
    located,
    may_have,
    tokens,
    whole_words,
)

PIECES = (
    *("model", "Models", "C++", "c#", "GPT-4", "x²", "½", "x" * 70, " ", "-", "'"),
    *(r"\mathcal{O}", r"$\pi_0$", r"Schr\"odinger", r"\textbf", "\\"),
    *("모델", "언어모델의", "言語モデル", "ﾓﾃﾞﾙ", "\u1112\u1161\u11ab", "\u1112"),
    *("ε", "α-", "λόγος", "ΣΊΣΥΦΟΣ", "Thérien", "e\u0301", "ﬁne", "ß", "İ", "㎏", "\u20d0", "🔥"),
)
mixtures = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join)
"""Texts of several languages and of LaTeX, and of what Unicode has besides."""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Attention Is All You Need", ["attention", "is", "all", "you", "need"]),
        ("state-of-the-art", ["state", "of", "the", "art"]),
        ("Thérien, ŁUKASZ & Straße", ["therien", "lukasz", "strasse"]),
        ("snake_case", ["snake", "case"]),
        ("ﬁne-tuning", ["fine", "tuning"]),
        ("a", ["a"]),
        ("", []),
        ("🔥 → ✨ !?", []),
        # As people type them and as papers write them.
        ("GPT-4", ["gpt", "4"]),
        ("gpt4", ["gpt", "4"]),
        ("3D", ["3", "d"]),
        ("Llama3.1", ["llama", "3", "1"]),
        ("C++ and C#", ["c", "⁺⁺", "and", "c", "＃"]),
        ("C++20", ["c", "⁺⁺", "20"]),
        ("1++ # of", ["1", "of"]),
        ("x^2", ["x", "2"]),
        ("x²", ["x", "2"]),
        # LaTeX
        (r"$\mathcal{O}(n^2)$", ["o", "n", "2"]),
        (r"\textbf{Bold} \emph{and} $\log n$", ["bold", "and", "log", "n"]),
        (r"$\pi_0$", ["pi", "0"]),
        ("π0", ["pi", "0"]),
        ("πρ", ["πρ"]),
        (r"\textual{}", ["textual"]),
        (r"Schr\"odinger and Fr\'{e}chet", ["schrodinger", "and", "frechet"]),
        # Han, Hangul and kana in pairs
        ("모델", ["모델"]),
        ("언어모델", ["언어", "어모", "모델"]),
        ("GPT모델을", ["gpt", "모델", "델을"]),
        ("큰 모델", ["큰", "모델"]),
        ("机器学习", ["机器", "器学", "学习"]),
        ("データ処理", ["デー", "ータ", "タ処", "処理"]),
        ("ﾃｽﾄ", ["テス", "スト"]),
        ("π모델", ["pi", "모델"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert tokens(text) == words


def test_a_word_without_an_end_is_cut() -> None:
    assert tokens("a" * 1_000 + " b") == ["a" * LONGEST, "b"]
    assert tokens("é" * 1_000 + " b") == ["e" * LONGEST, "b"]


def test_decomposed_hangul_is_composed() -> None:
    assert tokens(unicodedata.normalize("NFD", "언어모델")) == tokens("언어모델")


def test_hangul_words_are_also_known_as_wholes() -> None:
    assert whole_words("GPT는 새로운 언어모델 큰") == ["·새로운", "·언어모델"]
    assert whole_words("가" * 13) == []
    assert whole_words("机器学习 words") == []


@pytest.mark.parametrize(
    ("text", "is_one"), [("모델", True), ("큰", False), ("가" * 13, False), ("a모델", False)]
)
def test_a_hangul_word_of_some_length_is_whole(text: str, is_one: bool) -> None:
    assert is_whole_word(text) == is_one


def test_what_parts_a_phrase_is_no_word() -> None:
    assert tokens("·모델") == ["모델"]
    assert tokens("⁺⁺ ＃") == []


def test_scripts_without_spaces_are_told_from_others() -> None:
    assert [word for word in ("모", "학습", "ー", "a", "é", "я") if is_cjk(word)] == [
        "모",
        "학습",
        "ー",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Thérien's GPT-4", ["Thérien", "s", "GPT", "4"]),
        ("언어모델", ["언어", "어모", "모델"]),
        ("ﬁne ﾃｽﾄ", ["ﬁne", "ﾃｽ", "ｽﾄ"]),
        (r"$\mathcal{X}$ π C++", ["X", "π", "C", "++"]),
        ("e\u0301cole", ["e\u0301cole"]),
    ],
)
def test_words_are_located_in_the_text_as_it_is(text: str, shown: list[str]) -> None:
    found = located(text)

    assert [text[token.start : token.end] for token in found] == shown
    assert [token.word for token in found] == tokens(text)


ALPHABET = "aB9é ßπ모델을学習ーデ-_.,+#$^{}🔥·"


@given(st.text(ALPHABET, max_size=40))
def test_located_words_are_the_words(text: str) -> None:
    assert [token.word for token in located(text)] == tokens(text)


@given(st.text(max_size=80))
def test_any_text_has_words_that_an_index_can_hold(text: str) -> None:
    for word in tokens(text):
        assert word
        assert not any(letter.isspace() or letter in '"\x00' for letter in word)
        assert all(letter.isalnum() for letter in word if letter.isascii())
        word.encode()


@given(st.text(st.characters(max_codepoint=127), max_size=80) | mixtures.filter(str.isascii))
def test_a_text_of_ascii_has_the_words_that_it_would_have_among_others(text: str) -> None:
    *words, other = located(f"{text} é")

    assert located(text) == words
    assert other.word == "e"


@given(mixtures)
def test_a_text_may_have_every_word_that_it_has_and_every_beginning_of_one(text: str) -> None:
    for token in located(text):
        for length in range(1, len(token.word) + 1):
            assert may_have(text, {"neverthere", token.word[:length]})


@pytest.mark.parametrize("text", ["Of diffusion", "확산 모델", ""])
def test_a_text_without_the_letters_of_a_word_cannot_have_it(text: str) -> None:
    assert not may_have(text, {"video", "言語"})
