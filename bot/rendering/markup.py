"""Text from outside as plain text, and plain text as Discord must write it to show it so."""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from bot.domain.text import clean
from bot.rendering.latex import readable
from bot.rendering.limits import fit

_ACTIVE: Final = (
    r"@(?=(?i:everyone|here))"
    r"|[\\*_~`|\[\]<]"  # emphasis, code, spoilers, masked links, and all that stands in <>
    r"|:(?=[\w+-]+:)"  # :emoji:
    r"|:(?=//)"  # discord:// and other addresses that are not ours to link
)
# An address of which Discord makes a link that ends where ours does. Discord reads on to the next
# space, escapes included, so an address with anything else behind it is no link.
_ADDRESS: Final = (
    r"(?P<address>https?://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
    r"(?:/(?:[A-Za-z0-9/_.~%+=&?#-]*[A-Za-z0-9/_=%#-])?)?)(?=[.,:;\"')]*(?:\s|$))"
)
_UNLINKED: Final = re.compile(_ACTIVE)
_LINKED: Final = re.compile(f"{_ADDRESS}|{_ACTIVE}")
_LINE_START: Final = re.compile(r"\s*(?:[#>+-]|\d+[.)](?!\S))")
_TOO_MANY_MARKS: Final = re.compile(
    r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4})"
    r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
_INVISIBLE_LETTERS: Final = "\u115f\u1160\u2800\u3164\uffa0"
_INVISIBLE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Mn", "Me", "Zs"})
_ZERO_WIDTH_SPACE: Final = "\u200b"


def plain(text: str) -> str:
    """`text` on one line, its LaTeX readable; empty if nothing of it would be seen.

    Discord refuses a title or name without a visible character.
    """
    found = _TOO_MANY_MARKS.sub(r"\1", clean(readable(clean(text))))
    return found if any(map(_is_visible, found)) else ""


def literal(text: str) -> str:
    """Plain text of one line as Markdown that shows exactly it and notifies nobody.

    A plain http(s) address stays one that can be clicked.
    """
    return _with_quiet_start(
        text, _LINKED.sub(lambda found: found["address"] or _defused(found), text)
    )


def unlinked(text: str) -> str:
    """As `literal`, for an embed's title: an address in it is text like any other."""
    return _with_quiet_start(text, _UNLINKED.sub(_defused, text))


def link_text(text: str) -> str:
    """As `unlinked`, for the text of a masked link: square brackets, which Discord would count
    there even when escaped, become round ones."""
    return unlinked(text.translate({ord("["): "(", ord("]"): ")"}))


def shown(text: str, limit: int, *, shown_as: Callable[[str], str] = literal) -> str:
    """Text from outside, readable and literal, in at most `limit` units."""
    return fit(plain(text), limit, shown_as=shown_as)


def _defused(found: re.Match[str]) -> str:
    return f"@{_ZERO_WIDTH_SPACE}" if found.group() == "@" else f"\\{found.group()}"


def _with_quiet_start(text: str, escaped: str) -> str:
    """`escaped`, with what would make its line a heading, list, quote or subtext escaped too."""
    if (opening := _LINE_START.match(text)) is None:
        return escaped
    mark = opening.end() - 1  # nothing before it needs an escape, so it has not moved
    return f"{escaped[:mark]}\\{escaped[mark:]}"


def _is_visible(character: str) -> bool:
    return (
        unicodedata.category(character) not in _INVISIBLE_CATEGORIES
        and character not in _INVISIBLE_LETTERS
    )
