"""Commands in the readers' languages: names, options, choices and descriptions."""

from typing import Any, Final

import discord
from discord import app_commands

from bot.rendering.catalogues import NAME, translated

_NAMES: Final = frozenset(
    {
        app_commands.TranslationContextLocation.command_name,
        app_commands.TranslationContextLocation.group_name,
        app_commands.TranslationContextLocation.parameter_name,
    }
)


class CommandTranslator(app_commands.Translator):
    """What discord.py asks, for each text of a command and each language that Discord has."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """`string` in `locale`; `None` where no catalogue has it: Discord shows the English one."""
        text = translated(string.message, str(locale), context=context_of(context))
        return text if text != string.message else None


def context_of(context: app_commands.TranslationContext[Any, Any]) -> str | None:
    """In which context catalogues have a command's text: names that Discord restricts are kept
    apart. Those of a message's menu are not restricted."""
    if isinstance(context.data, app_commands.ContextMenu):
        return None
    return NAME if context.location in _NAMES else None
