"""Daily digests in Markdown as sources: a folder of them, one file, or an address with a date."""

import asyncio
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final

from bot.domain.digests import Digest, merge
from bot.domain.errors import SourceUnavailable, SourceUnreadable
from bot.sources.addresses import without_secrets
from bot.sources.digest_files import day_in_path, digest_files, read_capped
from bot.sources.http import Http, Remembered, too_large
from bot.sources.markdown_reader import read_digests
from bot.sources.markdown_writer import write_digest
from bot.sources.reading import Problem, Reading

__all__ = [
    "MarkdownFile",
    "MarkdownFolder",
    "MarkdownUrl",
    "digest_files",
    "read_digests",
    "write_digest",
]

log = logging.getLogger(__name__)

MAX_BYTES: Final = 20 * 2**20
"""Of one file; the largest of 357 real digests has a two-hundredth of it."""

_KEPT_FILES: Final = 8


class MarkdownFile:
    """One file with the lists of one day or of many."""

    closes: Final = False

    def __init__(
        self,
        path: Path,
        *,
        name: str | None = None,
        language: str | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.name = name or f"markdown:{path}"
        self._path = path
        self._files = _Files(self.name, language, max_bytes)

    async def read(self, day: date) -> Reading:
        """The file's list of `day`, empty if it has none; read again only after a change."""
        return await asyncio.to_thread(self._read, day)

    def _read(self, day: date) -> Reading:
        readings = self._files.read(self._path, _stamp(self.name, self._path))
        return _of_day(day, readings)


class MarkdownFolder:
    """A folder of digests, one or more of them a day, in any language.

    A day's files are found by their path (`**/2024/06/04.md`, `2024-06-04.md`), and among files
    whose path names no day by their headings. Lists of several files for one day are merged.
    """

    closes: Final = False

    def __init__(
        self,
        folder: Path,
        *,
        name: str | None = None,
        language: str | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.name = name or f"markdown:{folder}"
        self._folder = folder
        self._files = _Files(self.name, language, max_bytes)
        self._days: dict[Path, tuple[_Stamp, frozenset[date]]] = {}
        self._reading = threading.Lock()

    async def read(self, day: date) -> Reading:
        """The folder's list of `day`, empty if it has none.

        A thousand files cost a look at the folder each time; what is in a file is read again
        only after it changed. A file that is no digest is passed over, unless its path says
        that it is the one of `day`: then it raises `SourceUnreadable`.
        """
        return await asyncio.to_thread(self._read, day)

    def _read(self, day: date) -> Reading:
        with self._reading:
            return self._find(day)

    def _find(self, day: date) -> Reading:
        if not self._folder.is_dir():
            raise SourceUnavailable(self.name, "the folder is not there")
        readings: list[Reading] = []
        undated: dict[Path, tuple[_Stamp, frozenset[date]]] = {}
        for path in digest_files([self._folder]):
            named = day_in_path(path.relative_to(self._folder).as_posix())
            if named == day:
                readings.append(_only(day, self._files.read(path, _stamp(self.name, path)), path))
            elif named is None:
                undated[path] = self._days_in(path)
                if day in undated[path][1]:
                    readings.append(_of_day(day, self._files.read(path, undated[path][0])))
        self._days = undated
        return _united(day, readings)

    def _days_in(self, path: Path) -> tuple["_Stamp", frozenset[date]]:
        """The days that the headings of a file without a date in its path name."""
        stamp = _stamp(self.name, path)
        known = self._days.get(path)
        if known is not None and known[0] == stamp:
            return known
        try:
            readings = self._files.read(path, stamp)
        except SourceUnreadable as error:
            log.info("not a digest, passed over: %s", error)
            readings = ()
        return stamp, frozenset(reading.digest.day for reading in readings)


class MarkdownUrl:
    """Digests on the web: an address for each day, by a template such as
    `https://example.org/{date:%Y/%m/%d}.md`."""

    closes: Final = False

    def __init__(self, http: Http, template: str, *, language: str | None = None) -> None:
        self.name = f"markdown:{without_secrets(template)}"
        self._http = http
        self._template = template
        self._language = language
        self._remembered: Remembered[tuple[Reading, ...]] = Remembered()

    async def read(self, day: date) -> Reading:
        """The list at the address of `day`; nothing there (404, 410) is an empty list."""
        url = self._template.format(date=day)
        known = self._remembered.get(url)
        headers = {"Accept": "text/markdown, text/plain;q=0.9, */*;q=0.1"}
        if known is not None:
            headers["If-None-Match"] = known[0]
        answer = await self._http.get(url, source=self.name, headers=headers)
        where = without_secrets(url)
        if answer.status == 304 and known is not None:
            return _only(day, known[1], where)
        if answer.status in (404, 410):
            return Reading(digest=Digest.of(day, ()))
        if answer.status in (401, 403):
            raise SourceUnavailable(self.name, f"it refuses us ({answer.status})")
        if answer.status != 200:
            raise SourceUnreadable(self.name, f"it answered {answer.status}")
        readings = await asyncio.to_thread(
            read_digests, answer.body, name=where, language=self._language, day=day
        )
        self._remembered.put(url, answer.etag, readings)
        return _only(day, readings, where)


_Stamp = tuple[int, int]
"""When a file was last written (ns), and its size: the same as long as it is the same."""


class _Files:
    """Files read not long ago, as long as they do not change."""

    def __init__(self, source: str, language: str | None, max_bytes: int) -> None:
        self._source = source
        self._language = language
        self._max_bytes = max_bytes
        self._kept: OrderedDict[Path, tuple[_Stamp, tuple[Reading, ...]]] = OrderedDict()
        self._reading = threading.Lock()

    def read(self, path: Path, stamp: _Stamp) -> tuple[Reading, ...]:
        """What is in `path`, which has this stamp; asked from any thread."""
        with self._reading:
            return self._read(path, stamp)

    def _read(self, path: Path, stamp: _Stamp) -> tuple[Reading, ...]:
        kept = self._kept.get(path)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        try:
            data = read_capped(path, self._max_bytes)
        except OSError as error:
            raise _unavailable(self._source, path, error) from error
        if data is None:
            raise SourceUnreadable(self._source, f"{path} is {too_large(self._max_bytes)}")
        readings = read_digests(data, name=str(path), language=self._language)
        self._kept.pop(path, None)
        self._kept[path] = stamp, readings
        while len(self._kept) > _KEPT_FILES:
            self._kept.popitem(last=False)
        return readings


def _stamp(source: str, path: Path) -> _Stamp:
    try:
        status = path.stat()
    except OSError as error:
        raise _unavailable(source, path, error) from error
    return status.st_mtime_ns, status.st_size


def _unavailable(source: str, path: Path, error: OSError) -> SourceUnavailable:
    return SourceUnavailable(source, f"{path} cannot be read: {error.strerror or error}")


def _of_day(day: date, readings: Iterable[Reading]) -> Reading:
    return _united(day, [reading for reading in readings if reading.digest.day == day])


def _only(day: date, readings: Iterable[Reading], where: object) -> Reading:
    """The list of `day` from a file that should have no other: what it has besides is named."""
    readings = tuple(readings)
    of_day = _of_day(day, readings)
    others = tuple(
        Problem(str(where), f"the heading of {reading.digest.day} is not of its day, {day}")
        for reading in readings
        if reading.digest.day != day
    )
    return Reading(digest=of_day.digest, problems=of_day.problems + others)


def _united(day: date, readings: list[Reading]) -> Reading:
    return Reading(
        digest=merge(day, [reading.digest for reading in readings]),
        problems=tuple(problem for reading in readings for problem in reading.problems),
    )
