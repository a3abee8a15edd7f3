"""A day's list as a page for a browser: plain, without a script, for eyes, ears and keyboards.

The page is one file with its style in it, so it can be served or kept. What papers say is a
stranger's text: it is escaped (`html`), and the page's own policy forbids all but its style and
pictures.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

from bot.domain.digests import Digest, Listing
from bot.domain.papers import Bullet, Paper
from bot.domain.phrases import Phrase, counted, phrase
from bot.rendering import markup, words
from bot.rendering.catalogues import SOURCE_LANGUAGE, languages
from bot.rendering.html import Html, element, joined
from bot.rendering.parts import links, points, thumbnail
from bot.rendering.words import spoken

AUTHORS_SHOWN: Final = 8
"""Names before the rest is folded away: one or two lines."""

_STYLE: Final = Html((files("bot.rendering") / "day_page.css").read_text(encoding="utf-8").strip())
_STYLE_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src https: http:; "
    "base-uri 'none'; form-action 'none'"
)
"""What a browser may load for these pages (https://www.w3.org/TR/CSP3/): pictures."""

_MAIN: Final = "papers"
_PICTURE: Final = (256, 134)
"""Pixels; the proportions of Hugging Face's preview cards."""
_RIGHT_TO_LEFT: Final = frozenset({"ar", "dv", "fa", "he", "ps", "ug", "ur", "yi"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Navigation:
    """Where a page leads: addresses relative to it, of each day with a list next to it, of itself
    in other languages, by their tags, and of the feed."""

    previous: tuple[date, str] | None = None
    following: tuple[date, str] | None = None
    languages: Sequence[tuple[str, str]] = ()
    feed: str | None = None


NOWHERE: Final = Navigation()


def languages_of(digest: Digest) -> tuple[str, ...]:
    """The languages in which a day can be read: those of our own words, then those that bullets
    are in, by their tags."""
    of_bullets = {s.language for listing in digest for s in listing.paper.summaries} - {"und"}
    return tuple(dict.fromkeys([*languages(), *sorted(of_bullets)]))


def day_page(digest: Digest, *, language: str, to: Navigation = NOWHERE) -> str:
    """The list of a day for readers of `language`: a card a paper, best first."""
    title = spoken(phrase("Papers of {day}", day=digest.day), language)
    count = spoken(counted("{count} paper", "{count} papers", count=len(digest)), language)
    articles = [_article(listing, rank, language) for rank, listing in enumerate(digest, start=1)]
    return _page(
        title,
        language,
        to,
        header=joined(
            element("h1", title),
            element("p", count, class_="count"),
            _days(to, language),
            _languages(to, language),
        ),
        main=joined(*articles),
        footer=_footer(to, language),
    )


def message_page(said: Phrase, *, language: str, days: Iterable[tuple[date, str]] = ()) -> str:
    """A page that says one thing, and leads to `days`."""
    text = spoken(said, language, on_discord=False)
    near = [
        element("li", element("a", words.day_text(day, language), href=address))
        for day, address in days
    ]
    return _page(
        spoken(phrase("Daily papers"), language),
        language,
        NOWHERE,
        header=element("h1", spoken(phrase("Daily papers"), language)),
        main=joined(
            element("p", text),
            element("h2", spoken(phrase("Days nearby"), language)) if near else None,
            element("ul", *near) if near else None,
        ),
    )


def _page(
    title: str,
    language: str,
    to: Navigation,
    *,
    header: Html,
    main: Html,
    footer: Html | None = None,
) -> str:
    feed = (
        element("link", rel="alternate", type="application/atom+xml", title=title, href=to.feed)
        if to.feed is not None
        else None
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        feed,
        element("style", _STYLE),
    )
    skip = spoken(phrase("Skip to the papers"), language)
    body = element(
        "body",
        element("a", skip, href=f"#{_MAIN}", class_="skip"),
        element("header", header),
        element("main", main, id=_MAIN, tabindex="-1"),
        footer,
    )
    return "<!doctype html>\n" + element("html", head, body, **_language(_own_words(language)))


def _days(to: Navigation, language: str) -> Html | None:
    steps = []
    for step, rel, sign, before in (
        (to.previous, "prev", "←", True),
        (to.following, "next", "→", False),
    ):
        if step is not None:
            day, address = step
            arrow = element("span", sign, aria_hidden="true")
            text = joined(*((arrow, " ") if before else ()), words.day_text(day, language))
            text = text if before else joined(text, " ", arrow)
            steps.append(element("li", element("a", text, href=address, rel=rel)))
    if not steps:
        return None
    label = spoken(phrase("Other days"), language)
    return element("nav", element("ul", *steps), aria_label=label, class_="days")


def _languages(to: Navigation, language: str) -> Html | None:
    if not to.languages:
        return None
    items = [
        element(
            "li",
            element(
                "a",
                words.language_name(tag, in_language=tag),
                href=address,
                hreflang=tag,
                aria_current="true" if tag == language else None,
                **_language(tag),
            ),
        )
        for tag, address in to.languages
    ]
    label = spoken(phrase("Languages"), language)
    return element("nav", element("ul", *items), aria_label=label, class_="languages")


def _article(listing: Listing, rank: int, language: str) -> Html:
    paper = listing.paper
    said = points(paper, language)
    heading = f"paper-{paper.id}"
    width, height = _PICTURE
    picture = element(
        "img",
        src=thumbnail(paper),
        alt="",  # it shows what the card says
        width=width,
        height=height,
        loading="lazy" if rank > 2 else None,
        decoding="async",
    )
    title = element(
        "h2",
        element(
            "a",
            markup.plain(paper.title) or f"arXiv {paper.id}",
            href=paper.arxiv_url,
            lang="en",
            dir="auto",
        ),
        id=heading,
    )
    bullets = [element("li", *_bullet(bullet)) for bullet in said.shown]
    return element(
        "article",
        picture,
        element(
            "div",
            title,
            _votes(listing, rank, language),
            _authors(paper, language),
            element("ul", *bullets, class_="points", **_language(said.language))
            if bullets
            else None,
            _abstract(paper, language),
            element(
                "p",
                *_separated(
                    element("a", link.label, href=link.url) for link in links(paper, language)
                ),
                class_="links",
            ),
            element("p", _origin(said.origin, language), class_="origin") if said.origin else None,
        ),
        aria_labelledby=heading,
    )


def _votes(listing: Listing, rank: int, language: str) -> Html:
    place = element("span", f"#{rank}", class_="rank")
    if listing.upvotes is None:
        return element("p", place, class_="votes")
    votes = words.number(listing.upvotes, language)
    said = counted("{count} upvote", "{count} upvotes", count=listing.upvotes)
    return element(
        "p",
        place,
        " ",
        element("span", f"▲ {votes}", aria_hidden="true"),
        element("span", spoken(said, language), class_="unseen"),
        class_="votes",
    )


def _authors(paper: Paper, language: str) -> Html | None:
    names = [name for name in map(markup.plain, paper.authors) if name]
    if not names:
        return None
    shown, rest = names[:AUTHORS_SHOWN], names[AUTHORS_SHOWN:]
    if len(rest) == 1:
        shown, rest = names, []
    line = element("span", ", ".join(shown), dir="auto")
    if not rest:
        return element("p", line, class_="authors")
    more = counted("+{count} more", "+{count} more", count=len(rest))
    return element(
        "div",
        line,
        element(
            "details",
            element("summary", spoken(more, language)),
            element("p", ", ".join(rest), dir="auto"),
        ),
        class_="authors",
    )


def _abstract(paper: Paper, language: str) -> Html | None:
    text = markup.plain(paper.abstract)
    if not text:
        return None
    return element(
        "details",
        element("summary", spoken(phrase("Abstract"), language)),
        element("p", text, lang="en", dir="auto"),
        class_="abstract",
    )


def _bullet(bullet: Bullet) -> Iterable[Html | str]:
    if bullet.label:
        yield element("strong", bullet.label)
        yield ": " if bullet.text else ""
    yield bullet.text


def _origin(origin: str, language: str) -> str:
    return spoken(phrase("Points from: {origin}", origin=origin), language)


def _footer(to: Navigation, language: str) -> Html | None:
    if to.feed is None:
        return None
    feed = spoken(phrase("Atom feed of the newest papers"), language)
    return element("footer", element("p", element("a", feed, href=to.feed)))


def _separated(items: Iterable[Html]) -> list[Html | str]:
    found: list[Html | str] = []
    for item in items:
        found += [" · ", item] if found else [item]
    return found


@lru_cache(maxsize=256)
def _own_words(language: str) -> str:
    """The language that our own words come in for a reader of `language`."""
    return next((tag for tag in languages() if words.same_language(tag, language)), SOURCE_LANGUAGE)


def _language(tag: str) -> dict[str, str]:
    """The attributes of an element whose text is in a language; `und` is an empty one
    (https://html.spec.whatwg.org/multipage/dom.html#attr-lang)."""
    direction = "rtl" if tag.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"
    return {"lang": "" if tag == "und" else tag, "dir": "auto" if tag == "und" else direction}
