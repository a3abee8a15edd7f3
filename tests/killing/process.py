"""The bot as a process that can be killed: `daily-papers run`, living faster.

It is the real command line, with its settings from the environment, but for two things that no
setting offers: the waits of delivering are `FACTOR` times as long, and its clock is some time
ahead of the machine's.

Most of a start is importing, a second of it, so one server process imports the bot and every
start forks from that (`multiprocessing`'s forkserver): a thousand starts are affordable then.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Final, Self
from unittest import mock

from bot.__main__ import main
from bot.app import open_app
from bot.services.timing import DEFAULT_TIMING

FACTOR: Final = 1 / 60
"""A minute takes a second: a claim holds for two."""

TIMING: Final = replace(
    DEFAULT_TIMING.times(FACTOR),
    # A start takes as long as in life, and longer where several share a processor.
    start_timeout=DEFAULT_TIMING.start_timeout,
)

_PRELOADED: Final = ["tests.killing.process", "tests.killing.rounds"]
_LOG: Final = "bot.log"


class BotProcess:
    """One process of the bot, from its start to its end."""

    def __init__(self, process: multiprocessing.process.BaseProcess) -> None:
        self._process = process

    @classmethod
    def start(cls, environment: Mapping[str, str], folder: Path, *, shift: timedelta) -> Self:
        """Start the bot in `folder`, where it adds to `bot.log`, its clock ahead by `shift`."""
        process = _server().Process(
            target=_run, args=(dict(environment), folder, shift), daemon=True
        )
        process.start()
        return cls(process)

    @property
    def runs(self) -> bool:
        return self._process.is_alive()

    def send(self, number: signal.Signals) -> None:
        """Send a signal; SIGKILL and SIGSTOP cannot be noticed by the bot."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    async def ended(self, *, within: float) -> int | None:
        """The exit code, a signal's number below zero; `None` if it has not ended in time."""
        await asyncio.to_thread(self._process.join, within)
        return self._process.exitcode


def log_of(folder: Path) -> str:
    """What the bot logged in this folder in all its lives."""
    file = folder / _LOG
    return file.read_text() if file.exists() else ""


@cache
def _server() -> ForkServerContext:
    """The server that all processes fork from; it measures no coverage, which slows starts."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    with mock.patch.dict(os.environ):
        for name in [name for name in os.environ if name.startswith("COV")]:
            del os.environ[name]
        forkserver.ensure_running()
    return context


def _run(environment: dict[str, str], folder: Path, shift: timedelta) -> None:
    os.chdir(folder)
    os.environ.update(environment)
    with Path(_LOG).open("ab") as log:
        os.dup2(log.fileno(), sys.stdout.fileno())
        os.dup2(log.fileno(), sys.stderr.fileno())
    sys.argv = ["daily-papers", "run"]
    with mock.patch("bot.__main__.open_app", partial(open_app, shift=shift, timing=TIMING)):
        main()
