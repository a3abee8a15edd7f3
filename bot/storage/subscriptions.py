"""Subscriptions at rest: one for a channel at most."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Row,
    case,
    delete,
    func,
    or_,
    select,
    true,
    update,
)

from bot.domain.deliveries import DeliveryState
from bot.domain.subscriptions import (
    DailyTime,
    Order,
    Preferences,
    Scope,
    Subscription,
    SubscriptionState,
    Suspension,
    SuspensionCause,
)
from bot.domain.suspensions import TOLD_AGAIN_AFTER
from bot.storage import schema
from bot.storage.connection import Connection
from bot.storage.deliveries import give_up, take_up_again
from bot.storage.errors import AlreadySubscribed, SubscriptionNotFound
from bot.storage.upsert import insert

_columns = schema.subscriptions.c

_UNFINISHED: Final = (DeliveryState.WAITING.value, DeliveryState.OPEN.value)
_NOT_SUSPENDED: Final[dict[str, Any]] = {
    "cause": None,
    "reason": "",
    "suspended_at": None,
}
_SHORTEST_DAY: Final = timedelta(hours=23)
"""Between two slots of one time of day lie at least so many hours: clocks go forward by one."""


class SubscriptionStore:
    """Subscriptions at rest: the caller owns the transaction, this class the SQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(
        self,
        *,
        guild_id: int,
        channel_id: int,
        preferences: Preferences,
        created_at: datetime,
        created_by: int | None = None,
        reader_id: int | None = None,
        scope: Scope = Scope.LISTS,
    ) -> Subscription:
        """A new subscription; `AlreadySubscribed` if the channel has one, in whatever state, or
        the person."""
        statement = (
            insert(self._connection, schema.subscriptions)
            .values(
                guild_id=guild_id,
                channel_id=channel_id,
                state=SubscriptionState.ACTIVE.value,
                reason="",
                created_at=created_at,
                created_by=created_by,
                reader_id=reader_id,
                scope=scope.value,
                **_preference_values(preferences),
            )
            .on_conflict_do_nothing()
            .returning(schema.subscriptions)
        )
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None:
            raise AlreadySubscribed(channel_id)
        await take_up_again(self._connection, row.id, schema.deliveries.c.channel_id == channel_id)
        return _subscription(row)

    async def get(self, subscription_id: int) -> Subscription | None:
        """The subscription, or `None` once it has ended."""
        return await self._one(_columns.id == subscription_id)

    async def of_channel(self, channel_id: int) -> Subscription | None:
        """The channel's subscription in whatever state."""
        return await self._one(_columns.channel_id == channel_id)

    async def of_reader(self, reader_id: int) -> Subscription | None:
        """A person's own subscription in whatever state."""
        return await self._one(_columns.reader_id == reader_id)

    async def in_guild(self, guild_id: int) -> tuple[Subscription, ...]:
        """A server's subscriptions, oldest first."""
        return await self._many(_columns.guild_id == guild_id)

    async def all(self, state: SubscriptionState | None = None) -> tuple[Subscription, ...]:
        """Every subscription, or those in `state`, oldest first."""
        return await self._many(*([] if state is None else [_columns.state == state.value]))

    async def at(self, daily: DailyTime) -> tuple[Subscription, ...]:
        """The active subscriptions that deliver at this time of this zone, oldest first."""
        return await self._many(
            _columns.state == SubscriptionState.ACTIVE.value,
            _columns.hour == daily.at.hour,
            _columns.minute == daily.at.minute,
            _columns.zone == daily.zone.key,
        )

    async def slots(self) -> frozenset[DailyTime]:
        """The distinct times at which active subscriptions deliver."""
        query = (
            select(_columns.hour, _columns.minute, _columns.zone)
            .where(_columns.state == SubscriptionState.ACTIVE.value)
            .distinct()
        )
        rows = await self._connection.execute(query)
        return frozenset(_daily(row.hour, row.minute, row.zone) for row in rows)

    async def languages(self) -> tuple[str, ...]:
        """The languages of active subscriptions that bring cards, most frequent first."""
        rows = await self._connection.scalars(
            select(_columns.language)
            .where(
                _columns.state == SubscriptionState.ACTIVE.value,
                _columns.scope == Scope.LISTS.value,
            )
            .group_by(_columns.language)
            .order_by(func.count().desc(), _columns.language)
        )
        return tuple(rows)

    async def missed(self, now: datetime) -> tuple[Subscription, ...]:
        """The active subscriptions that have a slot behind them and no delivery for it.

        Those that had theirs within the day are not even looked at, unless their time was
        changed since, or the clock is wrong.
        """
        last = _columns.last_slot_at
        candidates = await self._many(
            _columns.state == SubscriptionState.ACTIVE.value,
            or_(
                last.is_(None),
                last <= now - _SHORTEST_DAY,
                last > now,
                _columns.counts_from > last,
            ),
        )
        return tuple(s for s in candidates if s.missed_slot(now) is not None)

    async def change(
        self,
        subscription_id: int,
        preferences: Preferences,
        *,
        at: datetime | None = None,
        scope: Scope | None = None,
    ) -> Subscription:
        """Set what its people chose; `SubscriptionNotFound` once it has ended. Without `scope`
        it stays.

        With a new time of day, slots of the new time that lie before `at` are not owed.
        """
        before = await self.get(subscription_id)
        if before is None:
            raise SubscriptionNotFound(subscription_id)
        after = replace(before, preferences=preferences, scope=scope or before.scope)
        if preferences.daily != before.preferences.daily:
            after = replace(after, counts_from=at or before.counts_from)
        await self._connection.execute(
            update(schema.subscriptions)
            .where(_columns.id == subscription_id)
            .values(
                counts_from=after.counts_from,
                scope=after.scope.value,
                **_preference_values(preferences),
            )
        )
        return after

    async def pause(self, subscription_id: int) -> None:
        """Deliver nothing for now; nothing happens once it has ended. Unfinished deliveries are
        given up, and papers that were planned and never sent are free for a later one."""
        await self._give_up_unfinished(subscription_id)
        await self._set(subscription_id, state=SubscriptionState.PAUSED.value, **_NOT_SUSPENDED)

    async def suspend(
        self, subscription_id: int, cause: SuspensionCause, reason: str, *, at: datetime
    ) -> bool:
        """Deliver nothing until the channel takes it, and keep everything, deliveries that are
        half sent too; whether it was active until now. Who was told of another suspension just
        before counts as told."""
        told_lately = _columns.told_at > at - TOLD_AGAIN_AFTER
        suspended: CursorResult[Any] = await self._connection.execute(
            update(schema.subscriptions)
            .where(_columns.id == subscription_id, _columns.state == SubscriptionState.ACTIVE.value)
            .values(
                state=SubscriptionState.SUSPENDED.value,
                cause=cause.value,
                reason=reason,
                suspended_at=at,
                telling_at=case((told_lately, _columns.telling_at)),
                told_at=case((told_lately, _columns.told_at)),
            )
        )
        return suspended.rowcount == 1

    async def recognise(
        self, subscription_id: int, cause: SuspensionCause, reason: str, *, at: datetime
    ) -> None:
        """Note a better known cause of a suspension. A removal counts from `at`, for it is kept
        no longer than a while."""
        since = at if cause is SuspensionCause.REMOVED else _columns.suspended_at
        await self._connection.execute(
            update(schema.subscriptions)
            .where(
                _columns.id == subscription_id,
                _columns.state == SubscriptionState.SUSPENDED.value,
                _columns.cause != cause.value if cause is SuspensionCause.REMOVED else true(),
            )
            .values(cause=cause.value, reason=reason, suspended_at=since)
        )

    async def begin_telling(self, subscription_id: int, at: datetime) -> datetime | None:
        """Note that its people are about to be told of the suspension; when that was first
        noted, `None` if never."""
        before: datetime | None = await self._connection.scalar(
            select(_columns.telling_at).where(_columns.id == subscription_id)
        )
        if before is None:
            await self._set(subscription_id, telling_at=at)
        return before

    async def told(self, subscription_id: int, at: datetime | None) -> None:
        """Note that its people were told; with `None`, that they surely were not."""
        await self._set(subscription_id, told_at=at, telling_at=at)

    async def resume(self, subscription_id: int, *, at: datetime) -> Subscription | None:
        """Deliver again, from `at` on; `None` once it has ended.

        One that is active already stays as it is. After a pause the slots that passed are not
        owed. After a suspension the last one is,
        as after any downtime: what it left half sent goes on, older deliveries are given up
        and their unsent papers are free for the next. What may or may not have been posted is
        taken up in any case, to be found out.
        """
        before = await self.get(subscription_id)
        if before is None or before.state is SubscriptionState.ACTIVE:
            return before
        values: dict[str, Any] = {"state": SubscriptionState.ACTIVE.value, **_NOT_SUSPENDED}
        if before.state is SubscriptionState.SUSPENDED:
            await give_up(
                self._connection,
                schema.deliveries.c.subscription_id == subscription_id,
                schema.deliveries.c.state.in_(_UNFINISHED),
                schema.deliveries.c.slot_at < before.preferences.daily.last_until(at),
            )
        else:
            values["counts_from"] = at
        await take_up_again(
            self._connection,
            subscription_id,
            schema.deliveries.c.subscription_id == subscription_id,
        )
        await self._set(subscription_id, **values)
        return await self.get(subscription_id)

    async def remove(self, subscription_id: int) -> None:
        """End it. What the channel has had is remembered, so that a new subscription repeats
        nothing; papers that were planned and never sent are free for it."""
        await self._give_up_unfinished(subscription_id)
        await self._connection.execute(
            delete(schema.subscriptions).where(_columns.id == subscription_id)
        )

    async def _give_up_unfinished(self, subscription_id: int) -> None:
        await give_up(
            self._connection,
            schema.deliveries.c.subscription_id == subscription_id,
            schema.deliveries.c.state.in_(_UNFINISHED),
        )

    async def _set(self, subscription_id: int, **values: Any) -> None:
        await self._connection.execute(
            update(schema.subscriptions).where(_columns.id == subscription_id).values(**values)
        )

    async def _one(self, criterion: ColumnElement[bool]) -> Subscription | None:
        row = (
            await self._connection.execute(select(schema.subscriptions).where(criterion))
        ).one_or_none()
        return None if row is None else _subscription(row)

    async def _many(self, *criteria: ColumnElement[bool]) -> tuple[Subscription, ...]:
        rows = await self._connection.execute(
            select(schema.subscriptions).where(*criteria).order_by(_columns.id)
        )
        return tuple(_subscription(row) for row in rows)


