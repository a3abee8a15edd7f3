"""Commands: what Discord takes for one, and what its client lets people send.

https://discord.com/developers/docs/interactions/application-commands
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from tests.loopback.discord_errors import FieldError, Json
from tests.loopback.discord_fields import Path, at_most, between
from tests.loopback.discord_objects import Channel

CHAT_INPUT, USER_MENU, MESSAGE_MENU = 1, 2, 3
"""Command types: …#application-command-object-application-command-types"""

SUB_COMMAND, SUB_COMMAND_GROUP = 1, 2
USER, CHANNEL, ROLE = 6, 7, 8
"""Option types: …#application-command-object-application-command-option-type"""

NAME: Final = 32
DESCRIPTION: Final = 100
OPTIONS: Final = 25
CHOICES: Final = 25
CHOICE: Final = 100
"""A choice's name, and its value if that is text."""
CHARACTERS: Final = 8000
"""Of all names, descriptions and values of one command, in the longest language of each."""

# fmt: off
LOCALES: Final = frozenset({
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt",
    "hu", "nl", "no", "pl", "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs",
    "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja", "zh-TW", "ko",
})
# fmt: on
"""https://discord.com/developers/docs/reference#locales"""

_NAME: Final = re.compile(r"[-_'\w]{1,32}")
"""…#application-command-object-application-command-naming; also lower case where there is one."""

_IN_GUILD, _IN_BOT_DM = 0, 1
"""…/receiving-and-responding#interaction-object-interaction-context-types"""


# --- what is a command --------------------------------------------------------------------


def commands_errors(commands: Sequence[Json]) -> Iterator[FieldError]:
    """What is wrong with all the commands of a bot."""
    seen: set[tuple[int, str]] = set()
    for number, command in enumerate(commands):
        kind = command.get("type", CHAT_INPUT)
        yield from _command_errors(command, (number,), is_menu=kind != CHAT_INPUT)
        if (kind, str(command.get("name"))) in seen:
            yield FieldError(
                (number, "name"),
                "APPLICATION_COMMANDS_DUPLICATE_NAME",
                "Application command names must be unique",
            )
        seen.add((kind, str(command.get("name"))))
        if _characters(command) > CHARACTERS:
            yield FieldError(
                (number,),
                "APPLICATION_COMMAND_TOO_LARGE",
                f"Command exceeds maximum size ({CHARACTERS})",
            )


def _command_errors(command: Json, at: Path, *, is_menu: bool) -> Iterator[FieldError]:
    if is_menu:
        for path, name in _spoken(command, "name"):
            yield from between((*at, *path), name, 1, NAME)
        yield from _locale_errors(command, "name", at)
        if command.get("description"):
            yield FieldError(
                (*at, "description"),
                "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION",
                "Context menu commands cannot have descriptions",
            )
        return
    yield from _named_errors(command, at)
    yield from _options_errors(command.get("options") or [], (*at, "options"))


def _named_errors(thing: Json, at: Path) -> Iterator[FieldError]:
    """A command, a subcommand or an option: its name and its description, in every language."""
    for path, name in _spoken(thing, "name"):
        if not _NAME.fullmatch(name) or name != name.lower():
            yield FieldError(
                (*at, *path), "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid"
            )
    for path, description in _spoken(thing, "description"):
        yield from between((*at, *path), description, 1, DESCRIPTION)
    for name in ("name", "description"):
        yield from _locale_errors(thing, name, at)


