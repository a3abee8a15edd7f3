"""What the messages of a delivery show."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Self

from bot.domain.deliveries import (
    Delivery,
    EditionItem,
    Message,
    MessageKind,
    is_as_listed,
)
from bot.domain.digests import Listing
from bot.domain.follows import Follow, followed
from bot.domain.interests import Place, Verdict
from bot.domain.papers import Paper, PaperId
from bot.domain.subscriptions import Preferences, Scope, Subscription
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
from bot.services.planning import follows_of
from bot.services.recent_lists import Lists
from bot.storage.database import Stores

# A card without a heading is the same in every channel of a language.
_same_for_all = lru_cache(maxsize=1024)(paper_card)


class Contents:
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

    @classmethod
    async def read(
        cls,
        stores: Stores,
        delivery: Delivery,
        subscription: Subscription,
        lists: Lists,
        sources: Sequence[str],
    ) -> Self:
        """Of a delivery as it is stored; `sources` are those of its lists, in their order."""
        counts = await stores.interests.counts(
            Place(subscription.guild_id, delivery.channel_id),
            [item.paper_id for item in delivery.items],
        )
        papers = [lists.by_paper[item.day, item.paper_id].paper for item in delivery.items]
        why = followed(await follows_of(stores, subscription), papers)
        unread = await _unread(stores, subscription, delivery)
        return cls(delivery, subscription, lists, sources, counts, why, unread)

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
