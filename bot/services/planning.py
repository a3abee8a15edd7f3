"""What a slot brings, decided from the store and written down, in one transaction."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from bot.domain.deliveries import (
    Delivery,
    Edition,
    Post,
    Wait,
    decide,
    for_reader,
    in_order,
    lists_for,
    lists_for_first,
    plan,
    plan_notice,
    plan_reminder,
    reminds,
)
from bot.domain.digests import Digest
from bot.domain.follows import Follow, FollowKind, followed
from bot.domain.papers import PaperId
from bot.domain.subscriptions import Scope, Subscription
from bot.domain.text import clean
from bot.services.clock import Now
from bot.services.recent_lists import RecentLists
from bot.services.restoring import Restored
from bot.storage.database import Stores

if TYPE_CHECKING:  # it brings numpy, and many a bot is never asked for a taste
    from bot.domain.tastes import Ordering

log = logging.getLogger(__name__)


class Planning:
    """Decides what the slots of subscriptions bring; `sources` are those of the settings, in their
    order, and `restored` says since when the store may know less than the channels."""

    def __init__(
        self,
        lists: RecentLists,
        *,
        sources: Sequence[str],
        now: Now,
        restored: Restored | None = None,
    ) -> None:
        self._lists = lists
        self._sources = tuple(sources)
        self._now = now
        self._restored = restored

    async def plan(
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
        follows = followed(await follows_of(stores, subscription), papers)
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

    def _in_doubt_since(self, slot_at: datetime) -> datetime | None:
        return None if self._restored is None else self._restored.in_doubt_since(slot_at)


def _in_order(
    found: Edition, digests: Sequence[Digest], ordering: "Ordering | None", *, room: bool
) -> Edition:
    """The papers of an edition in the order of a taste, with `room` for something outside it."""
    if ordering is None:
        return found
    listings = {(d.day, listing.paper.id): listing for d in digests for listing in d}
    placed = ordering([listings[item.day, item.paper_id] for item in found.items], room=room)
    return in_order(found, [place.paper_id for place in placed])


async def _is_reminded(stores: Stores, subscription: Subscription, slot_at: datetime) -> bool:
    """Whether a person is to hear of what they saved."""
    return (
        subscription.reader_id is not None
        and reminds(subscription.preferences, slot_at)
        and bool(await stores.interests.unread(subscription.reader_id))
    )


async def follows_of(stores: Stores, subscription: Subscription) -> Sequence[Follow]:
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
