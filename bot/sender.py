"""Messages to Discord: what it answers becomes an `Outcome`."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import aiohttp
import discord

from bot.domain.deliveries import NotSent, Outcome, Refused, Rejected, Sent, Unknown
from bot.pacing import paced
from bot.rendering.message import Rendered
from bot.rendering.recognition import shows

SEND_TIMEOUT: Final = timedelta(seconds=30)
HISTORY_LOOKED_AT: Final = 500
CLOCKS_APART: Final = timedelta(minutes=5)
"""How far Discord's clock, which dates messages, may be from ours."""


class DiscordSender:
    """The `Sender` that speaks to Discord through `client`."""

    def __init__(self, client: discord.Client, *, timeout: timedelta = SEND_TIMEOUT) -> None:
        self._client = client
        self._timeout = timeout.total_seconds()

    async def send(self, channel_id: int, message: Rendered, *, nonce: str) -> Outcome:
        """Post `message`, or tell what became of it; no exception of the network's gets out."""
        channel = self._client.get_partial_messageable(channel_id)
        try:
            with paced():
                async with asyncio.timeout(self._timeout):
                    posted = await channel.send(**message.arguments(), nonce=nonce)
        except discord.HTTPException as error:
            return outcome_of(error.status, error.code, error.text)
        except aiohttp.ClientConnectorError as error:
            return NotSent(f"no connection to Discord: {error}")
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            return Unknown(f"the answer was lost: {error!r}")
        return Sent(posted.id)

    async def find(self, channel_id: int, message: Rendered, *, after: datetime) -> Outcome:
        """Look for our own `message` in the channel's history since `after`."""
        channel = self._client.get_partial_messageable(channel_id)
        me = self._client.user
        try:
            with paced():
                async with asyncio.timeout(self._timeout):
                    async for found in channel.history(
                        after=after - CLOCKS_APART, oldest_first=True, limit=HISTORY_LOOKED_AT
                    ):
                        if me is not None and found.author.id == me.id and shows(found, message):
                            return Sent(found.id)
        except discord.HTTPException as error:
            return outcome_of(error.status, error.code, error.text)
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            return Unknown(f"could not read the history: {error!r}")
        return NotSent("not in the channel's history")


_THREAD_CLOSED: Final = frozenset({50083, 160005})
_SLOW_DOWN: Final = frozenset({20016, 20028})


def outcome_of(status: int, code: int, text: str) -> Outcome:
    """What an error that Discord answered means for the message.

    Codes: https://discord.com/developers/docs/topics/opcodes-and-status-codes
    """
    why = f"{status} (error {code}): {text or 'no text'}"
    if code in _THREAD_CLOSED or status in (403, 404):
        return Refused(why)
    if status in (401, 429) or code in _SLOW_DOWN:
        return NotSent(why)
    if 400 <= status < 500:
        return Rejected(why)
    return Unknown(why)
