"""Faces whose buttons and selects answer also after a restart."""

from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeAlias, TypeVar

import discord
from discord.ext import commands

from bot.answering import answer_error, begin_answer
from bot.cogs.cooldown import Cooldown
from bot.domain.interests import Place
from bot.domain.lookups import Asker
from bot.services.measures import Measures

Interaction: TypeAlias = discord.Interaction[Any]
Items: TypeAlias = Sequence[type[discord.ui.DynamicItem[Any]]]


class PressedCog(commands.Cog):
    """A cog that knows its `items` by their `custom_id`, whoever sent them and when."""

    items: ClassVar[Items] = ()

    def __init__(
        self, bot: commands.AutoShardedBot, *, cooldown: Cooldown, measures: Measures
    ) -> None:
        self._bot = bot
        self.cooldown = cooldown
        self.measures = measures

    async def cog_load(self) -> None:
        self._bot.add_dynamic_items(*self.items)

    async def cog_unload(self) -> None:
        self._bot.remove_dynamic_items(*self.items)


Face = TypeVar("Face", bound=PressedCog)
_Options = ParamSpec("_Options")
_Press: TypeAlias = Callable[Concatenate[Face, Interaction, _Options], Coroutine[Any, Any, None]]


def answered(name: str) -> Callable[[_Press[Face, _Options]], _Press[Face, _Options]]:
    """Let a press count, answer whatever goes wrong with it, and call it `name` in logs."""

    def decorate(press: _Press[Face, _Options]) -> _Press[Face, _Options]:
        @wraps(press)
        async def answering(
            cog: Face, interaction: Interaction, /, *args: _Options.args, **options: _Options.kwargs
        ) -> None:
            begin_answer(interaction, name=name)
            try:
                cog.cooldown.spend(interaction)
                await press(cog, interaction, *args, **options)
            except Exception as error:  # noqa: BLE001 - it logs what was not foreseen
                await answer_error(interaction, error, name=name, measures=cog.measures)

        return answering

    return decorate


def is_known(interaction: Interaction, custom_id: str) -> bool:
    """Whether any face of the bot answers to an item of this id."""
    return any(
        is_of(custom_id, cog.items)
        for cog in interaction.client.cogs.values()
        if isinstance(cog, PressedCog)
    )


def is_of(custom_id: str, kinds: Items) -> bool:
    """Whether an id is that of an item of one of these kinds."""
    return any(
        kind.__discord_ui_compiled_template__.fullmatch(custom_id) is not None for kind in kinds
    )


def asker_of(interaction: Interaction) -> Asker:
    """Who asks or presses, and where."""
    return Asker(interaction.user.id, Place(interaction.guild_id or 0, interaction.channel_id or 0))


def button(item: discord.ui.Item[Any]) -> discord.ui.Button[Any]:
    """What was pressed, which we gave the id of a button."""
    assert isinstance(item, discord.ui.Button)  # noqa: S101 - we gave the id to a button
    return item
