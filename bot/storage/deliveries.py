"""Deliveries at rest: what each channel is to get, who is sending it, and what it has had.

The unique keys carry the promise "never twice": one delivery for a channel's slot, one post
for a paper in a channel. The leases carry "never lost": what a dead worker held is taken over.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, delete, exists, func, or_, select, update

from bot.domain.deliveries import (
    Delivery,
    DeliveryState,
    EditionItem,
    Message,
    MessageKind,
    MessageState,
    Outcome,
    PlannedMessage,
    Quiet,
    QuietReason,
    Rejected,
    Sent,
    Unknown,
)
from bot.domain.papers import PaperId
from bot.domain.reasons import PostOf
from bot.domain.subscriptions import CLOCK_RAN_AHEAD, Subscription, SubscriptionState
from bot.storage import schema
from bot.storage.chunks import chunks
from bot.storage.connection import Connection
from bot.storage.errors import DeliveryNotFound
from bot.storage.upsert import insert

_deliveries = schema.deliveries.c
_messages = schema.messages.c
_posts = schema.posts.c

_RECENT: Final = 10
"""Deliveries of a channel among which its last message is looked for."""

_CLOCKS_APART: Final = timedelta(minutes=5)
"""How far the clocks of two processes may be from each other."""

_SETTLED: Final = (MessageState.POSTED.value, MessageState.REJECTED.value)


class DeliveryStore:
    """Deliveries at rest: the caller owns the transaction, this class the SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # --- what a channel has had ---

    async def posted_in(
        self, channel_id: int, ids: Collection[PaperId] | None = None
    ) -> frozenset[PaperId]:
        """The papers, of `ids` or of all, that were ever posted or are planned in a channel."""
        query = select(_posts.paper_id).where(_posts.channel_id == channel_id)
        if ids is None:
            found = list(await self._connection.scalars(query))
        else:
            found = []
            for chunk in chunks(paper_id.value for paper_id in ids):
                found += await self._connection.scalars(query.where(_posts.paper_id.in_(chunk)))
        return frozenset(PaperId(value) for value in found)

    async def first_day(self, subscription_id: int) -> date | None:
        """The oldest list that a subscription's first delivery with papers drew on; `None`
        before that. Asked at every planning, so it stops at the first of years of deliveries."""
        day: date | None = await self._connection.scalar(
            select(_posts.day)
            .join_from(schema.deliveries, schema.messages)
            .join(schema.posts)
            .where(_deliveries.subscription_id == subscription_id)
            .order_by(_deliveries.id, _posts.day)
            .limit(1)
        )
        return day

    async def post_of(self, channel_id: int, paper_id: PaperId) -> PostOf | None:
        """A paper's post in a channel, planned or there."""
        row = (
            await self._connection.execute(
                select(
                    _deliveries.slot_at,
                    _messages.kind,
                    _messages.message_id,
                    _posts.day,
                    _posts.late,
                )
                .join_from(schema.posts, schema.messages)
                .join(schema.deliveries)
                .where(_posts.channel_id == channel_id, _posts.paper_id == paper_id.value)
            )
        ).one_or_none()
        if row is None:
            return None
        return PostOf(
            slot_at=row.slot_at,
            kind=MessageKind(row.kind),
            message_id=row.message_id,
            day=row.day,
            late=row.late,
        )

    async def waits_until(self, subscription_id: int) -> datetime | None:
        """How long the delivery of a subscription waits for a source; `None` if none does."""
        until: datetime | None = await self._connection.scalar(
            select(func.max(_deliveries.wait_until)).where(
                _deliveries.subscription_id == subscription_id,
                _deliveries.state == DeliveryState.WAITING.value,
            )
        )
        return until

    async def delivered_days(self, channel_id: int, days: Collection[date]) -> frozenset[date]:
        """Those of `days` of whose lists the channel has had a paper, or is about to."""
        found: set[date] = set()
        for chunk in chunks(days):
            found.update(
                await self._connection.scalars(
                    select(_posts.day)
                    .where(_posts.channel_id == channel_id, _posts.day.in_(chunk))
                    .distinct()
                )
            )
        return frozenset(found)

    # --- planning ---

    async def open(self, subscription: Subscription, slot_at: datetime) -> Delivery | None:
        """A new delivery, WAITING and without messages; `None` if the channel's slot has one."""
        statement = (
            insert(self._connection, schema.deliveries)
            .values(
                subscription_id=subscription.id,
                guild_id=subscription.guild_id,
                reader_id=subscription.reader_id,
                channel_id=subscription.channel_id,
                slot_at=slot_at,
                state=DeliveryState.WAITING.value,
            )
            .on_conflict_do_nothing(index_elements=[_deliveries.channel_id, _deliveries.slot_at])
            .returning(schema.deliveries)
        )
        row = (await self._connection.execute(statement)).one_or_none()
        return None if row is None else _delivery(row, ())

    async def wait(self, delivery_id: int, until: datetime) -> None:
        """Note until when a WAITING delivery may wait."""
        await self._connection.execute(
            update(schema.deliveries)
            .where(_deliveries.id == delivery_id, _deliveries.state == DeliveryState.WAITING.value)
            .values(wait_until=until)
        )

    async def plan(
        self,
        delivery_id: int,
        messages: Sequence[PlannedMessage],
        *,
        quiet: Quiet | None,
        quiet_until: datetime | None,
        maybe_sent_at: datetime | None = None,
    ) -> Delivery | None:
        """Write down what a WAITING delivery brings: OPEN then, or DONE if there is nothing to
        send. `None` if it is not WAITING any more, so nobody plans it twice.

        A paper that another delivery has claimed for this channel is left out, and so is a
        message that loses all its papers by that. The subscription takes the slot and
        `quiet_until`, unless it has a later slot already. `maybe_sent_at` is since when the
        messages may already stand in the channel, unknown to this store.
        """
        row = (
            await self._connection.execute(
                update(schema.deliveries)
                .where(
                    _deliveries.id == delivery_id,
                    _deliveries.state == DeliveryState.WAITING.value,
                )
                .values(
                    state=DeliveryState.OPEN.value,
                    wait_until=None,
                    quiet_until=quiet_until,
                    **_quiet_values(quiet),
                )
                .returning(_deliveries.subscription_id, _deliveries.channel_id, _deliveries.slot_at)
            )
        ).one_or_none()
        if row is None:
            return None
        if not await self._write_messages(
            delivery_id, row.channel_id, messages, quiet_until, maybe_sent_at
        ):
            await self._connection.execute(
                update(schema.deliveries)
                .where(_deliveries.id == delivery_id)
                .values(state=DeliveryState.DONE.value)
            )
        subscription = schema.subscriptions.c
        await self._connection.execute(
            update(schema.subscriptions)
            .where(
                subscription.id == row.subscription_id,
                or_(
                    subscription.last_slot_at.is_(None),
                    subscription.last_slot_at <= row.slot_at,
                    subscription.last_slot_at > row.slot_at + CLOCK_RAN_AHEAD,
                ),
            )
            .values(last_slot_at=row.slot_at, quiet_until=quiet_until)
        )
        return await self.get(delivery_id)

    async def _write_messages(
        self,
        delivery_id: int,
        channel_id: int,
        messages: Sequence[PlannedMessage],
        quiet_until: datetime | None,
        maybe_sent_at: datetime | None,
    ) -> bool:
        """Whether any message is to be sent."""
        if not messages:
            return False
        rows = await self._connection.execute(
            insert(self._connection, schema.messages).returning(_messages.id, _messages.position),
            [
                {
                    "delivery_id": delivery_id,
                    "position": position,
                    "kind": message.kind.value,
                    "nonce": message.nonce,
                    "state": MessageState.PLANNED.value,
                    "first_sent_at": maybe_sent_at,
                    "error": "",
                }
                for position, message in enumerate(messages)
            ],
        )
        ids = {row.position: row.id for row in rows}
        posts = [
            {
                "channel_id": channel_id,
                "paper_id": item.paper_id.value,
                "message": ids[position],
                "position": place,
                "day": item.day,
                "rank": item.rank,
                "late": item.late,
            }
            for position, message in enumerate(messages)
            for place, item in enumerate(message.items)
        ]
        filled: set[int] = set()
        if posts:
            claimed = await self._connection.execute(
                insert(self._connection, schema.posts)
                .on_conflict_do_nothing(index_elements=[_posts.channel_id, _posts.paper_id])
                .returning(_posts.message),
                posts,
            )
            filled = {row.message for row in claimed}
        last = max(
            (n for n, each in enumerate(messages) if each.kind is not MessageKind.REMINDER),
            default=-1,
        )
        emptied = [
            ids[position]
            for position, message in enumerate(messages)
            if message.items
            and ids[position] not in filled
            # The last closing message has the quiet days ahead to tell, too.
            and not (
                message.kind is MessageKind.CLOSING and position == last and quiet_until is not None
            )
        ]
        for chunk in chunks(emptied):
            await self._connection.execute(delete(schema.messages).where(_messages.id.in_(chunk)))
        return len(emptied) < len(messages)

    # --- reading ---

    async def get(self, delivery_id: int) -> Delivery:
        """A delivery with its messages and their papers in order; else `DeliveryNotFound`."""
        found = await self._load(_deliveries.id == delivery_id)
        if not found:
            raise DeliveryNotFound(delivery_id)
        return found[0]

    async def waiting(self) -> tuple[Delivery, ...]:
        """Deliveries that wait for a source, oldest slot first; not those of suspended
        subscriptions, which wait for their channel."""
        return await self._load(_deliveries.state == DeliveryState.WAITING.value, ~_is_suspended())

    async def unfinished(self) -> tuple[Delivery, ...]:
        """Deliveries with messages to send, oldest slot first; the same."""
        return await self._load(_deliveries.state == DeliveryState.OPEN.value, ~_is_suspended())

    # --- sending ---

    async def last_posted(self, channel_id: int, *, before: datetime) -> int | None:
        """Discord's id of the last message that was known to stand in a channel `before` another
        was first handed over; that one has a greater id.

        What was found out later does not count: it may have been posted after it.
        """
        recent = (
            select(_deliveries.id)
            .where(_deliveries.channel_id == channel_id)
            .order_by(_deliveries.slot_at.desc())
            .limit(_RECENT)
        )
        message_id: int | None = await self._connection.scalar(
            select(func.max(_messages.message_id)).where(
                _messages.delivery_id.in_(recent), _messages.posted_at <= before
            )
        )
        return message_id

    async def before(self, delivery: Delivery) -> Delivery | None:
        """The oldest OPEN delivery of the same channel that comes before this one."""
        older = await self._load(
            _deliveries.channel_id == delivery.channel_id,
            _deliveries.state == DeliveryState.OPEN.value,
            _deliveries.slot_at < delivery.slot_at,
        )
        return older[0] if older else None

    async def doubt(self, since: datetime) -> None:
        """Treat every message that is yet to be sent as one that may have been, since then."""
        await self._connection.execute(
            update(schema.messages)
            .where(_messages.state == MessageState.PLANNED.value, _messages.first_sent_at.is_(None))
            .values(first_sent_at=since)
        )

    async def claim(
        self, message_id: int, *, owner: str, now: datetime, lease: timedelta
    ) -> Message | None:
        """Take a message for sending; `None` if it is another worker's, or not its turn.

        Free are a PLANNED message, and a SENDING or UNKNOWN one whose lease has run out, is
        the owner's own, or was given by a clock that ran ahead, when all before it in its OPEN
        delivery are settled. The `Message` has `first_sent_at` as it was before this claim:
        `None` if it was never handed to Discord.
        """
        earlier = schema.messages.alias("earlier")
        row = (
            await self._connection.execute(
                select(schema.messages, _deliveries.channel_id)
                .join_from(schema.messages, schema.deliveries)
                .where(
                    _messages.id == message_id,
                    _deliveries.state == DeliveryState.OPEN.value,
                    or_(
                        _messages.state == MessageState.PLANNED.value,
                        and_(
                            _messages.state.in_(
                                [MessageState.SENDING.value, MessageState.UNKNOWN.value]
                            ),
                            or_(
                                _messages.lease_until <= now,
                                _messages.lease_until > now + lease + _CLOCKS_APART,
                                _messages.owner == owner,
                            ),
                        ),
                    ),
                    ~exists().where(
                        earlier.c.delivery_id == _messages.delivery_id,
                        earlier.c.position < _messages.position,
                        earlier.c.state.not_in(_SETTLED),
                    ),
                )
                # Nobody comes between this and the update: SQLite's transactions write one at
                # a time, and elsewhere the row is locked.
                .with_for_update(of=schema.messages)
            )
        ).one_or_none()
        if row is None:
            return None
        await self._connection.execute(
            update(schema.messages)
            .where(_messages.id == message_id)
            .values(
                state=MessageState.SENDING.value,
                owner=owner,
                lease_until=now + lease,
                first_sent_at=row.first_sent_at if row.first_sent_at is not None else now,
            )
        )
        items = await self._items([message_id])
        return _message(row, row.channel_id, items.get(message_id, ()), state=MessageState.SENDING)

    async def absent(self, message_id: int, *, owner: str, at: datetime) -> None:
        """Record that a claimed message was not in the channel `at`: it can only stand after,
        so the next look need not go back further."""
        await self._connection.execute(
            update(schema.messages)
            .where(
                _messages.id == message_id,
                _messages.owner == owner,
                _messages.state == MessageState.SENDING.value,
            )
            .values(first_sent_at=at)
        )

    async def finish(
        self, message: Message, outcome: Outcome, *, owner: str, now: datetime
    ) -> None:
        """Record what became of a claimed message.

        `Sent` is always recorded. Anything else is, only while the claim is still the owner's:
        whoever took it over knows better. `NotSent` and `Refused` make it PLANNED again as if
        this claim had not been; `Unknown` keeps the lease.
        """
        of_message = update(schema.messages).where(_messages.id == message.id)
        if isinstance(outcome, Sent):
            await self._connection.execute(
                of_message.where(_messages.state != MessageState.POSTED.value).values(
                    state=MessageState.POSTED.value,
                    message_id=outcome.message_id,
                    posted_at=now,
                    owner=None,
                    lease_until=None,
                    error="",
                )
            )
            return
        values: dict[str, Any] = {"error": outcome.why}
        if isinstance(outcome, Unknown):
            values |= {"state": MessageState.UNKNOWN.value}
        elif isinstance(outcome, Rejected):
            values |= {"state": MessageState.REJECTED.value, "owner": None, "lease_until": None}
        else:
            values |= {
                "state": MessageState.PLANNED.value,
                "owner": None,
                "lease_until": None,
                "first_sent_at": message.first_sent_at,
            }
        await self._connection.execute(
            of_message.where(
                _messages.owner == owner, _messages.state == MessageState.SENDING.value
            ).values(**values)
        )
        # The delivery may have been given up while this message was under way.
        await _free_unsent(
            self._connection,
            _deliveries.id == message.delivery_id,
            _deliveries.state == DeliveryState.ABANDONED.value,
        )

    async def close(self, delivery_id: int) -> bool:
        """Make a delivery DONE if each of its messages is settled; whether it is DONE now."""
        unsettled = exists().where(
            _messages.delivery_id == delivery_id, _messages.state.not_in(_SETTLED)
        )
        await self._connection.execute(
            update(schema.deliveries)
            .where(
                _deliveries.id == delivery_id,
                _deliveries.state == DeliveryState.OPEN.value,
                ~unsettled,
            )
            .values(state=DeliveryState.DONE.value)
        )
        state: str | None = await self._connection.scalar(
            select(_deliveries.state).where(_deliveries.id == delivery_id)
        )
        return state == DeliveryState.DONE.value

    async def abandon(self, delivery_id: int) -> None:
        """Give a WAITING or OPEN delivery up.

        Messages that were surely never stored by Discord are deleted, and their papers are free
        for a later delivery. What was posted, and what may have been, stays claimed.
        """
        await give_up(
            self._connection,
            _deliveries.id == delivery_id,
            _deliveries.state.in_([DeliveryState.WAITING.value, DeliveryState.OPEN.value]),
        )

    async def _load(self, *criteria: ColumnElement[bool]) -> tuple[Delivery, ...]:
        rows = (
            await self._connection.execute(
                select(schema.deliveries)
                .where(*criteria)
                .order_by(_deliveries.slot_at, _deliveries.id)
            )
        ).all()
        channels = {row.id: row.channel_id for row in rows}
        messages: defaultdict[int, list[Message]] = defaultdict(list)
        for chunk in chunks(channels):
            of_chunk = (
                await self._connection.execute(
                    select(schema.messages)
                    .where(_messages.delivery_id.in_(chunk))
                    .order_by(_messages.delivery_id, _messages.position)
                )
            ).all()
            items = await self._items([row.id for row in of_chunk])
            for row in of_chunk:
                messages[row.delivery_id].append(
                    _message(row, channels[row.delivery_id], items.get(row.id, ()))
                )
        return tuple(_delivery(row, messages.get(row.id, ())) for row in rows)

    async def _items(self, message_ids: Sequence[int]) -> Mapping[int, Sequence[EditionItem]]:
        items: defaultdict[int, list[EditionItem]] = defaultdict(list)
        for chunk in chunks(message_ids):
            rows = await self._connection.execute(
                select(schema.posts)
                .where(_posts.message.in_(chunk))
                .order_by(_posts.message, _posts.position)
            )
            for row in rows:
                items[row.message].append(
                    EditionItem(
                        paper_id=PaperId(row.paper_id), day=row.day, rank=row.rank, late=row.late
                    )
                )
        return items


