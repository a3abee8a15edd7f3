"""The command line: `daily-papers run`, `demo`, `fetch`, `import`, `export`, `backup`, `check`,
`invite`."""

import asyncio
import base64
import gc
import logging
import signal
import sys
from collections.abc import Coroutine, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import aiohttp
import discord
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from bot import __version__, logs
from bot.app import open_app, open_archive
from bot.backfilling import parse_languages, summarise_days
from bot.checking import check as every_finding
from bot.domain.errors import BotError, SettingsError, SourceUnreadable
from bot.domain.text import quoted
from bot.exporting import Exported, ExportFormat, export_all, export_day, write_file
from bot.language_model import required_model_of
from bot.permissions import invitation
from bot.rendering.words import is_language
from bot.services.checking import Finding, Level, summary
from bot.services.clock import utc_now
from bot.services.collecting import Collected
from bot.services.publishing import Publishing
from bot.settings import Settings, load_settings
from bot.sources.digest_files import digest_files, read_capped
from bot.sources.markdown import MAX_BYTES, read_digests
from bot.sources.reading import Reading
from bot.storage.backup import back_up
from bot.storage.database import open_database
from bot.storage.errors import (
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseUnavailable,
    IndexDamaged,
    SchemaTooNew,
)

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130
STARTED_AGAIN: Final = "Start it again later, or let systemd or the container engine do so."
TO_GO_ON_EXPORTING: Final = "Stopped. Files that were written stay; run it again to go on."
TO_GO_ON: Final = "Stopped. What was read so far is stored; run it again to go on."

cli = typer.Typer(
    name="daily-papers",
    help="A Discord bot that brings each day's research papers to your channels.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
console = Console()
errors = Console(stderr=True)


def main() -> None:
    """Run the command line; a foreseen error is one sentence. Exit code 2 says that starting it
    again will not help before somebody has mended something."""
    try:
        cli()
    except DatabaseBusy as error:
        _fail(error, EXIT_FAILED)
    except (
        SettingsError,
        DatabaseUnavailable,
        DatabaseDamaged,
        IndexDamaged,
        SchemaTooNew,
    ) as error:
        _fail(error, EXIT_USAGE)
    except BotError as error:
        _fail(error, EXIT_FAILED)


def _fail(error: BotError, code: int) -> NoReturn:
    errors.print(f"daily-papers: {error}", markup=False, highlight=False, soft_wrap=True)
    raise SystemExit(code)


@cli.command()
def run() -> None:
    """Run the bot (needs DISCORD_TOKEN). What supervises it starts it again when it ends."""
    settings = load_settings()
    token = settings.token()
    logs.set_up(settings)
    try:
        asyncio.run(_run(settings, token))
    except discord.LoginFailure:
        raise SettingsError(
            "Discord does not know this DISCORD_TOKEN: copy it again from "
            "https://discord.com/developers/applications, Bot, Reset Token."
        ) from None
    except discord.HTTPException as error:
        raise BotError(
            f"Discord refuses us ({error.status}): {error.text or 'no text'}. {STARTED_AGAIN}"
        ) from None
    except discord.PrivilegedIntentsRequired:
        raise BotError(
            "Discord's gateway refuses what we ask to be told of (code 4014), although the bot "
            f"needs no privileged intent: update it. {STARTED_AGAIN}"
        ) from None
    except discord.ConnectionClosed as error:
        raise BotError(
            f"Discord's gateway refuses us (code {error.code}): check SHARD_COUNT and SHARD_IDS "
            f"if they are set. {STARTED_AGAIN}"
        ) from None
    except (aiohttp.ClientError, OSError, discord.GatewayNotFound) as error:
        raise BotError(
            f"Discord cannot be reached: {str(error) or 'no answer in time'}. "
            "Check the network, and DISCORD_API_URL if set. "
            f"{STARTED_AGAIN}"
        ) from None


async def _run(settings: Settings, token: str) -> None:
    async with open_app(settings) as app:
        loop = asyncio.get_running_loop()
        closing = []
        for stop in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(
                stop, lambda: closing.append(asyncio.create_task(app.bot.close()))
            )
        # What is loaded by now stays: looking through it again and again for garbage would
        # stop everything for a tenth of a second each time.
        gc.collect()
        gc.freeze()
        await app.bot.start(token)
        await app.bot.close()  # waits for a close that a signal began
        if app.bot.failure is not None:
            raise app.bot.failure


@cli.command()
def demo(
    port: Annotated[int, typer.Option(help="The port of the page on this machine.")] = 8765,
    open_browser: Annotated[
        bool, typer.Option("--open", help="Open the page in your browser.")
    ] = False,
) -> None:
    """See the real bot at work in a simulated Discord: no token, no network."""
    try:
        from bot.demo import run_demo  # the simulated Discord is an optional extra
    except ImportError as error:
        raise BotError(
            f"the demo needs more packages ({error.name} is missing): "
            "`make demo` installs them, or `pip install 'daily-papers[demo]'`."
        ) from None
    _interruptible(run_demo(port=port, open_browser=open_browser), farewell="The demo has ended.")


@cli.command()
def fetch(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")],
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="The last day; the first if left out."),
    ] = None,
    summarise: Annotated[
        str,
        typer.Option(
            help="Languages, such as ko,en, in which LLM_MODEL writes the bullets that are missing."
        ),
    ] = "",
) -> None:
    """Fill the archive with past days from the sources. Run it again to go on where it stopped."""
    settings = load_settings()
    days = _days(first.date(), (last or first).date())
    languages = parse_languages(summarise)
    if languages:
        required_model_of(settings)
    _interruptible(_fetch(settings, days, languages), farewell=TO_GO_ON)


