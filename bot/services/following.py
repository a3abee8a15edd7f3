"""What a person can do for themselves: follow, and have their own daily papers.

Both come by direct message, from one subscription of the person's (docs/decisions/0012).
"""

import re
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import time
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from bot.domain.deliveries import Outcome, Refused
from bot.domain.errors import BotError, InvalidInput, NotFound
from bot.domain.follows import MOST_FOLLOWS, Follow, FollowKind
from bot.domain.lookups import Author
from bot.domain.papers import PaperId
from bot.domain.phrases import phrase
from bot.domain.queries import parse_query
from bot.domain.subscriptions import (
    DEFAULT_TIME,
    NO_GUILD,
    DailyTime,
    Preferences,
    Scope,
    Subscription,
    SubscriptionState,
)
from bot.domain.text import clean, fold, quoted
from bot.services.clock import Now
from bot.storage.database import Database, Stores

DIGEST_LIMIT: Final = 10
"""Cards a day for one person, unless they say otherwise."""

LONGEST: Final = 200
"""Characters of what is followed."""

_CANDIDATES: Final = 5
_CHOSEN: Final = re.compile(r"#(\d{1,18})", re.ASCII)
_VERY_NAME: Final = re.compile(r'"([^"]+)"')


class Direct(Protocol):
    """Direct messages. `bot.sender.DiscordSender` opens them."""

    async def direct(self, user_id: int) -> int | Outcome:
        """The channel of direct messages with a person, or why it could not be had."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What a person follows now, and the subscription that tells them; `is_new` unless they did
    already."""

    said: str
    subscription: Subscription
    is_new: bool
    is_known: bool = True
    """Whether any paper has that author yet; words are always known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """The first authors of a paper, for a person to choose whom to follow; `count` is of all of
    them, `followed` are the ids of those whom the person follows."""

    authors: tuple[Author, ...]
    count: int
    followed: frozenset[int]


class Following:
    """Follows and personal subscriptions, with the timers following at once."""

    def __init__(
        self,
        database: Database,
        direct: Direct,
        *,
        now: Now,
        on_change: Callable[[], Awaitable[None]],
        on_resume: Callable[[], Awaitable[None]],
    ) -> None:
        self._database = database
        self._direct = direct
        self._now = now
        self._on_change = on_change
        self._on_resume = on_resume

    # --- follows ---

    async def follow_author(self, reader_id: int, typed: str, *, language: str) -> Followed:
        """Follow the author whom somebody typed or chose (`#12`). A name that no paper has yet is
        kept and held against papers to come, as is a name in quotes; `InvalidInput` names those
        who may be meant."""
        author, name = await self._author(typed)
        return await self._follow(
            reader_id,
            FollowKind.AUTHOR,
            name,
            author_id=None if author is None else author.id,
            language=language,
        )

    async def follow_words(self, reader_id: int, typed: str, *, language: str) -> Followed:
        """Follow what a search for `typed` finds; `InvalidInput` if it wants nothing."""
        if not parse_query(typed).wanted:
            raise InvalidInput(
                f"no words in {len(typed)} characters",
                reply=phrase("I need a word to follow, such as `diffusion` or `state space`."),
            )
        return await self._follow(reader_id, FollowKind.WORDS, clean(typed), language=language)

    async def toggle_author(
        self, reader_id: int, author_id: int, *, language: str
    ) -> Followed | Follow:
        """Follow an author, or end that: the follow that ended."""
        async with self._database.reading() as stores:
            follows = await stores.follows.of_reader(reader_id)
        for follow in follows:
            if follow.author_id == author_id:
                return await self.unfollow(reader_id, follow.id)
        return await self.follow_author(reader_id, f"#{author_id}", language=language)

    async def authors(self, reader_id: int, paper_id: PaperId, *, limit: int) -> Offered:
        """The first `limit` authors of a paper; `NotFound` if the archive does not hold it, or
        nobody who signed it."""
        async with self._database.reading() as stores:
            paper = await stores.papers.get(paper_id)
            authors = await stores.authors.of_paper(paper_id, limit=limit)
            follows = await stores.follows.of_reader(reader_id)
        if not authors:
            raise NotFound(
                f"paper {paper_id} has no authors",
                reply=phrase("I know no author of that paper."),
            )
        return Offered(
            authors=authors,
            count=len(set(paper.authors)),
            followed=frozenset(follow.author_id for follow in follows if follow.author_id)
            & {author.id for author in authors},
        )

    async def choose_authors(
        self, reader_id: int, *, begun: Collection[int], ended: Collection[int], language: str
    ) -> Subscription | None:
        """Follow some authors, and others no longer, all at once: the subscription there is then.
        `InvalidInput` if that is more than is kept of one person."""
        channel_id = await self._channel(reader_id) if begun else None
        async with self._database.transaction() as stores:
            for follow in await stores.follows.of_reader(reader_id):
                if follow.author_id in ended:
                    await stores.follows.remove(reader_id, follow.id)
            for author_id in begun:
                if (author := await stores.authors.get(author_id)) is not None:
                    await self._add(
                        stores,
                        reader_id,
                        FollowKind.AUTHOR,
                        clean(author.name),
                        author_id=author_id,
                    )
            if channel_id is None:
                subscription = await _settled(stores, reader_id)
            else:
                subscription = await self._begun(stores, reader_id, channel_id, language)
        await self._on_change()
        return subscription

    async def follows(self, reader_id: int) -> tuple[Follow, ...]:
        async with self._database.reading() as stores:
            return await stores.follows.of_reader(reader_id)

    async def unfollow(self, reader_id: int, follow_id: int) -> Follow:
        """End a follow; `NotFound` if the person has none of this id. With the last one a
        subscription that was for them alone ends too."""
        async with self._database.transaction() as stores:
            of_reader = await stores.follows.of_reader(reader_id)
            ended = next((each for each in of_reader if each.id == follow_id), None)
            if ended is None:
                raise NotFound(
                    f"no follow {follow_id}",
                    reply=phrase("You don't follow that. `/follow list` shows what you follow."),
                )
            await stores.follows.remove(reader_id, follow_id)
            await _settled(stores, reader_id)
        await self._on_change()
        return ended

    async def _author(self, typed: str) -> tuple[Author | None, str]:
        async def look(stores: Stores) -> tuple[Author, ...]:
            if chosen := _CHOSEN.fullmatch(typed.strip()):
                author = await stores.authors.get(int(chosen[1]))
                return () if author is None else (author,)
            return await stores.authors.find(typed, limit=_CANDIDATES)

        found = await self._database.look_up(look)
        very = _VERY_NAME.fullmatch(typed.strip())
        name = clean(very[1] if very else typed)
        if not fold(name) or (_CHOSEN.fullmatch(name) and not found):
            raise NotFound(
                f"no author in {len(typed)} characters",
                reply=phrase("I need the name of an author, such as `Yann LeCun`."),
            )
        same = [author for author in found if fold(author.name) == fold(name)]
        if len(same) == 1 or (len(found) == 1 and not very):
            meant = (same or found)[0]
            return meant, clean(meant.name)
        if very or not found:
            return None, name
        raise InvalidInput(
            f"{len(found)} authors may be meant",
            reply=phrase(
                "{typed} may be several: {names}. Choose one from the list as you type, or write "
                "the name in quotes to follow exactly that.",
                typed=quoted(typed),
                names=tuple(quoted(author.name) for author in found),
            ),
        )

    async def _follow(
        self,
        reader_id: int,
        kind: FollowKind,
        said: str,
        *,
        author_id: int | None = None,
        language: str,
    ) -> Followed:
        if author_id is None:
            said = said[:LONGEST].rstrip()
        # Before anything is written: opening direct messages asks Discord.
        channel_id = await self._channel(reader_id)
        async with self._database.transaction() as stores:
            is_new = await self._add(stores, reader_id, kind, said, author_id=author_id)
            subscription = await self._begun(stores, reader_id, channel_id, language)
        await self._on_change()
        return Followed(
            said=said,
            subscription=subscription,
            is_new=is_new,
            is_known=kind is FollowKind.WORDS or author_id is not None,
        )

    async def _add(
        self,
        stores: Stores,
        reader_id: int,
        kind: FollowKind,
        said: str,
        *,
        author_id: int | None,
    ) -> bool:
        """Follow that too; whether it is new."""
        known = await stores.follows.of_reader(reader_id)
        for follow in known:
            if follow.kind is kind and follow.said == said:
                if follow.author_id is None and author_id is not None:
                    await stores.follows.tie(follow, author_id, said)
                return False
        if len(known) >= MOST_FOLLOWS:
            raise InvalidInput(
                f"{len(known)} follows",
                reply=phrase(
                    "You follow {count} already, and I keep no more: `/follow remove` ends one.",
                    count=len(known),
                ),
            )
        await stores.follows.add(
            reader_id=reader_id, kind=kind, said=said, author_id=author_id, at=self._now()
        )
        return True

    async def _begun(
        self, stores: Stores, reader_id: int, channel_id: int, language: str
    ) -> Subscription:
        """The subscription of somebody who follows, which begins with the first follow."""
        subscription = await stores.subscriptions.of_reader(reader_id)
        if subscription is not None:
            return subscription
        return await stores.subscriptions.add(
            guild_id=NO_GUILD,
            channel_id=channel_id,
            preferences=replace(_defaults(language), announce_quiet_days=False),
            created_at=self._now(),
            created_by=reader_id,
            reader_id=reader_id,
            scope=Scope.FOLLOWED,
        )

    # --- the person's own subscription ---

    async def subscription(self, reader_id: int) -> Subscription | None:
        async with self._database.reading() as stores:
            return await stores.subscriptions.of_reader(reader_id)

    async def digest(
        self,
        reader_id: int,
        *,
        at: time | None = None,
        zone: ZoneInfo | None = None,
        language: str | None = None,
        limit: int | None = None,
    ) -> Subscription:
        """Bring a person the papers of the day; what is `None` stays as it was, or as usual.

        For somebody who only followed it begins as for anybody: with the newest list alone.
        """
        channel_id = await self._channel(reader_id)
        async with self._database.transaction() as stores:
            before = await stores.subscriptions.of_reader(reader_id)
            usual = before.preferences if before is not None else _defaults("en")
            preferences = replace(
                usual,
                daily=DailyTime(at=at or usual.daily.at, zone=zone or usual.daily.zone),
                language=language or usual.language,
                limit=limit or usual.limit,
                announce_quiet_days=True,
            )
            if before is not None and before.scope is Scope.LISTS:
                subscription = await stores.subscriptions.change(
                    before.id, preferences, at=self._now()
                )
            else:
                if before is not None:
                    await stores.subscriptions.remove(before.id)
                subscription = await stores.subscriptions.add(
                    guild_id=NO_GUILD,
                    channel_id=channel_id,
                    preferences=preferences,
                    created_at=self._now(),
                    created_by=reader_id,
                    reader_id=reader_id,
                )
                if before is not None and (shut := before.suspension) is not None:
                    # Its person has not been told yet: see `take_up`.
                    await stores.subscriptions.suspend(
                        subscription.id, shut.cause, shut.reason, at=shut.since
                    )
        await self._on_change()
        return subscription

    async def hour(
        self, reader_id: int, *, at: time | None = None, zone: ZoneInfo | None = None
    ) -> Subscription:
        """Move the hour at which a person gets what is new; `NotFound` if they get nothing."""
        async with self._database.transaction() as stores:
            before = await stores.subscriptions.of_reader(reader_id)
            if before is None:
                raise _nothing()
            daily = before.preferences.daily
            preferences = replace(
                before.preferences,
                daily=DailyTime(at=at or daily.at, zone=zone or daily.zone),
            )
            changed = await stores.subscriptions.change(before.id, preferences, at=self._now())
        await self._on_change()
        return changed

    async def end_digest(self, reader_id: int) -> Subscription | None:
        """End a person's digest; what they follow goes on: the subscription that is left."""
        async with self._database.transaction() as stores:
            before = await stores.subscriptions.of_reader(reader_id)
            if before is None or before.scope is not Scope.LISTS:
                raise _nothing()
            await stores.subscriptions.change(
                before.id,
                replace(before.preferences, announce_quiet_days=False),
                scope=Scope.FOLLOWED,
            )
            left = await _settled(stores, reader_id)
        await self._on_change()
        return left

    async def remind(
        self, reader_id: int, weekday: int | None, *, language: str
    ) -> Subscription | None:
        """Tell a person once a week, on `weekday` (Monday is 0), what they saved and have not
        read, with what else comes to them; `None` ends that. Returns the subscription that is
        left."""
        if weekday is None:
            async with self._database.transaction() as stores:
                before = await stores.subscriptions.of_reader(reader_id)
                if before is None or before.preferences.remind_on is None:
                    raise NotFound(
                        "no reminder",
                        reply=phrase("Nothing reminds you. `/me reminder` with a day starts it."),
                    )
                preferences = replace(before.preferences, remind_on=None)
                await stores.subscriptions.change(before.id, preferences)
                left = await _settled(stores, reader_id)
        else:
            channel_id = await self._channel(reader_id)
            async with self._database.transaction() as stores:
                before = await self._begun(stores, reader_id, channel_id, language)
                preferences = replace(before.preferences, remind_on=weekday)
                left = await stores.subscriptions.change(before.id, preferences)
        await self._on_change()
        return left

    async def take_up(self, reader_id: int) -> bool:
        """Go on with a subscription whose direct messages were closed, for the person is here
        again; whether there was one. If they are closed still, the next message finds out."""
        subscription = await self.subscription(reader_id)
        if subscription is None or subscription.state is not SubscriptionState.SUSPENDED:
            return False
        async with self._database.transaction() as stores:
            await stores.subscriptions.resume(subscription.id, at=self._now())
        await self._on_resume()
        return True

    def next_message(self, subscription: Subscription) -> str:
        """The instant of the next one, should there be papers."""
        return f"<t:{subscription.next_slot(self._now()).timestamp():.0f}:R>"

    async def _channel(self, reader_id: int) -> int:
        known = await self.subscription(reader_id)
        opened = known.channel_id if known is not None else await self._direct.direct(reader_id)
        if isinstance(opened, int):
            return opened
        raise BotError(
            f"no direct messages: {opened}",
            reply=phrase(
                "I can't write to you. Allow direct messages from this server, then try again."
            )
            if isinstance(opened, Refused)
            else phrase("Discord did not let me finish that. Please try again."),
        )


async def _settled(stores: Stores, reader_id: int) -> Subscription | None:
    """A person's subscription after something of it ended: without a digest it ends with the last
    follow, unless it reminds them."""
    subscription = await stores.subscriptions.of_reader(reader_id)
    if subscription is None or subscription.scope is not Scope.FOLLOWED:
        return subscription
    if subscription.preferences.remind_on is not None:
        return subscription
    if await stores.follows.of_reader(reader_id):
        return subscription
    await stores.subscriptions.remove(subscription.id)
    return None


def _defaults(language: str) -> Preferences:
    return Preferences(
        daily=DailyTime(at=DEFAULT_TIME, zone=ZoneInfo("UTC")),
        language=language,
        limit=DIGEST_LIMIT,
    )


def _nothing() -> NotFound:
    return NotFound(
        "no personal subscription",
        reply=phrase("Nothing comes to you yet. `/me digest` or `/follow author` starts it."),
    )
