"""What is shown of a paper whatever shows it: its points and where they come from, its picture,
its links. Cards, pages and feeds say the same of one paper."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.domain.abstracts import abstract_summary, best_summary
from bot.domain.papers import Bullet, Paper, Summary, SummaryOrigin
from bot.domain.phrases import phrase
from bot.rendering import limits, markup, words
from bot.rendering.message import Link
from bot.rendering.words import spoken

_LANGUAGE_ROOM: Final = 60

_ORIGINS: Final = {
    SummaryOrigin.DIGEST: phrase("digest"),
    SummaryOrigin.MODEL: phrase("AI summary"),
    SummaryOrigin.HUGGING_FACE: phrase("Hugging Face summary"),
    SummaryOrigin.ABSTRACT: phrase("abstract"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """What is said of a paper, as plain text of one line each.

    `language` is the points' own tag, `und` if nobody can tell; `origin` the reader's word for
    where they come from. Without points both are empty.
    """

    shown: tuple[Bullet, ...] = ()
    language: str = ""
    origin: str = ""


def points(paper: Paper, language: str) -> Points:
    """The best points for a reader of `language`."""
    # Bullets of which nothing can be read give way to the abstract.
    for summary in (best_summary(paper, language), abstract_summary(paper.abstract)):
        if summary is not None and (shown := readable(summary.bullets)):
            return Points(shown=shown, language=summary.language, origin=_origin(summary, language))
    return Points()


def readable(bullets: Sequence[Bullet]) -> tuple[Bullet, ...]:
    """`bullets` as plain text, without those of which nothing would be seen."""
    read = [(markup.plain(bullet.text), markup.plain(bullet.label)) for bullet in bullets]
    labelled = [(text, label.rstrip(": ")) for text, label in read]
    return tuple(Bullet(text=text, label=label) for text, label in labelled if text or label)


def thumbnail(paper: Paper) -> str:
    """The address of a picture that every paper has."""
    if limits.is_web_url(paper.thumbnail):
        return paper.thumbnail
    return replace(paper, media=()).thumbnail


def links(paper: Paper, language: str) -> tuple[Link, ...]:
    """Where there is more of a paper, as far as the addresses are sound."""
    found = [
        Link("arXiv", paper.arxiv_url),
        Link("Hugging Face", paper.hugging_face_url),
    ]
    if paper.code_url is not None:
        label = phrase("Code")
        if paper.stars is not None and paper.stars > 0:
            label = phrase("Code ★ {stars}", stars=words.short_number(paper.stars, language))
        found.append(Link(spoken(label, language), paper.code_url))
    if paper.project_url is not None:
        found.append(Link(spoken(phrase("Project"), language), paper.project_url))
    return tuple(link for link in found if limits.is_web_url(link.url, limits.BUTTON_URL))


def _origin(summary: Summary, language: str) -> str:
    origin = _ORIGINS[summary.origin]
    if summary.language != "und" and not words.same_language(summary.language, language):
        named = markup.plain(words.language_name(summary.language, in_language=language))
        named = limits.fit(named, _LANGUAGE_ROOM) or words.language_name(
            "und", in_language=language
        )
        origin = phrase("{origin} in {language}", origin=origin, language=named)
    return spoken(origin, language)
