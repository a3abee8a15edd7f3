"""Addresses as sources write them: which of them can be handed on as links."""

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from bot.domain.text import clean

_LONGEST: Final = 2048
_UNSAFE: Final = re.compile(r"[\s<>\"'`{}|\\^\[\]]")
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.I)
_BARE: Final = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}/", re.I)


def web_address(text: str, *, with_path: bool = False) -> str | None:
    """`text` as an http(s) URL that can stand behind a link, or `None` if that is doubtful.

    A missing scheme is put before something like `github.com/owner/name`. `with_path` refuses
    a site's front page.
    """
    url = clean(text)
    if _BARE.match(url):
        url = f"https://{url}"
    if not url.isascii() or len(url) > _LONGEST or _UNSAFE.search(url):
        return None
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https") or "@" in parts.netloc:
        return None
    labels = (parts.hostname or "").split(".")
    if len(labels) < 2 or not all(_HOST.fullmatch(label) for label in labels):
        return None
    return url if parts.path.strip("/") or not with_path else None


def media_address(text: str) -> str | None:
    """`text` as the address of a picture or film, which may be relative; `None` if it is none.

    White space, quotes, angle and square brackets are in no address, so that every address
    can be written in Markdown and read again.
    """
    address = clean(text)
    return None if not address or len(address) > _LONGEST or _UNSAFE.search(address) else address


def is_safe_transport(url: str) -> bool:
    """Whether `url` is https, or http to this very machine."""
    parts = _split(url)
    if parts is None or not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))


def same_origin(first: str, second: str) -> bool:
    """Whether two URLs name the same scheme, host and port."""
    one, other = _split(first), _split(second)
    return one is not None and other is not None and _origin(one) == _origin(other)


def without_secrets(url: str) -> str:
    """`url` as it may be shown: no password, no query."""
    return re.sub(r"//[^/@]*@", "//", url.partition("?")[0])


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # read to find out whether it is a number
    except ValueError:
        return None
    return parts
