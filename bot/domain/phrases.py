"""What people read, before it is in a language: a message and the values in it.

A phrase is written in English where it is meant, and spoken in the reader's language where it is
read (`rendering.words.spoken`). The English message is the key by which catalogues know it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias, Union


@dataclass(frozen=True, slots=True)
class Language:
    """A BCP 47 tag, spoken as the language's name."""

    tag: str


Value: TypeAlias = Union[str, int, date, datetime, Language, "Phrase", tuple["Value", ...]]
"""Text stands as it is; numbers, dates and names of languages are written as the reader's
language does; an instant becomes Discord time; several are enumerated ("a, b and c")."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A message such as `"{count} papers"` with its values; `phrase` and `counted` make one.

    `several` is the message for any number but one, if the number `count` decides.
    """

    message: str
    values: Mapping[str, Value]
    several: str = ""


def phrase(message: str, /, **values: Value) -> Phrase:
    """A message with its values, each named in it in braces."""
    return Phrase(message, values)


def counted(one: str, several: str, /, *, count: int, **values: Value) -> Phrase:
    """A message of which `count` decides the form."""
    return Phrase(one, {"count": count, **values}, several)


def translatable(message: str, /) -> str:
    """`message`, marked so that it gets into the catalogues; who shows it translates it."""
    return message
