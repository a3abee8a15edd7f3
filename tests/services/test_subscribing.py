"""Which languages a channel may choose, with and without a language model."""

import pytest

from bot.domain.digests import Digest, Listing
from bot.domain.errors import InvalidInput
from bot.domain.phrases import Language
from bot.services.subscribing import Subscribing
from bot.storage.database import Database
from tests.builders import DAY, a_paper, a_summary
from tests.services.conftest import Clock, store


def subscribing(database: Database, clock: Clock, *, with_model: bool = False) -> Subscribing:
    async def nothing() -> None:
        """No timers follow."""

    return Subscribing(database, now=clock, on_change=nothing, with_model=with_model)


@pytest.fixture
async def korean(database: Database) -> Database:
    """An archive with a Korean digest."""
    paper = a_paper(summaries=(a_summary("요약이다.", language="ko"),))
    await store(database, Digest.of(DAY, [Listing(paper=paper)]))
    return database


async def test_without_a_model_those_at_hand_are_offered(korean: Database, clock: Clock) -> None:
    assert await subscribing(korean, clock).languages() == ("ko", "en")


async def test_with_a_model_many_are_offered_those_at_hand_first(
    korean: Database, clock: Clock
) -> None:
    offered = await subscribing(korean, clock, with_model=True).languages()

    assert offered[:3] == ("ko", "en", "ja")
    assert len(offered) == len(set(offered)) > 25


@pytest.mark.parametrize(
    ("typed", "tag"),
    [
        ("ko", "ko"),
        ("Korean", "ko"),
        ("한국어", "ko"),
        ("독일어", "de"),
        ("Deutsch", "de"),
        (" FR ", "fr"),
        ("Chinese (Traditional)", "zh-hant"),
        ("sw", "sw"),
        ("pt-br", "pt-br"),
    ],
)
async def test_a_language_is_named_by_tag_or_in_some_language(
    korean: Database, clock: Clock, typed: str, tag: str
) -> None:
    assert await subscribing(korean, clock).language(typed) == tag


@pytest.mark.parametrize("typed", ["", "Klingon", "xx", "und", "ko_KR", "en; drop table"])
async def test_what_is_no_language_is_refused(korean: Database, clock: Clock, typed: str) -> None:
    with pytest.raises(InvalidInput):
        await subscribing(korean, clock).language(typed)


async def test_who_chooses_what_nobody_writes_is_told_so(korean: Database, clock: Clock) -> None:
    without, with_model = (subscribing(korean, clock, with_model=has) for has in (False, True))

    for served in ("ko", "ko-kr", "en"):
        assert await without.unserved(served) is None
    told = await without.unserved("fr")
    assert told is not None
    assert told.values["language"] == Language("fr")
    assert await with_model.unserved("fr") is None
