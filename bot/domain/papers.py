"""A paper, its summaries, and where its pictures and pages are."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

from bot.domain.errors import UnknownPaperId

# arXiv's two schemes: YYMM.NNNNN since April 2007, archive/YYMMNNN before
# (https://info.arxiv.org/help/arxiv_identifier.html). A version suffix names the same paper.
_ARXIV_ID: Final = re.compile(
    r"(?<![\w.])(?P<id>\d{4}\.\d{4,5}|[a-z]+(?:-[a-z]+)?(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?(?![\d])",
    re.ASCII,
)

_IMAGE: Final = re.compile(
    r"https?://[^\s/?#.@:<>\"]+(?:\.[^\s/?#.@:<>\"]+)+(?::\d{1,5})?/"
    r"[^\s?#<>\"|\\^`{}]*\.(?:png|jpe?g|gif|webp)(?:\?[^\s<>\"]*)?",
    re.I,
)
_VIDEO: Final = re.compile(r"[^?#]*\.(?:mp4|webm|mov|qt|m4v|avi|mkv)(?:[?#].*)?", re.I)


@dataclass(frozen=True, slots=True, order=True)
class PaperId:
    """One paper's identity: its arXiv id without the version."""

    value: str

    def __post_init__(self) -> None:
        found = _ARXIV_ID.fullmatch(self.value)
        if found is None or found["id"] != self.value:
            raise ValueError(f"not a base arXiv id: {self.value!r}")

    def __str__(self) -> str:
        return self.value

    @classmethod
    def parse(cls, text: str) -> Self:
        """Find the id in a bare id, a versioned id, or a link; else `UnknownPaperId`."""
        if (found := _ARXIV_ID.search(text)) is None:
            raise UnknownPaperId(text)
        return cls(found["id"])

    @property
    def arxiv_url(self) -> str:
        return f"https://arxiv.org/abs/{self}"


class SummaryOrigin(StrEnum):
    """Where the bullets of a summary come from, most carefully written first."""

    DIGEST = "digest"
    MODEL = "model"
    HUGGING_FACE = "huggingface"
    ABSTRACT = "abstract"


ORIGINS_BEST_FIRST: Final = tuple(SummaryOrigin)


@dataclass(frozen=True, slots=True)
class Bullet:
    """One statement about a paper; `label` is the bold word that some digests put before it."""

    text: str
    label: str = ""

    def __post_init__(self) -> None:
        if not (self.text or self.label):
            raise ValueError("a bullet says something")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a paper says, as bullets in one language.

    `language` is a BCP 47 tag in lower case, such as `en`, `ko` or `zh`; `und` if nobody can tell.
    """

    language: str
    bullets: tuple[Bullet, ...]
    origin: SummaryOrigin

    def __post_init__(self) -> None:
        if not self.bullets:
            raise ValueError("a summary has at least one bullet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper as its sources describe it. Text is clean (no control characters, white space
    collapsed) but unescaped: titles and bullets may hold LaTeX, Markdown or mentions.

    `media` are the pictures and videos that came with it, in the source's words: a relative
    path or a video may be among them. `thumbnail` is the one picture that can be shown.
    """

    id: PaperId
    title: str
    authors: tuple[str, ...] = ()
    abstract: str = ""
    media: tuple[str, ...] = ()
    code_url: str | None = None
    stars: int | None = None
    project_url: str | None = None
    organization: str = ""
    keywords: tuple[str, ...] = ()
    summaries: tuple[Summary, ...] = ()

    def __post_init__(self) -> None:
        if not self.title:
            raise ValueError(f"paper {self.id} has no title")

    @property
    def arxiv_url(self) -> str:
        return self.id.arxiv_url

    @property
    def hugging_face_url(self) -> str:
        return f"https://huggingface.co/papers/{self.id}"

    @property
    def thumbnail(self) -> str:
        """An image that Discord accepts: the first of `media`, or the one built from the id.

        Hugging Face makes a preview card for every paper, so videos and relative paths
        have a picture too.
        """
        for url in self.media:
            if is_image_url(url):
                return url
        return f"https://cdn-thumbnails.huggingface.co/social-thumbnails/papers/{self.id}.png"

    @property
    def texts(self) -> tuple[str, ...]:
        """All that it says, in every language: title, bullets, abstract."""
        bullets = (
            f"{bullet.label} {bullet.text}"
            for summary in self.summaries
            for bullet in summary.bullets
        )
        return (self.title, *bullets, self.abstract)

    def summary_in(self, language: str) -> Summary | None:
        """The summary to show a reader of `language`: theirs, else English, else any.

        Another kind of theirs will do: `ko` for `ko-KR`. Among several of one language the most
        carefully written one wins.
        """
        wanted = language.casefold()

        def preference(summary: Summary) -> tuple[int, int]:
            if summary.language == wanted:
                distance = 0
            elif summary.language.partition("-")[0] == wanted.partition("-")[0]:
                distance = 1
            else:
                distance = 2 if summary.language == "en" else 3
            return distance, ORIGINS_BEST_FIRST.index(summary.origin)

        return min(self.summaries, key=preference, default=None)


def is_image_url(url: str) -> bool:
    """Whether Discord would show `url` as a picture: absolute, http(s), a known image type.

    Anything else in an embed makes Discord refuse the whole message (error 50035).
    """
    return len(url) <= 2048 and _IMAGE.fullmatch(url) is not None


def is_video_url(url: str) -> bool:
    """Whether `url` names a film, which no embed's thumbnail can show."""
    return _VIDEO.fullmatch(url) is not None


def merged(first: Paper, second: Paper) -> Paper:
    """One paper from two descriptions of it: the first's word stands, the second fills its gaps.

    Summaries of both are kept; of two in one language and from one origin, the first's.
    """
    if first.id != second.id:
        raise ValueError(f"{first.id} and {second.id} are different papers")
    known = {(summary.language, summary.origin) for summary in first.summaries}
    return replace(
        first,
        authors=first.authors or second.authors,
        abstract=first.abstract or second.abstract,
        media=_united(first.media, second.media),
        code_url=first.code_url or second.code_url,
        stars=first.stars if first.stars is not None else second.stars,
        project_url=first.project_url or second.project_url,
        organization=first.organization or second.organization,
        keywords=first.keywords or second.keywords,
        summaries=first.summaries
        + tuple(s for s in second.summaries if (s.language, s.origin) not in known),
    )


def _united(first: Iterable[str], second: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*first, *second]))