async def _fetch(settings: Settings, days: list[date], languages: Sequence[str]) -> None:
    logging.disable(logging.WARNING)  # the tally at the end tells of every problem
    async with open_archive(settings) as archive:
        names = archive.collecting.source_names
        with _progress() as progress:
            task = progress.add_task("", total=len(days) * len(names))
            tally = _Tally()
            async for collected in archive.collecting.backfill(days):
                tally.add(collected)
                progress.update(task, advance=1, description=f"{collected.day} {collected.source}")
        done = not languages or await summarise_days(
            settings, archive.database, days, languages, console=errors
        )
    tally.report()
    if not done:
        raise SystemExit(EXIT_FAILED)


@cli.command(name="import")
def import_(
    paths: Annotated[
        list[Path], typer.Argument(exists=True, help="Digest files, or folders of them.")
    ],
) -> None:
    """Fill the archive from digests in Markdown."""
    _interruptible(_import(load_settings(), paths), farewell=TO_GO_ON)


async def _import(settings: Settings, paths: list[Path]) -> None:
    logging.disable(logging.WARNING)  # the tally at the end tells of every problem
    files = list(digest_files(paths))
    tally = _Tally()
    async with open_archive(settings) as archive:
        with _progress() as progress:
            task = progress.add_task("", total=len(files))
            for file in files:
                progress.update(task, description=str(file))
                for reading in await asyncio.to_thread(_read, file, settings, tally):
                    for problem in reading.problems:
                        tally.problem(f"{problem.where}: {problem.what}")
                    tally.add(await archive.collecting.take_in(reading, source="markdown:import"))
                progress.advance(task)
    tally.report()


def _read(file: Path, settings: Settings, tally: "_Tally") -> tuple[Reading, ...]:
    """The lists of one file; what keeps it from being read is told at the end."""
    try:
        data = read_capped(file, MAX_BYTES)
        if data is not None:
            return read_digests(data, name=str(file), language=settings.markdown_language)
        tally.problem(f"{file}: larger than {MAX_BYTES:,} bytes")
    except OSError as error:
        tally.problem(f"{file}: {error.strerror}")
    except SourceUnreadable as error:
        tally.problem(str(error))
    return ()


@cli.command()
def export(
    day: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="The day whose list is written."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every day, as YYYY/MM/DD in the folder OUTPUT.")
    ] = False,
    language: Annotated[str, typer.Option(help="The language of the bullets, such as ko.")] = "en",
    form: Annotated[
        ExportFormat, typer.Option("--format", help="What is written.")
    ] = ExportFormat.MARKDOWN,
    output: Annotated[
        Path | None, typer.Option(help="The file, or the folder for --all.", show_default="stdout")
    ] = None,
) -> None:
    """Write a day's list, or all of them, as digests in Markdown, JSON, pages or feeds."""
    settings = load_settings()
    tag = language.strip().casefold()
    if not is_language(tag):
        raise SettingsError(f"{quoted(language)} is no language: write a tag such as ko.")
    if everything == (day is not None):
        raise SettingsError("write either --date YYYY-MM-DD or --all.")
    if day is not None:
        work = _export_day(settings, day.date(), tag, form, output)
    elif output is None:
        raise SettingsError("--all needs --output: name the folder that the files go to.")
    else:
        work = _export_all(settings, tag, form, output)
    _interruptible(work, farewell=TO_GO_ON_EXPORTING)


async def _export_day(
    settings: Settings, day: date, language: str, form: ExportFormat, output: Path | None
) -> None:
    async with open_database(settings.database_url) as database:
        publishing = Publishing(database, now=utc_now)
        data, exported = await export_day(publishing, day, language=language, form=form)
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        await asyncio.to_thread(write_file, output, data)
    _tell_of_lacking(exported, language)


