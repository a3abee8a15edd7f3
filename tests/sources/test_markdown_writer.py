"""What is written is the form that people know, and comes back as it was."""

import string
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.digests import Digest, Listing
from bot.domain.papers import Bullet, Paper, PaperId, Summary, SummaryOrigin
from bot.domain.text import clean
from bot.rendering.catalogues import languages
from bot.sources.addresses import media_address
from bot.sources.cleaning import distinct
from bot.sources.markdown_reader import read_digests
from bot.sources.markdown_writer import write_digest

DAY = date(2024, 6, 4)
CARD = "https://cdn-thumbnails.huggingface.co/social-thumbnails/papers/2406.01574.png"


def summary(*bullets: Bullet, language: str = "en") -> Summary:
    return Summary(language=language, bullets=bullets, origin=SummaryOrigin.DIGEST)


def a_paper(**fields: object) -> Paper:
    return Paper(id=PaperId("2406.01574"), **{"title": "Slow Models", **fields})  # type: ignore[arg-type]


def a_digest(*papers: Paper, upvotes: int | None = None) -> Digest:
    return Digest.of(DAY, [Listing(paper=paper, upvotes=upvotes) for paper in papers])


def there_and_back(digest: Digest, language: str = "en") -> Digest:
    (reading,) = read_digests(
        write_digest(digest, language=language), name="written", language=language
    )
    assert reading.problems == ()
    return reading.digest


def test_the_form_is_the_usual_one() -> None:
    slow = a_paper(
        authors=("Ada Lovelace", "Émile Borel"),
        media=(CARD, "https://cdn.example/a.mp4"),
        summaries=(summary(Bullet("It waits."), Bullet("It still waits.", "Result")),),
    )
    bare = Paper(id=PaperId("2406.00001"), title="Bare")
    digest = Digest.of(DAY, [Listing(paper=slow, upvotes=28), Listing(paper=bare)])

    assert (
        write_digest(digest, language="en")
        == f"""\
## Daily Papers (2024-06-04)

### [Slow Models](https://arxiv.org/abs/2406.01574)

![]({CARD})

[Watch Video](https://cdn.example/a.mp4)

Vote: 28

Authors: Ada Lovelace, Émile Borel

- It waits.
- ***Result***: It still waits.

### [Bare](https://arxiv.org/abs/2406.00001)

Vote: -
"""
    )


def test_a_day_without_papers_is_its_heading() -> None:
    assert write_digest(a_digest(), language="en") == "## Daily Papers (2024-06-04)\n"


def test_only_summaries_in_the_language_asked_for_are_written() -> None:
    paper = a_paper(
        summaries=(
            Summary(language="ko", bullets=(Bullet("모델"),), origin=SummaryOrigin.HUGGING_FACE),
            summary(Bullet("글"), language="ko"),
            summary(Bullet("A model.")),
        )
    )

    assert "\n- 글\n" in write_digest(a_digest(paper), language="ko")
    assert "- " not in write_digest(a_digest(paper), language="ja").replace("Vote: - ", "")


def test_names_with_commas_are_written_as_a_list() -> None:
    assert "\nAuthors: ['Sammy Davis, Jr.', \"Miles O'Brien\"]\n" in write_digest(
        a_digest(a_paper(authors=("Sammy Davis, Jr.", "Miles O'Brien"))), language="en"
    )


def test_text_that_is_not_clean_cannot_break_the_form() -> None:
    paper = a_paper(
        title="Slow\n\n### Models",
        authors=("Ada\nVote: 3",),
        summaries=(summary(Bullet("a\n## Daily Papers (2020-01-01)", "l\nl")),),
    )

    assert there_and_back(a_digest(paper)) == a_digest(
        a_paper(
            title="Slow ### Models",
            authors=("Ada Vote: 3",),
            summaries=(summary(Bullet("a ## Daily Papers (2020-01-01)", "l l")),),
        )
    )


# Text made to look like the form's own, beside any text at all.
_PIECES = st.sampled_from(
    ["- ", "* ", "# ", "### [", "](", "https://arxiv.org/abs/2406.00001", ")", "[", "]", "\\", "**",
     "***", "*", ":", "：", ": ", "1. ", "Vote: 3", "Authors: ", "![](", "<div>", "['", "', '", '"',
     "'", "+", ",", "`", "$\\mu$", "가나", "{'a': 1}", "---", "\\n", "[Watch Video]", " ", "x"]
)  # fmt: skip
TEXT = st.one_of(st.text(max_size=30), st.lists(_PIECES, max_size=8).map("".join)).map(clean)
NAMES = st.lists(TEXT, max_size=5).map(lambda names: distinct(n for n in names if n != "+"))
ADDRESSES = st.one_of(
    st.text(string.ascii_letters + "/:.()!-_?=%", max_size=12),
    st.sampled_from(["/avatars/a.svg", "https://x.example/a_(b).mp4", CARD, "a)", "(a", "b.qt"]),
).map(media_address)
BULLETS = st.builds(
    lambda label, text: Bullet(text, label) if label or text else Bullet("x"), TEXT, TEXT
)
LANGUAGES = sorted({*languages(), "de", "ja", "pt-br", "zh"})
LISTINGS = st.builds(
    lambda paper_id, title, authors, media, bullets, upvotes: Listing(
        paper=Paper(
            id=PaperId(paper_id),
            title=title or "T",
            authors=authors,
            media=tuple(dict.fromkeys(address for address in media if address)),
            summaries=tuple(summary(*of_one, language=tag) for tag, of_one in bullets.items()),
        ),
        upvotes=upvotes,
    ),
    st.sampled_from(["2406.01574", "0704.0001", "cs/0112017", "math.GT/0309136"]),
    TEXT,
    NAMES,
    st.lists(ADDRESSES, max_size=3),
    st.dictionaries(st.sampled_from(LANGUAGES), st.lists(BULLETS, min_size=1, max_size=4)),
    st.none() | st.integers(0, 999_999_999),
)


@settings(deadline=None)
@given(
    st.dates(min_value=date(1991, 1, 1)),
    st.lists(LISTINGS, max_size=3, unique_by=lambda listing: listing.paper.id),
    st.sampled_from(LANGUAGES),
)
def test_what_is_written_is_read_again_in_every_language(
    day: date, listings: list[Listing], language: str
) -> None:
    digest = Digest.of(day, listings)

    assert there_and_back(digest, language) == Digest.of(
        day, [only(language, one) for one in listings]
    )


def only(language: str, listing: Listing) -> Listing:
    """What the form holds of a listing."""
    kept = tuple(one for one in listing.paper.summaries if one.language == language)
    return replace(listing, paper=replace(listing.paper, summaries=kept))


@settings(deadline=None)
@given(TEXT, TEXT)
@example("**a**: b", "")
@example(r"\**a**: b", "")
@example("**a:** b", "")
@example(": b", "a***: c")
@example("", "a\\")
@example("b", "*")
@example("b", ":")
@example("：b", "a:")
@example("- b", "")
@example("---", "")
def test_a_bullet_comes_back_as_it_was(text: str, label: str) -> None:
    if text or label:
        digest = a_digest(a_paper(summaries=(summary(Bullet(text, label)),)))

        assert there_and_back(digest) == digest


@pytest.mark.parametrize(
    "text", ["It waits for $\\alpha$ * 2_x_ [1].", "1. First", "- nested", "# 1", "a **b** c"]
)
def test_ordinary_text_is_written_as_it_is(text: str) -> None:
    digest = a_digest(a_paper(summaries=(summary(Bullet(text)),)))

    assert f"\n- {text}\n" in write_digest(digest, language="en")
