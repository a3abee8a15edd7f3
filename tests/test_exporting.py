"""Days as files, out of a real store and into it again."""

import os
import re
from collections.abc import AsyncGenerator, Sequence
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.digests import Digest, Listing
from bot.domain.errors import BotError
from bot.domain.papers import Bullet, Paper, Summary, SummaryOrigin
from bot.exporting import ExportFormat, export_all, export_day, path_of, write_file
from bot.rendering.catalogues import languages
from bot.services.publishing import Publishing
from bot.sources.digest_files import digest_files
from bot.sources.markdown import read_digests
from bot.storage.database import Database, open_database
from tests.builders import a_digest, a_paper, a_summary, utc
from tests.rendering.pages import read_html

DAY = date(2024, 6, 4)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncGenerator[Database]:
    async with open_database(f"sqlite+aiosqlite:///{tmp_path / 'papers.db'}") as opened:
        yield opened


@pytest.fixture
def publishing(database: Database) -> Publishing:
    return Publishing(database, now=lambda: utc(2024, 6, 5))


async def store(database: Database, *digests: Digest) -> None:
    async with database.transaction() as stores:
        for digest in digests:
            await stores.lists.save(digest, source="s", read_at=utc(2024, 6, 4), closed=True)


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


async def export(
    publishing: Publishing, folder: Path, language: str, form: ExportFormat = ExportFormat.MARKDOWN
) -> Sequence[Path]:
    await export_all(
        publishing, folder, language=language, form=form, told=lambda _day, _days: None
    )
    return files_in(folder)


def of_a_digest(summary: Summary) -> Summary:
    return Summary(language=summary.language, bullets=summary.bullets, origin=SummaryOrigin.DIGEST)


AT_HAND = sorted({*languages(), "de", "ja", "pt-br", "zh"})
"""Our own languages, and some that bullets come in."""

BULLETS = {
    "de": "Es misst mehr.",
    "en": "It measures more.",
    "ja": "より多くを測ります。",
    "ko": "더 많이 재요.",
    "pt-br": "Mede mais.",
    "zh": "它测量得更多。",
}


@pytest.mark.parametrize("language", AT_HAND)
async def test_an_archive_that_is_written_is_read_again_in_every_language(
    database: Database, publishing: Publishing, tmp_path: Path, language: str
) -> None:
    summaries = tuple(
        Summary(
            language=tag,
            bullets=(Bullet(BULLETS[tag]), Bullet(BULLETS[tag], "*1*")),
            origin=SummaryOrigin.MODEL,
        )
        for tag in AT_HAND
    )
    days = [
        Digest.of(
            date(2024, 6, day),
            [
                Listing(
                    paper=a_paper(day, summaries=summaries, authors=("Ada, Countess", "B")),
                    upvotes=day,
                ),
                Listing(paper=a_paper(10 + day, summaries=(), abstract="Not in the form.")),
            ],
        )
        for day in (3, 4)
    ]
    await store(database, *days)

    await export(publishing, tmp_path / "out", language)

    read = [
        reading.digest
        for file in digest_files([tmp_path / "out"])
        for reading in read_digests(file.read_bytes(), name=str(file), language=language)
    ]
    assert read == [
        Digest.of(
            digest.day,
            [
                Listing(
                    paper=Paper(
                        id=listing.paper.id,
                        title=listing.paper.title,
                        authors=listing.paper.authors,
                        summaries=tuple(
                            of_a_digest(summary)
                            for summary in listing.paper.summaries
                            if summary.language == language
                        ),
                    ),
                    upvotes=listing.upvotes,
                )
                for listing in digest
            ],
        )
        for digest in days
    ]


async def test_each_form_has_its_ending_and_is_what_one_day_gives(
    database: Database, publishing: Publishing, tmp_path: Path
) -> None:
    await store(database, a_digest())

    for form, ending in zip(ExportFormat, ("md", "json", "html", "atom"), strict=True):
        (file,) = await export(publishing, tmp_path / form, "en", form)
        data, exported = await export_day(publishing, DAY, language="en", form=form)
        assert file == tmp_path / form / "2024" / "06" / f"04.{ending}"
        assert file.read_bytes() == data
        assert (exported.days, exported.papers, exported.lacking) == (1, 3, 0)


