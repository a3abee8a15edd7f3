"""Bringing each channel its papers: planned once, claimed, sent, recorded, and never lost.

The order of writing and sending is what the promise stands on (design: "Never lost, never
twice"). A delivery and its messages are written as planned before anything is sent; each
message is claimed in the store, sent under a nonce that is always the same for it, and
recorded; no transaction is open while Discord is asked. If the answer is lost, the message is
sent again under its nonce while Discord remembers that, and looked for in the channel's
history after. A channel that shuts us out keeps its delivery, suspended, as far as it came.
"""

import asyncio
import contextlib
import logging
import random
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from bot.domain.deliveries import (
    Delivery,
    DeliveryState,
    Message,
    MessageKind,
    MessageState,
    NotSent,
    Outcome,
    Refused,
    Rejected,
    Sent,
    Unknown,
    must_look_back,
)
from bot.domain.interests import Place
from bot.domain.subscriptions import (
    Order,
    Scope,
    Subscription,
    SubscriptionState,
    SuspensionCause,
)
from bot.domain.suspensions import Standing, cause_of
from bot.rendering.message import Rendered
from bot.services.clock import Now
from bot.services.contents import Contents
from bot.services.measures import Measures
from bot.services.planning import Planning
from bot.services.recent_lists import RecentLists
from bot.services.restoring import Restored
from bot.services.timing import DEFAULT_TIMING, Timing
from bot.services.turns import Turns, by_turns
from bot.storage.database import Database
from bot.storage.errors import DeliveryNotFound, StorageError

if TYPE_CHECKING:  # it brings numpy, and many a bot is never asked for a taste
    from bot.domain.tastes import Ordering

log = logging.getLogger(__name__)

MESSAGES_AT_ONCE: Final = 64
"""Messages under way at once: enough for Discord's 50 a second at a second's delay each, and
few enough that a command's own requests never queue behind thousands."""

MESSAGES_PER_SERVER: Final = 16
"""Of those, for one server: it has its share of 50 a second even at a third of a second's delay,
and leaves the rest to others when all its channels hang."""

MESSAGES_TO_PEOPLE: Final = 32
"""Of those, for direct messages in all, one a person: thousands of people at one hour, or direct
messages that all hang, leave half to the servers."""

PLANNED_AT_ONCE: Final = 4
"""Deliveries planned at once. Writers take turns, so with thousands due at one hour the first
message would otherwise wait until so many of them are planned, some 15 ms each."""

TRIES: Final = 6
"""After that many fruitless tries a channel is left to the next sweep: nothing is forgotten."""


class Sender(Protocol):
    """Where messages go. `bot.sender.DiscordSender` speaks to Discord."""

    async def send(self, channel_id: int, message: Rendered, *, nonce: str) -> Outcome:
        """Post `message`; what became of it is always an `Outcome`, never an exception."""
        ...

    async def find(
        self, channel_id: int, message: Rendered, *, after_id: int | None, since: datetime
    ) -> Outcome:
        """Look for our own `message` in the channel: `Sent` if it is there, `NotSent` if not.

        It can only stand after the message `after_id`, if that is given, and was sent `since`
        by our clock, which may have been set meanwhile.
        """
        ...


class Presence(Protocol):
    """What the gateway lets us know, at no cost: `bot.presence.GatewayPresence`."""

    def standing(self, guild_id: int, channel_id: int, /) -> Standing:
        """How we stand in a channel now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A message was recorded. If it was `tried_before`, it may have stood in its channel for a
    while; with `seed` it is to get our reactions."""

    message_id: int
    place: Place
    tried_before: bool
    seed: bool


class Tastes(Protocol):
    """What people and channels care about. `services.learning` has it."""

    async def ordering(self, *, reader_id: int | None, channel_id: int) -> "Ordering | None":
        """How a person's taste orders papers, or that of a channel; `None` if there is none, or
        not soon."""
        ...


class _Step(Enum):
    """How a delivery goes on after one message."""

    NEXT = auto()
    AGAIN = auto()
    LATER = auto()
    STOP = auto()


