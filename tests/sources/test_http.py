"""Patience with servers that stumble, and the sizes and addresses that end it."""

import gzip
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from bot.domain.errors import SourceUnavailable, SourceUnreadable
from bot.sources.http import Answer, Http, Remembered, pause_asked
from tests.sources.conftest import impatient_http


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """A server with a bomb, a wrong length, a loop and garbage."""

    async def bomb(_: web.Request) -> web.Response:
        body = gzip.compress(bytes(30 * 2**20))
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    async def not_gzip(_: web.Request) -> web.Response:
        return web.Response(body=b"plain", headers={"Content-Encoding": "gzip"})

    async def loop(_: web.Request) -> web.Response:
        raise web.HTTPFound("/loop")

    async def moved(_: web.Request) -> web.Response:
        raise web.HTTPMovedPermanently("/exactly")

    async def exactly(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * 2**20)

    app = web.Application()
    for handler in (bomb, not_gzip, loop, moved, exactly):
        app.router.add_get(f"/{handler.__name__}", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


async def test_a_small_answer_that_inflates_beyond_the_limit_is_unreadable(
    http: Http, url: str
) -> None:
    with pytest.raises(SourceUnreadable, match="hub: larger than 1 MiB"):
        await http.get(f"{url}/bomb", source="hub")


async def test_an_answer_of_just_the_limit_is_read(http: Http, url: str) -> None:
    assert len((await http.get(f"{url}/exactly", source="hub")).body) == 2**20


async def test_a_redirect_is_followed(http: Http, url: str) -> None:
    assert (await http.get(f"{url}/moved", source="hub")).status == 200


async def test_redirects_without_end_are_unreadable(http: Http, url: str) -> None:
    with pytest.raises(SourceUnreadable, match="cannot be asked"):
        await http.get(f"{url}/loop", source="hub")


@pytest.mark.parametrize("address", ["http://127.0.0.1:port/", "http:///x", "gopher://x/"])
async def test_an_address_that_is_none_is_unreadable(http: Http, address: str) -> None:
    with pytest.raises(SourceUnreadable, match="cannot be asked"):
        await http.get(address, source="hub")


async def test_a_body_that_is_not_what_it_says_is_unavailable(http: Http, url: str) -> None:
    with pytest.raises(SourceUnavailable):
        await http.get(f"{url}/not_gzip", source="hub")


async def test_it_is_used_inside_its_context(url: str) -> None:
    http = impatient_http()

    with pytest.raises(RuntimeError, match="async with"):
        await http.get(url, source="hub")
    await http.__aexit__()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"ratelimit": '"api";r=0;t=55'}, 55),
        ({"ratelimit": "t=7"}, 7),
        ({"ratelimit": '"api";r=0', "Retry-After": "3"}, 3),
        ({"Retry-After": "120"}, 120),
        (
            {
                "Retry-After": "Tue, 04 Jun 2024 10:00:30 GMT",
                "Date": "Tue, 04 Jun 2024 10:00:00 GMT",
            },
            30,
        ),
        (
            {
                "Retry-After": "Tue, 04 Jun 2024 09:00:00 GMT",
                "Date": "Tue, 04 Jun 2024 10:00:00 GMT",
            },
            0,
        ),
        ({"Retry-After": "Tue, 04 Jun 2024 10:00:30 GMT"}, None),
        ({"Retry-After": "Tue, 04 Jun 2024 10:00:30", "Date": "now"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "9" * 400}, None),
        ({}, None),
    ],
    ids=str,
)
def test_the_pause_is_the_one_the_server_asks_for(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert pause_asked(headers) == seconds


@pytest.mark.parametrize(
    ("link", "following"),
    [
        ('<https://hub.example/api?p=1>; rel="next"', "https://hub.example/api?p=1"),
        ("</api?p=1>; rel=next", "/api?p=1"),
        ('</first>; rel="first", </api?p=1>; rel="next"', "/api?p=1"),
        ('</api?p=0>; rel="prev"', None),
        ("nonsense", None),
        ("<" * 50_000, None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_the_next_page_is_where_the_link_says(link: str, following: str | None) -> None:
    assert Answer(200, {"Link": link}, b"").next_link == following


class TestRemembered:
    def test_the_last_answer_stands_for_its_etag(self) -> None:
        remembered: Remembered[str] = Remembered()
        remembered.put("/a", '"1"', "one")
        remembered.put("/a", '"2"', "two")

        assert remembered.get("/a") == ('"2"', "two")
        assert remembered.get("/b") is None

    def test_an_answer_without_an_etag_forgets_the_one_before(self) -> None:
        remembered: Remembered[str] = Remembered()
        remembered.put("/a", '"1"', "one")
        remembered.put("/a", None, "two")

        assert remembered.get("/a") is None

    def test_only_the_newest_few_are_kept(self) -> None:
        remembered: Remembered[int] = Remembered()
        for number in range(100):
            remembered.put(f"/{number}", '"1"', number)

        assert remembered.get("/99") == ('"1"', 99)
        assert remembered.get("/0") is None
