"""The live list, read from a server that pages, refuses and stumbles."""

from datetime import date

import pytest

from bot.domain.errors import SourceUnavailable, SourceUnreadable
from bot.sources.http import Http
from bot.sources.huggingface import HuggingFace
from bot.sources.reading import Problem, Reading
from tests.loopback.hugging_face import (
    Body,
    Cut,
    Endless,
    Failure,
    LoopbackHuggingFace,
    Slow,
    Status,
    Truncated,
    entry,
)
from tests.sources.conftest import impatient_http

DAY = date(2024, 6, 4)
MANY = [entry(f"2406.{number:05}", upvotes=1000 - number) for number in range(250)]


@pytest.fixture
def source(http: Http, hub: LoopbackHuggingFace) -> HuggingFace:
    return HuggingFace(http, hub.url)


def ids(reading: Reading) -> list[str]:
    return [str(listing.paper.id) for listing in reading.digest]


async def test_a_day_is_read_best_first(source: HuggingFace, hub: LoopbackHuggingFace) -> None:
    hub.list(DAY, [entry("2406.00001", upvotes=3), entry("2406.00002", upvotes=28)])

    reading = await source.read(DAY)

    assert reading.digest.day == DAY
    assert ids(reading) == ["2406.00002", "2406.00001"]
    assert reading.is_open
    assert reading.problems == ()
    assert all(listing.live for listing in reading.digest)


async def test_a_day_without_papers_is_empty_and_open(
    source: HuggingFace, hub: LoopbackHuggingFace
) -> None:
    hub.list(DAY, [])

    reading = await source.read(DAY)

    assert not reading.digest
    assert reading.is_open


async def test_a_date_that_has_not_begun_there_is_not_open(
    source: HuggingFace, hub: LoopbackHuggingFace
) -> None:
    hub.newest = date(2024, 6, 3)

    reading = await source.read(DAY)

    assert not reading.is_open
    assert not reading.digest


class TestPages:
    async def test_links_are_followed_to_the_last_page(
        self, source: HuggingFace, hub: LoopbackHuggingFace
    ) -> None:
        hub.list(DAY, MANY)

        assert len((await source.read(DAY)).digest) == 250
        assert [request.query["p"] for request in hub.requests] == ["0", "1", "2"]
        assert {request.query["limit"] for request in hub.requests} == {"100"}

    async def test_without_links_pages_are_asked_for_until_one_is_empty(
        self, source: HuggingFace, hub: LoopbackHuggingFace
    ) -> None:
        hub.links = False
        hub.page_size = 50  # a server that gives less than it is asked for
        hub.list(DAY, MANY[:120])

        assert len((await source.read(DAY)).digest) == 120

    async def test_a_server_that_repeats_its_first_page_is_left_after_the_second(
        self, source: HuggingFace, hub: LoopbackHuggingFace
    ) -> None:
        hub.links = hub.pages = False
        hub.list(DAY, [*MANY[:3], "no entry"])

        reading = await source.read(DAY)

        assert len(reading.digest) == 3
        assert len(reading.problems) == 1
        assert len(hub.requests) == 2

    async def test_a_server_that_never_ends_is_left_and_named(
        self, source: HuggingFace, hub: LoopbackHuggingFace
    ) -> None:
        hub.page_size = 1
        hub.list(DAY, MANY)

        reading = await source.read(DAY)

        assert len(reading.digest) == 50
        assert reading.problems == (Problem("answer", "it had not ended after 50 pages"),)

    async def test_a_link_to_another_server_is_not_followed(
        self, hub: LoopbackHuggingFace, http: Http
    ) -> None:
        async with LoopbackHuggingFace() as elsewhere:
            link = f'<{elsewhere.url}/api/daily_papers?date={DAY}&p=1>; rel="next"'
            hub.list(DAY, MANY[:1])
            hub.fail_next(Status(200, {"Link": link}, b'[{"paper": {"id": "2406.00001"}}]'))

            reading = await HuggingFace(http, hub.url, token="hf_secret").read(DAY)

        assert elsewhere.requests == []
        assert [request.query["p"] for request in hub.requests] == ["0", "1"]
        assert ids(reading) == ["2406.00001"]

    async def test_a_paper_that_is_listed_twice_is_one(
        self, source: HuggingFace, hub: LoopbackHuggingFace
    ) -> None:
        hub.list(DAY, [entry("2406.00001"), entry("2406.00001v2")])

        assert ids(await source.read(DAY)) == ["2406.00001"]


async def test_broken_entries_are_skipped_and_named(
    source: HuggingFace, hub: LoopbackHuggingFace
) -> None:
    hub.list(DAY, [entry("2406.00001"), None, {"paper": None}, {"paper": {"id": 5}}])

    reading = await source.read(DAY)

    assert ids(reading) == ["2406.00001"]
    assert [str(problem) for problem in reading.problems] == [
        "entry 2: skipped: it is not an object",
        "entry 3: skipped: it has no paper",
        "entry 4: skipped: its paper has no id",
    ]