def _preference_values(preferences: Preferences) -> dict[str, Any]:
    daily = preferences.daily
    return {
        "hour": daily.at.hour,
        "minute": daily.at.minute,
        "zone": daily.zone.key,
        "language": preferences.language,
        "paper_limit": preferences.limit,
        "role_id": preferences.role_id,
        "announce_quiet_days": preferences.announce_quiet_days,
        "seed_reactions": preferences.seed_reactions,
        "edit_cards": preferences.edit_cards,
        "paper_order": preferences.order.value,
        "remind_on": preferences.remind_on,
    }


def _daily(hour: int, minute: int, zone: str) -> DailyTime:
    return DailyTime(at=time(hour, minute), zone=ZoneInfo(zone))


def _subscription(row: Row[Any]) -> Subscription:
    return Subscription(
        id=row.id,
        guild_id=row.guild_id,
        channel_id=row.channel_id,
        preferences=Preferences(
            daily=_daily(row.hour, row.minute, row.zone),
            language=row.language,
            limit=row.paper_limit,
            role_id=row.role_id,
            announce_quiet_days=row.announce_quiet_days,
            seed_reactions=row.seed_reactions,
            edit_cards=row.edit_cards,
            order=Order(row.paper_order),
            remind_on=row.remind_on,
        ),
        created_at=row.created_at,
        created_by=row.created_by,
        reader_id=row.reader_id,
        scope=Scope(row.scope),
        state=SubscriptionState(row.state),
        suspension=_suspension(row),
        counts_from=row.counts_from,
        last_slot_at=row.last_slot_at,
        quiet_until=row.quiet_until,
    )


def _suspension(row: Row[Any]) -> Suspension | None:
    if row.cause is None:
        return None
    return Suspension(
        cause=SuspensionCause(row.cause),
        reason=row.reason,
        since=row.suspended_at,
        told_at=row.told_at,
    )
