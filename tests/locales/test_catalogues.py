"""The words of the bot in every language that it speaks."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from string import Formatter
from typing import Any, Final

import discord
import pytest
from babel.messages import Catalog

from bot.domain.days import parse_day
from bot.domain.errors import InvalidInput
from bot.rendering.calendars import calendar_names
from bot.rendering.catalogues import NAME, languages, translated
from tests.locales import extract
from tests.locales.extract import Found

LOCALES: Final = [str(locale) for locale in discord.Locale]
"""Every language that Discord has, with or without a catalogue of ours."""

# https://discord.com/developers/docs/interactions/application-commands#application-command-object
_LEGAL_NAME: Final = re.compile(r"[-_'\w]{1,32}")
_ENTRY_NAME: Final = 32
_DESCRIPTION: Final = 100
_CHOICE: Final = 100
_ALL_TEXTS: Final = 8000

_SUBCOMMANDS: Final = frozenset({1, 2})
_CHAT_INPUT: Final = 1

_COMMAND: Final = re.compile(r"`/([^`]+)`")
_OPTION: Final = re.compile(r"`(\w+)(?:: [^`]+)?`")
_EXAMPLE: Final = re.compile(r"`([^`]+)`")
_MARKS: Final = ("**", "`")
"""Markdown that comes in pairs."""

_FOR_PEOPLE: Final = extract.catalogues()
assert _FOR_PEOPLE


@pytest.fixture(scope="module")
def found() -> list[Found]:
    return asyncio.run(extract.everything())


@pytest.fixture(scope="module")
def told() -> list[dict[str, Any]]:
    """The commands as Discord is told of them."""

    async def tell() -> list[dict[str, Any]]:
        async with extract.every_command() as tree:
            assert tree.translator is not None
            return [
                await command.get_translated_payload(tree, tree.translator)
                for command in tree.get_commands(type=None)
            ]

    return asyncio.run(tell())


@pytest.fixture(params=_FOR_PEOPLE, ids=extract.language_of)
def file(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture
def catalogue(file: Path) -> Catalog:
    return extract.read(file.read_text(encoding="utf-8"))


def spoken_forms(catalogue: Catalog) -> Iterator[tuple[str, str]]:
    """Each message with each form of its translation."""
    for message in catalogue:
        if isinstance(message.id, tuple | list):
            # The form for one may leave the number out; no other may.
            yield from ((message.id[-1], form) for form in message.string or ())
        elif message.id:
            yield message.id, str(message.string)


# --- catalogues ---------------------------------------------------------------------------


def test_a_catalogue_is_what_make_words_writes(file: Path, found: list[Found]) -> None:
    """None is missing, none is left over, none is a guess."""
    text = file.read_text(encoding="utf-8")

    assert extract.updated(text, found, language=extract.language_of(file)) == text


def test_nothing_lacks_a_translation(catalogue: Catalog) -> None:
    assert extract.untranslated(catalogue) == []
    assert [message.id for message in catalogue if message.fuzzy and message.id] == []


def test_a_translation_names_the_values_of_its_message(catalogue: Catalog) -> None:
    for message, translation in spoken_forms(catalogue):
        assert values_in(translation) == values_in(message), message


def test_marks_in_a_translation_are_those_of_its_message(catalogue: Catalog) -> None:
    for message, translation in spoken_forms(catalogue):
        for mark in _MARKS:
            assert translation.count(mark) == message.count(mark), message
            assert translation.count(mark) % 2 == 0, message


def test_a_language_writes_every_number(catalogue: Catalog) -> None:
    for message in catalogue:
        if isinstance(message.id, tuple | list):
            assert len(message.string or ()) == catalogue.num_plurals, message.id


def values_in(text: str) -> Counter[str]:
    return Counter(name for _, name, _, _ in Formatter().parse(text) if name is not None)


# --- commands -----------------------------------------------------------------------------


def test_discord_is_told_of_every_command_in_every_language(told: list[dict[str, Any]]) -> None:
    for part in parts_of(told):
        spoken = {locale.partition("-")[0] for locale in part["name_localizations"]}
        assert spoken == {language.partition("-")[0] for language in languages()[1:]}, part["name"]


@pytest.mark.parametrize("locale", LOCALES)
def test_commands_keep_discords_limits(locale: str, told: list[dict[str, Any]]) -> None:
    for command in told:
        of_menu = command.get("type", _CHAT_INPUT) != _CHAT_INPUT
        for part in parts_of([command]):
            name = in_language(part, "name", locale)
            if "value" in part:
                assert 1 <= len(name) <= _CHOICE
                continue
            if of_menu:
                assert 1 <= len(name) <= _ENTRY_NAME
                continue
            assert _LEGAL_NAME.fullmatch(name), name
            assert name == name.lower()
            assert 1 <= len(in_language(part, "description", locale)) <= _DESCRIPTION, name
        assert length(command, locale) <= _ALL_TEXTS


@pytest.mark.parametrize("locale", LOCALES)
def test_no_two_names_are_one(locale: str, told: list[dict[str, Any]]) -> None:
    def distinct(siblings: list[dict[str, Any]]) -> None:
        names = [in_language(one, "name", locale) for one in siblings]
        assert len(set(names)) == len(names)
        for one in siblings:
            distinct(one.get("options", []))
            distinct(one.get("choices", []))

    distinct(told)


@pytest.mark.parametrize("language", languages())
def test_a_command_named_in_a_sentence_is_there_under_that_name(
    language: str, told: list[dict[str, Any]], found: list[Found]
) -> None:
    known = set(command_names(told, language))
    for one in found:
        if one.context is None:
            for named in _COMMAND.findall(translated(one.message, language)):
                assert named in known, one.message


@pytest.mark.parametrize("language", languages())
def test_an_option_named_in_a_sentence_is_there_under_that_name(
    language: str, found: list[Found]
) -> None:
    options = {one.message for one in found if one.context == NAME}
    for one in found:
        for option in _OPTION.findall(one.message):
            if one.context is None and option in options:
                named = translated(option, language, context=NAME)
                assert named in _OPTION.findall(translated(one.message, language)), one.message


@pytest.mark.parametrize("language", languages())
def test_what_a_menu_offers_is_named_as_there(
    language: str, told: list[dict[str, Any]], found: list[Found]
) -> None:
    menus = [one["name"] for one in told if one.get("type", _CHAT_INPUT) != _CHAT_INPUT]
    for one in found:
        for menu in menus:
            if f"**{menu}**" in one.message:
                assert f"**{translated(menu, language)}**" in translated(one.message, language)


def parts_of(parts: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Commands, their subcommands, options and choices."""
    for part in parts:
        yield part
        yield from parts_of([*part.get("options", []), *part.get("choices", [])])


