"""Messages to Discord: what it answers becomes an `Outcome`."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import aiohttp
import discord

from bot.domain.deliveries import NotSent, Outcome, Refused, Rejected, Sent, Unknown
from bot.domain.subscriptions import SuspensionCause
from bot.domain.text import clean
from bot.pacing import paced
from bot.rendering.message import Rendered
from bot.rendering.recognition import shows
from bot.services.timing import DEFAULT_TIMING
from bot.sources.http import pause_asked

HISTORY_LOOKED_AT: Final = 1000
"""Messages, a hundred a request."""

BLOCKED_FOR: Final = timedelta(minutes=1)
"""How long nothing is sent after an answer of 429 that does not say how long."""

CLOCKS_APART: Final = timedelta(minutes=5)
"""How far Discord's clock, which dates messages, may be from ours."""

_NOT_DISCORDS: Final = (TypeError, KeyError, ValueError, AttributeError)
"""What discord.py raises on an answer of 200 that is a proxy's page."""


class DiscordSender:
    """The `Sender` that speaks to Discord through `client`.

    `on_locked_out` is called once, when Discord no longer takes the token: nothing is asked of
    it from then on.
    """

    def __init__(
        self,
        client: discord.Client,
        *,
        timeout: timedelta = DEFAULT_TIMING.request_timeout,
        on_locked_out: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self._timeout = timeout.total_seconds()
        self._on_locked_out = on_locked_out
        self._locked_out = False
        self._blocked_until = 0.0

    async def send(self, channel_id: int, message: Rendered, *, nonce: str) -> Outcome:
        """Post `message`, or tell what became of it; no exception of the network's gets out."""
        if (why := self._held_back()) is not None:
            return NotSent(why)
        with paced() as requests:
            outcome = await self._send(channel_id, message, nonce=nonce)
        if requests.in_doubt and not isinstance(outcome, Sent):
            # discord.py tells of its last request; an earlier one may have arrived.
            return Unknown(outcome.why)
        return outcome

    async def _send(self, channel_id: int, message: Rendered, *, nonce: str) -> Outcome:
        channel = self._client.get_partial_messageable(channel_id)
        arguments = message.arguments()
        try:
            async with asyncio.timeout(self._timeout):
                posted = await channel.send(**arguments, nonce=nonce)
        except discord.HTTPException as error:
            return self._outcome_of(error)
        except aiohttp.ClientConnectorError as error:
            return NotSent(f"no connection to Discord: {error}")
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            return Unknown(f"the answer was lost: {error!r}")
        except _NOT_DISCORDS as error:
            return Unknown(f"the answer makes no sense: {error!r}")
        return Sent(posted.id)

    async def direct(self, user_id: int) -> int | Outcome:
        """The channel of direct messages with a person, or why it could not be had."""
        if (why := self._held_back()) is not None:
            return NotSent(why)
        try:
            with paced():
                async with asyncio.timeout(self._timeout):
                    channel = await self._client.create_dm(discord.Object(user_id))
        except discord.HTTPException as error:
            return self._outcome_of(error)
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            return NotSent(f"no direct message could be begun: {error!r}")
        except _NOT_DISCORDS as error:
            return NotSent(f"the answer makes no sense: {error!r}")
        return channel.id

    async def find(
        self, channel_id: int, message: Rendered, *, after_id: int | None, since: datetime
    ) -> Outcome:
        """Look for our own `message` in the channel's history, newest first, down to `after_id`.

        Where that is further back than we look, `since` must do: by a clock that may be wrong.
        If that does not reach either, `Rejected`: it may stand there, and is not repeated.
        """
        if (why := self._held_back()) is not None:
            return Unknown(why)
        channel = self._client.get_partial_messageable(channel_id)
        oldest: datetime | None = None
        looked_at = 0
        try:
            with paced():
                async with asyncio.timeout(self._timeout):
                    async for found in channel.history(
                        after=discord.Object(after_id) if after_id is not None else None,
                        oldest_first=False,
                        limit=HISTORY_LOOKED_AT,
                    ):
                        looked_at, oldest = looked_at + 1, found.created_at
                        if self._is_ours(found) and shows(found, message):
                            return Sent(found.id)
        except discord.HTTPException as error:
            outcome = self._outcome_of(error)
            # A history that was not read is not one without the message.
            return outcome if isinstance(outcome, Refused) else Unknown(str(error))
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            return Unknown(f"could not read the history: {error!r}")
        except _NOT_DISCORDS as error:
            return Unknown(f"the history makes no sense: {error!r}")
        if looked_at == HISTORY_LOOKED_AT and oldest is not None and oldest > since - CLOCKS_APART:
            # Trying again would find the same, and more of it.
            return Rejected(
                f"not among the last {looked_at} messages, and nobody can tell of older ones"
            )
        return NotSent("not in the channel's history")

    def _is_ours(self, message: discord.Message) -> bool:
        """Whether we posted it: what answers a command or a button comes through a webhook."""
        me = self._client.user
        return me is not None and message.author.id == me.id and message.webhook_id is None

    def _outcome_of(self, error: discord.HTTPException) -> Outcome:
        """What Discord's error means for the message, and for those to come."""
        if error.status == 401 and not self._locked_out:
            self._locked_out = True
            self._on_locked_out()
        # discord.py waits for Discord's own limits by itself. Without `Via` it is the answer of
        # the shield before Discord, which blocks all that we ask.
        if error.status == 429 and "Via" not in error.response.headers:
            pause = pause_asked(error.response.headers)
            longest = BLOCKED_FOR.total_seconds() if pause is None else pause
            self._blocked_until = time.monotonic() + longest
        return outcome_of(error.status, error.code, error.text)

    def _held_back(self) -> str | None:
        """Why nothing is asked of Discord now, for it would only be refused and counted."""
        if self._locked_out:
            return "Discord takes our token no longer"
        if (seconds := self._blocked_until - time.monotonic()) > 0:
            return f"Discord blocks us for {seconds:.0f} s more"
        return None


_CLOSED_TO_US: Final = frozenset({50008, 50024, 50083, 160005})
"""No channel for messages (twice), a thread that is archived, a thread that is locked."""
_UNKNOWN_CHANNEL: Final = 10003
_NOT_PERMITTED: Final = frozenset({50001, 50013})
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
    if code == _UNKNOWN_CHANNEL:
        return Refused(why, SuspensionCause.GONE)
    if code in _NOT_PERMITTED:
        return Refused(why, SuspensionCause.LACKING)
    if code in _CLOSED_TO_US or status in (403, 404):
        return Refused(why)
    return Rejected(why)
