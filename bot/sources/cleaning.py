"""Names in bulk: a digest has hundreds, nearly all of them clean already."""

from collections.abc import Iterable

from bot.domain.text import clean, fold


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """`names` cleaned, each once (case and accents aside), in the order given; blanks dropped."""
    names = list(names)
    together = ",".join(names)
    if together.isascii() and together.isprintable() and "  " not in together:
        # Of ASCII text the fold is the lower case: most papers' authors need no more than this.
        stripped = list(map(str.strip, names))
        if "" not in stripped and len(set(map(str.lower, stripped))) == len(stripped):
            return tuple(stripped)
    found: dict[str, str] = {}
    for name in map(clean, names):
        if name:
            found.setdefault(name.lower() if name.isascii() else fold(name) or name, name)
    return tuple(found.values())
