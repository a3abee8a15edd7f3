"""What language models were asked on each day, at rest: a restart forgets none of it."""

from datetime import date

from sqlalchemy import select

from bot.domain.usage import Allowance, Usage
from bot.storage import schema
from bot.storage.connection import Connection
from bot.storage.upsert import insert

_columns = schema.model_usage.c
_COUNTED = ("requests", "tokens_in", "tokens_out", "cost")


class UsageStore:
    """What was used: the caller owns the transaction, this class the SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of(self, day: date) -> Usage:
        """What a day (UTC) came to so far, what is reserved included."""
        row = (
            await self._connection.execute(select(schema.model_usage).where(_columns.day == day))
        ).one_or_none()
        if row is None:
            return Usage()
        return Usage(
            requests=row.requests,
            tokens_in=row.tokens_in,
            tokens_out=row.tokens_out,
            cost=row.cost,
        )

    async def reserve(self, day: date, most: Usage, allowance: Allowance) -> bool:
        """Count a request with the most that it may come to; false, and nothing is counted, if
        the day has no room for that."""
        if not allowance.covers(await self.of(day) + most):
            return False
        await self.add(day, most)
        return True

    async def add(self, day: date, usage: Usage) -> None:
        """Count what was used, or with a negative usage what was reserved and was not."""
        statement = insert(self._connection, schema.model_usage).values(
            day=day, **{name: getattr(usage, name) for name in _COUNTED}
        )
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[_columns.day],
                set_={name: _columns[name] + statement.excluded[name] for name in _COUNTED},
            )
        )
