"""The newest papers as an Atom feed (RFC 4287), an entry each."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from uuid import NAMESPACE_URL, uuid5
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from bot.domain.digests import Listing
from bot.domain.papers import Paper
from bot.domain.phrases import phrase
from bot.rendering import markup, words
from bot.rendering.html import element, joined
from bot.rendering.parts import Points, points, thumbnail
from bot.rendering.words import spoken

MEDIA_TYPE: Final = "application/atom+xml"

_ATOM: Final = "http://www.w3.org/2005/Atom"
_MADE_BY: Final = "daily-papers"
_NOBODY: Final = "arXiv"
"""The author of a paper that names none: an entry must have one (RFC 4287, 4.1.1)."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When a feed without entries was last changed: it must say something."""

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML has no way to write (https://www.w3.org/TR/xml/#charsets)."""

register_namespace("", _ATOM)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """A paper of a feed: the day whose list has it, and when it came to that list."""

    listing: Listing
    day: date
    seen_at: datetime


def atom_feed(
    entries: Iterable[FeedEntry],
    *,
    language: str,
    address: str | None = None,
    page: str | None = None,
) -> bytes:
    """A feed for readers of `language`, in UTF-8.

    `address` is the feed's own, `page` that of a page with the same papers; both may be relative
    to where the feed is fetched from. A paper's entry has the paper's own id, whichever feed it
    is in, and is new once: votes and bullets that change do not make it so again.
    """
    entries = tuple(entries)
    feed = Element(_name("feed"), {"xml:lang": language})
    _text(feed, "id", uuid5(NAMESPACE_URL, f"daily-papers feed {language}").urn)
    _text(feed, "title", spoken(phrase("Daily papers"), language))
    _text(feed, "updated", _instant(max((entry.seen_at for entry in entries), default=_EPOCH)))
    author = SubElement(feed, _name("author"))
    _text(author, "name", _MADE_BY)
    if address is not None:
        SubElement(feed, _name("link"), rel="self", type=MEDIA_TYPE, href=address)
    if page is not None:
        SubElement(feed, _name("link"), rel="alternate", type="text/html", href=page)
    for entry in entries:
        _entry(feed, entry, language)
    written: bytes = tostring(feed, encoding="utf-8", xml_declaration=True)
    return written


def _entry(feed: Element, entry: FeedEntry, language: str) -> None:
    paper = entry.listing.paper
    said = points(paper, language)
    found = SubElement(feed, _name("entry"))
    _text(found, "id", paper.arxiv_url)
    _text(found, "title", markup.plain(paper.title) or f"arXiv {paper.id}")
    _text(found, "published", _instant(entry.seen_at))
    _text(found, "updated", _instant(entry.seen_at))
    for name in [n for n in map(markup.plain, paper.authors) if n] or [_NOBODY]:
        _text(SubElement(found, _name("author")), "name", name)
    SubElement(found, _name("link"), rel="alternate", type="text/html", href=paper.arxiv_url)
    content = _content(paper, said, entry.day, language)
    _text(found, "content", content).set("type", "html")


def _content(paper: Paper, said: Points, day: date, language: str) -> str:
    """What a reader of feeds shows: picture, points, where they come from."""
    bullets = [
        element(
            "li",
            element("strong", bullet.label) if bullet.label else None,
            ": " if bullet.label and bullet.text else None,
            bullet.text,
        )
        for bullet in said.shown
    ]
    line = " · ".join(part for part in (words.day_text(day, language), said.origin) if part)
    return joined(
        element("p", element("img", src=thumbnail(paper), alt="")),
        element("ul", *bullets, lang=said.language if said.language != "und" else "")
        if bullets
        else None,
        element("p", line),
    )


def _text(parent: Element, name: str, text: str) -> Element:
    found = SubElement(parent, _name(name))
    found.text = _NOT_XML.sub("", text)
    return found


def _name(name: str) -> str:
    return f"{{{_ATOM}}}{name}"


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
