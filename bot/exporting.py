"""`daily-papers export`: the archive as files that people and programs read."""

import asyncio
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final

from bot.domain.digests import Digest
from bot.domain.errors import BotError
from bot.domain.lookups import NoList
from bot.rendering.day_json import day_json
from bot.rendering.day_page import Navigation, day_page
from bot.rendering.feeds import atom_feed
from bot.rendering.words import spoken
from bot.services.publishing import PublishedDay, Publishing, entries
from bot.sources.markdown_writer import write_digest


class ExportFormat(StrEnum):
    """What a day can be written as."""

    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"
    ATOM = "atom"


_ENDINGS: Final = {
    ExportFormat.MARKDOWN: "md",
    ExportFormat.JSON: "json",
    ExportFormat.HTML: "html",
    ExportFormat.ATOM: "atom",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """How much was written; `lacking` are papers without bullets in the language."""

    days: int = 0
    unchanged: int = 0
    papers: int = 0
    lacking: int = 0

    def __add__(self, other: "Exported") -> "Exported":
        return Exported(
            days=self.days + other.days,
            unchanged=self.unchanged + other.unchanged,
            papers=self.papers + other.papers,
            lacking=self.lacking + other.lacking,
        )


async def export_day(
    publishing: Publishing, day: date, *, language: str, form: ExportFormat
) -> tuple[bytes, Exported]:
    """The list of `day` as one file, and what is in it.

    Raises `BotError` with a sentence that names days nearby if there is no list of it.
    """
    try:
        published = await publishing.day(day)
    except NoList as error:
        raise BotError(_why_none(error)) from None
    return _written(published, language, form), _tally(published.digest, language)


async def export_all(
    publishing: Publishing,
    folder: Path,
    *,
    language: str,
    form: ExportFormat,
    told: Callable[[date, int], None],
) -> Exported:
    """Every day of the archive as `YYYY/MM/DD` in `folder`; `told` hears of each and of how many
    there are.

    A file is replaced as a whole, and left alone if it would say the same: stopped in the middle,
    or started again, it goes on where it was. Raises `BotError` if there is nothing, or a file
    cannot be written.
    """
    exported = Exported()
    days = await publishing.days()
    if not days:
        raise BotError(
            "there are no papers yet: `daily-papers fetch --from DATE` or `daily-papers import` "
            "fills the archive."
        )
    for day in days:
        published = await publishing.day(day)
        file = folder / path_of(day, form)
        data = _written(published, language, form, nearby=partial(_nearby, form=form))
        changed = await asyncio.to_thread(write_file, file, data)
        exported += _tally(published.digest, language)
        if not changed:
            exported += Exported(unchanged=1)
        told(day, len(days))
    return exported


def path_of(day: date, form: ExportFormat) -> Path:
    """Where a day lies in an exported archive."""
    return Path(f"{day:%Y}", f"{day:%m}", f"{day:%d}.{_ENDINGS[form]}")


def write_file(file: Path, data: bytes) -> bool:
    """Make `file` hold `data`, whole or not at all; false if it did so before.

    Folders above it are made. Raises `BotError` if that cannot be done.
    """
    unfinished = file.with_name(f".{file.name}.unfinished")
    try:
        if file.is_file() and file.read_bytes() == data:
            return False
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            unfinished.write_bytes(data)
            os.replace(unfinished, file)  # noqa: PTH105 - the name says what it promises
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise BotError(
            f"{file} cannot be written ({error.strerror}): name another place with --output."
        ) from error
    return True


def _written(
    published: PublishedDay,
    language: str,
    form: ExportFormat,
    *,
    nearby: Callable[[date], str] | None = None,
) -> bytes:
    digest = published.digest
    match form:
        case ExportFormat.MARKDOWN:
            return write_digest(digest, language=language).encode()
        case ExportFormat.JSON:
            return day_json(digest, language=language)
        case ExportFormat.ATOM:
            return atom_feed(entries([digest], published.seen), language=language)
        case ExportFormat.HTML:
            to = Navigation(
                previous=_step(published.previous, nearby),
                following=_step(published.following, nearby),
            )
            return day_page(digest, language=language, to=to).encode()


def _step(day: date | None, nearby: Callable[[date], str] | None) -> tuple[date, str] | None:
    return None if day is None or nearby is None else (day, nearby(day))


def _nearby(day: date, *, form: ExportFormat) -> str:
    """A day's file as a link from any other's."""
    return f"../../{path_of(day, form).as_posix()}"


def _tally(digest: Digest, language: str) -> Exported:
    lacking = sum(
        all(summary.language != language for summary in listing.paper.summaries)
        for listing in digest
    )
    return Exported(days=1, papers=len(digest), lacking=lacking)


def _why_none(error: NoList) -> str:
    why = spoken(error.reply, "en", on_discord=False)
    return f"{why} {_dates(error.nearest)}".rstrip()


def _dates(days: Iterable[date]) -> str:
    dates = ", ".join(f"--date {day}" for day in days)
    return f"Days nearby: {dates}." if dates else ""
