"""What the people of a channel can do with their subscription."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from bot.domain.errors import InvalidInput, NotFound
from bot.domain.phrases import Language, Phrase, phrase
from bot.domain.subscriptions import Preferences, Subscription
from bot.domain.text import quoted
from bot.rendering.cards import paper_card
from bot.rendering.catalogues import languages
from bot.rendering.message import Rendered
from bot.rendering.words import is_language, language_name, same_language
from bot.services.clock import Now
from bot.storage.database import Database

# What Discord itself speaks (https://discord.com/developers/docs/reference#locales), as written
# text: a language model writes any of them.
_SPOKEN: Final = (
    *("en", "ko", "ja", "zh-hans", "zh-hant", "es", "fr", "de", "pt", "ru", "it", "id", "vi", "th"),
    *(
        "tr",
        "pl",
        "nl",
        "uk",
        "hi",
        "sv",
        "da",
        "no",
        "fi",
        "cs",
        "hu",
        "ro",
        "el",
        "bg",
        "hr",
        "lt",
    ),
)


class NotSubscribed(NotFound):
    """The channel has no subscription."""

    def __init__(self, channel_id: int) -> None:
        super().__init__(
            f"channel {channel_id} has no subscription",
            reply=phrase(
                "{channel} has no subscription. `/subscribe` starts one.",
                channel=f"<#{channel_id}>",
            ),
        )


class Subscribing:
    """Subscriptions made, changed and ended, with the timers following at once.

    `with_model` tells that a language model writes summaries in any language.
    """

    def __init__(
        self,
        database: Database,
        *,
        now: Now,
        on_change: Callable[[], Awaitable[None]],
        with_model: bool = False,
    ) -> None:
        self._database = database
        self._with_model = with_model
        self._now = now
        self._on_change = on_change

    async def subscribe(
        self, *, guild_id: int, channel_id: int, preferences: Preferences, user_id: int
    ) -> Subscription:
        """Start the daily papers in a channel, by the wish of `user_id`, who is told should the
        channel be shut one day; `AlreadySubscribed` if they come already."""
        async with self._database.transaction() as stores:
            subscription = await stores.subscriptions.add(
                guild_id=guild_id,
                channel_id=channel_id,
                preferences=preferences,
                created_at=self._now(),
                created_by=user_id,
            )
        await self._on_change()
        return subscription

    async def of_channel(self, channel_id: int) -> Subscription:
        async with self._database.reading() as stores:
            subscription = await stores.subscriptions.of_channel(channel_id)
        if subscription is None:
            raise NotSubscribed(channel_id)
        return subscription

    async def in_guild(self, guild_id: int) -> tuple[Subscription, ...]:
        async with self._database.reading() as stores:
            return await stores.subscriptions.in_guild(guild_id)

    async def change(self, subscription: Subscription, preferences: Preferences) -> Subscription:
        """Change what was chosen. A time that lies behind us today first counts tomorrow."""
        async with self._database.transaction() as stores:
            changed = await stores.subscriptions.change(
                subscription.id, preferences, at=self._now()
            )
        await self._on_change()
        return changed

    async def pause(self, channel_id: int) -> Subscription:
        """Deliver nothing for now."""
        subscription = await self.of_channel(channel_id)
        async with self._database.transaction() as stores:
            await stores.subscriptions.pause(subscription.id)
        await self._on_change()
        return await self.of_channel(channel_id)

    async def resume(self, channel_id: int) -> Subscription:
        """Deliver again: after a pause from the next slot on (what was listed meanwhile stays in
        the archive, but for the last days' papers that every delivery brings); after a
        suspension what was left half sent goes on."""
        subscription = await self.of_channel(channel_id)
        async with self._database.transaction() as stores:
            await stores.subscriptions.resume(subscription.id, at=self._now())
        await self._on_change()
        return await self.of_channel(channel_id)

    async def unsubscribe(self, channel_id: int) -> None:
        """End it. What was posted is remembered: subscribing again repeats nothing."""
        subscription = await self.of_channel(channel_id)
        async with self._database.transaction() as stores:
            await stores.subscriptions.remove(subscription.id)
        await self._on_change()

    async def forget(self, channel_id: int) -> None:
        """End the subscription of a channel that is gone, if it had one."""
        async with self._database.transaction() as stores:
            subscription = await stores.subscriptions.of_channel(channel_id)
            if subscription is not None:
                await stores.subscriptions.remove(subscription.id)
        if subscription is not None:
            await self._on_change()

    def next_post(self, subscription: Subscription) -> datetime:
        """When the next post comes, should there be papers."""
        return subscription.next_slot(self._now())

    async def languages(self) -> tuple[str, ...]:
        """The languages to choose from: those that summaries exist in, most frequent first, and
        English, which papers are written in; with a language model many more."""
        async with self._database.reading() as stores:
            known = await stores.papers.languages()
        offered = _SPOKEN if self._with_model else ("en",)
        return tuple(dict.fromkeys([*(tag for tag in known if tag != "und"), *offered]))

    async def unserved(self, language: str) -> Phrase | None:
        """What to tell who has just chosen a language of which there are no summaries, and nobody
        who writes them; `None` for any other."""
        if any(same_language(language, tag) for tag in await self.languages()):
            return None
        return phrase(
            "I have no bullets in {language} yet: until then cards come in English, or in what "
            "there is. Whoever runs me can have them written, with the setting `LLM_MODEL`.",
            language=Language(language),
        )

    async def language(self, text: str) -> str:
        """The language that somebody named, by tag or by its name in any of our languages;
        `InvalidInput` lists those at hand."""
        wanted = text.strip().casefold()
        at_hand = await self.languages()
        for tag in dict.fromkeys((*at_hand, *_SPOKEN)):
            names = {language_name(tag, in_language=spoken) for spoken in (*languages(), tag)}
            if wanted in {tag, *(name.casefold() for name in names)}:
                return tag
        if is_language(wanted):
            return wanted
        raise InvalidInput(
            f"no summaries in a language of {len(text)} characters",
            reply=phrase(
                "I have no summaries in {typed} yet. I have them in: {languages}.",
                typed=quoted(text),
                languages=tuple(
                    phrase("{tag} ({language})", tag=f"`{tag}`", language=Language(tag))
                    for tag in at_hand
                ),
            ),
        )

    async def test_card(self, language: str) -> Rendered | None:
        """The best paper of the newest list as it would be posted; `None` with an empty archive."""
        today = (self._now() + timedelta(days=1)).date()
        async with self._database.reading() as stores:
            newest = await stores.lists.newest(until=today)
        if newest is None:
            return None
        listing = newest.listings[0]
        return paper_card(
            listing.paper,
            day=newest.day,
            rank=1,
            upvotes=listing.upvotes,
            language=language,
            test=True,
        )
