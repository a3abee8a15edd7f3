"""Hugging Face Daily Papers: the live list of a day, with votes.

`GET /api/daily_papers?date=2024-06-04&limit=100&p=0`, by https://huggingface.co/papers.
"""

import json
from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import urljoin

import orjson

from bot.domain.digests import Digest, Listing
from bot.domain.errors import SourceUnavailable, SourceUnreadable
from bot.domain.text import clean
from bot.sources.addresses import same_origin
from bot.sources.http import Answer, Http, Remembered
from bot.sources.huggingface_entry import BrokenEntry, read_entry
from bot.sources.reading import Problem, Reading

PAGE: Final = 100
"""Entries asked for at once. More is refused (400), and the default cuts lists off at 50."""

_MAX_PAGES: Final = 50
"""Seventy times the longest list on record (72 papers): a server that never ends."""

_NOT_OPEN: Final = "must be less than or equal to"
"""What the error says of a date that has not begun there (400)."""


class HuggingFace:
    """The lists of Hugging Face, or of a server that speaks like it at `base_url`.

    With a `token` more requests are allowed; without one 500 in five minutes are.
    """

    name: Final = "huggingface"
    closes: Final = True

    def __init__(
        self, http: Http, base_url: str = "https://huggingface.co", token: str | None = None
    ) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._headers = {"Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._remembered: Remembered[Page] = Remembered()

    async def read(self, day: date) -> Reading:
        """The list of `day`, all its pages.

        Entries that cannot be read are left out and named in `problems`. A day that has
        nothing yet, or nothing ever, is empty; one that is not open yet is said to be so.
        Raises `SourceUnavailable` and `SourceUnreadable`: half a list is never returned.
        """
        listings: list[Listing] = []
        problems: list[Problem] = []
        seen: set[frozenset[str]] = set()
        links = False
        url = self._url(day, 0)
        for number in range(_MAX_PAGES):
            page = await self._page(url, number)
            if page is None:
                return Reading(digest=Digest.of(day, ()), is_open=False)
            if not page.entries or page.entries in seen:
                break
            seen.add(page.entries)
            listings += page.listings
            problems += page.problems
            links = links or page.next_link is not None
            if page.next_link is None and links:
                break
            url = self._next_url(url, page.next_link) or self._url(day, number + 1)
        else:
            problems.append(Problem("answer", f"it had not ended after {_MAX_PAGES} pages"))
        return Reading(digest=Digest.of(day, listings), problems=tuple(problems))

    def _url(self, day: date, page: int) -> str:
        return f"{self._base_url}/api/daily_papers?date={day}&limit={PAGE}&p={page}"

    def _next_url(self, url: str, link: str | None) -> str | None:
        """Where a link leads, unless it leads elsewhere: the token is for this server alone."""
        following = urljoin(url, link) if link is not None else None
        return following if following and same_origin(following, self._base_url) else None

    async def _page(self, url: str, number: int) -> "Page | None":
        """One page; `None` if the date is not open yet."""
        headers = dict(self._headers)
        if (known := self._remembered.get(url)) is not None:
            headers["If-None-Match"] = known[0]
        answer = await self._http.get(url, source=self.name, headers=headers)
        if answer.status == 304 and known is not None:
            return known[1]
        if answer.status != 200:
            self._must_be_unopened(answer)
            return None
        page = read_page(answer, number)
        self._remembered.put(url, answer.etag, page)
        return page

    def _must_be_unopened(self, answer: Answer) -> None:
        """Raise what a refusal means, unless it only says that the date is not open yet."""
        said = _error(answer.body)
        if answer.status == 400 and _NOT_OPEN in said:
            return
        if answer.status in (401, 403):
            raise SourceUnavailable(
                self.name, f"it refuses us ({answer.status}): check HF_TOKEN, or leave it out"
            )
        if answer.status == 404:
            raise SourceUnreadable(
                self.name, "there are no daily papers at that address (404): check HUGGINGFACE_URL"
            )
        raise SourceUnreadable(self.name, f"it answered {answer.status} {said}".rstrip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a day's list."""

    entries: frozenset[str]
    """What tells this page from another: the ids on it; where none can be read, why."""

    listings: tuple[Listing, ...]
    problems: tuple[Problem, ...]
    next_link: str | None


def read_page(answer: Answer, number: int) -> Page:
    """What an answer says; entries that cannot be read are its problems, counted from 1 over
    all pages. Raises `SourceUnreadable` for anything but a list in JSON."""
    content = _json(answer.body)
    if not isinstance(content, list):
        raise SourceUnreadable(HuggingFace.name, "it answered something that is not a list")
    listings: list[Listing] = []
    problems: list[Problem] = []
    for position, entry in enumerate(content, start=number * PAGE + 1):
        try:
            listings.append(read_entry(entry))
        except BrokenEntry as broken:
            problems.append(Problem(f"entry {position}", f"skipped: {broken}"))
    ids = frozenset(listing.paper.id.value for listing in listings)
    return Page(
        entries=ids or frozenset(problem.what for problem in problems),
        listings=tuple(listings),
        problems=tuple(problems),
        next_link=answer.next_link,
    )


def _json(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    # orjson refuses a whole page for half an emoji in one title (a lone surrogate).
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise SourceUnreadable(
            HuggingFace.name, "it answered something that is not JSON"
        ) from error


def _error(body: bytes) -> str:
    """What a refusal says, short and on one line."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    text = said.get("error") if isinstance(said, dict) else None
    return clean(text)[:200] if isinstance(text, str) else ""
