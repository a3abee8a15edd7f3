"""Suspended subscriptions: their people are told once, and they come back by themselves."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from typing import Protocol

from bot.domain.deliveries import NotSent, Outcome, Unknown, nonce
from bot.domain.subscriptions import Subscription, SubscriptionState
from bot.domain.suspensions import Access, Step, next_step, tells_people
from bot.services.clock import Now
from bot.services.delivering import Presence
from bot.services.measures import Measures
from bot.services.timing import DEFAULT_TIMING, Timing
from bot.storage.database import Database

log = logging.getLogger(__name__)


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

    async def sweep(self) -> None:
        """Look at every suspended subscription: resume, forget, tell."""
        async with self._stepping:
            async with self._database.reading() as stores:
                suspended = await stores.subscriptions.all(SubscriptionState.SUSPENDED)
            await self._step([s for s in suspended if self._owns(s.guild_id)], changed=False)

    async def look_again(self, guild_id: int) -> None:
        """Something changed in a server: permissions, roles, a channel, or we came back to it."""
        async with self._stepping:
            async with self._database.reading() as stores:
                of_guild = await stores.subscriptions.in_guild(guild_id)
            await self._step(
                [s for s in of_guild if s.state is SubscriptionState.SUSPENDED], changed=True
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
            active = await stores.subscriptions.all(SubscriptionState.ACTIVE)
        await self._suspend_absent(
            [s for s in active if s.guild_id not in guild_ids and self._owns(s.guild_id)]
        )

    async def _suspend_absent(self, subscriptions: Collection[Subscription]) -> None:
        for subscription in subscriptions:
            standing = self._presence.standing(subscription.guild_id, subscription.channel_id)
            known = standing.suspension()
            if standing.access is not Access.ABSENT or known is None:
                continue
            cause, reason = known
            async with self._database.transaction() as stores:
                if subscription.state is SubscriptionState.SUSPENDED:
                    await stores.subscriptions.recognise(subscription.id, cause, reason)
                    continue
                if not await stores.subscriptions.suspend(
                    subscription.id, cause, reason, at=self._now()
                ):
                    continue
            self._measures.suspended(cause)
            log.warning(
                "channel %d is suspended: server %d has removed the bot",
                subscription.channel_id,
                subscription.guild_id,
            )

    async def _step(self, suspended: Collection[Subscription], *, changed: bool) -> None:
        resumed, to_tell = False, []
        for subscription in suspended:
            standing = self._presence.standing(subscription.guild_id, subscription.channel_id)
            match next_step(subscription, standing, self._now(), changed=changed):
                case Step.RESUME:
                    async with self._database.transaction() as stores:
                        await stores.subscriptions.resume(subscription.id, at=self._now())
                    self._measures.resumed()
                    log.info("channel %d takes posts again", subscription.channel_id)
                    resumed = True
                    continue
                case Step.FORGET:
                    async with self._database.transaction() as stores:
                        await stores.subscriptions.remove(subscription.id)
                    log.info("channel %d is forgotten", subscription.channel_id)
                    continue
                case Step.NOTE_LACKING if (known := standing.suspension()) is not None:
                    async with self._database.transaction() as stores:
                        await stores.subscriptions.recognise(subscription.id, *known)
                        found = await stores.subscriptions.get(subscription.id)
                    subscription = found or subscription
            to_tell.append(subscription)
        if resumed:
            await self._on_resume()
        for group in _groups(to_tell):
            await self._tell_once(group)

    async def _tell_once(self, subscriptions: Sequence[Subscription]) -> None:
        """Tell the people of one server, once, of all that was suspended for one reason."""
        now = self._now()
        fresh: list[Subscription] = []
        async with self._database.transaction() as stores:
            for subscription in subscriptions:
                began = await stores.subscriptions.begin_telling(subscription.id, now)
                if began is None or timedelta(0) <= now - began <= self._timing.nonce_remembered:
                    fresh.append(subscription)
                else:
                    # Nobody can tell whether they heard it; saying it again would be nagging.
                    await stores.subscriptions.told(subscription.id, now)
        if not fresh:
            return
        first = fresh[0]
        assert first.suspension is not None  # noqa: S101 - only suspended ones come here
        since = first.suspension.since.timestamp()
        outcome = await self._people.tell(
            fresh, nonce=nonce(first.channel_id, f"suspended {since:.0f}")
        )
        if isinstance(outcome, Unknown):
            return  # once more with the same nonce, while Discord remembers it
        async with self._database.transaction() as stores:
            for subscription in fresh:
                await stores.subscriptions.told(
                    subscription.id, None if isinstance(outcome, NotSent) else now
                )
        log.info(
            "%d suspended channels of server %d, telling their people: %s",
            len(fresh),
            first.guild_id,
            type(outcome).__name__,
        )


def _groups(suspended: Sequence[Subscription]) -> list[list[Subscription]]:
    """Those whose people are yet to be told, by server, person and reason: a server that takes
    a role from the bot shuts a hundred channels, and wants one message."""
    groups: defaultdict[tuple[object, ...], list[Subscription]] = defaultdict(list)
    for one in suspended:
        why = one.suspension
        if why is not None and why.told_at is None and tells_people(why.cause):
            groups[one.guild_id, one.created_by, why.cause, why.reason].append(one)
    return list(groups.values())
