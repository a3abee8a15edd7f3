"""Messages to Discord: what it answers becomes an `Outcome`, and requests keep its pace."""

import asyncio
import logging
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp
import discord
from aiolimiter import AsyncLimiter

from bot.domain.deliveries import NotSent, Outcome, Refused, Rejected, Sent, Unknown
from bot.rendering.message import Rendered
from bot.rendering.recognition import shows

log = logging.getLogger(__name__)

REQUESTS_PER_SECOND: Final = 45
"""Of the 50 requests a second that Discord allows a bot over all routes
(https://discord.com/developers/docs/topics/rate-limits#global-rate-limit); what is left is for
commands. Answers to interactions do not count towards it."""

SEND_TIMEOUT: Final = timedelta(seconds=30)
HISTORY_LOOKED_AT: Final = 500
CLOCKS_APART: Final = timedelta(minutes=5)
"""How far Discord's clock, which dates messages, may be from ours."""

_paced: ContextVar[bool] = ContextVar("paced", default=False)


class Pacing:
    """Holds deliveries below Discord's global limit, which discord.py does not.

    It waits where aiohttp starts a request, so after discord.py has waited for the channel's
    own limit, and for each of its retries. Requests outside a delivery never wait here.
    """

    def __init__(self, per_second: float = REQUESTS_PER_SECOND) -> None:
        # One at a time, evenly spaced: a limiter of 45 in 1 s would let 90 go within one second.
        self._limiter = AsyncLimiter(1, 1 / per_second)

    def trace(self) -> aiohttp.TraceConfig:
        """The hook for discord.py's `http_trace`."""
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._wait)
        return trace

    async def _wait(self, *_request: Any) -> None:
        if _paced.get():
            await self._limiter.acquire()


class DiscordSender:
    """The `Sender` that speaks to Discord through `client`."""

    def __init__(self, client: discord.Client, *, timeout: timedelta = SEND_TIMEOUT) -> None:
        self._client = client
        self._timeout = timeout.total_seconds()

    async def send(self, channel_id: int, message: Rendered, *, nonce: str) -> Outcome:
        """Post `message`, or tell what became of it; no exception of the network's gets out."""
        channel = self._client.get_partial_messageable(channel_id)
        paced = _paced.set(True)
        try:
            async with asyncio.timeout(self._timeout):
                posted = await channel.send(**arguments(message), nonce=nonce)
        except discord.HTTPException as error:
            return outcome_of(error.status, error.code, error.text)
        except aiohttp.ClientConnectorError as error:
            return NotSent(f"no connection to Discord: {error}")
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            return Unknown(f"the answer was lost: {error!r}")
        finally:
            _paced.reset(paced)
        return Sent(posted.id)

    async def find(self, channel_id: int, message: Rendered, *, after: datetime) -> Outcome:
        """Look for our own `message` in the channel's history since `after`."""
        channel = self._client.get_partial_messageable(channel_id)
        me = self._client.user
        paced = _paced.set(True)
        try:
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
        finally:
            _paced.reset(paced)
        return NotSent("not in the channel's history")


def arguments(message: Rendered) -> dict[str, Any]:
    """`message` in discord.py's words; nobody is mentioned but the chosen role."""
    roles = [discord.Object(message.role_id)] if message.role_id is not None else []
    sent: dict[str, Any] = {
        "embeds": list(message.embeds),
        "allowed_mentions": discord.AllowedMentions(
            everyone=False, users=False, roles=roles, replied_user=False
        ),
        "silent": message.silent,
    }
    if message.content is not None:
        sent["content"] = message.content
    if (view := message.view()) is not None:
        sent["view"] = view
    return sent


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
