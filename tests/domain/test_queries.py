"""What people type into a search, and where texts say it."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.lookups import Snippet
from bot.domain.queries import (
    MOST_TERMS,
    MOST_WORDS,
    Query,
    Term,
    _around,
    _Found,
    _fullest,
    _joined,
    _most_terms,
    _pieces,
    parse_query,
    satisfies,
    snippet,
    words_said,
)
from bot.domain.text import clean
from bot.domain.tokens import located
from tests.domain.test_tokens import mixtures


def term(*words: str, quoted: bool = False, whole: str = "") -> Term:
    return Term(words, quoted, whole)


@pytest.mark.parametrize(
    ("text", "wanted", "excluded"),
    [
        ("diffusion video", [term("diffusion"), term("video")], []),
        ("  Diffusion \n diffusion ", [term("diffusion")], []),
        ('"language model" small', [term("language", "model", quoted=True), term("small")], []),
        ("“language model”", [term("language", "model", quoted=True)], []),
        ("«language model»", [term("language", "model", quoted=True)], []),
        ("「言語」", [term("言語", quoted=True)], []),
        ("『言語』", [term("言語", quoted=True)], []),
        ('say"two words"', [term("say"), term("two", "words", quoted=True)], []),
        ('"never closed', [term("never", "closed", quoted=True)], []),
        ("video -audio", [term("video")], [term("audio")]),
        ('video -"sound track"', [term("video")], [term("sound", "track", quoted=True)]),
        ("vision-language", [term("vision", "language")], []),
        ("video - audio -", [term("video"), term("audio")], []),
        ("-audio", [], [term("audio")]),
        ("gpt-4", [term("gpt", "4")], []),
        ("언어모델", [term("언어", "어모", "모델", whole="언어모델")], []),
        ('"언어 모델"', [term("언어", "모델", quoted=True)], []),
        ("NEAR(a b) OR c*", [term("near", "a"), term("b"), term("or"), term("c")], []),
        ("title:x ^y {z}", [term("title", "x"), term("y"), term("z")], []),
        ("🔥 --- \"\" '' * ( ) -", [], []),
        ("\x00 \ud800 \u202e", [], []),
        ("", [], []),
    ],
)
def test_a_query_is_what_is_wanted_and_what_is_not(
    text: str, wanted: list[Term], excluded: list[Term]
) -> None:
    assert parse_query(text) == Query(tuple(wanted), tuple(excluded))


def test_a_query_has_not_more_than_some_terms_and_words() -> None:
    many = parse_query(" ".join(f"w{'x' * n}" for n in range(40)))
    long = parse_query('"' + "ab " * 300)

    assert len(many.wanted) == MOST_TERMS
    assert sum(len(each.words) for each in long.wanted) == MOST_WORDS


@given(st.text(max_size=200) | st.text('"“”-−*()^: ab모델', max_size=60))
def test_any_text_is_a_query(text: str) -> None:
    query = parse_query(text)

    assert len(query.wanted) + len(query.excluded) <= MOST_TERMS
    assert all(each.words for each in (*query.wanted, *query.excluded))


def test_six_thousand_characters_are_a_query() -> None:
    assert len(parse_query("ab cd-" * 1_000).wanted) <= MOST_TERMS


def test_a_term_without_words_cannot_be() -> None:
    with pytest.raises(ValueError, match="a term has a word"):
        Term(())


@pytest.mark.parametrize(
    ("text", "begins", "may_begin"),
    [
        ("모", True, False),
        ("모델", False, False),
        ("ab", False, False),
        ("abc", False, True),
        ('"abc"', False, False),
        ("gpt-4", False, False),
    ],
)
def test_which_words_stand_for_longer_ones(text: str, begins: bool, may_begin: bool) -> None:
    (found,) = parse_query(text).wanted

    assert (found.begins_words, found.may_begin_words) == (begins, may_begin)


# --- snippets ---


def shown(found: Snippet | None) -> str:
    """A snippet with what is marked in brackets."""
    assert found is not None
    return "".join(f"[{text}]" if is_marked else text for text, is_marked in found.pieces)


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("model", "A Model of models.", "A [Model] of [models]."),
        ("language model", "A language model.", "A [language] [model]."),
        ('"language model"', "The model, a language model.", "The model, a [language model]."),
        ("therien", "By Thérien.", "By [Thérien]."),
        ("모델", "새로운 언어모델을 쓴다", "새로운 언어[모델]을 쓴다"),
        ("언어모델", "언어모델은", "[언어모델]은"),
        ("모", "이 모델은", "이 [모]델은"),
        ("gpt4", "With GPT-4 as judge", "With [GPT-4] as judge"),
        ("c++", "In C++ only", "In [C++] only"),
        ("pi0", "With $π_0$", "With $[π_0]$"),
        ("model -small", "A small model", "A small [model]"),
    ],
)
def test_what_was_looked_for_is_marked(query: str, text: str, expected: str) -> None:
    assert shown(snippet(parse_query(query), [text], room=80)) == expected


def test_the_text_that_says_most_is_shown() -> None:
    texts = ["Only video here.", "Video and then audio.", "Audio, video."]

    assert shown(snippet(parse_query("video audio"), texts, room=80)) == "[Video] and then [audio]."


def test_texts_that_say_nothing_of_it_have_no_snippet() -> None:
    assert snippet(parse_query("video"), ["Audio.", ""], room=80) is None
    assert snippet(parse_query("-video"), ["Video."], room=80) is None
    assert snippet(parse_query("video"), ["Video."], room=2) is None


@pytest.mark.parametrize(
    ("text", "room", "expected"),
    [
        ("one two video", 9, "…[video]"),
        ("video one two", 9, "[video]…"),
        ("video one two", 13, "[video] one two"),
        ("anticonstitutionally said", 9, "[anticons]…"),
        ("\\video\\", 3, "…[v]…"),
        ("one two video", 12, "…two [video]"),
    ],
)
def test_a_cut_is_shown(text: str, room: int, expected: str) -> None:
    assert shown(snippet(parse_query("video anticonstitutionally"), [text], room=room)) == expected


def test_a_long_text_is_cut_around_what_says_most() -> None:
    text = "video " + "word " * 60 + "the video with its audio at last " + "and more " * 60

    found = shown(snippet(parse_query("audio video"), [text], room=60))

    assert found.startswith("…word")
    assert "[video] with its [audio] at" in found
    assert found.endswith("…")


@given(
    st.text("ab 모델を,.é\\$", max_size=120),
    st.text('ab 모델を"-', max_size=12),
    st.integers(3, 60),
)
def test_a_snippet_is_a_piece_of_its_text_and_has_room(text: str, query: str, room: int) -> None:
    found = snippet(parse_query(query), [text], room=room)

    if found is not None:
        whole = "".join(piece for piece, _ in found.pieces)
        assert len(whole) <= room
        assert whole.strip("…").strip() in " ".join(text.split())
        assert any(is_marked for _, is_marked in found.pieces)
        assert all(piece for piece, _ in found.pieces)


def plainly(query: Query, texts: Sequence[str], room: int) -> Snippet | None:
    """The snippet by looking at every place of every text."""

    def places(text: str) -> Iterator[_Found]:
        words = located(text)
        for number, term in enumerate(query.wanted):
            *before, last = term.words
            for place in range(len(words) - len(before)):
                *those, token = words[place : place + len(term.words)]
                begins = term.begins_words or term.may_begin_words
                if [each.word for each in those] != before:
                    continue
                if token.word == last or (begins and token.word.startswith(last)):
                    end = token.start + 1 if term.begins_words else token.end
                    yield _Found(number, words[place].start, end)

    best: tuple[int, str, list[_Found]] | None = None
    for text in map(clean, texts):
        found = sorted(places(text), key=lambda each: (each.start, each.end))
        if found and (best is None or _most_terms(found, room) > best[0]):
            best = _most_terms(found, room), text, found
    if best is None or room < 3:
        return None
    _, text, found = best
    start, end = _around(_fullest(found, room), text, room)
    return Snippet(tuple(_pieces(text, start, end, _joined(found))))


@given(st.lists(mixtures, max_size=4), mixtures, st.integers(0, 60))
def test_a_snippet_is_the_one_that_looking_everywhere_finds(
    texts: list[str], typed: str, room: int
) -> None:
    query = parse_query(typed)

    assert snippet(query, texts, room=room) == plainly(query, texts, room)


def test_texts_behind_one_that_says_everything_are_not_asked_for() -> None:
    def texts() -> Iterator[str]:
        yield "Audio alone."
        yield "Video and audio."
        raise AssertionError("asked for")

    assert shown(snippet(parse_query("video audio"), texts(), room=80)) == "[Video] and [audio]."


# --- whether a paper is meant -------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "texts", "is_meant"),
    [
        ("state space", ["A state", "in space"], True),
        ("state space", ["A state"], False),
        ('"state space"', ["A state", "space"], False),
        ('"state space"', ["Of state-space models"], True),
        ('"state space"', ["A space state"], False),
        ("transformer", ["Transformers"], True),
        ('"transformer"', ["Transformers"], False),
        ("ai", ["Aircraft"], False),
        ("diffusion -video", ["Diffusion", "for video"], False),
        ("diffusion -video", ["Diffusion", "for videos"], True),
        ("-video", ["Diffusion"], False),
        ("", ["Diffusion"], False),
        ("diffusion", [], False),
        ("확산", ["비디오확산모델"], True),
        ("CAFE", ["Un café"], True),
    ],
)
def test_every_wanted_term_is_said_somewhere_and_no_other_one(
    query: str, texts: list[str], is_meant: bool
) -> None:
    assert satisfies(parse_query(query), words_said(texts)) is is_meant
