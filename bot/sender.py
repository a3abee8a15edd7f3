"""Messages to Discord: what it answers becomes an `Outcome`."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import aiohttp
import discord

from bot.domain.deliveries import NotSent, Outcome, Refused, Rejected, Sent, Unknown
from bot.domain.text import clean
from bot.pacing import paced
from bot.rendering.message import Rendered
from bot.rendering.recognition import shows
from bot.services.timing import DEFAULT_TIMING

HISTORY_LOOKED_AT: Final = 500
CLOCKS_APART: Final = timedelta(minutes=5)
"""How far Discord's clock, which dates messages, may be from ours."""


class DiscordSender:
    """The `Sender` that speaks to Discord through `client`."""

    def __init__(
        self, client: discord.Client, *, timeout: timedelta = DEFAULT_TIMING.request_timeout
    ) -> None:
        self._client = client
        self._timeout = timeout.total_seconds()

    async def send(self, channel_id: int, message: Rendered, *, nonce: str) -> Outcome:
        """Post `message`, or tell what became of it; no exception of the network's gets out."""
        with paced() as requests:
            outcome = await self._send(channel_id, message, nonce=nonce)
        if requests.in_doubt and not isinstance(outcome, Sent):
            # discord.py tells of its last request; an earlier one may have arrived.
            return Unknown(outcome.why)
        return outcome

    async def _send(self, channel_id: int, message: Rendered, *, nonce: str) -> Outcome:
        channel = self._client.get_partial_messageable(channel_id)
        try:
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
            outcome = outcome_of(error.status, error.code, error.text)
            # A history that was not read is not one without the message.
            return outcome if isinstance(outcome, Refused) else Unknown(str(error))
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            return Unknown(f"could not read the history: {error!r}")
        return NotSent("not in the channel's history")


_CLOSED_TO_US: Final = frozenset({50008, 50024, 50083, 160005})
"""No channel for messages (twice), a thread that is archived, a thread that is locked."""
_SLOW_DOWN: Final = frozenset({20016, 20028})
_NETWORK: Final = 40333
"""Discord's own network refuses, not the channel."""
_REASON_SHOWN: Final = 200


def outcome_of(status: int, code: int, text: str) -> Outcome:
    """What an error that Discord answered means for the message.

    An answer without a code of Discord's is a proxy's or a firewall's: it says nothing about
    the channel or the message. Codes:
    https://discord.com/developers/docs/topics/opcodes-and-status-codes
    """
    why = clean(f"{text or 'no text'} ({status}, error {code})")[-_REASON_SHOWN:]
    if status >= 500:
        return Unknown(why)
    if code in _SLOW_DOWN or status in (401, 407, 408, 429):
        return NotSent(why)
    if status == 413:
        return Rejected(why)
    if code in (0, _NETWORK):
        return NotSent(why)
    if code in _CLOSED_TO_US or status in (403, 404):
        return Refused(why)
    return Rejected(why)
