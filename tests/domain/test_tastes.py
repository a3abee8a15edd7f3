"""A taste: what few verdicts say of other papers, why, and what room is left for others."""

import random
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.interests import Verdict
from bot.domain.papers import Paper, PaperId
from bot.domain.shelves import Shelf, Vector
from bot.domain.showings import Showing, with_room
from bot.domain.tastes import Taste
from bot.domain.traits import Traits, author_trait, named_traits
from tests.builders import DAY, a_paper, a_summary

SUBJECTS = {
    "diffusion": ["image", "diffusion", "denoising", "sampler", "latent", "noise", "schedule"],
    "robots": ["robot", "grasping", "manipulation", "arm", "policy", "gripper", "control"],
    "proofs": ["theorem", "proof", "lean", "formal", "logic", "prover", "lemma"],
}
KOREAN = {
    "diffusion": "확산 모델로 이미지를 생성한다",
    "robots": "로봇 팔로 물체를 조작한다",
    "proofs": "정리를 형식적으로 증명한다",
}


def about(subject: str, number: int) -> Paper:
    words = SUBJECTS[subject]
    chosen = [words[(number * step + step) % len(words)] for step in (1, 2, 3, 5)]
    return a_paper(
        number,
        title=f"On {chosen[0]} and {chosen[1]}",
        abstract=f"We study {chosen[2]} with {chosen[3]} in a new way.",
        authors=(f"{subject.title()} Author {number % 2}",),
        summaries=(),
    )


PAPERS = {
    paper.id: paper
    for number, subject in enumerate(list(SUBJECTS) * 20, start=1)
    for paper in [about(subject, number)]
}
SUBJECT_OF = {PaperId(f"2406.{n:05d}"): s for n, s in enumerate(list(SUBJECTS) * 20, start=1)}
SHELF = Shelf({paper_id: Traits.of(paper) for paper_id, paper in PAPERS.items()})
IDS = sorted(PAPERS)
FIRST_LIST, LATER_LIST = IDS[:15], IDS[30:45]


def papers_on(subject: str, among: list[PaperId] = FIRST_LIST) -> list[PaperId]:
    return [paper_id for paper_id in among if SUBJECT_OF[paper_id] == subject]


def a_showing(
    *verdicts: tuple[PaperId, Verdict],
    day: date = DAY,
    shown: list[PaperId] = FIRST_LIST,
) -> Showing:
    return Showing(day, frozenset(shown), verdicts)


def learned(*showings: Showing, shelf: Shelf = SHELF, today: date = DAY) -> Taste:
    return Taste.learned(showings, shelf, today=today)


def liking(*papers: PaperId) -> Taste:
    return learned(a_showing(*((paper_id, Verdict.LIKED) for paper_id in papers)))


def listed(ids: list[PaperId]) -> list[tuple[PaperId, Vector]]:
    return [(paper_id, SHELF[paper_id]) for paper_id in ids]


NO_VOTES: dict[PaperId, int | None] = {}


@pytest.mark.parametrize("subject", SUBJECTS)
def test_three_likes_bring_their_subject_to_the_top_whatever_the_votes_say(subject: str) -> None:
    votes = {i: 0 if SUBJECT_OF[i] == subject else 100 for i in LATER_LIST}

    ordered = liking(*papers_on(subject)[:3]).order(listed(LATER_LIST), votes)

    assert {SUBJECT_OF[paper_id] for paper_id in ordered[:3]} == {subject}


def test_without_a_verdict_the_votes_order_a_list() -> None:
    votes: dict[PaperId, int | None] = {i: n * 7 % 15 for n, i in enumerate(LATER_LIST)}

    ordered = learned().order(listed(LATER_LIST), votes)

    assert not learned()
    assert ordered == sorted(LATER_LIST, key=lambda i: -(votes[i] or 0))