def _options_errors(options: Sequence[Json], at: Path) -> Iterator[FieldError]:
    yield from at_most(at, options, OPTIONS)
    for locale in {"", *(locale for option in options for locale in _locales(option, "name"))}:
        names = [_locales(o, "name").get(locale) or o.get("name") for o in options]
        if len(set(names)) < len(names):
            yield FieldError(
                at, "APPLICATION_COMMAND_OPTIONS_NAME_NOT_UNIQUE", "Option names must be unique"
            )
    optional = False
    for number, option in enumerate(options):
        here = (*at, number)
        yield from _named_errors(option, here)
        if option.get("required") and optional:
            yield FieldError(
                here,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        optional = optional or not option.get("required")
        if option["type"] in (SUB_COMMAND, SUB_COMMAND_GROUP):
            yield from _options_errors(option.get("options") or [], (*here, "options"))
            continue
        choices = option.get("choices") or []
        if choices and option.get("autocomplete"):
            yield FieldError(
                (*here, "autocomplete"),
                "APPLICATION_COMMAND_OPTION_CHOICES_AND_AUTOCOMPLETE",
                "Options with choices cannot have autocomplete",
            )
        yield from choices_errors(choices, (*here, "choices"))


def choices_errors(choices: Sequence[Json], at: Path) -> Iterator[FieldError]:
    """What is wrong with the choices of an option, or with those that are offered for it."""
    yield from at_most(at, choices, CHOICES)
    for number, choice in enumerate(choices):
        here = (*at, number)
        for path, name in _spoken(choice, "name"):
            yield from between((*here, *path), name, 1, CHOICE)
        yield from _locale_errors(choice, "name", here)
        if isinstance(choice.get("value"), str):
            yield from between((*here, "value"), choice["value"], 1, CHOICE)


def _locale_errors(thing: Json, field: str, at: Path) -> Iterator[FieldError]:
    for locale in _locales(thing, field):
        if locale not in LOCALES:
            yield FieldError(
                (*at, f"{field}_localizations", locale),
                "BASE_TYPE_CHOICES",
                "Value must be one of Discord's locales.",
            )


def _locales(thing: Json, field: str) -> Json:
    return thing.get(f"{field}_localizations") or {}


def _spoken(thing: Json, field: str) -> list[tuple[Path, str]]:
    """A text in every language, with the path to it."""
    texts: list[tuple[Path, str]] = [((field,), str(thing.get(field) or ""))]
    texts += [
        ((f"{field}_localizations", locale), str(text))
        for locale, text in _locales(thing, field).items()
    ]
    return texts


def _characters(thing: Json) -> int:
    """…#application-command-object, "combined limit": of translations the longest counts."""
    longest = sum(
        max(len(text) for _, text in _spoken(thing, field)) for field in ("name", "description")
    )
    value = thing.get("value")
    below = [*(thing.get("options") or []), *(thing.get("choices") or [])]
    return longest + (len(value) if isinstance(value, str) else 0) + sum(map(_characters, below))


# --- what people send ---------------------------------------------------------------------


def offered(commands: Iterable[Json], kind: int, name: str, channel: Channel) -> Json:
    """The command of this name that Discord's client offers in a channel.

    `LookupError` without one; `ValueError` where it is not offered.
    """
    command = next((c for c in commands if (c["type"], c["name"]) == (kind, name)), None)
    if command is None:
        raise LookupError(f"the bot has not registered {name!r}")
    contexts = command.get("contexts")
    if contexts is None:
        contexts = [_IN_GUILD] + [_IN_BOT_DM] * (command.get("dm_permission") is not False)
    if (_IN_BOT_DM if channel.guild is None else _IN_GUILD) not in contexts:
        raise ValueError(f"{name!r} is not offered here")
    return command


def subcommand(command: Json, words: Sequence[str]) -> tuple[list[Json], list[Json]]:
    """The way from a command to one of its subcommands, and the options of that."""
    options: list[Json] = command.get("options") or []
    path: list[Json] = []
    for word in words:
        step = defined(options, word)
        if step["type"] not in (SUB_COMMAND, SUB_COMMAND_GROUP):
            raise LookupError(f"{word} is an option, not a subcommand")
        path.append(step)
        options = step.get("options") or []
    if any(option["type"] in (SUB_COMMAND, SUB_COMMAND_GROUP) for option in options):
        raise LookupError(f"/{command['name']} {' '.join(words)} is not a whole command")
    return path, options


def defined(options: Sequence[Json], name: str) -> Json:
    """The option or subcommand of this name."""
    found = next((option for option in options if option["name"] == name), None)
    if found is None:
        raise LookupError(f"there is no {name}")
    return found


def option(definition: Json, value: Any, *, typing: bool) -> Json:
    """An option as it is sent, chosen or, while somebody is `typing`, as far as it is."""
    kind = definition["type"]
    if typing:
        if not definition.get("autocomplete"):
            raise ValueError(f"{definition['name']} offers nothing while it is typed")
    else:
        choices = [choice["value"] for choice in definition.get("choices") or []]
        if choices and value not in choices:
            raise ValueError(f"{definition['name']} is one of {choices}, not {value!r}")
        _check_bounds(definition, value)
    if kind in (USER, CHANNEL, ROLE):
        value = str(value)
    sent: Json = {"name": definition["name"], "type": kind, "value": value}
    return sent | ({"focused": True} if typing else {})


def within(path: Sequence[Json], options: list[Json]) -> list[Json]:
    """Options as they are sent, in the subcommand that they are for."""
    for step in reversed(path):
        options = [{"name": step["name"], "type": step["type"], "options": options}]
    return options


def _check_bounds(definition: Json, value: Any) -> None:
    """Discord's client sends no number out of the registered bounds, and no text of such length."""
    size = len(value) if isinstance(value, str) else value
    low, high = (
        ("min_length", "max_length") if isinstance(value, str) else ("min_value", "max_value")
    )
    if low in definition and size < definition[low]:
        raise ValueError(f"{definition['name']} is at least {definition[low]}")
    if high in definition and size > definition[high]:
        raise ValueError(f"{definition['name']} is at most {definition[high]}")
