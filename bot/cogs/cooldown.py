"""How often one person may ask the archive: often enough for people, too seldom for a loop."""

from typing import Any, Final

import discord
from discord import app_commands
from discord.ext import commands

ASKED: Final = 20
PRESSED: Final = 60
"""What it costs to go through a day's list and press below every second paper."""

PER_SECONDS: Final = 60.0


class Cooldown:
    """One allowance per person in every server, such as for all look-ups and the buttons under
    them: `asked` a minute."""

    def __init__(self, asked: int = ASKED) -> None:
        self._asked = asked
        self._people: commands.CooldownMapping[discord.Interaction[Any]] = (
            commands.CooldownMapping.from_cooldown(asked, PER_SECONDS, _person)
        )

    def spend(self, interaction: discord.Interaction[Any]) -> None:
        """Count one question; `CommandOnCooldown` says how long to wait once it is too many."""
        now = interaction.created_at.timestamp()
        allowance = self._people.get_bucket(interaction, now)
        assert allowance is not None  # noqa: S101 - everybody has one
        if (seconds := allowance.update_rate_limit(now)) is not None:
            raise app_commands.CommandOnCooldown(
                app_commands.Cooldown(self._asked, PER_SECONDS), seconds
            )


def _person(interaction: discord.Interaction[Any]) -> int:
    return interaction.user.id