def test_not_for_me_puts_its_subject_last() -> None:
    taste = learned(*[a_showing((i, Verdict.DISMISSED)) for i in papers_on("robots")[:2]])

    ordered = taste.order(listed(LATER_LIST), NO_VOTES)

    assert {SUBJECT_OF[paper_id] for paper_id in ordered[-3:]} == {"robots"}
    assert taste.because(SHELF[papers_on("robots")[0]]) is None


def test_what_was_passed_over_is_held_against_a_taste_the_more_likes_there_are() -> None:
    liked, passed = papers_on("proofs"), papers_on("robots")[0]

    once, often = liking(liked[0]), liking(*liked)

    def against(taste: Taste) -> float:
        return taste.score(SHELF[passed]) / taste.score(SHELF[liked[0]])

    assert against(often) < against(once)


def test_an_old_verdict_counts_for_less_than_a_new_one() -> None:
    old = a_showing((papers_on("robots")[0], Verdict.LIKED), day=DAY - timedelta(days=700))
    new = a_showing((papers_on("proofs")[0], Verdict.LIKED))

    ordered = learned(old, new).order(listed(LATER_LIST), NO_VOTES)

    assert SUBJECT_OF[ordered[0]] == "proofs"


def test_likes_of_many_readers_outweigh_one_refusal() -> None:
    robots = papers_on("robots")[0]
    votes = [(robots, Verdict.LIKED)] * 3 + [(robots, Verdict.DISMISSED)]

    assert learned(a_showing(*votes)).score(SHELF[robots]) > 0
    assert learned(a_showing(votes[0], votes[-1])).score(SHELF[robots]) < 0


def test_korean_bullets_alone_tell_a_subject() -> None:
    papers = {
        paper.id: paper
        for number, subject in enumerate(list(KOREAN) * 4, start=1)
        for paper in [
            a_paper(
                number,
                title=f"{number}",
                authors=(),
                summaries=(a_summary(KOREAN[subject], language="ko"),),
            )
        ]
    }
    shelf = Shelf({paper_id: Traits.of(paper) for paper_id, paper in papers.items()})
    liked, *others = list(papers)
    taste = learned(a_showing((liked, Verdict.LIKED), shown=[liked]), shelf=shelf)

    best = [paper_id for paper_id, _ in taste.best(shelf, 3, without=[liked])]

    assert set(best) == set(others[2::3])


def test_a_reason_is_the_liked_paper_that_has_most_in_common() -> None:
    robots, proofs = papers_on("robots")[0], papers_on("proofs")[0]
    taste = liking(robots, proofs)

    reasons = {i: taste.because(SHELF[i]) for i in papers_on("proofs", LATER_LIST)}

    assert {reason.paper_id for reason in reasons.values() if reason} == {proofs}


def test_more_like_this_finds_the_subject_of_one_paper_and_not_itself() -> None:
    robots = papers_on("robots")[0]

    found = Taste.of_paper(robots, SHELF[robots], SHELF).best(SHELF, 5, without=[robots])

    assert robots not in dict(found)
    assert {SUBJECT_OF[paper_id] for paper_id, _ in found} == {"robots"}


def test_a_paper_that_is_not_on_the_shelf_can_be_judged_and_cannot_teach() -> None:
    stranger = PaperId("2401.00001")

    assert not learned(a_showing((stranger, Verdict.LIKED), shown=[stranger]))
    assert liking(papers_on("robots")[0]).score(SHELF.vector(Traits.of(about("robots", 200)))) > 0


def test_every_fifth_place_is_for_something_outside_the_taste() -> None:
    votes: dict[PaperId, int | None] = {i: n for n, i in enumerate(LATER_LIST)}
    ordered = liking(*papers_on("proofs")[:3]).order(listed(LATER_LIST), votes)

    places = with_room(ordered, votes)

    assert [n for n, place in enumerate(places, start=1) if place.outside] == [5, 10, 15]
    assert places[4].paper_id == max(ordered[8:], key=lambda i: votes[i] or 0)
    assert [p.paper_id for p in places[:4]] == ordered[:4]


@given(st.integers(0, 45))
def test_room_for_others_loses_no_paper_and_repeats_none(count: int) -> None:
    placed = [place.paper_id for place in with_room(IDS[:count], NO_VOTES)]

    assert sorted(placed) == IDS[:count]


