from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.domain.papers import Bullet, Summary, SummaryOrigin
from bot.storage.documents import Texts, day_of, first_of, last_of
from tests.storage.samples import DAY, paper, summary


@pytest.mark.parametrize("day", [date.min, DAY, date.max])
def test_a_document_knows_its_day(day: date) -> None:
    assert day_of(first_of(day)) == day_of(last_of(day)) == day


def test_later_days_have_higher_numbers() -> None:
    assert last_of(DAY) < first_of(DAY + timedelta(days=1))


def test_a_paper_is_found_by_its_title_its_points_and_its_abstract() -> None:
    korean = Summary(
        language="ko", bullets=(Bullet("큰 모델", label="요약"),), origin=SummaryOrigin.DIGEST
    )
    found = Texts.of(
        replace(
            paper(1, title="A Title", abstract="It says.", summaries=[korean, summary("One-two")]),
            keywords=("key words",),
            organization="Org",
        )
    )

    assert found.columns() == {
        "title": "a title",
        "points": "one two · 요약 ·요약 · 큰 모델 ·모델 · key words · org",
        "abstract": "it says",
    }


def test_the_order_of_summaries_makes_no_difference() -> None:
    one, other = summary("one"), summary("two", origin=SummaryOrigin.MODEL)

    assert Texts.of(paper(1, summaries=[one, other])) == Texts.of(paper(1, summaries=[other, one]))
