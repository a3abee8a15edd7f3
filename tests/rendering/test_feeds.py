"""A feed is one that any reader of Atom takes (RFC 4287)."""

from datetime import date, datetime
from xml.etree.ElementTree import Element, fromstring

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.digests import Listing
from bot.domain.papers import Bullet, Paper, PaperId, Summary, SummaryOrigin
from bot.rendering.feeds import FeedEntry, atom_feed
from bot.rendering.markup import plain
from tests.builders import utc
from tests.rendering.pages import read_html
from tests.rendering.papers import a_paper, a_summary, any_papers

DAY = date(2024, 6, 4)
ATOM = "{http://www.w3.org/2005/Atom}"
SEEN_AT = utc(2024, 6, 4, 7, 30)


def an_entry(paper: Paper, seen_at: datetime = SEEN_AT) -> FeedEntry:
    return FeedEntry(listing=Listing(paper=paper, upvotes=3), day=DAY, seen_at=seen_at)


def the_feed(*entries: FeedEntry, language: str = "en") -> Element:
    return fromstring(atom_feed(entries, language=language))


def text(parent: Element, path: str) -> str:
    found = parent.find("/".join(f"{ATOM}{name}" for name in path.split("/")))
    assert found is not None
    return found.text or ""


def test_a_feed_has_what_the_standard_asks_for() -> None:
    feed = the_feed(
        an_entry(a_paper(), utc(2024, 6, 4, 7, 30)),
        an_entry(a_paper(id=PaperId("2406.00001")), utc(2024, 6, 4, 9)),
    )

    assert feed.tag == f"{ATOM}feed"
    assert text(feed, "title") == "Daily papers"
    assert text(feed, "author/name") == "daily-papers"
    assert text(feed, "updated") == "2024-06-04T09:00:00Z"
    assert text(feed, "id").startswith("urn:uuid:")
    entry = feed.findall(f"{ATOM}entry")[0]
    assert text(entry, "id") == "https://arxiv.org/abs/2406.01574"
    assert text(entry, "title") == "A Harder Benchmark"
    assert text(entry, "published") == text(entry, "updated") == "2024-06-04T07:30:00Z"
    assert [name.text for name in entry.iter(f"{ATOM}name")] == ["Ann Ahn", "Bo Berg"]
    link = entry.find(f"{ATOM}link")
    assert link is not None
    assert link.attrib["href"] == "https://arxiv.org/abs/2406.01574"


def test_an_entry_shows_its_picture_its_points_and_where_they_come_from() -> None:
    summary = Summary(
        language="ko", bullets=(Bullet("어려워요", "결과"),), origin=SummaryOrigin.MODEL
    )
    feed = the_feed(an_entry(a_paper(summaries=(summary,))), language="ko")

    content = feed.find(f"{ATOM}entry/{ATOM}content")
    assert content is not None
    assert content.attrib["type"] == "html"
    shown = read_html(content.text or "")
    assert str(shown.one("img").attributes["src"]).endswith("/2406.01574.png")
    assert shown.one("ul").attributes["lang"] == "ko"
    assert shown.one("li").text == "결과: 어려워요"
    assert shown.all("p")[-1].text == "2024년 6월 4일 · AI 요약"


def test_an_entry_without_authors_and_points_is_one_all_the_same() -> None:
    feed = the_feed(an_entry(a_paper(authors=(), summaries=())))

    assert text(feed, "entry/author/name") == "arXiv"
    assert "<ul" not in text(feed, "entry/content")


def test_a_feed_knows_its_own_address_and_its_page() -> None:
    feed = fromstring(
        atom_feed([], language="ko", address="feed.atom?language=ko", page=".?language=ko")
    )

    assert {link.attrib["rel"]: link.attrib["href"] for link in feed.iter(f"{ATOM}link")} == {
        "self": "feed.atom?language=ko",
        "alternate": ".?language=ko",
    }
    assert text(feed, "updated") == "1970-01-01T00:00:00Z"


def test_feeds_of_two_languages_are_two_feeds_with_the_same_entries() -> None:
    english, korean = (the_feed(an_entry(a_paper()), language=tag) for tag in ("en", "ko"))

    assert text(english, "id") != text(korean, "id")
    assert text(english, "entry/id") == text(korean, "entry/id")
    assert text(korean, "title") == "오늘의 논문"


@settings(deadline=None)
@given(any_papers, st.sampled_from(["en", "ko", "fi"]))
def test_no_paper_breaks_a_feed(paper: Paper, language: str) -> None:
    feed = the_feed(an_entry(paper), language=language)

    assert text(feed, "entry/title") == (plain(paper.title) or f"arXiv {paper.id}")
    read_html(text(feed, "entry/content"))


def test_points_of_unknown_language_claim_none() -> None:
    feed = the_feed(an_entry(a_paper(summaries=(a_summary("?", language="und"),))))

    assert '<ul lang="">' in text(feed, "entry/content")
