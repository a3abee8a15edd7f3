"""Suspended subscriptions: their people are told once, and they come back by themselves."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from bot.domain.deliveries import NotSent, Outcome, Unknown, nonce
from bot.domain.subscriptions import Subscription, SubscriptionState
from bot.domain.suspensions import Access, Standing, Step, next_step, tells_people
from bot.services.clock import Now
from bot.services.delivering import Presence
from bot.services.measures import Measures
from bot.services.timing import DEFAULT_TIMING, Timing
from bot.storage.database import Database

log = logging.getLogger(__name__)

BETWEEN_TRIES: Final = timedelta(minutes=10)
"""Between two tries to tell the people of one server."""


class People(Protocol):
    """Those who look after a channel. `bot.people.DiscordPeople` writes to them."""

    async def tell(self, subscriptions: Sequence[Subscription], *, nonce: str) -> Outcome:
        """Say in one message that and why these are suspended, where somebody can still be
        reached; `Refused` if nowhere. All are of one server, one person and one reason."""
        ...


class Suspending:
    """Looks after what is suspended, from what the gateway lets us know: it asks Discord nothing.

    `owns` tells which servers this process looks after; `on_resume` is called when subscriptions
    came back, so that timers follow and what was left half sent goes on.
    """

    def __init__(
        self,
        database: Database,
        presence: Presence,
        people: People,
        *,
        now: Now,
        on_resume: Callable[[], Awaitable[None]],
        owns: Callable[[int], bool] = lambda _guild_id: True,
        timing: Timing = DEFAULT_TIMING,
        measures: Measures | None = None,
    ) -> None:
        self._database = database
        self._presence = presence
        self._people = people
        self._now = now
        self._on_resume = on_resume
        self._owns = owns
        self._timing = timing
        self._measures = measures or Measures()
        self._stepping = asyncio.Lock()
        self._telling = asyncio.Lock()
        self._tell_after: dict[int, datetime] = {}

    async def sweep(self) -> None:
        """Look at every suspended subscription: resume, forget, tell."""
        async with self._stepping:
            async with self._database.reading() as stores:
                suspended = await stores.subscriptions.all(SubscriptionState.SUSPENDED)
            to_tell = await self._step(
                [s for s in suspended if self._owns(s.guild_id)], changed=False
            )
        await self._tell(to_tell)

    async def look_again(self, guild_id: int, channel_ids: Collection[int] | None = None) -> None:
        """Something changed in a server that may concern these channels, or all: permissions,
        roles, a channel, or we came back to it."""
        async with self._stepping:
            async with self._database.reading() as stores:
                of_guild = await stores.subscriptions.in_guild(guild_id)
            await self._step(
                [s for s in of_guild if channel_ids is None or s.channel_id in channel_ids],
                changed=True,
            )

    async def removed(self, guild_id: int) -> None:
        """A server put us out: its configuration is kept for a while."""
        async with self._database.reading() as stores:
            of_guild = await stores.subscriptions.in_guild(guild_id)
        await self._suspend_absent(of_guild)

    async def compare(self, guild_ids: Collection[int]) -> None:
        """We are connected, and in these servers only: those that put us out meanwhile are
        suspended."""
        async with self._database.reading() as stores:
            everywhere = await stores.subscriptions.all()
        await self._suspend_absent(
            [s for s in everywhere if s.guild_id not in guild_ids and self._owns(s.guild_id)]
        )

    async def _suspend_absent(self, subscriptions: Collection[Subscription]) -> None:
        for subscription in subscriptions:
            standing = self._presence.standing(subscription.guild_id, subscription.channel_id)
            known = standing.suspension()
            if standing.access is not Access.ABSENT or known is None:
                continue
            cause, reason = known
            now = self._now()
            async with self._database.transaction() as stores:
                await stores.subscriptions.recognise(subscription.id, cause, reason, at=now)
                suspended = await stores.subscriptions.suspend(
                    subscription.id, cause, reason, at=now
                )
            if suspended:
                self._measures.suspended(cause)
                log.warning(
                    "channel %d is suspended: server %d has removed the bot",
                    subscription.channel_id,
                    subscription.guild_id,
                )

    async def _step(
        self, subscriptions: Collection[Subscription], *, changed: bool
    ) -> list[Subscription]:
        """Take each suspended one a step further; those that stay suspended."""
        kept: list[Subscription] = []
        resumed = False
        for subscription in subscriptions:
            standing = self._presence.standing(subscription.guild_id, subscription.channel_id)
            step = next_step(subscription, standing, self._now(), changed=changed)
            if step is not Step.KEEP:
                step, subscription = await self._take(step, subscription, standing, changed=changed)
            resumed |= step is Step.RESUME
            if step in (Step.KEEP, Step.NOTE_LACKING):
                kept.append(subscription)
        if resumed:
            await self._on_resume()
        return kept

    async def _take(
        self, step: Step, subscription: Subscription, standing: Standing, *, changed: bool
    ) -> tuple[Step, Subscription]:
        """Carry a step out, unless something happened to the subscription since it was read;
        what was done, and how it stands now."""
        now, known = self._now(), standing.suspension()
        async with self._database.transaction() as stores:
            fresh = await stores.subscriptions.get(subscription.id)
            if fresh is None or next_step(fresh, standing, now, changed=changed) is not step:
                return Step.KEEP, fresh or subscription
            match step:
                case Step.RESUME:
                    await stores.subscriptions.resume(fresh.id, at=now)
                case Step.FORGET:
                    await stores.subscriptions.remove(fresh.id)
                case Step.NOTE_LACKING if known is not None:
                    await stores.subscriptions.recognise(fresh.id, *known, at=now)
                    fresh = await stores.subscriptions.get(fresh.id) or fresh
        if step is Step.RESUME:
            self._measures.resumed()
            log.info("channel %d takes posts again", fresh.channel_id)
        elif step is Step.FORGET:
            log.info("channel %d is forgotten", fresh.channel_id)
        return step, fresh

    async def _tell(self, suspended: Collection[Subscription]) -> None:
        """Tell the people of those who were not told yet; a round that is at it goes first."""
        if self._telling.locked():
            return
        async with self._telling:
            for group in _groups(suspended):
                guild_id, now = group[0].guild_id, self._now()
                if now < self._tell_after.get(guild_id, now):
                    continue
                try:
                    told = await self._tell_once(group)
                except Exception:
                    log.exception("the people of server %d could not be told", guild_id)
                    told = False
                if not told:
                    self._tell_after[guild_id] = self._now() + BETWEEN_TRIES

    async def _tell_once(self, subscriptions: Sequence[Subscription]) -> bool:
        """Tell the people of one server, once, of all that was suspended for one reason; false
        if that surely did not reach them."""
        now = self._now()
        fresh: list[Subscription] = []
        async with self._database.transaction() as stores:
            for subscription in subscriptions:
                found = await stores.subscriptions.get(subscription.id)
                if found is None or found.suspension is None or found.suspension.told_at:
                    continue
                began = await stores.subscriptions.begin_telling(subscription.id, now)
                if began is None or timedelta(0) <= now - began <= self._timing.nonce_remembered:
                    fresh.append(found)
                else:
                    # Nobody can tell whether they heard it; saying it again would be nagging.
                    await stores.subscriptions.told(subscription.id, now)
        if not fresh:
            return True
        first = fresh[0]
        assert first.suspension is not None  # noqa: S101 - only suspended ones come here
        since = first.suspension.since.timestamp()
        outcome = await self._people.tell(
            fresh, nonce=nonce(first.channel_id, f"suspended {since:.0f}")
        )
        if isinstance(outcome, Unknown):
            return True  # perhaps; once more with the same nonce, while Discord remembers it
        reached = not isinstance(outcome, NotSent)
        async with self._database.transaction() as stores:
            for subscription in fresh:
                await stores.subscriptions.told(subscription.id, now if reached else None)
        log.info(
            "%d suspended channels of server %d, telling their people: %s",
            len(fresh),
            first.guild_id,
            type(outcome).__name__,
        )
        return reached


def _groups(suspended: Collection[Subscription]) -> list[list[Subscription]]:
    """Those whose people are yet to be told, by server, person and reason: a server that takes
    a role from the bot shuts a hundred channels, and wants one message."""
    groups: defaultdict[tuple[object, ...], list[Subscription]] = defaultdict(list)
    for one in suspended:
        why = one.suspension
        if one.reader_id is not None:
            continue  # who shut their direct messages hears of it at their next command
        if why is not None and why.told_at is None and tells_people(why.cause):
            groups[one.guild_id, one.created_by, why.cause, why.reason].append(one)
    return list(groups.values())
