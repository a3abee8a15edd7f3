"""One entry of the API: what is taken from it, and what counts as absent."""

from typing import Any

import pytest

from bot.domain.papers import Bullet, PaperId, Summary, SummaryOrigin
from bot.sources.huggingface_entry import BrokenEntry, read_entry

FULL: dict[str, Any] = {
    "paper": {
        "id": "2406.01574",
        "title": "Slow Models:\n  A Study of\tWaiting",
        "summary": "We wait.\nThen we wait\nmore.",
        "authors": [
            {"name": "Ada Lovelace", "hidden": False},
            {"name": "Nobody", "hidden": True},
            {"name": "Benjamin Thérien"},
            {"name": "ada lovelace"},
            {"name": None},
            "not an author",
        ],
        "upvotes": 28,
        "mediaUrls": ["https://cdn.example/b.mp4", "https://cdn.example/a.png"],
        "githubRepo": "github.com/owner/slow",
        "githubStars": 7,
        "projectPage": "https://slow.example",
        "organization": {"name": "slowlab", "fullname": "The Slow Lab"},
        "ai_summary": "It waits, e.g. for data. It is slow.",
        "ai_keywords": ["waiting", "Waiting", " slow  models "],
    },
    "title": "Slow Models",
    "mediaUrls": ["https://cdn.example/a.png"],
    "mediaUrl": "https://cdn.example/c.png",
    "thumbnail": "https://cdn-thumbnails.huggingface.co/social-thumbnails/papers/2406.01574.png",
}


def with_paper(**fields: object) -> dict[str, Any]:
    return {"paper": {"id": "2406.01574", "title": "T", **fields}}


def test_every_field_is_taken() -> None:
    listing = read_entry(FULL)
    paper = listing.paper

    assert (listing.upvotes, listing.live) == (28, True)
    assert paper.id == PaperId("2406.01574")
    assert paper.title == "Slow Models: A Study of Waiting"
    assert paper.abstract == "We wait. Then we wait more."
    assert paper.authors == ("Ada Lovelace", "Benjamin Thérien")
    assert paper.media == (
        "https://cdn.example/a.png",
        "https://cdn.example/b.mp4",
        "https://cdn.example/c.png",
    )
    assert paper.code_url == "https://github.com/owner/slow"
    assert paper.stars == 7
    assert paper.project_url == "https://slow.example"
    assert paper.organization == "The Slow Lab"
    assert paper.keywords == ("waiting", "slow models")
    assert paper.summaries == (
        Summary(
            language="en",
            bullets=(Bullet("It waits, e.g. for data."), Bullet("It is slow.")),
            origin=SummaryOrigin.HUGGING_FACE,
        ),
    )


def test_an_id_is_enough() -> None:
    listing = read_entry({"paper": {"id": "2406.01574"}})

    assert listing.paper.title == "arXiv:2406.01574"
    assert listing.upvotes is None
    assert listing.paper.authors == ()
    assert listing.paper.media == ()
    assert listing.paper.summaries == ()


def test_null_is_absent() -> None:
    nulls = {**dict.fromkeys(FULL["paper"]), "id": "2406.01574"}

    assert read_entry({**dict.fromkeys(FULL), "paper": nulls}) == read_entry(
        {"paper": {"id": "2406.01574"}}
    )


def test_the_entry_stands_in_for_what_its_paper_lacks() -> None:
    listing = read_entry(
        {
            "paper": {"id": "2406.01574"},
            "title": "Outside",
            "summary": "Outside too.",
            "organization": {"name": "slowlab"},
        }
    )

    assert listing.paper.title == "Outside"
    assert listing.paper.abstract == "Outside too."
    assert listing.paper.organization == "slowlab"


def test_no_votes_are_not_zero_votes() -> None:
    assert read_entry(with_paper(upvotes=0)).upvotes == 0
    assert read_entry(with_paper()).upvotes is None


@pytest.mark.parametrize("number", [True, -1, 10**30, 1.5, "28", [28], float("inf")])
def test_a_number_that_cannot_be_is_absent(number: object) -> None:
    listing = read_entry(with_paper(upvotes=number, githubStars=number))

    assert listing.upvotes is None
    assert listing.paper.stars is None


@pytest.mark.parametrize(
    "field",
    ["summary", "mediaUrls", "githubRepo", "projectPage", "organization", "ai_summary"],
)
@pytest.mark.parametrize("value", [5, {"a": 1}, [None, 3], True])
def test_a_lesser_field_of_another_type_is_absent(field: str, value: object) -> None:
    assert read_entry(with_paper(**{field: value})) == read_entry(with_paper())


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (None, "not an object"),
        ("2406.01574", "not an object"),
        ({}, "no paper"),
        ({"paper": []}, "no paper"),
        ({"paper": {}}, "no id"),
        ({"paper": {"id": 2406.01574}}, "no id"),
        ({"paper": {"id": ""}}, "none of arXiv's"),
        ({"paper": {"id": "../../2406.01574"}}, "none of arXiv's"),
        (with_paper(title=17), "title"),
        (with_paper(authors="Ada Lovelace"), "authors"),
    ],
)
def test_an_entry_that_cannot_be_a_paper_says_why(entry: object, why: str) -> None:
    with pytest.raises(BrokenEntry, match=why):
        read_entry(entry)


def test_a_version_names_the_same_paper() -> None:
    assert read_entry(with_paper(id="2406.01574v3")).paper.id == PaperId("2406.01574")


def test_half_an_emoji_is_replaced() -> None:
    assert read_entry(with_paper(title="Fast \ud83d")).paper.title == "Fast \ufffd"
