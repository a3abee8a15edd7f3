from datetime import date, timedelta

import pytest

from bot.domain.lookups import (
    Best,
    ByAuthor,
    ForYou,
    LikedHere,
    Named,
    OnDay,
    Period,
    Question,
    QuestionExpired,
    Saved,
    Search,
    Similar,
)
from bot.domain.papers import PaperId
from bot.storage import schema
from bot.storage.database import Database
from bot.storage.questions import KEPT_FOR, token_of
from tests.storage.samples import DAY, NOON

QUESTIONS: list[Question] = [
    OnDay(DAY),
    ByAuthor(7),
    Search(query="확산 모델 “diffusion”"),
    Search(query="x", author_id=1, since=DAY, until=date(2025, 1, 1), min_votes=0),
    Best(Period.ALL, DAY),
    LikedHere(Period.WEEK, DAY),
    Named((PaperId("2406.00001"), PaperId("2406.00002"))),
    Similar(PaperId("2406.00001")),
    ForYou(archive=True),
    Saved(),
    Saved("확산", unread=True),
]


async def keep(database: Database, question: Question, at: timedelta = timedelta(0)) -> str:
    async with database.transaction() as stores:
        return await stores.questions.keep(question, NOON + at)


async def kept(database: Database, token: str, at: timedelta = timedelta(0)) -> Question:
    question, _ = await database.look_up(lambda stores: stores.questions.get(token, NOON + at))
    return question


@pytest.mark.parametrize("question", QUESTIONS, ids=repr)
async def test_a_question_is_kept_as_it_was_asked(database: Database, question: Question) -> None:
    token = await keep(database, question)

    assert await kept(database, token) == question
    assert len(token) <= 16
    assert token.replace("-", "").replace("_", "").isalnum()


def test_each_question_has_a_token_of_its_own_and_always_the_same() -> None:
    assert len({token_of(question) for question in QUESTIONS}) == len(QUESTIONS)
    assert token_of(OnDay(DAY)) == token_of(OnDay(DAY))


async def test_a_question_that_nobody_uses_is_forgotten(database: Database) -> None:
    old = await keep(database, OnDay(DAY))
    with pytest.raises(QuestionExpired):
        await kept(database, old, KEPT_FOR + timedelta(seconds=1))

    await keep(database, ByAuthor(1), KEPT_FOR + timedelta(seconds=1))
    with pytest.raises(QuestionExpired):
        await kept(database, old)


async def test_a_question_that_is_asked_again_is_kept_longer(database: Database) -> None:
    token = await keep(database, OnDay(DAY))
    await keep(database, OnDay(DAY), timedelta(days=20))

    assert await kept(database, token, KEPT_FOR + timedelta(days=10)) == OnDay(DAY)


async def test_an_unknown_token_is_an_old_one(database: Database) -> None:
    with pytest.raises(QuestionExpired):
        await kept(database, "nobody's")


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"kind": "other"},
        {"kind": "day"},
        {"kind": "day", "day": "soon"},
        {"kind": "day", "day": "2024-06-04", "more": 1},
        {"kind": "best", "period": "decade", "until": "2024-06-04"},
        {"kind": "named"},
    ],
    ids=repr,
)
async def test_what_another_version_wrote_is_an_old_question(
    database: Database, stored: dict[str, str]
) -> None:
    token = await keep(database, OnDay(DAY))
    async with database.transaction() as stores:
        await stores.questions._connection.execute(
            schema.questions.update().values(question=stored)
        )

    with pytest.raises(QuestionExpired):
        await kept(database, token)


def test_the_table_has_no_room_for_who_asked() -> None:
    assert set(schema.questions.columns.keys()) == {"token", "question", "used_at"}
