"""What a page says of a day, and that a paper can say nothing else on it."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.digests import Digest, Listing
from bot.domain.papers import Bullet, Paper, PaperId
from bot.domain.phrases import phrase
from bot.rendering.day_page import (
    AUTHORS_SHOWN,
    POLICY,
    Navigation,
    day_page,
    languages_of,
    message_page,
)
from bot.rendering.markup import plain
from tests.builders import utc
from tests.rendering.pages import Node, read_html
from tests.rendering.papers import a_paper, a_summary, any_papers

DAY = date(2024, 6, 4)


def a_day(*listed: Paper, upvotes: int | None = 28) -> Digest:
    return Digest.of(DAY, [Listing(paper=paper, upvotes=upvotes) for paper in listed])


def the_page(digest: Digest, language: str = "en", to: Navigation | None = None) -> Node:
    return read_html(day_page(digest, language=language, to=to or Navigation()))


def the_card(paper: Paper, language: str = "en", upvotes: int | None = 28) -> Node:
    return the_page(a_day(paper, upvotes=upvotes), language).one("article")


def test_a_page_has_the_day_the_count_and_a_card_a_paper() -> None:
    page = the_page(
        Digest.of(
            DAY,
            [
                Listing(paper=a_paper(id=PaperId("2406.00001"), title="Second"), upvotes=3),
                Listing(paper=a_paper(title="First"), upvotes=28),
            ],
        )
    )

    assert page.one("title").text == page.one("h1").text == "Papers of 4 June 2024"
    assert page.one("p", class_="count").text == "2 papers"
    assert [heading.text for heading in page.all("h2")] == ["First", "Second"]
    assert [card.one("p", class_="votes").text for card in page.all("article")] == [
        "#1 ▲ 2828 upvotes",
        "#2 ▲ 33 upvotes",
    ]


def test_a_card_has_title_link_picture_authors_points_and_links() -> None:
    card = the_card(
        a_paper(
            code_url="https://github.com/a/b",
            stars=1200,
            project_url="https://a.example/",
            abstract="We propose a benchmark.",
            media=("https://a.example/p.png",),
        )
    )

    title = card.one("h2").one("a")
    assert title.text == "A Harder Benchmark"
    assert title.attributes["href"] == "https://arxiv.org/abs/2406.01574"
    assert card.attributes["aria-labelledby"] == card.one("h2").attributes["id"]
    assert card.one("img").attributes["src"] == "https://a.example/p.png"
    assert card.one("p", class_="authors").text == "Ann Ahn, Bo Berg"
    assert [point.text for point in card.one("ul").all("li")] == ["Ten choices", "Fewer guesses"]
    assert card.one("details").text == "AbstractWe propose a benchmark."
    assert [
        (link.text, link.attributes["href"]) for link in card.one("p", class_="links").all("a")
    ] == [
        ("arXiv", "https://arxiv.org/abs/2406.01574"),
        ("Hugging Face", "https://huggingface.co/papers/2406.01574"),
        ("Code ★ 1.2K", "https://github.com/a/b"),
        ("Project", "https://a.example/"),
    ]
    assert card.one("p", class_="origin").text == "Points from: digest"


def test_a_card_without_votes_authors_points_and_abstract_has_none_of_them() -> None:
    card = the_card(a_paper(authors=(), summaries=()), upvotes=None)

    assert card.one("p", class_="votes").text == "#1"
    assert not card.all("p", class_="authors")
    assert not card.all("ul")
    assert not card.all("details")
    assert not card.all("p", class_="origin")


def test_labels_are_bold_and_latex_is_readable() -> None:
    summary = replace(
        a_summary("x"), bullets=(Bullet("$O(n^2)$ steps", "Cost"), Bullet("", "Also"))
    )
    first, second = the_card(a_paper(summaries=(summary,))).one("ul").all("li")

    assert (first.text, first.one("strong").text) == ("Cost: O(n²) steps", "Cost")
    assert second.text == "Also"


@pytest.mark.parametrize(
    ("count", "shown"), [(AUTHORS_SHOWN, 8), (AUTHORS_SHOWN + 1, 9), (AUTHORS_SHOWN + 2, 8)]
)
def test_many_authors_are_folded_and_none_is_lost(count: int, shown: int) -> None:
    names = tuple(f"Ann Number{n}" for n in range(count))
    card = the_card(a_paper(authors=names))

    line = next(node for node in card if node.attributes.get("class") == "authors")
    assert line.one("span").text == ", ".join(names[:shown])
    folded = line.all("details")
    if shown == count:
        assert not folded
    else:
        assert folded[0].text == "+2 more" + ", ".join(names[shown:])


def test_a_page_is_in_its_readers_language_and_each_text_says_which_it_is_in() -> None:
    paper = a_paper(summaries=(a_summary("더 어려워요", language="ko"), a_summary("Harder")))
    page = the_page(a_day(paper), "ko")

    assert page.one("html").attributes["lang"] == "ko"
    assert page.one("h1").text == "2024년 6월 4일 논문"
    assert page.one("h2").one("a").attributes["lang"] == "en"
    assert page.one("ul", class_="points").attributes["lang"] == "ko"
    assert page.one("ul", class_="points").text == "더 어려워요"


def test_points_of_another_language_say_so() -> None:
    korean = a_paper(summaries=(a_summary("더 어려워요", language="ko"),))
    arabic = a_paper(summaries=(a_summary("أصعب", language="ar"),))
    unknown = a_paper(summaries=(a_summary("?!", language="und"),))

    card = the_card(korean)
    assert card.one("ul").attributes["lang"] == "ko"
    assert card.one("p", class_="origin").text == "Points from: digest in Korean"
    assert the_card(arabic).one("ul").attributes | {"class": ""} == {
        "lang": "ar",
        "dir": "rtl",
        "class": "",
    }
    assert the_card(unknown).one("ul").attributes | {"class": ""} == {
        "lang": "",
        "dir": "auto",
        "class": "",
    }


def test_a_language_without_a_catalogue_gets_its_dates_and_english_words() -> None:
    page = the_page(a_day(a_paper()), "fi")

    assert page.one("html").attributes["lang"] == "en"
    assert page.one("h1").text == "Papers of 4. kesäkuuta 2024"


def test_the_sentences_of_an_abstract_stand_in_for_points() -> None:
    card = the_card(a_paper(summaries=(), abstract="We propose a benchmark. It is harder."))

    assert card.one("ul").text == "We propose a benchmark.It is harder."
    assert card.one("p", class_="origin").text == "Points from: abstract"


def test_navigation_leads_to_days_languages_and_the_feed() -> None:
    page = the_page(
        a_day(a_paper()),
        to=Navigation(
            previous=(date(2024, 6, 3), "2024-06-03"),
            following=(date(2024, 6, 5), "2024-06-05"),
            languages=[("en", "?language=en"), ("ko", "?language=ko")],
            feed="../feed.atom",
        ),
    )

    days = page.one("nav", class_="days").all("a")
    assert [(a.text, a.attributes["href"], a.attributes["rel"]) for a in days] == [
        ("← 3 June 2024", "2024-06-03", "prev"),
        ("5 June 2024 →", "2024-06-05", "next"),
    ]
    english, korean = page.one("nav", class_="languages").all("a")
    assert english.attributes["aria-current"] == "true"
    assert (korean.text, korean.attributes["lang"]) == ("한국어", "ko")
    assert "aria-current" not in korean.attributes
    assert page.one("link", rel="alternate").attributes["href"] == "../feed.atom"
    assert page.one("footer").one("a").attributes["href"] == "../feed.atom"


def test_a_page_that_leads_nowhere_has_no_navigation() -> None:
    page = the_page(a_day(a_paper()))

    assert not page.all("nav")
    assert not page.all("footer")
    assert not page.all("link")


def test_the_languages_of_a_day_are_ours_and_those_of_its_bullets() -> None:
    summaries = tuple(a_summary("x", language=tag) for tag in ("zh", "ko", "und", "de"))

    assert languages_of(a_day(a_paper(summaries=summaries))) == ("en", "ko", "de", "zh")


def test_only_the_pages_own_style_and_pictures_are_loaded() -> None:
    page = the_page(a_day(a_paper()))

    assert page.one("meta", http_equiv="Content-Security-Policy").attributes["content"] == POLICY
    assert POLICY.startswith("default-src 'none'; style-src 'sha256-")
    assert not page.all("script")


def test_a_message_says_its_sentence_and_leads_to_days() -> None:
    page = read_html(
        message_page(
            phrase("I have no list of {day}, {since}.", day=DAY, since=utc(2024, 6, 4, 7, 30)),
            language="en",
            days=[(date(2024, 6, 3), "2024-06-03")],
        )
    )

    assert page.one("main").one("p").text == (
        "I have no list of 4 June 2024, 4 June 2024 07:30 UTC."
    )
    assert page.one("main").one("a").attributes["href"] == "2024-06-03"
    assert not read_html(message_page(phrase("No."), language="en")).one("main").all("ul")


PARTS = {"a", "details", "div", "h2", "img", "li", "p", "span", "strong", "summary", "ul"}
ADDRESSES = ("https://", "http://")


@settings(deadline=None)
@given(any_papers, st.sampled_from(["en", "ko", "ar", "fi"]))
def test_no_paper_breaks_its_card(paper: Paper, language: str) -> None:
    card = the_card(paper, language)

    assert {node.name for node in card} <= PARTS
    assert card.one("h2").text == (plain(paper.title) or f"arXiv {paper.id}")
    for link in card.all("a"):
        assert str(link.attributes["href"]).startswith(ADDRESSES)
        assert set(link.attributes) <= {"href", "lang", "dir"}
    assert str(card.one("img").attributes["src"]).startswith(ADDRESSES)


def test_a_title_cannot_become_a_script() -> None:
    card = the_card(a_paper(title='</a><script>alert("1")</script>'))

    assert card.one("h2").text == '</a><script>alert("1")</script>'
