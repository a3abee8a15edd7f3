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
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from bot.domain.deliveries import (
    Delivery,
    DeliveryState,
    Edition,
    EditionItem,
    Message,
    MessageKind,
    MessageState,
    NotSent,
    Outcome,
    Post,
    Refused,
    Rejected,
    Sent,
    Unknown,
    Wait,
    decide,
    for_reader,
    in_order,
    is_as_listed,
    lists_for,
    lists_for_first,
    must_look_back,
    plan,
    plan_notice,
    plan_reminder,
    reminds,
)
from bot.domain.digests import Digest, Listing
from bot.domain.follows import Follow, FollowKind, followed
from bot.domain.interests import Place, Verdict
from bot.domain.papers import Paper, PaperId
from bot.domain.subscriptions import (
    Order,
    Preferences,
    Scope,
    Subscription,
    SubscriptionState,
    SuspensionCause,
)
from bot.domain.suspensions import Standing, cause_of
from bot.domain.text import clean
from bot.rendering.cards import paper_card
from bot.rendering.editions import (
    BY_CHANNELS_TASTE,
    BY_READERS_TASTE,
    closing,
    following,
    heading,
    notice,
    reason,
)
from bot.rendering.message import Rendered
from bot.rendering.reminders import reminder
from bot.services.clock import Now
from bot.services.measures import Measures
from bot.services.recent_lists import Lists, RecentLists
from bot.services.restoring import Restored
from bot.services.timing import DEFAULT_TIMING, Timing
from bot.services.turns import Turns, by_turns
from bot.storage.database import Database, Stores
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
        self._restored = restored
        self._measures = measures or Measures()
        self._on_posted = on_posted
        self._tastes = tastes
        self._lists = RecentLists()
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
                None if delivery is None else await self._plan(stores, delivery, fresh, ordering)
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
            planned = await self._plan(stores, delivery, subscription, ordering)
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

    async def _plan(
        self,
        stores: Stores,
        delivery: Delivery,
        subscription: Subscription,
        ordering: "Ordering | None",
    ) -> Delivery | None:
        """Decide what the slot brings and write it down; `None` if there is nothing to send yet."""
        channel_id, slot_at = delivery.channel_id, delivery.slot_at
        digests = (await self._lists.get(stores, lists_for(slot_at))).digests
        if subscription.is_first and not any(digests):
            days = lists_for_first(slot_at)
            newest = await stores.lists.newest(since=days[-1], until=days[0])
            digests = (newest,) if newest is not None else ()
        papers = [listing.paper for digest in digests for listing in digest]
        listed = {paper.id for paper in papers}
        follows = followed(await _follows(stores, subscription), papers)
        await _tie(stores, follows)
        decision = decide(
            subscription,
            slot_at=slot_at,
            now=self._now(),
            digests=digests,
            since=await stores.deliveries.first_day(subscription.id),
            had=await stores.deliveries.posted_in(channel_id, listed),
            delivered_days=await stores.deliveries.delivered_days(
                channel_id, [digest.day for digest in digests]
            ),
            down_since=await stores.lists.down_since(self._sources),
            choose=lambda found: for_reader(
                _in_order(found, digests, ordering, room=subscription.reader_id is None),
                followed=follows,
                scope=subscription.scope,
            ),
        )
        if isinstance(decision, Wait):
            await stores.deliveries.wait(delivery.id, decision.until)
            log.info("delivery %d of channel %d waits for a source", delivery.id, channel_id)
            return None
        if isinstance(decision, Post):
            cards = subscription.preferences.limit if subscription.scope is Scope.LISTS else 0
            messages = plan(channel_id, slot_at, cards, decision)
            quiet, quiet_until = None, decision.quiet_until
        else:
            messages = (plan_notice(channel_id, slot_at),) if decision.spoken else ()
            quiet = decision
            quiet_until = decision.next_at if decision.spoken else subscription.quiet_until
        if await _is_reminded(stores, subscription, slot_at):
            messages = (*messages, plan_reminder(channel_id, slot_at))
        return await stores.deliveries.plan(
            delivery.id,
            messages,
            quiet=quiet,
            quiet_until=quiet_until,
            maybe_sent_at=self._in_doubt_since(slot_at),
        )

    def _counted(self, planned: Delivery | None) -> Delivery | None:
        """A delivery that is written down for good."""
        if planned is not None:
            self._measures.planned(len(planned.messages))
        return planned

    def _in_doubt_since(self, slot_at: datetime) -> datetime | None:
        return None if self._restored is None else self._restored.in_doubt_since(slot_at)

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
            counts = await stores.interests.counts(
                Place(subscription.guild_id, delivery.channel_id),
                [item.paper_id for item in delivery.items],
            )
            follows = await _follows(stores, subscription)
            unread = await _unread(stores, subscription, delivery)
        why = followed(
            follows, [lists.by_paper[item.day, item.paper_id].paper for item in delivery.items]
        )
        sources = sorted(lists.sources, key=self._rank_of_source)
        contents = _Contents(delivery, subscription, lists, sources, counts, why, unread)
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
        self, subscription: Subscription, message: Message, contents: "_Contents"
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

    async def _ask_discord(self, message: Message, contents: "_Contents") -> Outcome:
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


def _in_order(
    found: Edition, digests: Sequence[Digest], ordering: "Ordering | None", *, room: bool
) -> Edition:
    """The papers of an edition in the order of a taste, with `room` for something outside it."""
    if ordering is None:
        return found
    listings = {(d.day, listing.paper.id): listing for d in digests for listing in d}
    placed = ordering([listings[item.day, item.paper_id] for item in found.items], room=room)
    return in_order(found, [place.paper_id for place in placed])


