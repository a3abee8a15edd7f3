"""How often one person may ask the archive: often enough for people, too seldom for a loop."""

from typing import Any, Final

import discord
from discord import app_commands
from discord.ext import commands

ASKED: Final = 20
PER_SECONDS: Final = 60.0


class Cooldown:
    """One allowance per person for all look-ups and the buttons under them, in every server."""

    def __init__(self) -> None:
        self._people: commands.CooldownMapping[discord.Interaction[Any]] = (
            commands.CooldownMapping.from_cooldown(ASKED, PER_SECONDS, _person)
        )

    def spend(self, interaction: discord.Interaction[Any]) -> None:
        """Count one question; `CommandOnCooldown` says how long to wait once it is too many."""
        now = interaction.created_at.timestamp()
        allowance = self._people.get_bucket(interaction, now)
        assert allowance is not None  # noqa: S101 - everybody has one
        if (seconds := allowance.update_rate_limit(now)) is not None:
            raise app_commands.CommandOnCooldown(app_commands.Cooldown(ASKED, PER_SECONDS), seconds)


def _person(interaction: discord.Interaction[Any]) -> int:
    return interaction.user.id
