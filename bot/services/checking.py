"""What `daily-papers check` finds out, and what to do about it. Nothing here changes
anything, but for `rebuild_index`, which says so."""

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from bot.domain.deliveries import FIRST_LOOKED_BACK
from bot.domain.errors import SourceError
from bot.domain.subscriptions import Subscription, SubscriptionState, SuspensionCause
from bot.domain.text import clean
from bot.sources.reading import Source
from bot.storage.database import DatabaseReader, Stores, look_into, open_database
from bot.storage.errors import StorageError
from bot.storage.migrations import SchemaVersion
from bot.storage.search import SearchState

LEAST_FREE: Final = 100 * 2**20
"""Bytes on the disk of the database. A day brings some hundred kilobytes; the files beside it
may grow by tens of megabytes while something reads for long."""

_MIB: Final = 2**20


class Level(StrEnum):
    """GOOD: as it should be. WARNING: the bot works, and somebody should know. BAD: something
    does not work, and somebody has to do something."""

    GOOD = "✓"
    WARNING = "!"
    BAD = "✗"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The outcome of one check: what is so, and unless that says it already, the cure."""

    area: str
    level: Level
    text: str
    cure: str = ""

    def __str__(self) -> str:
        line = f"{self.level} {self.area}: {self.text}"
        return clean(f"{line} → {self.cure}" if self.cure else line)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreReport:
    """What was found in the database. `subscriptions` are those that could be read."""

    findings: tuple[Finding, ...]
    subscriptions: tuple[Subscription, ...] = ()


def summary(findings: Iterable[Finding]) -> str:
    """The line at the end."""
    count = Counter(finding.level for finding in findings)
    good = counted(count[Level.GOOD], "check")
    if not count[Level.BAD] and not count[Level.WARNING]:
        return f"All is well: {good} passed."
    bad = counted(count[Level.BAD], "problem")
    warnings = counted(count[Level.WARNING], "warning")
    return f"{bad}, {warnings}, {good} passed."


def counted(number: int, one: str, many: str = "") -> str:
    """`1 paper`, `2 papers`, `3 entries`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


# --- the store ----------------------------------------------------------------------------


async def check_store(database: DatabaseReader) -> StoreReport:
    """Look at the version of the tables, at the file and at what is in it.

    What cannot be looked at because of an earlier finding is left out.
    """
    findings: list[Finding] = []
    subscriptions: tuple[Subscription, ...] = ()
    try:
        version = await database.version()
        findings.append(about_version(version))
        async with database.reading() as stores:
            faults = await stores.integrity.faults()
            findings.append(about_faults(faults))
            if version.is_current and not faults:
                findings += await _about_rows(stores)
                zones = await stores.integrity.unknown_zones()
                findings += about_zones(zones)
                if not zones:
                    subscriptions = await stores.subscriptions.all()
                    findings += about_subscriptions(subscriptions)
    except StorageError as error:
        findings.append(Finding(area="database", level=Level.BAD, text=str(error)))
    return StoreReport(findings=tuple(findings), subscriptions=subscriptions)


def about_version(version: SchemaVersion) -> Finding:
    if not version.known:
        return Finding(
            area="migrations",
            level=Level.BAD,
            text=f"the tables are of a newer version of this program ({version.current}; "
            f"this one has {version.head})",
            cure="update the program, or put back a backup of before",
        )
    if version.current is None:
        return Finding(
            area="migrations",
            level=Level.WARNING,
            text="the database has no tables yet",
            cure="`daily-papers run` makes them",
        )
    if not version.is_current:
        return Finding(
            area="migrations",
            level=Level.WARNING,
            text=f"the tables are of version {version.current}, this program's are of "
            f"{version.head}; what is in them is checked once they are",
            cure="make a backup, then start the bot: it brings them up to date",
        )
    return Finding(
        area="migrations", level=Level.GOOD, text=f"the tables are of version {version.current}"
    )


def about_faults(faults: Sequence[str]) -> Finding:
    if faults:
        more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
        return Finding(
            area="integrity",
            level=Level.BAD,
            text=f"the database is damaged ({faults[0]}{more})",
            cure="stop the bot and put back a backup",
        )
    return Finding(area="integrity", level=Level.GOOD, text="the database's file holds together")


async def _about_rows(stores: Stores) -> list[Finding]:
    """What the tables say of one another."""
    cure = "stop the bot and put back a backup, or report this line if there is none"
    wrong = [
        Finding(
            area="integrity",
            level=Level.BAD,
            text=f"{counted(rows, 'row')} of {table} refer to what is not there",
            cure=cure,
        )
        for table, rows in (await stores.integrity.dangling()).items()
    ] + [
        Finding(
            area="integrity",
            level=Level.BAD,
            text=f"{found.what}: {found.count:,}, the first is {found.first}",
            cure=cure,
        )
        for found in await stores.integrity.contradictions()
    ]
    findings = wrong or [
        Finding(
            area="integrity", level=Level.GOOD, text="what is stored does not contradict itself"
        )
    ]
    index = await stores.integrity.authors()
    if index.wrong:
        findings.append(
            Finding(
                area="index",
                level=Level.WARNING,
                text=f"{index.wrong:,} of {counted(index.authors, 'author')} are not found as "
                "they are spelt",
                cure="update the program: they were stored by another version of it",
            )
        )
    else:
        findings.append(
            Finding(
                area="index",
                level=Level.GOOD,
                text=f"{counted(index.authors, 'author')} can be found",
            )
        )
    findings.append(about_search(await stores.search.state()))
    return findings


