"""How many of what the store holds, counted by the database: for metrics, at any size."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, exists, func, select

from bot.domain.deliveries import DeliveryState, MessageState
from bot.domain.subscriptions import SubscriptionState
from bot.storage import schema
from bot.storage.connection import Connection

_deliveries = schema.deliveries.c
_messages = schema.messages.c
_subscriptions = schema.subscriptions.c

UNFINISHED: Final = (DeliveryState.WAITING, DeliveryState.OPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFigures:
    """When a source last answered, and since when it has only failed."""

    last_success_at: datetime | None
    down_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The store at one instant, over all servers.

    `unfinished` deliveries wait for a source or have messages to send, the oldest of them since
    `oldest_unfinished_at`. `in_doubt` are messages of theirs that were handed to Discord by a
    worker that is gone, or whose answer was lost, and that nobody is looking after now.
    Deliveries of suspended subscriptions are not among them: they wait for their channel.
    """

    subscriptions: Mapping[SubscriptionState, int]
    unfinished: Mapping[DeliveryState, int]
    oldest_unfinished_at: datetime | None
    in_doubt: int
    sources: Mapping[str, SourceFigures]


class FigureStore:
    """Figures of the store: the caller owns the transaction, this class the SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def at(self, now: datetime) -> Figures:
        """Everything that is counted; leases that end by `now` have run out."""
        unfinished = await self._unfinished()
        return Figures(
            subscriptions=await self._subscriptions(),
            unfinished={state: count for state, (count, _) in unfinished.items()},
            oldest_unfinished_at=min(
                (oldest for _, oldest in unfinished.values() if oldest is not None), default=None
            ),
            in_doubt=await self._in_doubt(now),
            sources=await self._sources(),
        )

    async def waiting(self) -> frozenset[int]:
        """The subscriptions of which a delivery waits for a source."""
        return frozenset(
            await self._connection.scalars(
                select(_deliveries.subscription_id).where(
                    _deliveries.state == DeliveryState.WAITING.value
                )
            )
        )

    async def _subscriptions(self) -> dict[SubscriptionState, int]:
        state = _subscriptions.state
        rows = await self._connection.execute(
            select(state, func.count().label("number")).group_by(state)
        )
        counts = dict.fromkeys(SubscriptionState, 0)
        return counts | {SubscriptionState(row.state): row.number for row in rows}

    async def _unfinished(self) -> dict[DeliveryState, tuple[int, datetime | None]]:
        rows = await self._connection.execute(
            select(
                _deliveries.state,
                func.count().label("number"),
                func.min(_deliveries.slot_at).label("oldest"),
            )
            .where(
                _deliveries.state.in_([state.value for state in UNFINISHED]), ~_of_a_suspended_one()
            )
            .group_by(_deliveries.state)
        )
        found = {DeliveryState(row.state): (row.number, row.oldest) for row in rows}
        return {state: found.get(state, (0, None)) for state in UNFINISHED}

    async def _in_doubt(self, now: datetime) -> int:
        # By way of the open deliveries, which are few: messages are of years.
        count: int = await self._connection.scalar(
            select(func.count())
            .select_from(schema.deliveries)
            .join(schema.messages)
            .where(
                _deliveries.state == DeliveryState.OPEN.value,
                _messages.state.in_([MessageState.SENDING.value, MessageState.UNKNOWN.value]),
                _messages.lease_until <= now,
                ~_of_a_suspended_one(),
            )
        )
        return count

    async def _sources(self) -> dict[str, SourceFigures]:
        rows = await self._connection.execute(select(schema.sources))
        return {
            row.name: SourceFigures(last_success_at=row.last_success_at, down_since=row.down_since)
            for row in rows
        }


def _of_a_suspended_one() -> ColumnElement[bool]:
    return exists().where(
        _subscriptions.id == _deliveries.subscription_id,
        _subscriptions.state == SubscriptionState.SUSPENDED.value,
    )