def _is_suspended() -> ColumnElement[bool]:
    subscription = schema.subscriptions.c
    return exists().where(
        subscription.id == _deliveries.subscription_id,
        subscription.state == SubscriptionState.SUSPENDED.value,
    )


async def take_up_again(
    connection: Connection, subscription_id: int, *criteria: ColumnElement[bool]
) -> None:
    """Open the ABANDONED deliveries that meet `criteria` and hold messages that may have been
    posted or not, for `subscription_id` to find out: nothing else of them is left to send."""
    unsettled = exists().where(
        _messages.delivery_id == _deliveries.id, _messages.state.not_in(_SETTLED)
    )
    await connection.execute(
        update(schema.deliveries)
        .where(*criteria, _deliveries.state == DeliveryState.ABANDONED.value, unsettled)
        .values(state=DeliveryState.OPEN.value, subscription_id=subscription_id)
    )


async def give_up(connection: Connection, *criteria: ColumnElement[bool]) -> None:
    """Make the deliveries that meet `criteria` ABANDONED and free their unsent papers."""
    await _free_unsent(connection, *criteria)
    await connection.execute(
        update(schema.deliveries)
        .where(*criteria)
        .values(state=DeliveryState.ABANDONED.value, wait_until=None)
    )


async def _free_unsent(connection: Connection, *criteria: ColumnElement[bool]) -> None:
    unsent = select(_messages.id).where(
        _messages.delivery_id.in_(select(_deliveries.id).where(*criteria)),
        _messages.state == MessageState.PLANNED.value,
        # One that was sent before, and whose answer was lost, may be in Discord.
        _messages.first_sent_at.is_(None),
    )
    ids = list(await connection.scalars(unsent))
    for chunk in chunks(ids):
        await connection.execute(delete(schema.posts).where(_posts.message.in_(chunk)))
        await connection.execute(delete(schema.messages).where(_messages.id.in_(chunk)))


