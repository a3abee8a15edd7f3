"""Rounds of every mode until so many processes were killed, and a table of what came of it.

    python -m tests.killing.soak --kills 1000

The first round's seed is `--seed`, and each further one's is the next: a seed names a round,
its mode included, so a soak goes on where another one stopped, and `--seed N --kills 1` plays
a single round again; `--mode NAME` plays the seeds of one mode alone. Exit code 1 and a folder
that is kept tell of a finding.
"""

import argparse
import asyncio
import itertools
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, TextIO

from tests.killing.findings import Report
from tests.killing.rounds import MODES, Rounds, mode_of

AT_ONCE: Final = 2
"""Rounds: each keeps a processor busy."""

COLUMNS: Final = ("rounds", "kills", "restarts", "faults met", "lost", "doubled", "out of order")


async def soak(
    seeds: Iterator[int], go_on: Callable[[Sequence[Report]], bool], folder: Path
) -> list[Report]:
    """Play the rounds of `seeds` while `go_on` says so of those that have ended."""
    rounds = Rounds(folder, at_once=AT_ONCE)
    reports: list[Report] = []

    async def play() -> None:
        while go_on(reports):
            report = await rounds.play(next(seeds))
            reports.append(report)
            if report.problems:
                say(f"{report}\n  kept in {rounds.folder(report.seed)}", sys.stderr)
            else:
                shutil.rmtree(rounds.folder(report.seed))
                say(f"{len(reports)}: {report.mode}, seed {report.seed}", sys.stderr)

    await asyncio.gather(*(play() for _ in range(AT_ONCE)))
    return reports


def table(reports: Sequence[Report]) -> Iterator[str]:
    """The reports by mode, and all together, as a table in Markdown."""
    yield f"| mode | {' | '.join(COLUMNS)} |"
    yield f"|---|{'---:|' * len(COLUMNS)}"
    for mode in MODES:
        yield _row(mode.name, [report for report in reports if report.mode == mode.name])
    yield _row("**all**", reports)


def _row(name: str, reports: Sequence[Report]) -> str:
    figures = (
        len(reports),
        sum(report.kills for report in reports),
        sum(report.restarts for report in reports),
        sum(report.faults for report in reports),
        sum(report.lost for report in reports),
        sum(report.doubled for report in reports),
        sum(report.disordered for report in reports),
    )
    return f"| {name} | {' | '.join(f'{figure:,}' for figure in figures)} |"


def say(text: str, stream: TextIO) -> None:
    """A line, at once."""
    stream.write(f"{text}\n")
    stream.flush()


def main(arguments: Iterable[str]) -> int:
    """Soak as the command line says; 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.killing.soak")
    parser.add_argument("--kills", type=int, default=1000, help="end after so many")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="or after so long")
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    parser.add_argument("--mode", choices=[mode.name for mode in MODES], help="this one alone")
    wanted = parser.parse_args(list(arguments))
    end = time.monotonic() + wanted.minutes * 60
    folder = Path(tempfile.mkdtemp(prefix="soak-"))

    def go_on(reports: Sequence[Report]) -> bool:
        enough: bool = sum(report.kills for report in reports) >= wanted.kills
        return not enough and time.monotonic() < end

    seeds = (
        seed
        for seed in itertools.count(wanted.seed)
        if wanted.mode is None or mode_of(seed).name == wanted.mode
    )
    reports = asyncio.run(soak(seeds, go_on, folder))
    say("\n".join(table(reports)), sys.stdout)
    findings = [report for report in reports if report.problems]
    if not findings:
        folder.rmdir()
        return 0
    for report in findings:
        say(f"\n{report}", sys.stdout)
    say(f"\n{len(findings)} rounds found something; they are kept in {folder}", sys.stdout)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
