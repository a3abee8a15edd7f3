"""Cards that stand in channels with worse bullets than their papers have by now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, func, select

from bot.domain.deliveries import EditionItem, MessageKind, MessageState
from bot.domain.papers import PaperId
from bot.storage import schema
from bot.storage.chunks import chunks
from bot.storage.connection import Connection
from bot.storage.upsert import insert

_deliveries = schema.deliveries.c
_improvements = schema.improvements.c
_messages = schema.messages.c
_posts = schema.posts.c
_subscriptions = schema.subscriptions.c

_MAY_BE_SHOWN = (
    MessageState.PLANNED.value,
    MessageState.SENDING.value,
    MessageState.UNKNOWN.value,
    MessageState.POSTED.value,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card to be edited: `message` is the store's own number, `message_id` is Discord's.

    `language` is its channel's now, and `None` if its people want no edits (any more).
    """

    message: int
    message_id: int
    channel_id: int
    item: EditionItem
    upvotes: int | None
    language: str | None


class ImprovementStore:
    """Cards to be edited: the caller owns the transaction, this class the SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def plan(self, paper_id: PaperId, language: str, *, since: datetime) -> None:
        """Note the cards of a paper in channels of a language: those of deliveries since then.

        Those that are yet to be posted are among them, for they may have been made by now.
        """
        channels = await self._connection.scalars(
            select(_subscriptions.channel_id).where(
                _subscriptions.language == language, _subscriptions.edit_cards
            )
        )
        rows: list[dict[str, int]] = []
        # Posts are found by their key, of which a channel is the first part.
        for chunk in chunks(channels):
            ids = await self._connection.scalars(
                select(_messages.id)
                .join_from(schema.posts, schema.messages)
                .join(schema.deliveries)
                .where(
                    _posts.channel_id.in_(chunk),
                    _posts.paper_id == paper_id.value,
                    _messages.kind == MessageKind.PAPER.value,
                    _messages.state.in_(_MAY_BE_SHOWN),
                    _deliveries.slot_at >= since,
                )
            )
            rows += [{"message": message} for message in ids]
        if rows:
            await self._connection.execute(
                insert(self._connection, schema.improvements).on_conflict_do_nothing(), rows
            )

    async def is_empty(self) -> bool:
        """Whether no card is to be edited."""
        first = await self._connection.scalar(select(_improvements.message).limit(1))
        return first is None

    async def cards(self, limit: int, *, without: Collection[int] = ()) -> tuple[Card, ...]:
        """Posted cards that are to be edited, newest first, but for these channels'."""
        rows = await self._connection.execute(
            select(
                _messages.id,
                _messages.message_id,
                _deliveries.channel_id,
                _posts.paper_id,
                _posts.day,
                _posts.rank,
                _posts.late,
                schema.listings.c.upvotes,
                _subscriptions.language,
                _subscriptions.edit_cards,
            )
            .join_from(schema.improvements, schema.messages, _improvements.message == _messages.id)
            .join(schema.deliveries)
            .join(schema.posts)
            .join(
                schema.listings,
                (schema.listings.c.day == _posts.day)
                & (schema.listings.c.paper_id == _posts.paper_id),
                isouter=True,
            )
            .join(
                schema.subscriptions,
                _subscriptions.channel_id == _deliveries.channel_id,
                isouter=True,
            )
            .where(
                _messages.state == MessageState.POSTED.value,
                _deliveries.channel_id.not_in(sorted(without)),
            )
            .order_by(_improvements.message.desc())
            .limit(limit)
        )
        return tuple(
            Card(
                message=row.id,
                message_id=row.message_id,
                channel_id=row.channel_id,
                item=EditionItem(
                    paper_id=PaperId(row.paper_id), day=row.day, rank=row.rank, late=row.late
                ),
                upvotes=row.upvotes,
                language=row.language if row.edit_cards else None,
            )
            for row in rows
        )

    async def unposted(self) -> int:
        """How many of the cards to be edited are yet to be posted."""
        count: int = await self._connection.scalar(
            select(func.count())
            .select_from(schema.improvements)
            .join(schema.messages, _improvements.message == _messages.id)
            .where(_messages.state.in_(_MAY_BE_SHOWN), _messages.message_id.is_(None))
        )
        return count

    async def done(self, messages: Collection[int]) -> None:
        """Note that these cards show the better bullets, or never will."""
        for chunk in chunks(messages):
            await self._connection.execute(
                delete(schema.improvements).where(_improvements.message.in_(chunk))
            )

    async def forget(self, *, before: date) -> None:
        """Leave the cards of lists before a day as they are, and those that were given up."""
        known = (
            select(_posts.message)
            .where(_posts.message == _improvements.message, _posts.day >= before)
            .correlate(schema.improvements)
        )
        await self._connection.execute(delete(schema.improvements).where(~known.exists()))
