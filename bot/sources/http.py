"""Asking over HTTP: patient with servers that stumble, firm with answers that are too large."""

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final, Generic, Self, TypeVar

import aiohttp
import stamina

from bot import __version__
from bot.domain.errors import SourceUnavailable, SourceUnreadable

_MIB: Final = 2**20
_REDIRECTS: Final = 5
_REMEMBERED: Final = 16
_CHUNK: Final = 2**16

# `ratelimit: "api";r=0;t=55`: t is the seconds until the window opens again
# (https://huggingface.co/docs/hub/rate-limits).
_WINDOW_OPENS: Final = re.compile(r"(?:^|;)\s*t=(\d{1,9})\b", re.ASCII)
_NEXT_LINK: Final = re.compile(r'<([^<>]*)>[^,<>]*;\s*rel="?next"?', re.I)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer in full: any status but the ones that mean "try again"."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def etag(self) -> str | None:
        return self.headers.get("ETag")

    @property
    def next_link(self) -> str | None:
        """Where `Link: <…>; rel="next"` points, as written."""
        found = _NEXT_LINK.search(self.headers.get("Link", ""))
        return found[1] if found else None


class Http:
    """One client session for all sources; use it as an async context manager.

    `timeout` (seconds) bounds one attempt from connecting to the last byte, `max_bytes` an
    answer's body after decompression. Time-outs, lost connections, 429 and 5xx are tried
    `attempts` times in all. Between two of them it waits as long as the server asks for
    (`ratelimit`, `Retry-After`), but at most `longest_pause` seconds; without such a wish
    `wait_initial` seconds, doubled each time up to `wait_max`, plus up to `wait_jitter`.
    """

    def __init__(
        self,
        *,
        timeout: float = 30.0,
        max_bytes: int = 20 * _MIB,
        attempts: int = 4,
        wait_initial: float = 1.0,
        wait_max: float = 30.0,
        wait_jitter: float = 1.0,
        longest_pause: float = 300.0,
    ) -> None:
        self.max_bytes = max_bytes
        self._timeout = timeout
        self._attempts = attempts
        self._longest_pause = longest_pause
        self._retrying = stamina.AsyncRetryingCaller(
            attempts=attempts,
            timeout=None,
            wait_initial=wait_initial,
            wait_max=wait_max,
            wait_jitter=wait_jitter,
        )
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._timeout),
            headers={"User-Agent": f"daily-papers/{__version__}"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(
        self, url: str, *, source: str, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """What `url` answers; errors are told in the name of `source`.

        Raises `SourceUnavailable` when every attempt failed, `SourceUnreadable` for what no
        attempt would mend: an answer over `max_bytes`, an impossible address, endless redirects.
        """

        async def ask() -> Answer:
            return await self._ask(url, source, headers or {})

        # stamina logs the arguments it is given, and the headers may hold a token: so none.
        try:
            return await self._retrying(self._pause_after, ask)
        except _Stumbled as stumbled:
            raise SourceUnavailable(
                source, f"{stumbled}, {self._attempts} times in a row"
            ) from stumbled

    def _pause_after(self, error: Exception) -> bool | float:
        if not isinstance(error, _Stumbled):
            return False
        return True if error.pause is None else min(error.pause, self._longest_pause)

    async def _ask(self, url: str, source: str, headers: Mapping[str, str]) -> Answer:
        if self._session is None:
            raise RuntimeError("Http is used outside its `async with`")
        try:
            async with self._session.get(
                url, headers=headers, max_redirects=_REDIRECTS
            ) as response:
                if response.status in (408, 425, 429) or response.status >= 500:
                    raise _Stumbled(f"it answered {response.status}", pause_asked(response.headers))
                return Answer(response.status, response.headers, await self._body(response, source))
        except TimeoutError as error:
            raise _Stumbled(f"no answer within {self._timeout:g} s") from error
        except (
            aiohttp.InvalidURL,
            aiohttp.NonHttpUrlClientError,
            aiohttp.TooManyRedirects,
            ValueError,
        ) as error:
            raise SourceUnreadable(
                source, f"the address cannot be asked ({type(error).__name__})"
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise _Stumbled(f"the connection failed ({type(error).__name__})") from error

    async def _body(self, response: aiohttp.ClientResponse, source: str) -> bytes:
        # Counted as it arrives: neither a wrong Content-Length nor a small body that inflates
        # to a large one fills the memory.
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > self.max_bytes:
                raise SourceUnreadable(source, too_large(self.max_bytes))
        return bytes(body)


class Remembered(Generic[T]):
    """What was made of the last answers, by URL, for servers that say "not modified".

    Keeps a few only: what a poller asks for again and again.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[str, T]] = OrderedDict()

    def get(self, url: str) -> tuple[str, T] | None:
        """The ETag of `url` and what was made of the answer."""
        return self._known.get(url)

    def put(self, url: str, etag: str | None, made: T) -> None:
        """Keep `made` for as long as `url` has this ETag; without one there is nothing to keep."""
        self._known.pop(url, None)
        if etag is not None:
            self._known[url] = (etag, made)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


def pause_asked(headers: Mapping[str, str]) -> float | None:
    """The seconds a server asks us to wait; `None` if it does not say.

    From the `t` of Hugging Face's `ratelimit` header, or from `Retry-After` in seconds or as a
    date, which is counted from the answer's own `Date`.
    """
    if found := _WINDOW_OPENS.search(headers.get("ratelimit", "")):
        return float(found[1])
    asked = headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdecimal() and len(asked) < 10:
        return float(asked)
    until, sent = _http_date(asked), _http_date(headers.get("Date", ""))
    if until is None or sent is None:
        return None
    return max(0.0, (until - sent).total_seconds())


def too_large(max_bytes: int) -> str:
    """How we say that something is over the limit."""
    return f"larger than {max_bytes / _MIB:g} MiB"


def _http_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo is not None else None


class _Stumbled(Exception):  # not a BotError: it never leaves this module
    """One attempt failed in a way that another may not."""

    def __init__(self, message: str, pause: float | None = None) -> None:
        super().__init__(message)
        self.pause = pause
