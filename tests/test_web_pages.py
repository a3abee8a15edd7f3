"""Pages and feeds as a browser gets them, over a real socket and a real store."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from xml.etree.ElementTree import fromstring

import aiohttp
import pytest

from bot import web_pages
from bot.domain.digests import Digest, Listing
from bot.domain.papers import PaperId, SummaryOrigin
from bot.services.measures import Measures
from bot.services.publishing import Publishing
from bot.storage.database import Database, open_database
from bot.web import Watched, Web
from bot.web_pages import WebPages
from tests.builders import a_digest, a_paper, a_summary, utc
from tests.rendering.pages import Node, read_html
from tests.services.scrape import Scraped

HERE = "127.0.0.1"
DAY = date(2024, 6, 4)
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncGenerator[Database]:
    async with open_database(f"sqlite+aiosqlite:///{tmp_path / 'papers.db'}") as opened:
        yield opened


@pytest.fixture
def measures() -> Measures:
    return Measures()


@pytest.fixture
async def browser(database: Database, measures: Measures) -> AsyncGenerator[aiohttp.ClientSession]:
    async def ready() -> dict[str, str | None]:
        return {}

    async def metrics() -> bytes:
        return b""

    publishing = Publishing(database, now=lambda: utc(2024, 6, 5), sources=["huggingface"])
    pages = WebPages(publishing, measures=measures)
    watched = Watched(alive=lambda: None, ready=ready, metrics=metrics)
    async with (
        Web(watched, host=HERE, port=0, routes=pages.routes) as web,
        aiohttp.ClientSession(f"http://{HERE}:{web.port}", auto_decompress=True) as session,
    ):
        yield session


async def store(database: Database, *digests: Digest) -> None:
    async with database.transaction() as stores:
        for digest in digests:
            await stores.lists.save(
                digest, source="huggingface", read_at=utc(2024, 6, 4, 7), closed=False
            )


async def the_page(
    browser: aiohttp.ClientSession, address: str, *, status: int = 200, accept: str = ""
) -> Node:
    headers = {"Accept-Language": accept} if accept else {}
    async with browser.get(address, headers=headers) as answer:
        assert answer.status == status
        assert answer.content_type == "text/html"
        return read_html(await answer.text())


def korean() -> Digest:
    paper = a_paper(1, summaries=(a_summary("새로워요", language="ko"), a_summary("New")))
    return Digest.of(DAY, [Listing(paper=paper, upvotes=3)])


async def test_a_day_is_a_page_in_the_language_asked_for(
    database: Database, browser: aiohttp.ClientSession
) -> None:
    await store(database, a_digest(date(2024, 6, 3), [2]), korean())

    page = await the_page(browser, "/day/2024-06-04?language=ko")

    assert page.one("h1").text == "2024년 6월 4일 논문"
    assert page.one("ul", class_="points").text == "새로워요"
    links = {link.text: link.attributes["href"] for nav in page.all("nav") for link in nav.all("a")}
    assert links == {
        "← 2024년 6월 3일": "2024-06-03?language=ko",
        "English": "2024-06-04?language=en",
        "한국어": "2024-06-04?language=ko",
    }
    earlier = await the_page(browser, "/day/2024-06-03?language=ko")
    assert earlier.one("nav", class_="days").one("a").attributes["rel"] == "next"


@pytest.mark.parametrize(
    ("accepted", "points"),
    [
        ("ko-KR,ko;q=0.9,en;q=0.8", "새로워요"),
        ("en;q=0.5, ko;q=0.7", "새로워요"),
        ("en-GB, ko;q=0.7", "New"),
        ("*", "New"),
        ("xx, q=, ;;;", "New"),
        ("ko;q=0", "New"),
        ("", "New"),
    ],
)
async def test_without_one_the_browsers_language_decides(
    database: Database, browser: aiohttp.ClientSession, accepted: str, points: str
) -> None:
    await store(database, korean())

    page = await the_page(browser, "/day/2024-06-04", accept=accepted)

    assert page.one("ul", class_="points").text == points


async def test_the_first_page_leads_to_the_newest_day(
    database: Database, browser: aiohttp.ClientSession
) -> None:
    await store(database, a_digest(date(2024, 6, 3), [2]), korean())

    async with browser.get("/?language=ko") as answer:
        assert (answer.url.path, answer.url.query["language"]) == ("/day/2024-06-04", "ko")
        assert answer.status == 200
    async with browser.get("/", allow_redirects=False) as answer:
        assert answer.headers["Location"] == "day/2024-06-04"


async def test_a_feed_has_the_newest_papers(
    database: Database, browser: aiohttp.ClientSession
) -> None:
    await store(database, a_digest(date(2024, 6, 3), [2]), korean())

    async with browser.get("/feed.atom?language=ko") as answer:
        assert answer.status == 200
        assert answer.content_type == "application/atom+xml"
        feed = fromstring(await answer.read())

    assert [entry.text for entry in feed.iterfind(f"{ATOM}entry/{ATOM}title")] == [
        "Paper 1",
        "Paper 2",
    ]
    assert {link.attrib["href"] for link in feed.iterfind(f"{ATOM}link")} == {
        "feed.atom?language=ko",
        ".?language=ko",
    }


async def test_an_empty_archive_says_so(browser: aiohttp.ClientSession) -> None:
    page = await the_page(browser, "/", status=404)
    assert page.one("main").text == "I hold no papers yet; the first list is on its way."
    async with browser.get("/feed.atom") as answer:
        assert answer.status == 200
        assert fromstring(await answer.read()).find(f"{ATOM}entry") is None


async def test_a_day_without_a_list_leads_to_days_nearby(
    database: Database, browser: aiohttp.ClientSession
) -> None:
    await store(database, a_digest(date(2024, 6, 3), [2]), a_digest(date(2024, 6, 5), [3]))

    page = await the_page(browser, "/day/2024-06-04?language=ko", status=404)

    assert "2024년 6월 4일" in page.one("main").one("p").text
    assert [link.attributes["href"] for link in page.one("main").all("a")] == [
        "2024-06-05?language=ko",
        "2024-06-03?language=ko",
    ]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (
            "/day/yesterday",
            "“yesterday” is no day: write year, month and day, such as 2024-06-04.",
        ),
        (
            "/day/2024-02-30",
            "“2024-02-30” is no day: write year, month and day, such as 2024-06-04.",
        ),
        (
            "/day/%3Cscript%3E",
            "“<script>” is no day: write year, month and day, such as 2024-06-04.",
        ),
        (
            f"/day/{'9' * 60}",
            f"“{'9' * 39}…” is no day: write year, month and day, such as 2024-06-04.",
        ),
        ("/day/2024-06-04?language=%22%3E", '“">” is no language: write a tag such as ko.'),
        ("/?language=x", "“x” is no language: write a tag such as ko."),
        ("/feed.atom?language=", "“” is no language: write a tag such as ko."),
    ],
)
async def test_what_cannot_be_meant_is_answered_with_what_to_write(
    database: Database, browser: aiohttp.ClientSession, address: str, said: str
) -> None:
    await store(database, korean())

    page = await the_page(browser, address, status=400)

    assert page.one("main").text == said


async def test_a_browser_that_has_a_page_is_told_so(
    database: Database, browser: aiohttp.ClientSession
) -> None:
    await store(database, korean())
    for address in ("/day/2024-06-04?language=ko", "/feed.atom?language=ko"):
        async with browser.get(address) as answer:
            etag = answer.headers["ETag"]
        for known in (etag, f'"other", {etag}', "*"):
            async with browser.get(address, headers={"If-None-Match": known}) as answer:
                assert (answer.status, await answer.read()) == (304, b"")
                assert answer.headers["ETag"] == etag
        async with browser.get(address, headers={"If-None-Match": '"other"'}) as answer:
            assert answer.status == 200


async def test_a_page_that_is_kept_changes_with_its_list_and_its_summaries(
    database: Database, browser: aiohttp.ClientSession
) -> None:
    await store(database, a_digest(DAY, [1]))
    address = "/day/2024-06-04?language=ko"
    before = await the_page(browser, address)
    assert (await the_page(browser, address)).text == before.text

    await store(database, a_digest(DAY, [1, 2]))
    assert len((await the_page(browser, address)).all("article")) == 2

    async with database.transaction() as stores:
        await stores.summaries.keep(
            PaperId("2406.00001"),
            a_summary("새로워요", language="ko", origin=SummaryOrigin.MODEL),
            posted_since=utc(2024, 6, 1),
        )
    assert "새로워요" in (await the_page(browser, address)).text
    async with browser.get("/feed.atom?language=ko") as answer:
        assert "새로워요" in await answer.text()


async def test_no_more_is_kept_than_has_its_place(
    database: Database, browser: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_pages, "KEPT", 1)
    await store(database, korean())

    for language in ("ko", "en", "ko"):
        page = await the_page(browser, f"/day/2024-06-04?language={language}")
        assert page.one("html").attributes["lang"] == language


async def test_a_long_page_is_compressed_for_who_takes_that(
    database: Database, browser: aiohttp.ClientSession
) -> None:
    await store(database, a_digest(DAY, range(1, 40)))

    async with browser.get("/day/2024-06-04", headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert len(read_html(await answer.text()).all("article")) == 39
    async with browser.head("/day/2024-06-04") as answer:
        assert (answer.status, await answer.read()) == (200, b"")


async def test_no_page_may_run_anything_or_be_framed(
    database: Database, browser: aiohttp.ClientSession
) -> None:
    paper = replace(a_paper(1), title="<script>alert(1)</script>")
    await store(database, Digest.of(DAY, [Listing(paper=paper, upvotes=1)]))

    for address in ("/day/2024-06-04", "/day/x", "/feed.atom", "/day/2024-06-09"):
        async with browser.get(address) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "Server" not in answer.headers
            assert "<script" not in await answer.text()


async def test_a_store_that_cannot_be_read_is_said_and_asked_again_later(
    database: Database, browser: aiohttp.ClientSession, tmp_path: Path
) -> None:
    await store(database, korean())
    with closing(sqlite3.connect(tmp_path / "papers.db")) as connection, connection:
        connection.execute("UPDATE lists SET source = CAST(x'ff' AS TEXT)")

    page = await the_page(browser, "/day/2024-06-04?language=ko", status=503)

    assert "보관함" in page.one("main").text
    async with browser.get("/feed.atom") as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "60")


async def test_answers_are_counted(
    database: Database, browser: aiohttp.ClientSession, measures: Measures
) -> None:
    await store(database, korean())
    for address in ("/day/2024-06-04", "/day/2024-06-04", "/day/2024-06-09", "/feed.atom"):
        async with browser.get(address):
            pass

    found = Scraped(measures.text())
    assert found["web_pages_total", "day", "200"] == 2
    assert found["web_pages_total", "day", "404"] == 1
    assert found["web_pages_total", "feed", "200"] == 1
