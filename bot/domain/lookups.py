"""What people ask of the archive, and what they get: values that all layers share."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeAlias

from bot.domain.errors import InvalidInput, NotFound
from bot.domain.interests import Place, Verdict
from bot.domain.papers import Paper, PaperId
from bot.domain.phrases import Phrase, phrase

PAGE: Final = 10
"""Entries on one page: what one reads without scrolling, and fewer than a select's 25 options."""

MOST: Final = 200
"""Entries of one answer: nobody turns more pages than twenty."""


class Period(StrEnum):
    """How far back the best papers are looked for."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    ALL = "all"

    def since(self, until: date) -> date | None:
        """Its first day, if `until` is its last; `None` without a beginning."""
        days = {Period.DAY: 1, Period.WEEK: 7, Period.MONTH: 30, Period.YEAR: 365}.get(self)
        return until - timedelta(days=days - 1) if days is not None else None


# --- questions ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OnDay:
    """The list of a day."""

    day: date


@dataclass(frozen=True, slots=True)
class ByAuthor:
    """The papers of one author."""

    author_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Papers that `query` finds (see `domain.queries`), listed between two days, both included."""

    query: str
    author_id: int | None = None
    since: date | None = None
    until: date | None = None
    min_votes: int | None = None


@dataclass(frozen=True, slots=True)
class Best:
    """The papers with the most votes of a period that ended on a day."""

    period: Period
    until: date


@dataclass(frozen=True, slots=True)
class Named:
    """Papers that somebody named, in their order."""

    papers: tuple[PaperId, ...]


@dataclass(frozen=True, slots=True)
class LikedHere:
    """The papers that most readers of the asker's server liked, in a period that ended on a
    day."""

    period: Period
    until: date


@dataclass(frozen=True, slots=True)
class Similar:
    """Papers that are most like one."""

    paper: PaperId


@dataclass(frozen=True, slots=True)
class ForYou:
    """Papers that fit the taste of whoever asks: of the last days, or of the whole archive."""

    archive: bool


@dataclass(frozen=True, slots=True)
class Saved:
    """What whoever asks has saved: all, or what says some words (see `domain.queries`), or what
    is not read yet."""

    words: str = ""
    unread: bool = False


Question: TypeAlias = (
    OnDay | ByAuthor | Search | Best | LikedHere | Named | Similar | ForYou | Saved
)
"""What was asked, never by whom: who turns a page of what is theirs sees their own."""

_KINDS: Final[Mapping[str, type[Question]]] = {
    "day": OnDay,
    "author": ByAuthor,
    "search": Search,
    "best": Best,
    "liked-here": LikedHere,
    "named": Named,
    "similar": Similar,
    "for-you": ForYou,
    "saved": Saved,
}


def written(question: Question) -> dict[str, Any]:
    """`question` as JSON holds it."""
    kind = next(kind for kind, made in _KINDS.items() if isinstance(question, made))
    if isinstance(question, Named):
        return {"kind": kind, "papers": [paper_id.value for paper_id in question.papers]}
    if isinstance(question, Similar):
        return {"kind": kind, "paper": question.paper.value}
    values = {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in asdict(question).items()
        if value is not None
    }
    return {"kind": kind, **values}


def read(stored: Mapping[str, Any]) -> Question:
    """The question that `written` wrote down; `ValueError` for what it never wrote."""
    values = dict(stored)
    kind = _KINDS.get(values.pop("kind", ""))
    if kind is None:
        raise ValueError("no question that we write down")
    try:
        if kind is Named:
            return Named(tuple(PaperId(value) for value in values["papers"]))
        if kind is Similar:
            return Similar(PaperId(values["paper"]))
        for name in ("day", "since", "until"):
            if name in values:
                values[name] = date.fromisoformat(values[name])
        if "period" in values:
            values["period"] = Period(values["period"])
        return kind(**values)
    except (KeyError, TypeError) as error:
        raise ValueError(f"no {kind.__name__} that we write down") from error


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and where: the answers to some questions are theirs alone."""

    reader_id: int
    place: Place


NOBODY: Final = Asker(0, Place(0, 0))


# --- answers ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a text: what was looked for stands in the pieces marked `True`."""

    pieces: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a paper fits: it has most in common with the paper of this `title`, much if `is_close`,
    of which the reader `said` so; and how many others of their server liked or saved it."""

    title: str | None = None
    said: Verdict | None = None
    is_close: bool = True
    liked_here: int = 0


@dataclass(frozen=True, slots=True)
class SaidHere:
    """How many readers of a server liked a paper, and saved it."""

    likes: int
    saves: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A paper in an answer: `day` is the list it was found on, with its votes there. `is_read` is
    known of what the asker saved."""

    id: PaperId
    title: str
    day: date | None
    upvotes: int | None
    snippet: Snippet | None = None
    reason: Reason | None = None
    said_here: SaidHere | None = None
    is_read: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """A name as papers have it, and how many stored papers do."""

    id: int
    name: str
    papers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One page of an answer. Pages count from 0.

    `total` entries are there in all, or at least, if `is_capped`. `author` is whose papers they
    are, or to whom a search was narrowed; `coauthors` are those met most often on them. `title`
    is that of the paper that was asked about.
    `searched_since`: only lists since then were searched, for that took long enough.
    """

    question: Question
    entries: tuple[Entry, ...]
    page: int = 0
    total: int
    is_capped: bool = False
    author: Author | None = None
    coauthors: tuple[Author, ...] = ()
    title: str | None = None
    searched_since: date | None = None

    @property
    def pages(self) -> int:
        """How many pages there are; an empty answer has one."""
        return max(-(-self.total // PAGE), 1)


@dataclass(frozen=True, slots=True)
class VotesSeen:
    """A listing's votes at the end of a day (UTC)."""

    on: date
    upvotes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """A paper on one day's list, and its votes there over time, oldest first.

    `rank` counts from 1; `upvotes` are the latest.
    """

    day: date
    rank: int
    upvotes: int | None
    seen: tuple[VotesSeen, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRecord:
    """Everything the archive holds about a paper: its lists, newest first, and similar papers,
    most similar first."""

    paper: Paper
    appearances: tuple[Appearance, ...]
    similar: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidates:
    """Several authors whom a typed name may mean, the likeliest first."""

    typed: str
    authors: tuple[Author, ...]


@dataclass(frozen=True, slots=True)
class DayOffered:
    """A day with a list, and how many papers that has."""

    day: date
    papers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """When a source last answered (`None`: never), and since when it has only failed."""

    name: str
    last_success_at: datetime | None
    down_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The archive at a glance; without lists it has no first and last day."""

    papers: int
    days: int
    first_day: date | None
    last_day: date | None
    sources: tuple[SourceState, ...]


class NoList(NotFound):
    """There is no list of a day; `nearest` are days around it that have one, newest first."""

    def __init__(self, day: date, *, reply: Phrase, nearest: tuple[date, ...] = ()) -> None:
        super().__init__(f"no list of {day}", reply=reply)
        self.day = day
        self.nearest = nearest


class QuestionExpired(InvalidInput):
    """A button of an answer that was given too long ago."""

    def __init__(self) -> None:
        super().__init__(
            "the question of this answer is kept no longer",
            reply=phrase("This answer is too old for its buttons. Ask again with `/papers`."),
        )
