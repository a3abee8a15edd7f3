"""The catalogues of `bot/locales`: what is written in English there, in other languages.

A language is added by adding `locales/LANGUAGE/LC_MESSAGES/daily-papers.po` (see CONTRIBUTING).
The text files are read as they are: no compiled ones to forget.
"""

from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

DOMAIN: Final = "daily-papers"
SOURCE_LANGUAGE: Final = "en"
"""What messages are written in; it needs no catalogue."""

NAME: Final = "name"
"""The context of names of commands and options, which Discord restricts."""

_LOCALES: Final = files("bot") / "locales"


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """The languages that our own words are in, as BCP 47 tags, English first."""
    found = [folder.name.replace("_", "-") for folder in _LOCALES.iterdir() if _file(folder.name)]
    return (SOURCE_LANGUAGE, *sorted(found))


def translated(message: str, language: str, *, context: str | None = None) -> str:
    """`message` in `language`; in English where no catalogue has it."""
    catalogue = _catalogue(language)
    if context is None:
        return str(catalogue.gettext(message))
    return str(catalogue.pgettext(context, message))


def translated_form(one: str, several: str, count: int, language: str) -> str:
    """The form of a message for `count` things."""
    return str(_catalogue(language).ngettext(one, several, count))


@lru_cache(maxsize=256)
def _catalogue(tag: str) -> NullTranslations:
    """The catalogue of a BCP 47 tag: its own, else its language's, else none."""
    try:
        locale = Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        return NullTranslations()
    for name in dict.fromkeys([tag.replace("-", "_"), str(locale), locale.language]):
        if _file(name) is not None:
            return _read(name)
    return NullTranslations()


@lru_cache
def _read(name: str) -> Translations:
    """The catalogue in a folder of that name."""
    compiled = BytesIO()
    with (_LOCALES / name / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as text:
        write_mo(compiled, read_po(text))
    compiled.seek(0)
    return Translations(compiled, domain=DOMAIN)


def _file(name: str) -> Traversable | None:
    file = _LOCALES / name / "LC_MESSAGES" / f"{DOMAIN}.po"
    return file if file.is_file() else None
