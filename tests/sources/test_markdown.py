"""Digests as sources: a folder, a file, addresses on the web."""

import os
import shutil
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from aiohttp import web

from bot.domain.errors import SourceUnavailable, SourceUnreadable
from bot.sources.http import Http
from bot.sources.markdown import MarkdownFile, MarkdownFolder, MarkdownUrl
from bot.sources.reading import Reading

DAY = date(2024, 6, 4)
OTHER = date(2024, 6, 5)


def digest(day: date | None, number: int, bullet: str = "It waits.") -> str:
    heading = f"## Daily Papers ({day})\n\n" if day else ""
    return f"{heading}### [P{number}](https://arxiv.org/abs/2406.0000{number})\n\n- {bullet}\n\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def rewrite(path: Path, text: str, *, newer: bool) -> None:
    """Change a file, and pretend that it did not change unless `newer`."""
    before = path.stat()
    path.write_text(text, encoding="utf-8")
    later = before.st_mtime_ns + (10**9 if newer else 0)
    os.utime(path, ns=(later, later))


def titles(reading: Reading) -> list[str]:
    return [listing.paper.title for listing in reading.digest]


def problems(reading: Reading) -> list[str]:
    return [str(problem) for problem in reading.problems]


class TestFolder:
    @pytest.mark.parametrize("name", ["2024/06/04.md", "2024-06-04.md", "en/2024/06/04.md"])
    async def test_a_day_is_found_by_its_path(self, tmp_path: Path, name: str) -> None:
        write(tmp_path / name, digest(None, 1))
        write(tmp_path / "2024-06-05.md", digest(None, 2))

        reading = await MarkdownFolder(tmp_path).read(DAY)

        assert titles(reading) == ["P1"]
        assert reading.digest.day == DAY
        assert reading.is_open

    async def test_a_file_without_a_date_in_its_path_is_found_by_its_headings(
        self, tmp_path: Path
    ) -> None:
        write(tmp_path / "june.md", digest(DAY, 1) + digest(OTHER, 2))
        write(tmp_path / "README.md", "# Digests\n\nOne file a day.\n")
        source = MarkdownFolder(tmp_path)

        assert titles(await source.read(DAY)) == ["P1"]
        assert titles(await source.read(OTHER)) == ["P2"]

    async def test_a_day_that_no_file_has_is_empty(self, tmp_path: Path) -> None:
        reading = await MarkdownFolder(tmp_path).read(DAY)

        assert not reading.digest
        assert reading.is_open

    async def test_digests_in_two_languages_are_one_list_with_both(self, tmp_path: Path) -> None:
        write(tmp_path / "en" / "2024-06-04.md", digest(DAY, 1))
        write(tmp_path / "ko" / "2024-06-04.md", digest(DAY, 1, "기다립니다."))

        (listing,) = (await MarkdownFolder(tmp_path).read(DAY)).digest

        assert [summary.language for summary in listing.paper.summaries] == ["en", "ko"]

    async def test_the_language_may_be_said(self, tmp_path: Path) -> None:
        write(tmp_path / "2024-06-04.md", digest(DAY, 1))

        (listing,) = (await MarkdownFolder(tmp_path, language="de").read(DAY)).digest

        assert listing.paper.summaries[0].language == "de"

    async def test_a_heading_that_contradicts_the_path_is_named(self, tmp_path: Path) -> None:
        path = write(tmp_path / "2024-06-04.md", digest(DAY, 1) + digest(OTHER, 2))

        reading = await MarkdownFolder(tmp_path).read(DAY)

        assert titles(reading) == ["P1"]
        assert problems(reading) == [
            f"{path}: the heading of 2024-06-05 is not of its day, 2024-06-04"
        ]

    async def test_problems_are_named_with_the_file(self, tmp_path: Path) -> None:
        path = write(tmp_path / "2024-06-04.md", "lost\n" + digest(DAY, 1))

        assert problems(await MarkdownFolder(tmp_path).read(DAY)) == [
            f"{path}:1: it belongs to no paper: 'lost'"
        ]

    @pytest.mark.parametrize("name", ["2024-06-04.md", "june.md"])
    async def test_what_is_in_a_file_is_read_again_only_after_a_change(
        self, tmp_path: Path, name: str
    ) -> None:
        path = write(tmp_path / name, digest(DAY, 1))
        source = MarkdownFolder(tmp_path)
        assert titles(await source.read(DAY)) == ["P1"]

        rewrite(path, digest(DAY, 2), newer=False)
        assert titles(await source.read(DAY)) == ["P1"]

        rewrite(path, digest(DAY, 3), newer=True)
        assert titles(await source.read(DAY)) == ["P3"]

    async def test_many_files_are_no_trouble(self, tmp_path: Path) -> None:
        for number in range(30):
            write(tmp_path / f"part{number}.md", digest(date(2024, 6, 1 + number), 1))
        source = MarkdownFolder(tmp_path)

        for number in [*range(30), *range(30)]:
            assert titles(await source.read(date(2024, 6, 1 + number))) == ["P1"]

    async def test_a_day_s_file_that_is_no_digest_is_unreadable(self, tmp_path: Path) -> None:
        write(tmp_path / "2024-06-04.md", "<html>")

        with pytest.raises(SourceUnreadable, match="no papers under a heading"):
            await MarkdownFolder(tmp_path).read(DAY)

    async def test_a_file_that_is_too_large_is_unreadable(self, tmp_path: Path) -> None:
        write(tmp_path / "2024-06-04.md", digest(DAY, 1))

        with pytest.raises(SourceUnreadable, match="larger than"):
            await MarkdownFolder(tmp_path, max_bytes=20).read(DAY)

    async def test_a_folder_that_went_away_is_unavailable(self, tmp_path: Path) -> None:
        source = MarkdownFolder(tmp_path / "digests", name="markdown:./digests")

        with pytest.raises(SourceUnavailable, match=r"^markdown:\./digests: .* not there"):
            await source.read(DAY)