async def _export_all(settings: Settings, language: str, form: ExportFormat, folder: Path) -> None:
    async with open_database(settings.database_url) as database:
        publishing = Publishing(database, now=utc_now)
        with _progress() as progress:
            task = progress.add_task("", total=None)

            def told(day: date, days: int) -> None:
                progress.update(task, advance=1, total=days, description=str(day))

            exported = await export_all(publishing, folder, language=language, form=form, told=told)
    unchanged = f", {exported.unchanged} as they were" if exported.unchanged else ""
    console.print(
        f"{folder}: {_count(exported.papers, 'paper')} on {_count(exported.days, 'day')}"
        f"{unchanged}.",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    _tell_of_lacking(exported, language)


def _tell_of_lacking(exported: Exported, language: str) -> None:
    if exported.lacking:
        errors.print(
            f"{exported.lacking} of {_count(exported.papers, 'paper')} "
            f"{'has' if exported.lacking == 1 else 'have'} no bullets in {language}: "
            f"`daily-papers fetch --from DATE --summarise {language}` has them written.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


@cli.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes.")],
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it is there.")] = False,
) -> None:
    """Copy the database to FILE, whole and consistent, also while the bot runs."""
    url = load_settings().database_url
    # What a supervisor or Ctrl-C ends leaves nothing behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _progress(DownloadColumn(binary_units=True)) as progress:
            task = progress.add_task("copying")
            made = back_up(
                url,
                file,
                at=utc_now(),
                replace=force,
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
    except KeyboardInterrupt:
        errors.print("Stopped. No copy was made.")
        raise SystemExit(EXIT_INTERRUPTED) from None
    console.print(
        f"{made.file}: {made.bytes:,} bytes, checked.",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


@cli.command()
def check(
    offline: Annotated[
        bool, typer.Option("--offline", help="Leave Discord and the sources out.")
    ] = False,
    rebuild_index: Annotated[
        bool, typer.Option("--rebuild-index", help="First build the search index anew.")
    ] = False,
) -> None:
    """Look at settings, database, token, permissions and sources, and say what to do."""
    logging.disable(logging.CRITICAL)  # whatever matters is a finding
    findings = asyncio.run(_check(offline=offline, rebuild=rebuild_index))
    console.print(summary(findings), highlight=False)
    if any(finding.level is Level.BAD for finding in findings):
        raise SystemExit(EXIT_FAILED)


async def _check(*, offline: bool, rebuild: bool) -> list[Finding]:
    """Print every finding as soon as it is made."""
    findings = []
    async for finding in every_finding(today=utc_now().date(), offline=offline, rebuild=rebuild):
        console.print(str(finding), markup=False, highlight=False, soft_wrap=True)
        findings.append(finding)
    return findings


@cli.command()
def invite(
    application_id: Annotated[
        int | None,
        typer.Option(help="The application's id, if the token does not begin with it."),
    ] = None,
) -> None:
    """Print the link that invites the bot to a server, with the least permissions it needs."""
    if application_id is None:
        application_id = application_of(load_settings().token())
    console.print(invitation(application_id), soft_wrap=True, highlight=False)


def application_of(token: str) -> int:
    """The application that a bot's token belongs to: its first part is the id in Base64.

    (https://discord.com/developers/docs/reference#authentication shows the form.) For a bot
    made before 2016 that is the bot's id, which differs from its application's.
    """
    first = token.partition(".")[0]
    try:
        return int(base64.b64decode(first + "=" * (-len(first) % 4), validate=True))
    except ValueError:
        raise SettingsError(
            "DISCORD_TOKEN does not look like a bot's token: copy it again from "
            "https://discord.com/developers/applications, Bot, Reset Token; "
            "or give --application-id."
        ) from None


@cli.command()
def version() -> None:
    """Print the version."""
    console.print(f"daily-papers {__version__}", highlight=False)


class _Tally:
    """What a backfill or an import did, for the line at its end."""

    def __init__(self) -> None:
        self._days: set[date] = set()
        self._papers = 0
        self._new = 0
        self._known = 0
        self._skipped = 0
        self._problems: list[str] = []

    def add(self, collected: Collected) -> None:
        self._known += collected.known
        if collected.papers:
            self._days.add(collected.day)
        self._papers += collected.papers
        self._new += collected.new
        self._skipped += collected.skipped
        if collected.error is not None:
            self.problem(f"{collected.day}: {collected.error}")

    def problem(self, text: str) -> None:
        self._problems.append(text)

    def report(self) -> None:
        """Print the outcome; exit code 1 if anything could not be read."""
        known = f"; {_count(self._known, 'list')} stored before" if self._known else ""
        skipped = f"; {self._skipped} skipped as unreadable" if self._skipped else ""
        console.print(
            f"{_count(self._papers, 'paper')} on {_count(len(self._days), 'day')}, "
            f"{self._new} new{known}{skipped}.",
            highlight=False,
        )
        for problem in self._problems:
            errors.print(f"not read: {problem}", markup=False, highlight=False, soft_wrap=True)
        if self._problems:
            raise SystemExit(EXIT_FAILED)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _progress(count: ProgressColumn | None = None) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        count or MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=errors,
    )


def _days(first: date, last: date) -> list[date]:
    if last < first:
        raise SettingsError(f"--to {last} lies before --from {first}: swap them.")
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _interruptible(work: Coroutine[Any, Any, None], *, farewell: str) -> None:
    """Run until done or until Ctrl-C or SIGTERM; what was stored by then stays."""

    async def watched() -> None:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        for stop in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(stop, task.cancel)
        await task

    try:
        asyncio.run(watched())
    except asyncio.CancelledError:
        errors.print(farewell)
        raise SystemExit(EXIT_INTERRUPTED) from None


if __name__ == "__main__":
    main()
