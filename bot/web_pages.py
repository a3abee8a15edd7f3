"""Days as pages and the newest papers as a feed, over HTTP, for those who are not on Discord.

    GET /                            leads to the newest day
    GET /day/2024-06-04?language=ko  that day's list as a page
    GET /feed.atom?language=ko       the papers of the newest lists as an Atom feed

Without `language` the browser's languages decide. What was made is kept until the lists change,
and a browser that has it is told so (304). No answer names a server, a channel or a person.
"""

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final, TypeAlias

from aiohttp import ETag, web

from bot.domain.errors import BotError, InvalidInput
from bot.domain.lookups import NoList
from bot.domain.phrases import Phrase, phrase
from bot.domain.text import clean
from bot.rendering.catalogues import SOURCE_LANGUAGE
from bot.rendering.day_page import POLICY, Navigation, day_page, languages_of, message_page
from bot.rendering.feeds import MEDIA_TYPE, atom_feed
from bot.rendering.words import is_language
from bot.services.measures import Measures
from bot.services.publishing import Publishing

log = logging.getLogger(__name__)

KEPT: Final = 64
"""Pages and feeds kept in memory, of some hundred kilobytes each at the most."""

_FRESH: Final = 60
"""Seconds that a browser need not ask again: lists are read every few minutes."""

_BUSY: Final = 60
"""Seconds after which to ask again while the archive cannot be read."""

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PREFERRED: Final = re.compile(r"([A-Za-z]{2,3})[A-Za-z0-9-]{0,20}(?:;\s*q=([01](?:\.\d{0,3})?))?")
_SHOWN: Final = 40

_HEADERS: Final = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Language",
}

_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class _Made:
    """An answer, good while the archive has this version of what it shows."""

    version: object
    body: bytes

    @property
    def etag(self) -> str:
        return sha256(self.body).hexdigest()[:32]


class WebPages:
    """The pages: `routes` are added to the web port."""

    def __init__(self, publishing: Publishing, *, measures: Measures) -> None:
        self._publishing = publishing
        self._measures = measures
        self._kept: OrderedDict[tuple[str, str], _Made] = OrderedDict()

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered, each for GET and HEAD."""
        return [
            web.get("/", self._answering("newest", self._newest)),
            web.get("/day/{day}", self._answering("day", self._day)),
            web.get("/feed.atom", self._answering("feed", self._feed)),
        ]

    async def _newest(self, request: web.Request) -> web.Response:
        day = await self._publishing.newest_day()
        asked = request.query.get("language")
        if asked is not None:
            _language(request)
        return web.Response(
            status=302,
            headers={
                "Location": _address(day, asked, folder="day/"),
                "Cache-Control": f"public, max-age={_FRESH}",
            },
        )

    async def _day(self, request: web.Request) -> web.Response:
        language = _language(request)
        day = _read_day(request.match_info["day"])
        version = await self._publishing.day_version(day)
        made = self._known(("day", f"{day} {language}"), version)
        if made is None:
            published = await self._publishing.day(day)
            digest = published.digest
            to = Navigation(
                previous=_step(published.previous, language),
                following=_step(published.following, language),
                languages=[(tag, _address(day, tag)) for tag in languages_of(digest)],
                feed=f"../feed.atom?language={language}",
            )
            page = await asyncio.to_thread(day_page, digest, language=language, to=to)
            made = self._keep(("day", f"{day} {language}"), _Made(version, page.encode()))
        return _answer(request, made, "text/html", language)

    async def _feed(self, request: web.Request) -> web.Response:
        language = _language(request)
        version = await self._publishing.newest_version()
        made = self._known(("feed", language), version)
        if made is None:
            entries = await self._publishing.newest_papers()
            feed = await asyncio.to_thread(
                atom_feed,
                entries,
                language=language,
                address=f"feed.atom?language={language}",
                page=f".?language={language}",
            )
            made = self._keep(("feed", language), _Made(version, feed))
        return _answer(request, made, MEDIA_TYPE, language)

    def _known(self, key: tuple[str, str], version: object) -> _Made | None:
        made = self._kept.get(key)
        if made is None or made.version != version:
            return None
        self._kept.move_to_end(key)
        return made

    def _keep(self, key: tuple[str, str], made: _Made) -> _Made:
        self._kept[key] = made
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return made

    def _answering(self, page: str, answer: _Handler) -> _Handler:
        """`answer`, with what goes wrong said on a page."""

        async def handle(request: web.Request) -> web.Response:
            try:
                response = await answer(request)
            except InvalidInput as error:
                response = _message(request, 400, error.reply)
            except NoList as error:
                response = _message(request, 404, error.reply, nearest=error.nearest)
            except BotError as error:
                log.warning("%s cannot be shown: %s", request.path, error)
                response = _message(request, 503, error.reply)
                response.headers["Retry-After"] = str(_BUSY)
            response.headers.update(_HEADERS)
            self._measures.page_answered(page, response.status)
            return response

        return handle


def _answer(request: web.Request, made: _Made, media_type: str, language: str) -> web.Response:
    headers = {"Cache-Control": f"public, max-age={_FRESH}", "Content-Language": language}
    known = request.if_none_match or ()
    if any(etag.value in (made.etag, "*") for etag in known):
        response = web.Response(status=304, headers=headers)
    else:
        response = web.Response(
            body=made.body, content_type=media_type, charset="utf-8", headers=headers
        )
        response.enable_compression()
    # Weak, for what is compressed is not the same to the byte.
    response.etag = ETag(value=made.etag, is_weak=True)
    return response


def _message(
    request: web.Request, status: int, said: Phrase, *, nearest: tuple[date, ...] = ()
) -> web.Response:
    try:
        language = _language(request)
    except InvalidInput:
        language = _preferred(request)
    # Days are named by each other's neighbours only where a day was asked for.
    days = [(day, _address(day, language)) for day in nearest]
    return web.Response(
        status=status,
        text=message_page(said, language=language, days=days),
        content_type="text/html",
        headers={"Cache-Control": "no-store", "Content-Language": language},
    )


def _language(request: web.Request) -> str:
    """The language that the address asks for, or the browser; `InvalidInput` if it is none."""
    typed = request.query.get("language")
    if typed is None:
        return _preferred(request)
    tag = typed.strip().casefold()
    if not is_language(tag):
        raise InvalidInput(
            "a language that is none",
            reply=phrase("“{typed}” is no language: write a tag such as ko.", typed=_cut(typed)),
        )
    return tag


def _preferred(request: web.Request) -> str:
    """The language that a browser's reader likes best (RFC 9110, 12.5.4), without its region."""
    best, weight = SOURCE_LANGUAGE, 0.0
    for found in _PREFERRED.finditer(request.headers.get("Accept-Language", "")[:200]):
        tag, quality = found[1].casefold(), float(found[2] or 1)
        if quality > weight and is_language(tag):
            best, weight = tag, quality
    return best


def _read_day(typed: str) -> date:
    try:
        if _DAY.fullmatch(typed):
            return date.fromisoformat(typed)
    except ValueError:
        pass
    raise InvalidInput(
        "a day that is none",
        reply=phrase(
            "“{typed}” is no day: write year, month and day, such as 2024-06-04.",
            typed=_cut(typed),
        ),
    )


def _cut(typed: str) -> str:
    shown = clean(typed)
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"


def _step(day: date | None, language: str) -> tuple[date, str] | None:
    return None if day is None else (day, _address(day, language))


def _address(day: date, language: str | None, *, folder: str = "") -> str:
    """A day's page, relative to any other's."""
    return f"{folder}{day}" + (f"?language={language}" if language is not None else "")