REBUILD: Final = "`daily-papers check --rebuild-index` builds it anew from what is stored"


def about_search(state: SearchState) -> Finding:
    if not state.is_current:
        return Finding(
            area="index",
            level=Level.WARNING,
            text="the search index was built by another version of the program, or of Python",
            cure="start the bot: it builds it anew",
        )
    listings = counted(state.listings, "listing")
    if state.wrong:
        return Finding(
            area="index",
            level=Level.BAD,
            text=f"the search index does not agree with {state.wrong:,} of {listings}",
            cure=REBUILD,
        )
    return Finding(area="index", level=Level.GOOD, text=f"{listings} can be searched")


async def rebuild_index(url: str) -> Finding:
    """Build the search index of the database at `url` anew, also while the bot runs: its next
    writing waits for that, and, if it takes longer than `sqlite.PATIENCE`, is tried again later.
    """
    try:
        async with look_into(url) as database:
            version = await database.version()
        if not version.is_current:
            return about_version(version)
        async with open_database(url) as database, database.transaction() as stores:
            count = await stores.search.rebuild()
    except StorageError as error:
        return Finding(area="index", level=Level.BAD, text=str(error))
    listings = counted(count, "listing")
    return Finding(
        area="index", level=Level.GOOD, text=f"the search index was built anew from {listings}"
    )


def about_zones(unknown: Sequence[str]) -> list[Finding]:
    if not unknown:
        return []
    return [
        Finding(
            area="subscriptions",
            level=Level.BAD,
            text=f"this machine does not know the time zones {', '.join(unknown)}",
            cure="update the tzdata package, for without them no subscription can be read",
        )
    ]


_CURES: Final = {
    SuspensionCause.LACKING: "give the bot the permission: it goes on by itself",
    SuspensionCause.REFUSED: "look at the channel's settings, then `/subscription resume` there",
    SuspensionCause.GONE: "nothing, unless it should not be: it is forgotten after 30 days",
    SuspensionCause.REMOVED: "invite the bot again, or wait: it is forgotten after 30 days",
}


def about_subscriptions(subscriptions: Sequence[Subscription]) -> list[Finding]:
    """How many there are, and each that is suspended with its reason."""
    count = Counter(subscription.state for subscription in subscriptions)
    states = ", ".join(f"{count[state]:,} {state}" for state in SubscriptionState if count[state])
    total = counted(len(subscriptions), "subscription")
    findings = [
        Finding(
            area="subscriptions",
            level=Level.GOOD,
            text=f"{total} ({states})" if states else f"{total}: nobody has subscribed yet",
        )
    ]
    for subscription in subscriptions:
        if (suspension := subscription.suspension) is not None:
            findings.append(
                Finding(
                    area="subscriptions",
                    level=Level.WARNING,
                    text=f"channel {subscription.channel_id} of server {subscription.guild_id} is "
                    f"suspended since {suspension.since:%Y-%m-%d}: {suspension.reason}",
                    cure=_CURES[suspension.cause],
                )
            )
    return findings


def check_room(file: Path) -> Finding:
    """Whether this user may write to the database, and whether its disk has room for it."""
    folder = file.absolute().parent
    if not (os.access(file, os.W_OK) and os.access(folder, os.W_OK)):
        return Finding(
            area="database",
            level=Level.BAD,
            text=f"this user may not write to {file} and its folder",
            cure="run this as the user that runs the bot, or give it the right to write there",
        )
    size, free = file.stat().st_size, shutil.disk_usage(folder).free
    text = f"{file} has {size / _MIB:,.1f} MiB, and {free / _MIB:,.0f} MiB are free on its disk"
    if free < LEAST_FREE:
        return Finding(
            area="database", level=Level.WARNING, text=text, cure="free some before it is full"
        )
    return Finding(area="database", level=Level.GOOD, text=text)


# --- the sources --------------------------------------------------------------------------


async def check_source(source: Source, today: date) -> Finding:
    """Whether a source can be read: the list of `today`, or else the newest that has papers."""
    for age in range(FIRST_LOOKED_BACK):
        day = today - timedelta(days=age)
        try:
            reading = await source.read(day)
        except SourceError as error:
            return Finding(
                area="sources",
                level=Level.BAD,
                text=str(error),
                cure="check the network and the settings of sources; until it can be read, "
                "deliveries draw on the archive",
            )
        if reading.problems:
            first = reading.problems[0]
            skipped = counted(len(reading.problems), "entry", "entries")
            return Finding(
                area="sources",
                level=Level.WARNING,
                text=f"{source.name}: {counted(len(reading.digest), 'paper')} of {day}, and "
                f"{skipped} that cannot be read: {first}",
                cure="the rest is delivered; correct the entry if the source is yours",
            )
        if reading.digest:
            return Finding(
                area="sources",
                level=Level.GOOD,
                text=f"{source.name}: {counted(len(reading.digest), 'paper')} of {day}",
            )
    return Finding(
        area="sources",
        level=Level.WARNING,
        text=f"{source.name} can be read and has no papers of the last {FIRST_LOOKED_BACK} days",
        cure="check that SOURCES names what you mean",
    )
