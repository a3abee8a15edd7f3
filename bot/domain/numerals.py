"""The numbers of a text by their value, however they are written.

`1,000`, `1 000`, `1000`, `1k`, `1천` and `one thousand` are one number. Where a way of writing has
two readings (`1.234` is a thousand in German and a little over one in English), both count: who
compares two texts gives the benefit of the doubt.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

_MOST_DIGITS: Final = 40
"""No paper has longer numbers; nothing longer is reckoned with."""

_RAISED: Final = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+")
_LOWERED: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_WIDE: Final = str.maketrans("．，", ".,")

# Powers of ten. East Asian units follow one another: 1만 2천 is 12,000.
_EAST: Final = {
    sign: power
    for signs, power in (
        ("십十", 1),
        ("백百", 2),
        ("천千", 3),
        ("만万萬", 4),
        ("억亿億", 8),
        ("조兆", 12),
    )
    for sign in signs
}
_LETTERS: Final = {"k": 3, "m": 6, "b": 9, "t": 12}
_UNITS: Final = {
    unit: power
    for units, power in (
        ("hundred", 2),
        ("thousand tausend mille mil тыс тысяч тысячи ribu nghìn", 3),
        ("million millions millionen mio millones millón milhões milhão milioni млн triệu juta", 6),
        ("billion billions bn milliarden mrd milliards bilhões miliardi млрд tỷ miliar", 9),
        ("trillion trillions billionen трлн", 12),
    )
    for unit in units.split()
}
_GROUP: Final = r"(?:[.,'’]\d+|[ \u00a0\u202f]\d{3}(?!\d))"
_EAST_UNITS: Final = f"[{''.join(_EAST)}]{{1,3}}"
_NUMBER: Final = re.compile(
    rf"(?P<digits>\d+{_GROUP}*)"
    r"(?:\s?\^\s?[({]?(?P<power>-?\d{1,2})[)}]?|[eE](?P<e>[-+]?\d{1,2})(?!\w)"
    rf"|\s?(?P<east>{_EAST_UNITS})"
    r"|[\s-]?(?P<unit>[^\W\d_]+))?"
)
_MORE_EAST: Final = re.compile(rf"\s?(?P<digits>\d+(?:[.,]\d+)*)(?P<east>{_EAST_UNITS})?")
_PERCENT: Final = re.compile(
    r"\s?(?:\\?[%％]|percent|per cent|퍼센트|パーセント|Prozent|pour cent|por ciento|процент)", re.I
)
_SIGN: Final = re.compile(r"[.,'’ \u00a0\u202f]")
_GROUPED: Final = re.compile(r"\d{1,3}(?P<sign>[.,'’ \u00a0\u202f])\d{3}(?:(?P=sign)\d{3})*")
_DECIMAL: Final = re.compile(r"(?P<whole>.*)[.,](?P<fraction>\d+)")

_ORDERS: Final = re.compile(r"\b([a-z]+|\d)[\s-]orders?[\s-]of[\s-]magnitude", re.I)
_WORD: Final = re.compile(r"[^\W\d_]+")
_SMALL: Final = {
    word: value
    for value, words in enumerate(
        (
            "zero",
            "one single once first",
            "two twice twofold double doubles doubled doubling dual pair pairs both second binary "
            "bimanual",
            "three thrice triple triples tripled threefold third thirds",
            "four quadruple fourfold fourth quarter quarters quadruped quadrupedal",
            "five fivefold fifth",
            "six sixth sixfold",
            "seven seventh",
            "eight eighth eightfold",
            "nine ninth",
            "ten tenth tenfold magnitude",
            "eleven",
            "twelve dozen",
            *["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"],
        )
    )
    for word in words.split()
}
_TENS: Final = {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
_PARTS: Final = {
    **dict.fromkeys(("half", "halve", "halves", "halved", "halving"), ("0.5", "50", "2")),
    **dict.fromkeys(("quarter", "quarters"), ("0.25", "25", "75", "0.75")),
    "tenth": ("0.1",),
}
_BARE: Final = {"hundred": 2, "hundreds": 2, "thousand": 3, "thousands": 3, **_UNITS}


@dataclass(frozen=True, slots=True)
class Numeral:
    """One number as it stands in a text.

    `values` are what it may be worth. It may also be several numbers that stand together (`3,5`);
    those are its `parts` then.
    """

    written: str
    values: frozenset[Decimal]
    parts: frozenset[Decimal] = frozenset()

    def occurs_in(self, known: frozenset[Decimal]) -> bool:
        """Whether `known` has one of its values, or all of its parts."""
        return not self.values.isdisjoint(known) or (bool(self.parts) and self.parts <= known)


def numerals(text: str) -> tuple[Numeral, ...]:
    """The numbers that `text` has in digits, in order."""
    text = _in_ascii_digits(text)
    found: list[Numeral] = []
    at = 0
    while (number := _NUMBER.search(text, at)) is not None:
        if number["east"]:
            numeral, at = _east(text, number)
        else:
            numeral = _west(text, number)
            # A unit may begin another number: "2 of 3", "3x3".
            at = max(number.end("digits"), number.end("power"), number.end("e"))
        found.append(numeral)
    return tuple(found)


@lru_cache(maxsize=256)
def values(text: str) -> frozenset[Decimal]:
    """What the numbers in `text` may be worth, those in English words too."""
    told: set[Decimal] = set(_in_words(text))
    for numeral in numerals(text):
        told |= numeral.values | numeral.parts
    return frozenset(told)


def _in_ascii_digits(text: str) -> str:
    """Digits of every script as ASCII, raised ones as powers, LaTeX's `1{,}000` as `1,000`."""
    text = text.replace("{,}", ",")
    if text.isascii():
        return text
    text = _RAISED.sub(lambda raised: "^" + raised.group().translate(_LOWERED), text)
    return "".join(
        str(digit) if (digit := unicodedata.decimal(c, None)) is not None else c
        for c in text.translate(_WIDE)
    )