class Delivering:
    """One queue per channel, many channels at once: one channel's trouble is its own."""

    def __init__(
        self,
        database: Database,
        sender: Sender,
        presence: Presence,
        *,
        sources: Sequence[str],
        now: Now,
        timing: Timing = DEFAULT_TIMING,
        restored: Restored | None = None,
        measures: Measures | None = None,
        on_posted: Callable[[Posted], None] = lambda _posted: None,
        tastes: Tastes | None = None,
    ) -> None:
        self._database = database
        self._sender = sender
        self._presence = presence
        self._sources = tuple(sources)
        self._now = now
        self._timing = timing
        self._measures = measures or Measures()
        self._on_posted = on_posted
        self._tastes = tastes
        self._lists = RecentLists()
        self._slots = Planning(self._lists, sources=sources, now=now, restored=restored)
        self._owner = uuid.uuid4().hex
        self._channels: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._planning = asyncio.Semaphore(PLANNED_AT_ONCE)
        self._turns = Turns(MESSAGES_AT_ONCE, each=MESSAGES_PER_SERVER)
        self._peoples_turns = Turns(MESSAGES_TO_PEOPLE, each=1)
        self._handed_over: dict[int, _Moment] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    # --- what starts a delivery ---

    async def deliver(self, subscription: Subscription, slot_at: datetime) -> None:
        """Bring `subscription` the papers of its slot: once, however often this is asked."""
        async with self._planning:
            delivery = None if self._stopping.is_set() else await self._open(subscription, slot_at)
        if delivery is not None:
            await self._drain(delivery)

    async def _open(self, subscription: Subscription, slot_at: datetime) -> Delivery | None:
        """The delivery of a slot, planned; `None` if there is nothing to send, yet or at all."""
        ordering = await self._ordering(subscription)
        async with self._database.transaction() as stores:
            # It may have been paused, changed or ended since it was read.
            fresh = await stores.subscriptions.get(subscription.id)
            if fresh is None or not fresh.owes(slot_at):
                return None
            delivery = await stores.deliveries.open(fresh, slot_at)
            planned = (
                None
                if delivery is None
                else await self._slots.plan(stores, delivery, fresh, ordering)
            )
        return self._counted(planned)

    async def deliver_all(self, subscriptions: Sequence[tuple[Subscription, datetime]]) -> None:
        """Deliver many at once, of each server one after the other; one that fails is logged
        and keeps no other from its papers."""
        in_turn = by_turns(subscriptions, server=lambda due: due[0].guild_id)
        await self._together([self.deliver(*due) for due in in_turn])

    async def resume(self) -> None:
        """Take up what is not finished: deliveries that wait for a source, and those that a
        restart, a lost claim or a failing Discord left half sent."""
        async with self._database.reading() as stores:
            waiting = await stores.deliveries.waiting()
            unfinished = await stores.deliveries.unfinished()
        await self._together(
            [self._plan_again(delivery) for delivery in waiting]
            + [self._drain(d) for d in unfinished if not self._channels[d.channel_id].locked()]
        )

    async def close(self, *, patience: timedelta = timedelta(seconds=45)) -> None:
        """Stop: the message under way in each channel is finished and recorded, no other begun."""
        self._stopping.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=patience.total_seconds())
            for task in late:
                task.cancel()

    # --- planning ---

    async def _plan_again(self, delivery: Delivery) -> None:
        async with self._database.reading() as stores:
            waiting = await stores.subscriptions.get(delivery.subscription_id)
        ordering = None if waiting is None else await self._ordering(waiting)
        async with self._database.transaction() as stores:
            subscription = await stores.subscriptions.get(delivery.subscription_id)
            if subscription is None or subscription.state is SubscriptionState.PAUSED:
                await stores.deliveries.abandon(delivery.id)
                return
            if subscription.state is SubscriptionState.SUSPENDED:
                return
            planned = await self._slots.plan(stores, delivery, subscription, ordering)
        if self._counted(planned) is not None:
            await self._drain(delivery)

    async def _ordering(self, subscription: Subscription) -> "Ordering | None":
        """The taste in whose order a subscription gets its papers. Whatever is wrong with it, the
        papers go out: by votes."""
        is_digest = subscription.reader_id is not None and subscription.scope is Scope.LISTS
        if self._tastes is None or not (is_digest or subscription.preferences.order is Order.TASTE):
            return None
        try:
            return await self._tastes.ordering(
                reader_id=subscription.reader_id, channel_id=subscription.channel_id
            )
        except Exception:
            log.exception("channel %d is ordered by votes", subscription.channel_id)
            return None

    def _counted(self, planned: Delivery | None) -> Delivery | None:
        """A delivery that is written down for good."""
        if planned is not None:
            self._measures.planned(len(planned.messages))
        return planned

    # --- sending ---

    async def _drain(self, delivery: Delivery) -> None:
        """Send what is left of a delivery, and before it what older ones of its channel left:
        a message of theirs that is in doubt is looked for below what came after it."""
        async with self._channels[delivery.channel_id]:
            while (older := await self._before(delivery)) is not None:
                if not await self._send_rest(older):
                    return
            await self._send_rest(delivery)

    async def _before(self, delivery: Delivery) -> Delivery | None:
        async with self._database.reading() as stores:
            return await stores.deliveries.before(delivery)

    async def _send_rest(self, delivery: Delivery) -> bool:
        """Send what is left, in order, until done, refused or told to stop; whether it is done."""
        async with self._database.reading() as stores:
            try:
                delivery = await stores.deliveries.get(delivery.id)
            except DeliveryNotFound:
                return True  # it was erased with its person
            subscription = await stores.subscriptions.get(delivery.subscription_id)
            if delivery.state is not DeliveryState.OPEN:
                return True
            if subscription is None or subscription.state is not SubscriptionState.ACTIVE:
                return False
            days = sorted({item.day for item in delivery.items}, reverse=True)
            lists = await self._lists.get(stores, days)
            sources = sorted(lists.sources, key=self._rank_of_source)
            contents = await Contents.read(stores, delivery, subscription, lists, sources)
        tries = 0
        for message in delivery.messages:
            if message.state is MessageState.POSTED:
                contents.open()
            if message.state in (MessageState.POSTED, MessageState.REJECTED):
                continue
            while not self._stopping.is_set():
                async with self._turn(subscription):
                    step = await self._post(subscription, message, contents)
                if step is _Step.NEXT:
                    break
                tries += 1
                if step is _Step.STOP or tries >= TRIES or not await self._pause(tries):
                    return False
            else:
                return False
        async with self._database.transaction() as stores:
            done = await stores.deliveries.close(delivery.id)
        log.info(
            "delivery %d of channel %d is done: %d papers",
            delivery.id,
            delivery.channel_id,
            len(delivery.items),
        )
        return done

    @contextlib.asynccontextmanager
    async def _turn(self, subscription: Subscription) -> AsyncIterator[None]:
        """Wait for a turn among the servers; a person is one server, among the other people."""
        if subscription.reader_id is None:
            async with self._turns.turn(subscription.guild_id):
                yield
        else:
            of_person = subscription.channel_id
            async with self._peoples_turns.turn(of_person), self._turns.turn(of_person):
                yield

    def _rank_of_source(self, source: str) -> int:
        """Its place in the settings; what was imported by hand comes last."""
        return self._sources.index(source) if source in self._sources else len(self._sources)

    async def _post(
        self, subscription: Subscription, message: Message, contents: Contents
    ) -> _Step:
        """Claim, send, record: one message."""
        standing = self._presence.standing(subscription.guild_id, message.channel_id)
        if (known := standing.suspension()) is not None:
            # Asking Discord would only be refused, and count against the bot.
            await self._suspend(subscription, *known)
            return _Step.STOP
        async with self._database.transaction() as stores:
            claimed = await stores.deliveries.claim(
                message.id, owner=self._owner, now=self._now(), lease=self._timing.lease
            )
        if claimed is None:
            return _Step.STOP  # another worker has it, or had it: its lease decides
        outcome = await self._ask_discord(claimed, contents)
        self._measures.outcome(outcome)
        async with self._database.transaction() as stores:
            await stores.deliveries.finish(claimed, outcome, owner=self._owner, now=self._now())
            seed = (
                isinstance(outcome, Sent)
                and subscription.preferences.seed_reactions
                and message.kind is MessageKind.PAPER
            )
            if seed:
                await stores.interests.seed(claimed.id)
        if isinstance(outcome, Sent):
            self._on_posted(
                Posted(
                    message_id=outcome.message_id,
                    place=Place(subscription.guild_id, claimed.channel_id),
                    tried_before=claimed.first_sent_at is not None,
                    seed=seed,
                )
            )
        if isinstance(outcome, Refused):
            await self._suspend(subscription, cause_of(outcome, standing), outcome.why)
        if not isinstance(outcome, Unknown):
            self._handed_over.pop(message.id, None)
        if not isinstance(outcome, Sent):
            log.log(
                logging.ERROR if isinstance(outcome, Rejected) else logging.WARNING,
                "message %d of delivery %d in channel %d: %s: %s",
                claimed.id,
                claimed.delivery_id,
                claimed.channel_id,
                type(outcome).__name__,
                outcome.why,
            )
        match outcome:
            case Sent():
                if contents.open():
                    self._measures.first_posted(self._now() - contents.slot_at)
                return _Step.NEXT
            case Rejected():
                return _Step.NEXT
            case Refused():
                return _Step.STOP
            case NotSent() | Unknown():
                return _Step.AGAIN

    async def _ask_discord(self, message: Message, contents: Contents) -> Outcome:
        rendered = contents.render(message)
        if rendered is None:
            return Rejected("there is nothing left to say in it")
        first = self._handed_over.get(message.id)
        if must_look_back(
            message,
            handed_over=None if first is None else first.ago(self._now()),
            nonce_remembered=self._timing.nonce_remembered,
        ):
            found = await self._look_back(message, rendered)
            if not isinstance(found, NotSent):
                return found
            self._handed_over.pop(message.id, None)
        self._handed_over.setdefault(message.id, _Moment.of(self._now()))
        outcome = await self._sender.send(message.channel_id, rendered, nonce=message.nonce)
        if isinstance(outcome, Rejected) and (plain := contents.render(message, plain=True)):
            log.warning("message %d was rejected, trying it plain: %s", message.id, outcome.why)
            outcome = await self._sender.send(message.channel_id, plain, nonce=message.nonce)
        if isinstance(outcome, NotSent) and message.first_sent_at is not None:
            # This try did not arrive, but an earlier one may have.
            return Unknown(outcome.why)
        return outcome

    async def _look_back(self, message: Message, rendered: Rendered) -> Outcome:
        """`Sent` if the message stands in its channel, `NotSent` if it surely does not."""
        assert message.first_sent_at is not None  # noqa: S101 - that is why we look
        looked_at = self._now()
        async with self._database.reading() as stores:
            after_id = await stores.deliveries.last_posted(
                message.channel_id, before=message.first_sent_at
            )
        found = await self._sender.find(
            message.channel_id, rendered, after_id=after_id, since=message.first_sent_at
        )
        if isinstance(found, NotSent):
            log.info("message %d is not in the channel: sending it", message.id)
            async with self._database.transaction() as stores:
                await stores.deliveries.absent(message.id, owner=self._owner, at=looked_at)
            return found
        if isinstance(found, Sent | Refused | Rejected):
            return found
        return Unknown(f"could not look back: {found.why}")

    async def _suspend(
        self, subscription: Subscription, cause: SuspensionCause, reason: str
    ) -> None:
        async with self._database.transaction() as stores:
            suspended = await stores.subscriptions.suspend(
                subscription.id, cause, reason, at=self._now()
            )
        if suspended:
            self._measures.suspended(cause)
            log.warning("channel %d is suspended (%s): %s", subscription.channel_id, cause, reason)

    async def _pause(self, tries: int) -> bool:
        """Wait before another try, longer each time; false if we are to stop meanwhile."""
        longest = min(
            self._timing.first_retry * 2 ** (tries - 1), self._timing.last_retry
        ).total_seconds()
        delay = longest * random.uniform(0.5, 1)  # noqa: S311 - jitter, not a secret
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), timeout=delay)
        return not self._stopping.is_set()

    async def _together(self, coroutines: Sequence[Coroutine[Any, Any, None]]) -> None:
        tasks = [asyncio.create_task(self._guarded(coroutine)) for coroutine in coroutines]
        self._tasks.update(tasks)
        for task in tasks:
            task.add_done_callback(self._tasks.discard)
        if tasks:
            await asyncio.wait(tasks)

    async def _guarded(self, coroutine: Coroutine[Any, Any, None]) -> None:
        try:
            await coroutine
        except StorageError as error:
            log.error("a delivery stands still: %s", error)  # noqa: TRY400 - a known cause
        except Exception:
            # The delivery stands in the store as far as it came: the next sweep takes it up.
            log.exception("a delivery failed")


@dataclass(frozen=True, slots=True)
class _Moment:
    """When this process did something, by two clocks: either may stand still or be set."""

    at: datetime
    ticks: float

    @classmethod
    def of(cls, now: datetime) -> Self:
        return cls(now, time.monotonic())

    def ago(self, now: datetime) -> timedelta:
        """How long ago it was, the longer of what both clocks say."""
        return max(abs(now - self.at), timedelta(seconds=time.monotonic() - self.ticks))
