"""Whether a paper is what a person follows."""

import pytest

from bot.domain.follows import Follow, FollowKind, followed
from bot.domain.papers import Paper
from tests.builders import a_paper, a_summary


def an_author(said: str, author_id: int | None = None) -> Follow:
    return Follow(id=1, reader_id=7, kind=FollowKind.AUTHOR, said=said, author_id=author_id)


def words(said: str) -> Follow:
    return Follow(id=2, reader_id=7, kind=FollowKind.WORDS, said=said)


def test_an_author_who_is_known_is_the_very_name() -> None:
    follow = an_author("Jean Thérien", author_id=3)

    assert follow.matches(a_paper(authors=("Ada", "Jean Thérien")))
    assert not follow.matches(a_paper(authors=("Jean Therien",)))


def test_a_name_that_was_kept_is_found_without_accents_and_case() -> None:
    follow = an_author("jean therien")

    assert follow.matches(a_paper(authors=("Jean Thérien",)))
    assert not follow.matches(a_paper(authors=("Jean Thérien-Roy",)))


@pytest.mark.parametrize(
    ("said", "title", "matches"),
    [
        ("state space", "Space of a state", True),
        ('"state space"', "Space of a state", False),
        ('"state space"', "A state-space model", True),
        ("transformer", "Transformers again", True),
        ("attention -vision", "Attention for Vision", False),
        ("attention -vision", "Attention for visionaries", True),
        ("확산", "비디오확산모델", True),
        ("확산 -비디오", "비디오 확산 모델", False),
        ("-vision", "Attention", False),
    ],
)
def test_words_are_read_as_a_search_reads_them(said: str, title: str, matches: bool) -> None:
    paper = a_paper(title=title, abstract="", summaries=())

    assert words(said).matches(paper) is matches


@pytest.mark.parametrize(
    "paper",
    [
        a_paper(title="Diffusion"),
        a_paper(abstract="We use diffusion."),
        a_paper(summaries=(a_summary("On diffusion"),)),
    ],
)
def test_words_are_found_in_title_abstract_and_bullets(paper: Paper) -> None:
    assert words("diffusion").matches(paper)


def test_a_paper_has_every_reason_that_it_is_for() -> None:
    both, none = a_paper(1, authors=("Ada",), title="Diffusion"), a_paper(2, authors=("Bo",))
    follows = [an_author("Ada"), words("diffusion")]

    assert followed(follows, [both, none]) == {both.id: tuple(follows)}
