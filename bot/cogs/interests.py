"""What readers say of papers: the buttons under every card, and the reactions under our posts."""

import asyncio
import logging
import re
from typing import Any, Self
from weakref import WeakValueDictionary

import discord
from discord.ext import commands

from bot.answering import NOT_ANSWERED, say
from bot.cogs.cooldown import Cooldown
from bot.cogs.pressed import Interaction, PressedCog, answered, button
from bot.domain.interests import (
    Added,
    Cleared,
    Deleted,
    Place,
    Pressed,
    Reaction,
    Removed,
    Verdict,
)
from bot.domain.papers import PaperId
from bot.domain.phrases import phrase
from bot.domain.subscriptions import shard_of
from bot.endpoint import expecting_discord
from bot.reactions import emoji_key
from bot.rendering.counters import COUNTED, recounted_view
from bot.services.measures import Measures
from bot.services.tracking import Tracking

log = logging.getLogger(__name__)


class SayOfPaper(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=re.compile(rf"(?P<verdict>{'|'.join(COUNTED)}):(?P<paper>[\w./-]{{1,40}})", re.ASCII),
):
    """Like or Save: says so of the paper that is named in it, or takes it back."""

    def __init__(self, button: discord.ui.Button[Any], verdict: Verdict, paper: str) -> None:
        super().__init__(button)
        self._verdict = verdict
        self._paper = paper

    @classmethod
    async def from_custom_id(
        cls, _: Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(button(item), Verdict(match["verdict"]), match["paper"])

    async def callback(self, interaction: Interaction) -> None:
        cog = interaction.client.get_cog(InterestCog.__cog_name__)
        assert isinstance(cog, InterestCog)  # noqa: S101 - it is what registers the item
        await cog.say_of_paper(interaction, self._paper, self._verdict)


class InterestCog(PressedCog):
    """Hands what readers do to `services.tracking`."""

    items = (SayOfPaper,)

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        tracking: Tracking,
        *,
        cooldown: Cooldown,
        measures: Measures,
    ) -> None:
        super().__init__(bot, cooldown=cooldown, measures=measures)
        self._tracking = tracking
        self._cards: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._beginning: set[int] = set()

    # --- buttons ---

    @answered("say of paper")
    async def say_of_paper(self, interaction: Interaction, paper: str, verdict: Verdict) -> None:
        paper_id = PaperId.parse(paper)
        await interaction.response.defer()
        place = Place(interaction.guild_id or 0, interaction.channel_id or 0)
        pressed = await self._tracking.press(interaction.user.id, paper_id, verdict, place=place)
        if pressed is Pressed.STANDS:
            await say(
                interaction,
                phrase("You said so with a reaction already. Take that away to undo it."),
            )
            return
        assert interaction.message is not None  # noqa: S101 - what was pressed stands in one
        # One after the other: an older count must not arrive after a newer one.
        async with self._cards.setdefault(interaction.message.id, asyncio.Lock()):
            counts = await self._tracking.counts(paper_id, place)
            view = recounted_view(interaction.message, paper_id, counts)
            try:
                with expecting_discord():
                    await interaction.edit_original_response(view=view)
            except NOT_ANSWERED as error:
                # It is noted all the same; the next press shows how it stands.
                log.warning("message of a press: the counts did not arrive: %s", error)

    # --- reactions ---

    @commands.Cog.listener()
    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        if (reaction := self._reaction(event)) is None:
            return
        in_guild, author_id = event.guild_id is not None, event.message_author_id
        by_bot = event.member.bot if event.member is not None else None if in_guild else False
        self._tracking.note(
            Added(
                message_id=event.message_id,
                place=_place(event),
                reaction=reaction,
                by_bot=by_bot,
                ours=None if author_id is None else author_id == self._me,
            )
        )

    @commands.Cog.listener()
    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        if (reaction := self._reaction(event)) is not None:
            self._tracking.note(
                Removed(message_id=event.message_id, place=_place(event), reaction=reaction)
            )

    @commands.Cog.listener()
    async def on_raw_reaction_clear(self, event: discord.RawReactionClearEvent) -> None:
        self._tracking.note(Cleared(message_id=event.message_id, place=_place(event)))

    @commands.Cog.listener()
    async def on_raw_reaction_clear_emoji(self, event: discord.RawReactionClearEmojiEvent) -> None:
        if (emoji := emoji_key(event.emoji)) is not None:
            self._tracking.note(
                Cleared(message_id=event.message_id, place=_place(event), emoji=emoji)
            )

    @commands.Cog.listener()
    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        self._tracking.note(Deleted(message_id=event.message_id, place=_place(event)))

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        for message_id in event.message_ids:
            self._tracking.note(Deleted(message_id=message_id, place=_place(event)))

    # --- what may have been missed ---

    @commands.Cog.listener()
    async def on_shard_connect(self, shard_id: int) -> None:
        """A shard has a new session: one that was resumed misses nothing, and is not told here."""
        self._beginning.add(shard_id)
        self._tracking.lost(lambda guild_id: self._shard_of(guild_id) == shard_id)

    @commands.Cog.listener()
    async def on_shard_ready(self, shard_id: int) -> None:
        self._beginning.discard(shard_id)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        self._found_again(guild)

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        self._found_again(guild)

    def _found_again(self, guild: discord.Guild) -> None:
        """A server was out of reach, or we were put out of it; unless it comes with a session."""
        if self._shard_of(guild.id) not in self._beginning:
            self._tracking.lost(lambda guild_id: guild_id == guild.id)

    def _shard_of(self, guild_id: int) -> int:
        return shard_of(guild_id, self._bot.shard_count or 1)

    @property
    def _me(self) -> int | None:
        return self._bot.user.id if self._bot.user is not None else None

    def _reaction(self, event: discord.RawReactionActionEvent) -> Reaction | None:
        """What somebody else reacted with."""
        emoji = emoji_key(event.emoji)
        if emoji is None or event.user_id == self._me:
            return None
        return Reaction(event.user_id, emoji, event.burst)


def _place(
    event: discord.RawReactionActionEvent
    | discord.RawReactionClearEvent
    | discord.RawReactionClearEmojiEvent
    | discord.RawMessageDeleteEvent
    | discord.RawBulkMessageDeleteEvent,
) -> Place:
    return Place(event.guild_id or 0, event.channel_id)
