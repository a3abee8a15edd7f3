"""One list of one day, from one source or several."""

import pytest

from bot.domain.digests import Digest, Listing, merge
from tests.builders import DAY, a_listing, a_paper, a_summary


def numbers(digest: Digest) -> list[int]:
    return [int(listing.paper.id.value[-5:]) for listing in digest]


def test_the_best_paper_comes_first_and_equal_votes_keep_the_source_order() -> None:
    digest = Digest.of(
        DAY,
        [
            a_listing(1, upvotes=None),
            a_listing(2, upvotes=3),
            a_listing(3, upvotes=0),
            a_listing(4, upvotes=3),
        ],
    )
    assert numbers(digest) == [2, 4, 3, 1]
    assert len(digest) == 4
    assert digest


def test_a_paper_listed_twice_is_one_paper() -> None:
    digest = Digest.of(DAY, [a_listing(1, upvotes=None), a_listing(1, upvotes=5)])
    assert [listing.upvotes for listing in digest] == [5]


def test_a_list_that_repeats_a_paper_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="repeats a paper"):
        Digest(day=DAY, listings=(a_listing(1), a_listing(1)))


def test_votes_are_never_negative() -> None:
    with pytest.raises(ValueError, match="-1 upvotes"):
        a_listing(1, upvotes=-1)


def test_live_votes_win_over_written_ones_whatever_the_order_of_sources() -> None:
    live = Digest.of(DAY, [a_listing(1, upvotes=7, live=True)])
    written = Digest.of(
        DAY,
        [
            Listing(paper=a_paper(1, summaries=(a_summary(language="ko"),)), upvotes=99),
            a_listing(2, upvotes=50, live=False),
        ],
    )
    for order in ((live, written), (written, live)):
        both = merge(DAY, order)
        assert numbers(both) == [2, 1]
        assert [listing.upvotes for listing in both] == [50, 7]
        assert {s.language for s in both.listings[1].paper.summaries} == {"en", "ko"}


def test_an_empty_list_is_false() -> None:
    assert not merge(DAY, [])