class TestTrouble:
    @pytest.mark.parametrize(
        "failure",
        [
            Status(500),
            Status(502),
            Status(503, {"Retry-After": "0"}),
            Status(429, {"ratelimit": '"api";r=0;t=55'}),
            Cut(),
        ],
        ids=repr,
    )
    async def test_a_stumble_is_forgiven(
        self, source: HuggingFace, hub: LoopbackHuggingFace, failure: Failure
    ) -> None:
        hub.list(DAY, MANY[:2])
        hub.fail_next(failure, failure)

        assert len((await source.read(DAY)).digest) == 2
        assert [request.query["p"] for request in hub.requests] == ["0", "0", "0", "1"]

    async def test_a_slow_answer_is_asked_for_again(self, hub: LoopbackHuggingFace) -> None:
        hub.list(DAY, MANY[:2])
        hub.fail_next(Slow(30))
        async with impatient_http(timeout=0.2) as http:
            reading = await HuggingFace(http, hub.url).read(DAY)

        assert len(reading.digest) == 2

    async def test_a_server_that_stays_down_is_unavailable(
        self, source: HuggingFace, hub: LoopbackHuggingFace
    ) -> None:
        hub.fail_always(Status(503))

        with pytest.raises(SourceUnavailable, match="answered 503, 3 times in a row"):
            await source.read(DAY)

    async def test_a_page_that_fails_fails_the_list(
        self, source: HuggingFace, hub: LoopbackHuggingFace
    ) -> None:
        """Half a list, taken for a whole one, would lose papers for good."""
        hub.list(DAY, MANY)
        hub.fail_next(Slow(0), Status(500), Status(500), Status(500))

        with pytest.raises(SourceUnavailable):
            await source.read(DAY)

    async def test_nobody_there_is_unavailable(self, http: Http, unused_tcp_port: int) -> None:
        with pytest.raises(SourceUnavailable, match="connection failed"):
            await HuggingFace(http, f"http://127.0.0.1:{unused_tcp_port}").read(DAY)

    @pytest.mark.parametrize(
        "failure",
        [
            Truncated(),
            Body(b"<!doctype html><title>Maintenance</title>", "text/html"),
            Body(b'{"error": "no list"}'),
            Body(b'"text"'),
            Body(b""),
            Body(b"\xff\xfe\x00"),
            Body(b"[" * 100_000),
            Body(b"[" + b"9" * 10_000 + b"]" * 2),
        ],
        ids=lambda failure: repr(failure)[:40],
    )
    async def test_an_answer_that_is_no_list_is_unreadable_at_once(
        self, source: HuggingFace, hub: LoopbackHuggingFace, failure: Failure
    ) -> None:
        hub.list(DAY, MANY[:2])
        hub.fail_next(failure)

        with pytest.raises(SourceUnreadable):
            await source.read(DAY)
        assert len(hub.requests) == 1

    async def test_an_answer_that_is_too_large_is_left_before_it_ends(
        self, source: HuggingFace, hub: LoopbackHuggingFace
    ) -> None:
        endless = Endless(100 * 2**20)
        hub.fail_next(endless)

        with pytest.raises(SourceUnreadable, match="larger than 1 MiB"):
            await source.read(DAY)
        assert endless.sent[0] < 50 * 2**20

    @pytest.mark.parametrize(
        ("status", "error", "cure"),
        [
            (401, SourceUnavailable, "HF_TOKEN"),
            (403, SourceUnavailable, "HF_TOKEN"),
            (404, SourceUnreadable, "HUGGINGFACE_URL"),
            (400, SourceUnreadable, "it answered 400 told to fail"),
            (418, SourceUnreadable, "it answered 418"),
            (304, SourceUnreadable, "it answered 304"),
        ],
    )
    async def test_a_refusal_says_what_to_look_at(
        self,
        source: HuggingFace,
        hub: LoopbackHuggingFace,
        status: int,
        error: type[Exception],
        cure: str,
    ) -> None:
        hub.fail_next(Status(status))

        with pytest.raises(error, match=cure):
            await source.read(DAY)

    async def test_a_refusal_in_no_known_form_is_told_by_its_status(
        self, source: HuggingFace, hub: LoopbackHuggingFace
    ) -> None:
        hub.fail_next(Status(400, body=b"<html>"), Status(400, body=b'{"error": {"code": 1}}'))

        for _ in range(2):
            with pytest.raises(SourceUnreadable, match=r"^huggingface: it answered 400$"):
                await source.read(DAY)


class TestToken:
    async def test_it_is_sent_as_bearer(self, http: Http, hub: LoopbackHuggingFace) -> None:
        await HuggingFace(http, hub.url, token="hf_secret").read(DAY)

        assert hub.requests[0].headers["Authorization"] == "Bearer hf_secret"

    async def test_without_one_nothing_is_sent(
        self, source: HuggingFace, hub: LoopbackHuggingFace
    ) -> None:
        await source.read(DAY)

        assert "Authorization" not in hub.requests[0].headers

    async def test_it_stands_in_no_log_and_no_error(
        self, http: Http, hub: LoopbackHuggingFace, caplog: pytest.LogCaptureFixture
    ) -> None:
        hub.fail_always(Status(503))

        with pytest.raises(SourceUnavailable) as caught:
            await HuggingFace(http, hub.url, token="hf_secret").read(DAY)

        assert caplog.records  # the retries are logged
        assert "hf_secret" not in caplog.text + repr(caught.value)


class TestNotModified:
    async def test_a_list_that_did_not_change_is_not_sent_again(
        self, source: HuggingFace, hub: LoopbackHuggingFace
    ) -> None:
        hub.etags = True
        hub.list(DAY, MANY)
        first = await source.read(DAY)

        again = await source.read(DAY)

        assert again == first
        assert all("If-None-Match" in request.headers for request in hub.requests[3:])

    async def test_a_list_that_changed_is(
        self, source: HuggingFace, hub: LoopbackHuggingFace
    ) -> None:
        hub.etags = True
        hub.list(DAY, MANY[:1])
        await source.read(DAY)
        hub.list(DAY, MANY[:2])

        assert len((await source.read(DAY)).digest) == 2

    async def test_without_an_etag_nothing_is_asked_conditionally(
        self, source: HuggingFace, hub: LoopbackHuggingFace
    ) -> None:
        hub.list(DAY, MANY[:1])
        await source.read(DAY)
        await source.read(DAY)

        assert not any("If-None-Match" in request.headers for request in hub.requests)
