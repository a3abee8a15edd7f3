"""Whatever the bytes: a list or a clear error, and in time that grows with their length."""

import json
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.errors import SourceUnreadable
from bot.domain.text import clean
from bot.sources.http import Answer, Http
from bot.sources.huggingface import HuggingFace, read_page
from bot.sources.markdown_reader import read_digests
from tests.loopback.hugging_face import Body, LoopbackHuggingFace

DAY = date(2024, 6, 4)
HEADING = "## Daily Papers (2024-06-04)\n"
TITLE = "### [T](https://arxiv.org/abs/2406.01574)\n"

_LINES = st.sampled_from(
    [HEADING, TITLE, "### [", "](", "https://arxiv.org/abs/2406.00001)", "Vote: ", "Vote: 3", "- ",
     "Authors: ", "['a', \"b", "\\", "***", "**a**: b", "![](", "<div><video src='", "'", ">", "  ",
     "\n", "\r\n", "\x0c", "#### ", "# 2024-13-45\n", "[Watch Video]", "\ufeff", "가", "1. "]
)  # fmt: skip
TEXTS = st.lists(_LINES | st.text(max_size=5), max_size=30).map("".join)


@given(st.binary(max_size=300) | TEXTS | TEXTS.map(lambda text: text.encode("utf-8", "replace")))
@settings(deadline=None, max_examples=300)
def test_any_text_is_lists_or_unreadable(data: bytes | str) -> None:
    try:
        readings = read_digests(data, name="x.md")
    except SourceUnreadable:
        return
    for paper in (listing.paper for reading in readings for listing in reading.digest):
        said = [f"{b.label} {b.text}".strip() for s in paper.summaries for b in s.bullets]
        for text in (paper.title, *paper.authors, *paper.media, *said):
            assert text
            assert text == clean(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["paper", "id", "title", "authors", "name", "hidden", "upvotes", "mediaUrls",
             "mediaUrl", "githubRepo", "githubStars", "organization", "fullname", "ai_summary",
             "ai_keywords", "summary", "projectPage"]
        ),
        inner | st.just("2406.01574"),
        max_size=6,
    ),
    max_leaves=25,
)  # fmt: skip
PAPERS = st.fixed_dictionaries(
    {"paper": st.dictionaries(st.sampled_from(["title", "authors", "upvotes"]), JSON).map(
        lambda paper: {"id": "2406.01574", **paper}
    )}
)  # fmt: skip


@given(st.binary(max_size=200) | (JSON | st.lists(JSON | PAPERS, max_size=5)).map(json.dumps))
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_any_answer_is_a_page_or_unreadable(body: bytes | str) -> None:
    if isinstance(body, str):
        body = body.encode()
    try:
        page = read_page(Answer(200, {}, body), 0)
    except SourceUnreadable:
        return
    assert len(page.listings) + len(page.problems) == len(json.loads(body))


# Each of a megabyte, or of a hundred thousand lines: what is quadratic anywhere never ends.
ADVERSARIES = {
    "brackets": TITLE + "### " + "[" * 2**20,
    "links": "### " + "](" * 2**19,
    "links to arXiv": "### [" + "](https://arxiv.org/abs/x)" * 40_000,
    "emphasis": TITLE + "- " + "*" * 2**20,
    "escapes": TITLE + "- **" + "\\" * 2**20,
    "labels": TITLE + "- " + "**a** " * 180_000,
    "spaces": TITLE + "- **a**" + " " * 2**20 + "x",
    "a field's spaces": TITLE + "Authors" + " " * 2**20 + "x",
    "a list that never ends": TITLE + "Authors: [" + "'a', " * 200_000 + "]",
    "quotes": TITLE + "Authors: [" + "'\"" * 2**19 + "]",
    "an escaped list": TITLE + "Authors: ['" + "\\" * 2**20 + "]",
    "authors' lines": TITLE + "".join(f"Authors: a{n}\n" for n in range(100_000)),
    "votes": TITLE + "Vote: " + "1," * 2**19,
    "dates": "## " + "2024-06-" * 130_000,
    "tags": TITLE + "<div" * 2**18,
    "open tags": TITLE + "<div " + "< div " * 2**17,
    "sources": TITLE + "<video " + "src='" * 2**18,
    "pictures": TITLE + "![](" * 2**18,
    "films": TITLE + "[Watch Video]" * 80_000,
    "continuations": TITLE + "- a\n" + " b\n" * 100_000,
    "repetitions": (TITLE + "- a\n") * 20_000,
    "distinct repetitions": "".join(f"{TITLE}- {n}\nAuthors: a{n}\n" for n in range(20_000)),
    "rules": TITLE + "-" * 2**20,
    "hashes": "#" * 2**20,
    "sentences": TITLE + "- " + "A. " * 300_000,
    "controls": TITLE + "- " + "\x0c" * 2**20,
    "problems": "lost\n" * 100_000,
}


@pytest.mark.parametrize("text", ADVERSARIES.values(), ids=ADVERSARIES)
def test_no_text_takes_longer_than_its_length_allows(text: str) -> None:
    (reading,) = read_digests(HEADING + text, name="x.md")

    assert reading.digest.day == DAY


async def test_half_an_emoji_costs_no_list(http: Http, hub: LoopbackHuggingFace) -> None:
    """orjson refuses lone surrogates, which JavaScript writes when it cuts a title."""
    hub.fail_next(Body(b'[{"paper": {"id": "2406.01574", "title": "Fast \\ud83d"}}]'))

    (listing,) = (await HuggingFace(http, hub.url).read(DAY)).digest

    assert listing.paper.title == "Fast \ufffd"


def one_entry(**fields: object) -> bytes:
    return json.dumps([{"paper": {"id": "2406.01574", "title": "T", **fields}}]).encode()


# Again of a megabyte or so each.
JSON_ADVERSARIES = {
    "nesting": b"[" * 2**20,
    "nested entries": b'[{"paper":' * 2**17,
    "a number": b'[{"paper": {"id": "2406.01574", "title": "T", "upvotes": %s}}]' % (b"9" * 2**20),
    "a title": one_entry(title="$\\frac{" * 2**17),
    "an abstract": one_entry(summary="A. " * 2**18),
    "authors": one_entry(authors=[{"name": f"Author {n}"} for n in range(40_000)]),
    "one author": one_entry(authors=[{"name": "Ada " * 2**18}]),
    "media": one_entry(mediaUrls=["https://example.org/a.png"] * 40_000),
    "an address": one_entry(githubRepo="https://example.org/" + "a." * 2**19),
    "summary": one_entry(ai_summary="**a** " * 2**17),
    "problems": b"[" + b"null," * 2**18 + b"null]",
    "the same paper": b"["
    + b",".join([b'{"paper":{"id":"2406.01574","title":"T"}}'] * 20_000)
    + b"]",
}


@pytest.mark.parametrize("body", JSON_ADVERSARIES.values(), ids=JSON_ADVERSARIES)
def test_no_answer_takes_longer_than_its_length_allows(body: bytes) -> None:
    try:
        page = read_page(Answer(200, {}, body), 0)
    except SourceUnreadable:
        return
    assert page.listings or page.problems