async def test_pages_of_an_archive_lead_to_each_other(
    database: Database, publishing: Publishing, tmp_path: Path
) -> None:
    days = [date(2023, 12, 29), DAY, date(2024, 6, 5)]
    await store(database, *(a_digest(day, [n]) for n, day in enumerate(days, start=1)))

    files = await export(publishing, tmp_path, "en", ExportFormat.HTML)
    files = [file for file in files if file.suffix == ".html"]

    pages = {file: read_html(file.read_text()) for file in files}
    leads = {
        file: [(file.parent / str(link.attributes["href"])).resolve() for link in page.all("a")]
        for file, page in pages.items()
    }
    assert [[target for target in files if target.resolve() in leads[file]] for file in files] == [
        [files[1]],
        [files[0], files[2]],
        [files[1]],
    ]


async def test_a_page_of_one_day_leads_to_no_other(
    database: Database, publishing: Publishing
) -> None:
    await store(database, a_digest(), a_digest(date(2024, 6, 5), [4]))

    data, _ = await export_day(publishing, DAY, language="en", form=ExportFormat.HTML)

    assert not read_html(data.decode()).all("nav")


async def test_only_what_changed_is_written_again(
    database: Database, publishing: Publishing, tmp_path: Path
) -> None:
    await store(database, a_digest(date(2024, 6, 3), [1]), a_digest(DAY, [2]))
    same, other = await export(publishing, tmp_path / "out", "en")
    for file in (same, other):
        os.utime(file, (0, 0))
    await store(database, a_digest(DAY, [2, 3]))
    told: list[tuple[date, int]] = []

    exported = await export_all(
        publishing,
        tmp_path / "out",
        language="en",
        form=ExportFormat.MARKDOWN,
        told=lambda *day: told.append(day),
    )

    assert (exported.days, exported.unchanged, exported.papers) == (2, 1, 3)
    assert told == [(date(2024, 6, 3), 2), (DAY, 2)]
    assert same.stat().st_mtime == 0
    assert other.stat().st_mtime > 0


async def test_papers_that_lack_the_language_are_counted(
    database: Database, publishing: Publishing
) -> None:
    both = a_paper(1, summaries=(a_summary("새", language="ko"), a_summary()))
    await store(database, Digest.of(DAY, [Listing(paper=both), Listing(paper=a_paper(2))]))

    _, exported = await export_day(publishing, DAY, language="ko", form=ExportFormat.MARKDOWN)

    assert (exported.papers, exported.lacking) == (2, 1)


async def test_a_day_without_a_list_names_days_nearby(
    database: Database, publishing: Publishing
) -> None:
    for days in ("", " Days nearby: --date 2024-06-04."):
        with pytest.raises(BotError, match=f"{re.escape(days)}$") as raised:
            await export_day(
                publishing, date(2024, 6, 9), language="en", form=ExportFormat.MARKDOWN
            )
        assert str(raised.value).count("Days nearby") == bool(days)
        await store(database, a_digest())


def test_a_file_is_replaced_whole_or_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b.md"

    assert write_file(file, b"one")
    assert not write_file(file, b"one")
    assert write_file(file, b"two")
    assert (file.read_bytes(), [path.name for path in file.parent.iterdir()]) == (b"two", ["b.md"])

    (tmp_path / "folder").mkdir()
    with pytest.raises(BotError, match=r"folder cannot be written .*: name another place"):
        write_file(tmp_path / "folder", b"three")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []


@settings(deadline=None)
@given(st.dates(min_value=date(1991, 8, 14)), st.sampled_from(ExportFormat))
def test_a_days_place_is_its_date(day: date, form: ExportFormat) -> None:
    year, month, rest = path_of(day, form).parts

    assert date(int(year), int(month), int(rest.partition(".")[0])) == day