class TestFile:
    async def test_it_has_the_lists_of_its_headings(self, tmp_path: Path) -> None:
        path = write(tmp_path / "june.md", digest(DAY, 1) + digest(OTHER, 2))
        source = MarkdownFile(path)

        assert titles(await source.read(DAY)) == ["P1"]
        assert titles(await source.read(OTHER)) == ["P2"]
        assert not (await source.read(date(2024, 6, 6))).digest
        assert source.name == f"markdown:{path}"

    async def test_a_file_that_went_away_is_unavailable_until_it_is_back(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "june.md"
        source = MarkdownFile(path)

        with pytest.raises(SourceUnavailable, match="cannot be read"):
            await source.read(DAY)
        write(path, digest(DAY, 1))
        assert titles(await source.read(DAY)) == ["P1"]

    async def test_a_file_that_cannot_be_opened_is_unavailable(self, tmp_path: Path) -> None:
        (tmp_path / "june.md").mkdir()

        with pytest.raises(SourceUnavailable, match="cannot be read"):
            await MarkdownFile(tmp_path / "june.md").read(DAY)


class Site:
    """A web server with digests, which knows what a client has already."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.etag = ""
        self.status = 200
        self.statuses: list[int] = []
        self.url = ""

    async def serve(self, request: web.Request) -> web.Response:
        response = self._response(request)
        self.statuses.append(response.status)
        return response

    def _response(self, request: web.Request) -> web.Response:
        if self.status != 200:
            return web.Response(status=self.status)
        if (text := self.files.get(request.path)) is None:
            return web.Response(status=404)
        if self.etag and request.headers.get("If-None-Match") == self.etag:
            return web.Response(status=304)
        return web.Response(text=text, headers={"ETag": self.etag} if self.etag else {})


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_get("/{path:.*}", site.serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    site.url = f"http://{host}:{port}"
    yield site
    await runner.cleanup()


@pytest.fixture
def source(http: Http, site: Site) -> MarkdownUrl:
    return MarkdownUrl(http, site.url + "/{date:%Y/%m/%d}.md?token=secret")


class TestUrl:
    async def test_a_day_is_read_from_its_address(self, source: MarkdownUrl, site: Site) -> None:
        site.files["/2024/06/04.md"] = "lost\n" + digest(None, 1)

        reading = await source.read(DAY)

        assert titles(reading) == ["P1"]
        assert problems(reading) == [f"{site.url}/2024/06/04.md:1: it belongs to no paper: 'lost'"]

    async def test_its_name_keeps_secrets(self, source: MarkdownUrl, site: Site) -> None:
        assert source.name == f"markdown:{site.url}/{{date:%Y/%m/%d}}.md"

    async def test_nothing_there_is_an_empty_list(self, source: MarkdownUrl) -> None:
        reading = await source.read(DAY)

        assert not reading.digest
        assert reading.is_open

    async def test_what_did_not_change_is_not_sent_again(
        self, source: MarkdownUrl, site: Site
    ) -> None:
        site.files["/2024/06/04.md"] = digest(DAY, 1)
        site.etag = '"1"'
        first = await source.read(DAY)

        assert await source.read(DAY) == first
        assert site.statuses == [200, 304]

    @pytest.mark.parametrize(
        ("status", "error"),
        [(401, SourceUnavailable), (403, SourceUnavailable), (400, SourceUnreadable)],
    )
    async def test_a_refusal_is_told(
        self, source: MarkdownUrl, site: Site, status: int, error: type[Exception]
    ) -> None:
        site.status = status

        with pytest.raises(error, match=str(status)):
            await source.read(DAY)

    async def test_a_page_that_is_no_digest_is_unreadable(
        self, source: MarkdownUrl, site: Site
    ) -> None:
        site.files["/2024/06/04.md"] = "<!doctype html>"

        with pytest.raises(SourceUnreadable) as caught:
            await source.read(DAY)
        assert "secret" not in str(caught.value)


async def test_a_folder_may_move_between_two_readings(tmp_path: Path) -> None:
    write(tmp_path / "digests" / "june.md", digest(DAY, 1))
    source = MarkdownFolder(tmp_path / "digests")
    assert titles(await source.read(DAY)) == ["P1"]

    shutil.rmtree(tmp_path / "digests")
    write(tmp_path / "digests" / "2024-06-04.md", digest(DAY, 2))

    assert titles(await source.read(DAY)) == ["P2"]
