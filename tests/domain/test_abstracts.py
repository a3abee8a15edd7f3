"""Abstracts as bullets: what is new, then what was measured, in whole sentences."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.abstracts import MOST_BULLETS, abstract_summary, best_summary
from bot.domain.papers import SummaryOrigin
from bot.domain.text import clean, sentences
from tests.builders import a_paper, a_summary

SCENE = (
    "Large models answer slowly, because every word is computed by all of their layers. "
    "Existing work skips layers by rules that people wrote. "
    "However, such rules fail on other languages, and their cost remains unclear. "
)
NEW = "In this paper, we propose Sprinter, which learns from its own mistakes where to stop. "
DETAIL = "Sprinter needs no labels and is trained in an hour. "
MEASURED = "Across six languages, it is 2.3x as fast and loses only 0.4 points. "
MORE = "Our experiments show that the savings grow with the size of the model. "
ASIDE = "Code and weights are available at https://example.org/sprinter. "


def bullets(abstract: str) -> list[str]:
    summary = abstract_summary(abstract)
    return [] if summary is None else [bullet.text for bullet in summary.bullets]


def test_what_is_new_comes_first_then_what_was_measured_and_the_scene_is_left_out() -> None:
    assert bullets(SCENE + NEW + DETAIL + MEASURED + MORE + ASIDE) == [
        text.strip() for text in (NEW, DETAIL, MEASURED, MORE)
    ]


def test_a_detail_stands_behind_what_it_explains() -> None:
    assert bullets(NEW + MEASURED + "The savings come from easy words. " + MORE) == [
        NEW.strip(),
        MEASURED.strip(),
        "The savings come from easy words.",
        MORE.strip(),
    ]


def test_what_is_new_may_be_said_without_saying_who() -> None:
    said = "The first benchmark of silence is introduced."

    assert bullets(f"Silence is loud. {said} It has nine tasks. {MEASURED}")[0] == said


def test_neither_what_is_new_nor_what_was_measured_crowds_the_other_out() -> None:
    new = [f"We introduce part {letter} of the system. " for letter in "ABCDEF"]

    assert bullets("".join(new) + MEASURED + MORE) == [
        *(text.strip() for text in new[:3]),
        MEASURED.strip(),
        MORE.strip(),
    ]


def test_of_many_results_those_with_figures_are_shown() -> None:
    vague = [f"Results show that {letter} improves. " for letter in "ABCDEF"]

    shown = bullets(NEW + "".join(vague) + MEASURED)

    assert MEASURED.strip() in shown
    assert len(shown) == MOST_BULLETS


def test_a_scene_is_shown_where_there_is_little_else() -> None:
    assert bullets(SCENE + NEW) == [
        NEW.strip(),
        "Large models answer slowly, because every word is computed by all of their layers.",
        "Existing work skips layers by rules that people wrote.",
    ]


def test_a_sentence_that_leans_on_one_that_is_left_out_is_left_out_too() -> None:
    abstract = "Models are slow. They wait for every word. It is a pity. Few know why. " + NEW

    assert bullets(abstract) == [NEW.strip(), "Models are slow.", "They wait for every word."]


@pytest.mark.parametrize(
    "abstract",
    [
        "모델은 느리다. 우리는 빠르게 한다. 결과가 좋다.",
        "これは遅い。そこで速くする。結果は良い。",
        "One. Two. Three. Four. Five. Six. Seven.",
    ],
)
def test_where_nothing_tells_sentences_apart_the_first_ones_are_shown(abstract: str) -> None:
    assert bullets(abstract) == sentences(abstract)[:MOST_BULLETS]


def test_a_formula_is_not_cut_though_a_sentence_seems_to_end_in_it() -> None:
    first = r"We prove that $f(x) = \sum. X_i$ holds for all x."

    assert bullets(f"{first} It costs nothing.") == [first, "It costs nothing."]


def test_prices_are_no_formula() -> None:
    assert bullets("It costs $5 a day. Others cost $9 a day.") == [
        "It costs $5 a day.",
        "Others cost $9 a day.",
    ]
    assert bullets("It costs $5 a day. Others cost more. Nobody pays.")[0] == "It costs $5 a day."


def test_of_a_text_without_end_the_beginning_is_read_in_whole_sentences() -> None:
    endless = "It goes on. " * 5_000 + NEW

    assert bullets(endless) == ["It goes on."] * MOST_BULLETS
    assert len(bullets("and on " * 5_000)[0]) < 11_000


def test_only_an_address_to_show_is_better_than_nothing() -> None:
    assert bullets(ASIDE) == [ASIDE.strip()]
    assert bullets(" \n ") == []


def test_a_summary_of_an_abstract_says_so() -> None:
    english, korean = abstract_summary(NEW), abstract_summary("우리는 모델을 만든다.")

    assert english is not None
    assert korean is not None
    assert english.origin is korean.origin is SummaryOrigin.ABSTRACT
    assert (english.language, korean.language) == ("en", "und")


def test_the_abstract_is_the_last_choice_in_english_and_before_other_languages() -> None:
    digest = a_summary("그렇다.", language="ko")
    paper = a_paper(summaries=(digest,), abstract=NEW)
    with_more = a_paper(
        summaries=(digest, a_summary("It runs.", origin=SummaryOrigin.HUGGING_FACE)), abstract=NEW
    )

    assert best_summary(paper, "ko") == digest
    assert best_summary(paper, "en") == abstract_summary(NEW)
    assert best_summary(paper, "fr") == abstract_summary(NEW)
    assert best_summary(with_more, "en") == with_more.summaries[1]
    assert best_summary(a_paper(summaries=(digest,)), "en") == digest
    assert best_summary(a_paper(summaries=()), "en") is None


PIECES = st.sampled_from(
    [SCENE, NEW, DETAIL, MEASURED, MORE, ASIDE, "A $x_1. Y$ b. ", "Costs $5. ", "그렇다。"]
)


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
@example("$. $. A $\\. A")
@example("0。THIS PAPER:PROPOS. 0")
def test_bullets_are_whole_sentences_of_the_abstract_each_once(abstract: str) -> None:
    shown = bullets(abstract)

    assert len(shown) <= MOST_BULLETS
    assert bool(shown) is bool(clean(abstract))
    left = " ".join(sentences(abstract))
    for bullet in sorted(shown, key=len, reverse=True):
        assert bullet in left
        left = left.replace(bullet, "", 1)
    starts = {sentence[:1] for sentence in sentences(abstract)}
    assert all(bullet[:1] in starts for bullet in shown)
