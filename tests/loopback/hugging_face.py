"""A Hugging Face of our own on 127.0.0.1, which pages, refuses and misbehaves as it is told.

What it answers follows the real API: pages of `limit` entries, `Link` to the next one, 400 for a
limit over 100 and for dates that are not open yet, `[]` for days without papers, a `ratelimit`
header (https://huggingface.co/docs/hub/rate-limits).

    async with LoopbackHuggingFace() as hub:
        hub.list(date(2024, 6, 4), [entry("2406.01574", title="MMLU-Pro", upvotes=28)])
        hub.fail_next(Status(503), Cut())
        reading = await HuggingFace(http, hub.url).read(date(2024, 6, 4))
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Protocol, Self

import orjson
from aiohttp import web

Entry = dict[str, Any]


class Failure(Protocol):
    """One way to answer other than well; `body` is the good answer that it spoils."""

    async def answer(self, request: web.Request, body: bytes, /) -> web.StreamResponse: ...


@dataclass(frozen=True)
class Status:
    """A status with any headers and body, such as 503, or 429 with `ratelimit`."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b'{"error": "told to fail"}'

    async def answer(self, _request: web.Request, _body: bytes, /) -> web.StreamResponse:
        return web.Response(status=self.status, headers=self.headers, body=self.body)


@dataclass(frozen=True)
class Body:
    """200 with something else, said to be JSON or not."""

    body: bytes
    content_type: str = "application/json"

    async def answer(self, _request: web.Request, _body: bytes, /) -> web.StreamResponse:
        return web.Response(body=self.body, content_type=self.content_type)


@dataclass(frozen=True)
class Truncated:
    """The first half of the good answer, as if that were all."""

    async def answer(self, _request: web.Request, body: bytes, /) -> web.StreamResponse:
        return web.Response(body=body[: len(body) // 2], content_type="application/json")


@dataclass(frozen=True)
class Cut:
    """The connection ends in the middle of the body."""

    async def answer(self, request: web.Request, body: bytes, /) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(body) + 100)})
        await response.prepare(request)
        await response.write(body)
        assert request.transport is not None
        request.transport.close()
        return response


@dataclass(frozen=True)
class Slow:
    """The good answer, but only after so many seconds."""

    seconds: float

    async def answer(self, _request: web.Request, body: bytes, /) -> web.StreamResponse:
        await asyncio.sleep(self.seconds)
        return web.Response(body=body, content_type="application/json")


@dataclass(frozen=True)
class Held:
    """No answer until `released` is set; the good one then. `met` is set once somebody asks."""

    met: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, _request: web.Request, body: bytes, /) -> web.StreamResponse:
        self.met.set()
        await self.released.wait()
        return web.Response(body=body, content_type="application/json")


@dataclass(frozen=True)
class Endless:
    """A body of `size` bytes without a Content-Length; `sent` tells how many were taken."""

    size: int
    sent: list[int] = field(default_factory=lambda: [0])

    async def answer(self, request: web.Request, _body: bytes, /) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        piece = b" " * 2**16
        while self.sent[0] < self.size:
            await response.write(piece)
            self.sent[0] += len(piece)
        return response


@dataclass(frozen=True)
class Request:
    """What was asked of the server."""

    query: Mapping[str, str]
    headers: Mapping[str, str]


class LoopbackHuggingFace:
    """The server; use it as an async context manager.

    With `links` it says where the next page is, with `etags` it knows what a client has already;
    without `pages` it gives its first page whatever is asked for. `page_size` is the most it
    gives at once, however high the limit. Dates after `newest` are not open yet.
    """

    def __init__(
        self,
        *,
        links: bool = True,
        etags: bool = False,
        pages: bool = True,
        page_size: int = 100,
        newest: date | None = None,
    ) -> None:
        self.links = links
        self.etags = etags
        self.pages = pages
        self.page_size = page_size
        self.newest = newest
        self.requests: list[Request] = []
        self.url = ""
        self._lists: dict[str, Sequence[object]] = {}
        self._failures: deque[Failure] = deque()
        self._always: Failure | None = None
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/api/daily_papers", self._daily_papers)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def list(self, day: date, entries: Sequence[object]) -> None:
        """From now on `day` has these entries, broken ones too if they are given."""
        self._lists[day.isoformat()] = entries

    def fail_next(self, *failures: Failure) -> None:
        """Spoil the next requests, one each, in this order."""
        self._failures.extend(failures)

    def fail_always(self, failure: Failure | None) -> None:
        """Spoil every request from now on; `None` ends that."""
        self._always = failure

    async def _daily_papers(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(Request(dict(request.query), dict(request.headers)))
        answer = self._answer(request)
        failure = self._failures.popleft() if self._failures else self._always
        if failure is None:
            return answer
        assert isinstance(answer.body, bytes)
        return await failure.answer(request, answer.body)

    def _answer(self, request: web.Request) -> web.Response:
        limit, page = int(request.query.get("limit", "50")), int(request.query.get("p", "0"))
        day = request.query["date"]
        if limit > 100:
            return _refusal("✖ Too big: expected number to be <=100\n  → at limit")
        if self.newest is not None and date.fromisoformat(day) > self.newest:
            return _refusal(
                f'✖ "date" must be less than or equal to "{self.newest}T00:00:00.000Z"\n  → at date'
            )
        entries = self._lists.get(day, [])
        size = min(limit, self.page_size)
        first = page * size if self.pages else 0
        headers = {"ratelimit": '"api";r=489;t=189'}
        if self.links and first + size < len(entries):
            following = request.url.update_query({"p": str(page + 1)})
            headers["Link"] = f'<{following}>; rel="next"'
        body = orjson.dumps(entries[first : first + size])
        if self.etags:
            headers["ETag"] = f'W/"{hashlib.sha256(body).hexdigest()[:16]}"'
            if request.headers.get("If-None-Match") == headers["ETag"]:
                return web.Response(status=304, headers=headers, body=b"")
        return web.Response(body=body, headers=headers, content_type="application/json")


def entry(paper_id: str, **fields: object) -> Entry:
    """An entry as Hugging Face gives it, with `fields` of its paper set or replaced."""
    paper: Entry = {
        "id": paper_id,
        "title": f"On {paper_id}",
        "summary": f"We look at {paper_id}.",
        "authors": [{"name": "Ada Lovelace", "hidden": False}],
        "upvotes": 3,
        **fields,
    }
    return {
        "paper": paper,
        "title": paper["title"],
        "publishedAt": "2024-06-04T01:00:00.000Z",
        "numComments": 1,
        "thumbnail": CARD.format(id=paper_id),
    }


CARD: Final = "https://cdn-thumbnails.huggingface.co/social-thumbnails/papers/{id}.png"


def _refusal(error: str) -> web.Response:
    return web.Response(
        status=400, body=orjson.dumps({"error": error}), content_type="application/json"
    )