def in_language(part: dict[str, Any], key: str, locale: str) -> str:
    """A name or description as Discord shows it to a reader of `locale`."""
    return str((part.get(f"{key}_localizations") or {}).get(locale) or part[key])


def length(command: dict[str, Any], locale: str) -> int:
    """The characters that Discord counts together."""
    return sum(
        len(in_language(part, key, locale))
        for part in parts_of([command])
        for key in ("name", "description", "value")
        if isinstance(part.get(key), str)
    )


def command_names(parts: list[dict[str, Any]], locale: str) -> Iterator[str]:
    """What one types after the slash: groups, too, for a sentence may name all of one."""
    for part in parts:
        name = in_language(part, "name", locale)
        yield name
        below = [one for one in part.get("options", []) if one["type"] in _SUBCOMMANDS]
        yield from (f"{name} {rest}" for rest in command_names(below, locale))


@pytest.mark.parametrize("language", languages())
def test_the_days_that_are_given_as_examples_are_understood(language: str) -> None:
    today, names = date(2024, 6, 5), calendar_names(language)
    with pytest.raises(InvalidInput) as refused:
        parse_day("?", today=today, names=names)
    message = refused.value.reply.message
    examples = _EXAMPLE.findall(translated(message, language))
    assert len(examples) == len(_EXAMPLE.findall(message))
    for example in examples:
        assert parse_day(example, today=today, names=names) < today, example


# --- what is extracted --------------------------------------------------------------------


def test_every_marked_message_is_found_wherever_it_stands() -> None:
    source = """
from bot.domain.phrases import counted, phrase, translatable
NAMES = {"a": translatable("In a table")}
said = phrase("Outer, " "in two pieces: {inner}", inner=counted("{count} x", "{count} xs", count=2))
phrase(NAMES["a"])
other.phrase("not ours")
"""

    assert list(extract.in_code(source, file="f.py")) == [
        Found("In a table", file="f.py"),
        Found("Outer, in two pieces: {inner}", file="f.py"),
        Found("{count} x", "{count} xs", file="f.py"),
    ]


def test_functions_of_the_same_name_mark_nothing() -> None:
    assert list(extract.in_code('def counted(*_): ...\ncounted("row", "rows")', file="f.py")) == []


def test_a_catalogue_keeps_what_is_translated_and_loses_what_is_gone() -> None:
    before = extract.updated("", [Found("kept"), Found("gone"), Found("{count} x")], language="ko")
    translated = before.replace('msgstr ""\n\n', 'msgstr "번역"\n\n')

    after = extract.updated(
        translated,
        [Found("new", file="bot/a.py"), Found("kept"), Found("{count} x", "{count} xs")],
        language="ko",
    )

    catalogue = extract.read(after)
    assert [message.id for message in catalogue if message.id] == [
        "new",
        "kept",
        ("{count} x", "{count} xs"),
    ]
    assert catalogue["kept"].string == "번역"
    assert extract.untranslated(catalogue) == ["new", "('{count} x', '{count} xs')"]
    assert "#: bot/a.py\n" in after
    assert extract.updated(after, [], language="ko").count("msgid") == 1