@given(st.randoms(use_true_random=False))
def test_the_order_in_which_things_are_told_changes_nothing(chance: random.Random) -> None:
    showings = [
        a_showing(
            (papers_on(subject)[number], Verdict.LIKED),
            (papers_on("robots")[number], Verdict.SAVED),
            day=DAY - timedelta(days=number),
        )
        for number, subject in product(range(2), ("proofs", "diffusion"))
    ]
    first = learned(*showings).order(listed(LATER_LIST), NO_VOTES)

    chance.shuffle(showings)
    shuffled = listed(LATER_LIST)
    chance.shuffle(shuffled)

    assert learned(*showings).order(shuffled, NO_VOTES) == first


@given(st.lists(st.text(max_size=40), min_size=2, max_size=6))
def test_whatever_a_text_holds_it_has_a_score(texts: list[str]) -> None:
    papers = [
        a_paper(n, title=text or "·", abstract=text, keywords=(text,), authors=(text,))
        for n, text in enumerate(texts, start=1)
    ]
    shelf = Shelf({paper.id: Traits.of(paper) for paper in papers})
    taste = learned(a_showing((papers[0].id, Verdict.LIKED), shown=list(shelf)), shelf=shelf)

    for paper_id in shelf:
        assert -1000 < taste.score(shelf[paper_id]) < 1000
    assert sorted(taste.order([(i, shelf[i]) for i in shelf], NO_VOTES)) == sorted(shelf)


def test_traits_come_back_from_the_store_as_they_were() -> None:
    traits = Traits.of(PAPERS[IDS[0]])

    assert Traits.from_bytes(traits.to_bytes()) == traits
    assert list(Traits.from_bytes(b"")) == []
    with pytest.raises(ValueError, match="no traits"):
        Traits.from_bytes(b"1234")
    with pytest.raises(ValueError, match="strengths"):
        Traits(traits.numbers, b"")


def test_traits_are_words_phrases_and_authors() -> None:
    paper = a_paper(title="A 3D Robot", keywords=("robot arm",), authors=("Thérien",), summaries=())

    named = named_traits(paper)

    assert set(named) == {"robot", "arm", "robot arm", author_trait("therien")}
    assert named["robot"] > named["arm"]


def test_a_paper_from_beside_the_shelf_is_the_same_point_as_on_it() -> None:
    for paper_id in IDS[:5]:
        beside, there = SHELF.vector(Traits.of(PAPERS[paper_id])), SHELF[paper_id]

        assert beside.dot(there) == pytest.approx(1)
        assert len(beside) == len(there)


def test_an_empty_shelf_has_nothing_in_common_with_anything() -> None:
    vector = Shelf({}).vector(Traits.of(PAPERS[IDS[0]]))

    assert len(vector) == 0
    assert Shelf({}).nearest(vector, 3) == []


def test_the_heaviest_of_a_vector_are_the_largest_of_either_sign() -> None:
    vector = SHELF.sum({IDS[0]: 1.0, IDS[1]: -2.0})
    sizes = sorted((abs(weight) for weight in vector.weights.tolist()), reverse=True)

    kept = vector.heaviest(3)

    assert sorted((abs(w) for w in kept.weights.tolist()), reverse=True) == sizes[:3]
    assert list(kept.numbers) == sorted(kept.numbers)


def test_what_nearly_all_papers_have_tells_nothing() -> None:
    common = Traits.of(a_paper(title="We study", authors=(), summaries=()))

    assert len(SHELF.vector(common)) == 0


def test_a_paper_that_has_little_in_common_is_no_close_one() -> None:
    liked = papers_on("proofs")[0]
    taste = liking(liked)

    close = taste.because(SHELF[papers_on("proofs", LATER_LIST)[0]])
    far = taste.because(SHELF[papers_on("robots", LATER_LIST)[0]])

    assert close is not None
    assert close.is_close
    assert far is None or not far.is_close