def _quiet_values(quiet: Quiet | None) -> dict[str, Any]:
    if quiet is None:
        return {}
    return {
        "quiet_reason": quiet.reason.value,
        "quiet_next_at": quiet.next_at,
        "quiet_spoken": quiet.spoken,
        "quiet_since": quiet.since,
    }


def _delivery(row: Row[Any], messages: Sequence[Message]) -> Delivery:
    quiet = None
    if row.quiet_reason is not None:
        quiet = Quiet(
            reason=QuietReason(row.quiet_reason),
            next_at=row.quiet_next_at,
            spoken=row.quiet_spoken,
            since=row.quiet_since,
        )
    return Delivery(
        id=row.id,
        subscription_id=row.subscription_id,
        channel_id=row.channel_id,
        slot_at=row.slot_at,
        state=DeliveryState(row.state),
        messages=tuple(messages),
        quiet=quiet,
        quiet_until=row.quiet_until,
        wait_until=row.wait_until,
    )


def _message(
    row: Row[Any],
    channel_id: int,
    items: Sequence[EditionItem],
    *,
    state: MessageState | None = None,
) -> Message:
    return Message(
        id=row.id,
        delivery_id=row.delivery_id,
        channel_id=channel_id,
        position=row.position,
        kind=MessageKind(row.kind),
        nonce=row.nonce,
        state=state if state is not None else MessageState(row.state),
        items=tuple(items),
        first_sent_at=row.first_sent_at,
        message_id=row.message_id,
    )