async def _unread(
    stores: Stores, subscription: Subscription, delivery: Delivery
) -> Sequence[Paper]:
    """What its person saved and has not read, if the delivery reminds of it."""
    if subscription.reader_id is None or not any(
        message.kind is MessageKind.REMINDER for message in delivery.messages
    ):
        return ()
    papers = await stores.papers.get_many(
        await stores.interests.unread(subscription.reader_id), authors=False
    )
    return tuple(papers.values())


async def _is_reminded(stores: Stores, subscription: Subscription, slot_at: datetime) -> bool:
    """Whether a person is to hear of what they saved."""
    return (
        subscription.reader_id is not None
        and reminds(subscription.preferences, slot_at)
        and bool(await stores.interests.unread(subscription.reader_id))
    )


async def _follows(stores: Stores, subscription: Subscription) -> Sequence[Follow]:
    """What its person follows; nobody follows anything for a channel."""
    if subscription.reader_id is None:
        return ()
    return await stores.follows.of_reader(subscription.reader_id)


async def _tie(stores: Stores, found: Mapping[PaperId, Sequence[Follow]]) -> None:
    """Let names that were followed before any paper had them be of the one author who has them
    now: whoever is written alike later is somebody else."""
    names = {
        follow
        for why in found.values()
        for follow in why
        if follow.kind is FollowKind.AUTHOR and follow.author_id is None
    }
    for follow in names:
        if len(authors := await stores.authors.named(follow.said)) == 1:
            await stores.follows.tie(follow, authors[0].id, clean(authors[0].name))


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


# A card without a heading is the same in every channel of a language.
_same_for_all = lru_cache(maxsize=1024)(paper_card)


class _Contents:
    """Everything that the messages of one delivery show, read once before the first is sent."""

    def __init__(
        self,
        delivery: Delivery,
        subscription: Subscription,
        lists: Lists,
        sources: Sequence[str],
        counts: Mapping[PaperId, Mapping[Verdict, int]],
        followed: Mapping[PaperId, Sequence[Follow]],
        unread: Sequence[Paper],
    ) -> None:
        self._delivery = delivery
        self._unread = unread
        self._preferences: Preferences = subscription.preferences
        self._scope = subscription.scope
        self._taste = BY_CHANNELS_TASTE if subscription.reader_id is None else BY_READERS_TASTE
        self._followed = followed
        self._lists = lists
        self._sources = sources
        self._counts = counts
        self._opened = False

    @property
    def slot_at(self) -> datetime:
        return self._delivery.slot_at

    def open(self) -> bool:
        """Remember that a message went out, and the heading with it; whether it is the first."""
        first, self._opened = not self._opened, True
        return first

    def render(self, message: Message, *, plain: bool = False) -> Rendered | None:
        """`message` as Discord should get it; `None` if there is no such form of it.

        The line that heads the day, and the mention of the role, stand on the first message.
        """
        match message.kind:
            case MessageKind.PAPER:
                return self._card(message.items[0], plain=plain)
            case MessageKind.CLOSING:
                return self._closing(message, plain=plain)
            case MessageKind.NOTICE:
                quiet = self._delivery.quiet
                if plain or quiet is None:
                    return None
                return notice(quiet, language=self._preferences.language)
            case MessageKind.REMINDER:
                return reminder(
                    self._unread,
                    slot_at=self._delivery.slot_at,
                    language=self._preferences.language,
                    plain=plain,
                )

    def _card(self, item: EditionItem, *, plain: bool) -> Rendered:
        language = self._preferences.language
        listing = self._listing(item)
        said = self._counts[item.paper_id]
        card = partial(
            _same_for_all if self._opened else paper_card,
            listing.paper,
            day=item.day,
            rank=item.rank,
            upvotes=listing.upvotes,
            language=language,
            late=item.late,
            plain=plain,
            likes=said.get(Verdict.LIKED, 0),
            saves=said.get(Verdict.SAVED, 0),
        )
        why = self._followed.get(item.paper_id, ())
        because = reason(why, language) if why else None
        if self._opened:
            return card() if because is None else card(heading=because)
        head = self._heading()
        return card(
            heading=head if because is None else f"{head}\n{because}",
            role_id=self._preferences.role_id,
        )

    def _heading(self) -> str:
        items = self._delivery.items
        # What a person follows comes first, whatever their taste.
        rest = [item for item in items if item.paper_id not in self._followed]
        return heading(
            items,
            sources=self._sources,
            language=self._preferences.language,
            order=None if is_as_listed(rest) else self._taste,
        )

    def _closing(self, message: Message, *, plain: bool) -> Rendered:
        before = [m for m in self._delivery.messages if m.position < message.position]
        listed = [
            (item, listing.paper, listing.upvotes)
            for item in message.items
            for listing in [self._listing(item)]
        ]
        # A digest that became one of follows while it was half sent has a closing all the same.
        if self._scope is Scope.FOLLOWED and listed:
            return following(
                listed,
                self._followed,
                day=self._delivery.items[0].day,
                language=self._preferences.language,
                number=sum(m.kind is MessageKind.CLOSING for m in before),
                plain=plain,
            )
        return closing(
            listed,
            day=self._delivery.items[0].day,
            language=self._preferences.language,
            quiet_until=self._delivery.quiet_until if self._is_last(message) else None,
            number=sum(m.kind is MessageKind.CLOSING for m in before),
            plain=plain,
        )

    def _listing(self, item: EditionItem) -> Listing:
        return self._lists.by_paper[item.day, item.paper_id]

    def _is_last(self, message: Message) -> bool:
        """Whether no other message about the day follows."""
        about_day = [m for m in self._delivery.messages if m.kind is not MessageKind.REMINDER]
        return message.position == about_day[-1].position
