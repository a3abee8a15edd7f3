"""Questions at rest, for the buttons under their answers. Who asked is not kept."""

import json
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from sqlalchemy import delete, select

from bot.domain.lookups import Question, QuestionExpired, read, written
from bot.storage import schema
from bot.storage.connection import Connection
from bot.storage.upsert import insert

KEPT_FOR: Final = timedelta(days=30)
"""Since an answer was given or a page of it was last turned, to the day."""

_columns = schema.questions.c


def token_of(question: Question) -> str:
    """The name of a question: the same for the same question, and not to be guessed from
    another's."""
    text = json.dumps(written(question), sort_keys=True, ensure_ascii=False)
    return urlsafe_b64encode(blake2b(text.encode(), digest_size=12).digest()).decode()


class QuestionStore:
    """Questions at rest: the caller owns the transaction, this class the SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keep(self, question: Question, at: datetime) -> str:
        """Keep a question, or keep it longer, and forget those that nobody uses any more."""
        token = token_of(question)
        await self._connection.execute(
            delete(schema.questions).where(_columns.used_at < at - KEPT_FOR)
        )
        statement = insert(self._connection, schema.questions).values(
            token=token, question=written(question), used_at=at
        )
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[_columns.token], set_={"used_at": statement.excluded.used_at}
            )
        )
        return token

    async def get(self, token: str, at: datetime) -> tuple[Question, datetime]:
        """The question of a token and when it was last used; `QuestionExpired` without one."""
        row = (
            await self._connection.execute(
                select(_columns.question, _columns.used_at).where(
                    _columns.token == token, _columns.used_at >= at - KEPT_FOR
                )
            )
        ).one_or_none()
        if row is None:
            raise QuestionExpired
        try:
            return read(row.question), row.used_at
        except ValueError:  # written by another version
            raise QuestionExpired from None