def _west(text: str, number: re.Match[str]) -> Numeral:
    plain, parts = _readings(number["digits"])
    worth = set(plain)
    exponent = number["power"] or number["e"]
    unit = (number["unit"] or "").casefold()
    if exponent is not None:
        parts |= plain | {Decimal(abs(int(exponent)))}
        if number["e"]:
            worth = {_tidy(value.scaleb(int(exponent))) for value in plain}
        else:
            worth = {_tidy(value ** int(exponent)) for value in plain if 0 < value <= 10_000}
    elif unit in _UNITS:
        worth = {_tidy(value.scaleb(_UNITS[unit])) for value in plain}
    elif unit in _LETTERS:
        worth |= {_tidy(value.scaleb(_LETTERS[unit])) for value in plain}
    elif _PERCENT.match(text, number.end("digits")):
        # What is 12% in one place is 0.12 in another.
        worth |= {_tidy(value.scaleb(-2)) for value in plain}
    return Numeral(number["digits"], frozenset(worth), frozenset(parts))


def _east(text: str, number: re.Match[str]) -> tuple[Numeral, int]:
    """A number with East Asian units, those that follow included, and where it ends."""
    at, unit = number.end(), number["east"]
    parts = {_scaled(value, unit) for value in _readings(number["digits"])[0]}
    whole = set(parts)
    while (more := _MORE_EAST.match(text, at)) is not None:
        following = {_scaled(value, more["east"] or "") for value in _readings(more["digits"])[0]}
        smallest = Decimal(10) ** _EAST[unit[-1]]
        if any(value >= smallest for value in following):
            break
        whole = {_tidy(one + other) for one in whole for other in following}
        parts |= following
        at = more.end()
        if not more["east"]:
            break
        unit = more["east"]
    several = frozenset(parts) if whole.isdisjoint(parts) else frozenset[Decimal]()
    return Numeral(text[number.start() : at], frozenset(whole), several), at


def _scaled(value: Decimal, units: str) -> Decimal:
    return _tidy(value.scaleb(sum(_EAST[unit] for unit in units)))


def _readings(digits: str) -> tuple[set[Decimal], set[Decimal]]:
    """What `1,234.5`, `1.234,5` or `1 234` may be worth, and the parts of what may be several."""
    if len(digits) > _MOST_DIGITS:
        return set(), set()
    pieces = _SIGN.split(digits)
    if len(pieces) == 1:
        return {_tidy(Decimal(digits))}, set()
    worth: set[Decimal] = set()
    if _GROUPED.fullmatch(digits):
        worth.add(_tidy(Decimal("".join(pieces))))
    if (found := _DECIMAL.fullmatch(digits)) is not None:
        whole = found["whole"]
        if whole.isdigit() or _GROUPED.fullmatch(whole):
            worth.add(_tidy(Decimal(f"{''.join(_SIGN.split(whole))}.{found['fraction']}")))
    # A decimal point parts nothing, and thousands that are parted by commas are one number.
    one = (digits.count(".") == 1 and len(pieces) == 2) or (
        "," in digits and _GROUPED.fullmatch(digits)
    )
    return worth, set() if one else {_tidy(Decimal(piece)) for piece in pieces}


def _in_words(text: str) -> Iterator[Decimal]:
    """`two million`, `twenty-five`, `half`, `two orders of magnitude`."""
    before: Decimal | None = None
    for found in _WORD.finditer(text):
        word = found.group().casefold()
        if word in _BARE:
            yield _tidy((before or Decimal(1)).scaleb(_BARE[word]))
        yield from map(Decimal, _PARTS.get(word, ()))
        value = _SMALL.get(word, _TENS.get(word))
        if value is None:
            before = None
            continue
        if before is not None and before in _FULL_TENS and 0 < value < 10:
            yield before + value
        before = Decimal(value)
        yield _tidy(before)
    for found in _ORDERS.finditer(text):
        orders = int(found[1]) if found[1].isdigit() else _SMALL.get(found[1].casefold(), 1)
        yield _tidy(Decimal(10) ** orders)


_FULL_TENS: Final = frozenset(map(Decimal, _TENS.values()))


def _tidy(value: Decimal) -> Decimal:
    """The same number in the one form that equal ones share."""
    return value.normalize() + 0
