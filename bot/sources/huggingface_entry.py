"""One entry of Hugging Face's `daily_papers`, from JSON to a listing.

The fields are those of https://huggingface.co/api/daily_papers; all but the id may be missing
or null, which means the same.
"""

from collections.abc import Iterator
from typing import Final

from bot.domain.digests import Listing
from bot.domain.errors import UnknownPaperId
from bot.domain.papers import Bullet, Paper, PaperId, Summary, SummaryOrigin
from bot.domain.text import clean, sentences
from bot.sources.addresses import media_address, web_address
from bot.sources.cleaning import distinct

_LARGEST_COUNT: Final = 10**9
"""Of upvotes or stars: anything above is a mistake, and would not fit a database's integer."""


class BrokenEntry(Exception):  # not a BotError: the page that holds the entry reports it
    """An entry that cannot be a paper; the message says why."""


def read_entry(entry: object) -> Listing:
    """The paper and its live votes.

    Raises `BrokenEntry` if there is no id to know it by, or if a field that makes the paper
    (id, title, authors) has another type than Hugging Face gives it. Any other field that is
    not what it should be counts as absent.
    """
    if not isinstance(entry, dict):
        raise BrokenEntry("it is not an object")
    paper = entry.get("paper")
    if not isinstance(paper, dict):
        raise BrokenEntry("it has no paper")
    paper_id = _paper_id(paper.get("id"))
    title = _title(paper.get("title")) or _title(entry.get("title")) or f"arXiv:{paper_id}"
    return Listing(
        paper=Paper(
            id=paper_id,
            title=title,
            authors=_authors(paper.get("authors")),
            abstract=_text(paper.get("summary")) or _text(entry.get("summary")),
            media=_media(entry, paper),
            code_url=web_address(_text(paper.get("githubRepo")), with_path=True),
            stars=_count(paper.get("githubStars")),
            project_url=web_address(_text(paper.get("projectPage"))),
            organization=_organization(paper.get("organization") or entry.get("organization")),
            keywords=distinct(_texts(paper.get("ai_keywords"))),
            summaries=_summaries(paper.get("ai_summary")),
        ),
        upvotes=_count(paper.get("upvotes")),
        live=True,
    )


def _paper_id(value: object) -> PaperId:
    if not isinstance(value, str):
        raise BrokenEntry("its paper has no id")
    try:
        found = PaperId.parse(value)
    except UnknownPaperId as error:
        raise BrokenEntry(f"its id is none of arXiv's: {value[:40]!r}") from error
    # An id within other text would be a guess; a version behind it is the same paper.
    if not value.strip().startswith(found.value):
        raise BrokenEntry(f"its id is none of arXiv's: {value[:40]!r}")
    return found


def _title(value: object) -> str:
    if value is not None and not isinstance(value, str):
        raise BrokenEntry("its title is not text")
    return _text(value)


def _authors(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BrokenEntry("its authors are not a list")
    people = (author for author in value if isinstance(author, dict))
    names = (author.get("name") for author in people if author.get("hidden") is not True)
    return distinct(name for name in names if isinstance(name, str))


def _media(*holders: dict[str, object]) -> tuple[str, ...]:
    """Pictures and films, the submitter's own first; `mediaUrl` is what answers of 2024 had.

    `thumbnail` is left out: it is the card that every paper's thumbnail falls back on.
    """

    def written() -> Iterator[str]:
        for holder in holders:
            yield from _texts(holder.get("mediaUrls"))
        for holder in holders:
            yield _text(holder.get("mediaUrl"))

    addresses = (media_address(text) for text in written())
    return tuple(dict.fromkeys(address for address in addresses if address is not None))


def _organization(value: object) -> str:
    if not isinstance(value, dict):
        return ""
    return _text(value.get("fullname")) or _text(value.get("name"))


def _summaries(value: object) -> tuple[Summary, ...]:
    bullets = tuple(Bullet(sentence) for sentence in sentences(_text(value)))
    if not bullets:
        return ()
    return (Summary(language="en", bullets=bullets, origin=SummaryOrigin.HUGGING_FACE),)


def _text(value: object) -> str:
    return clean(value) if isinstance(value, str) else ""


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, list):
        yield from (text for text in value if isinstance(text, str))


def _count(value: object) -> int | None:
    # JSON's true is an int to Python; it counts nothing.
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= _LARGEST_COUNT else None
