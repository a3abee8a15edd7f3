"""Recorded answers and a real digest, read whole. The folder is not part of the project."""

from datetime import date
from pathlib import Path

import orjson
import pytest

from bot.sources.http import Answer, Http
from bot.sources.huggingface import HuggingFace, read_page
from bot.sources.markdown import MarkdownFolder, read_digests, write_digest
from tests.loopback.hugging_face import LoopbackHuggingFace, Status

pytestmark = pytest.mark.shared_data

# Titles, votes and counts as they stand in the digest.
OF_2024_06_04 = {
    "2406.01574": (28, 17, 7),
    "2406.01493": (12, 7, 8),
    "2406.00888": (9, 6, 6),
    "2406.00392": (9, 5, 7),
    "2406.00908": (7, 5, 7),
    "2406.00153": (3, 6, 7),
}


def test_every_recorded_entry_is_read(shared_data: Path) -> None:
    files = sorted((shared_data / "hf").glob("*-????-??-??.json"))
    assert files

    for path in files:
        body = path.read_bytes()
        page = read_page(Answer(200, {}, body), 0)
        entries = orjson.loads(body)

        assert page.problems == ()
        assert [str(listing.paper.id) for listing in page.listings] == [
            entry["paper"]["id"] for entry in entries
        ]
        for listing, entry in zip(page.listings, entries, strict=True):
            said = entry["paper"]
            assert listing.upvotes == said["upvotes"]
            assert bool(listing.paper.summaries) == bool(said.get("ai_summary"))
            assert (listing.paper.code_url is None) == (said.get("githubRepo") is None)
            assert (listing.paper.project_url is None) == (said.get("projectPage") is None)
            assert listing.paper.abstract.split() == said["summary"].split()


async def test_the_recorded_refusals_are_understood(
    shared_data: Path, http: Http, hub: LoopbackHuggingFace
) -> None:
    errors = orjson.loads((shared_data / "hf" / "http-errors.json").read_bytes())
    not_open, limited = errors["future_or_not_yet_open_date"], errors["rate_limited"]
    hub.fail_next(
        Status(limited["status"], limited["headers"]),
        Status(not_open["status"], body=orjson.dumps(not_open["body"])),
    )

    reading = await HuggingFace(http, hub.url).read(date(2026, 10, 6))

    assert not reading.is_open
    assert Answer(200, {"Link": errors["ok_headers"]["headers"]["link"]}, b"").next_link


async def test_the_digest_is_read_whole(shared_data: Path) -> None:
    reading = await MarkdownFolder(shared_data / "digests").read(date(2024, 6, 4))

    assert reading.problems == ()
    assert {
        str(listing.paper.id): (
            listing.upvotes,
            len(listing.paper.authors),
            sum(len(summary.bullets) for summary in listing.paper.summaries),
        )
        for listing in reading.digest
    } == OF_2024_06_04
    assert {s.language for listing in reading.digest for s in listing.paper.summaries} == {"ko"}


def test_the_digest_is_written_as_it_was(shared_data: Path) -> None:
    for path in sorted((shared_data / "digests").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        (reading,) = read_digests(text, name=path.name)

        assert write_digest(reading.digest, language="ko").rstrip() == text.rstrip()
