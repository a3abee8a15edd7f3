"""`make words`: brings every catalogue up to date with what the code and the commands say.

Translations stay as they are, messages that are gone go, new ones come without a translation.
Nothing is guessed: a message that was changed is a new one.
"""

import ast
import asyncio
import sys
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import discord
from babel.messages import Catalog
from babel.messages.pofile import read_po, write_po
from discord import app_commands

import bot
from bot.app import open_app
from bot.domain.phrases import counted, phrase, translatable
from bot.rendering.catalogues import DOMAIN
from bot.settings import load_settings
from bot.translating import context_of

CODE: Final = Path(bot.__file__).parent
LOCALES: Final = CODE / "locales"

_WIDTH: Final = 100
_MESSAGES_OF: Final = {phrase.__name__: 1, counted.__name__: 2, translatable.__name__: 1}
"""How many of their arguments are messages."""

_HEADER: Final = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural_forms}\\n"

"""


@dataclass(frozen=True, slots=True)
class Found:
    """A message, and where: a file for people who look for it, or the command that it is of."""

    message: str
    several: str = ""
    context: str | None = None
    file: str = ""
    command: str = ""


def in_code(source: str, *, file: str) -> Iterator[Found]:
    """The messages that a module marks, in their order."""
    nodes = list(ast.walk(ast.parse(source)))
    marks = {
        name.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == phrase.__module__
        for name in node.names
    }
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        if not isinstance(call.func, ast.Name) or call.func.id not in marks & _MESSAGES_OF.keys():
            continue
        marked = call.args[: _MESSAGES_OF[call.func.id]]
        texts = [str(node.value) for node in marked if isinstance(node, ast.Constant)]
        if texts:  # a message in a variable was marked where it was written
            yield Found(texts[0], texts[1] if len(texts) > 1 else "", file=file)


class _Noting(app_commands.Translator):
    """Notes what discord.py asks to be translated, and translates nothing."""

    def __init__(self) -> None:
        self.asked: list[Found] = []

    async def translate(
        self,
        string: app_commands.locale_str,
        _locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        found = Found(string.message, context=context_of(context), command=_command(context.data))
        if found not in self.asked:
            self.asked.append(found)
        return None


def _command(described: object) -> str:
    """What a translator looks for: "/subscribe", or "/subscribe channel" for an option."""
    match described:
        case app_commands.Command() | app_commands.Group():
            return f"/{described.qualified_name}"
        case app_commands.Parameter():
            return f"/{described.command.qualified_name} {described.name}"
        case _:
            return ""


@asynccontextmanager
async def every_command() -> AsyncGenerator[app_commands.CommandTree[Any]]:
    """The command tree as the bot has it when it tells Discord."""
    with TemporaryDirectory() as folder:
        settings = load_settings(
            database_url=f"sqlite+aiosqlite:///{folder}/papers.db",
            sources=f"markdown:{folder}",
            shard_count=1,
        )
        async with open_app(settings) as app:
            await app.bot.learn_commands()
            yield app.bot.tree


async def in_commands() -> list[Found]:
    """The names, descriptions and choices of all commands, in the order of their registration."""
    noting = _Noting()
    async with every_command() as tree:
        for command in tree.get_commands(type=None):
            await command.get_translated_payload(tree, noting)
    return noting.asked


async def everything() -> list[Found]:
    """Every message of the program."""
    files = sorted(CODE.rglob("*.py"))
    marked = [
        found
        for file in files
        for found in in_code(
            file.read_text(encoding="utf-8"), file=f"bot/{file.relative_to(CODE).as_posix()}"
        )
    ]
    return marked + await in_commands()


def catalogues() -> list[Path]:
    return sorted(LOCALES.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def read(text: str) -> Catalog:
    return read_po(StringIO(text))


def language_of(file: Path) -> str:
    """The language of a catalogue, as its folder names it."""
    return file.parent.parent.name


def updated(text: str, found: Iterable[Found], *, language: str) -> str:
    """The catalogue `text` with exactly the messages that were found."""
    before = read(text)
    after = Catalog(locale=language)
    for one in found:
        after.add(
            (one.message, one.several) if one.several else one.message,
            context=one.context,
            locations=[(one.file, 0)] if one.file else [],
            auto_comments=[one.command] if one.command else [],
        )
    for message in after:
        known = before.get(message.id, message.context)
        if message.id and known is not None and known.pluralizable == message.pluralizable:
            message.string = known.string
    written = BytesIO()
    write_po(written, after, width=_WIDTH, omit_header=True, include_lineno=False)
    header = _HEADER.format(language=language, plural_forms=after.plural_forms)
    return f"{header}{written.getvalue().decode().strip()}\n"


def untranslated(catalogue: Catalog) -> list[str]:
    """The messages that lack a translation, or one of its plural forms."""
    return [
        str(message.id)
        for message in catalogue
        if message.id
        and not all(
            message.string if isinstance(message.string, list | tuple) else [message.string]
        )
    ]


def main() -> None:
    found = asyncio.run(everything())
    for file in catalogues():
        text = updated(file.read_text(encoding="utf-8"), found, language=language_of(file))
        file.write_text(text, encoding="utf-8")
        lacking = untranslated(read(text))
        sys.stdout.write(f"{language_of(file)}: {len(lacking)} without a translation\n")
        sys.stdout.writelines(f"  {message}\n" for message in lacking)


if __name__ == "__main__":
    main()
