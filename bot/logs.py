"""The log: one line an event, without control characters, without secrets.

A line is an event to whatever reads logs: journald, a container engine, grep. So a traceback
stays on the line of its event too, its line ends written as `\\n`, and so are the line ends and
control characters of any message: what a person typed or a server answered can forge no event
and steer no terminal. `sed 's/\\\\n/\\n/g'` unfolds a traceback for reading.

Secrets are struck out of the finished line, just before it is written: whatever way one came
into it, by message, argument, exception or address, it does not come out.
"""

import json
import logging
import re
import sys
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, TextIO
from urllib.parse import quote

from pydantic import SecretStr
from pythonjsonlogger.json import JsonFormatter

from bot.settings import Settings

log = logging.getLogger(__name__)

QUIET: Final = ("aiosqlite", "alembic", "apscheduler", "discord", "sqlalchemy")
"""Libraries of which only warnings are logged, whatever LOG_LEVEL: their details are contents."""

REDACTED: Final = "[redacted]"
LEAST_SECRET: Final = 8
"""Anything shorter is no token, and would be struck out of innocent words."""

_SECRETS_BY_FORM: Final = (
    # Whoever has them may answer or post in the bot's name:
    # https://discord.com/developers/docs/interactions/receiving-and-responding
    re.compile(r"(/webhooks/\d+/)[^/?\s\"'\\]+"),
    re.compile(r"(/interactions/\d+/)[^/?\s\"'\\]+"),
    # As in an event of the gateway, and in such an event quoted as a string.
    re.compile(r"(\\*[\"']token\\*[\"']\s*:\s*\\*[\"'])[^\"'\\]+"),
)

_CONTROL: Final = re.compile(
    # C0 and C1, line and paragraph separators, marks that turn the direction of writing, and
    # halves of surrogate pairs, which cannot be written.
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def set_up(settings: Settings) -> None:
    """Write the log to standard error, as `settings` say; what was set up before is replaced.

    Warnings of Python and exceptions that nobody handled are logged like everything else.
    """
    handler = _Handler(secrets=(settings.discord_token, settings.hf_token, settings.llm_api_key))
    handler.setFormatter(_Json() if settings.log_format == "json" else _Text())
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    for quiet in QUIET:
        logging.getLogger(quiet).setLevel(max(logging.WARNING, logging.root.level))
    # It says that it tries again, and not what: the source that fails in the end is logged.
    logging.getLogger("stamina").setLevel(logging.ERROR)
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_unhandled
    threading.excepthook = _log_unhandled_in_thread


class Redaction:
    """Strikes secrets out of text: those it is given, and what has the form of one."""

    def __init__(self, secrets: Iterable[SecretStr | None]) -> None:
        values = [secret.get_secret_value() for secret in secrets if secret is not None]
        forms = {
            form
            for value in values
            if len(value) >= LEAST_SECRET
            for form in (value, quote(value, safe=""), json.dumps(value)[1:-1])
        }
        # The longest first: one secret may begin like another.
        alternatives = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
        self._known = re.compile(alternatives) if alternatives else None

    def __call__(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(REDACTED, text)
        for form in _SECRETS_BY_FORM:
            text = form.sub(rf"\1{REDACTED}", text)
        return text


class _Handler(logging.StreamHandler[TextIO]):
    """Writes finished lines without secrets."""

    def __init__(self, *, secrets: Iterable[SecretStr | None]) -> None:
        super().__init__(sys.stderr)
        self._redact = Redaction(secrets)

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Tell in one line of a call whose arguments do not fit. Python's own way would print
        message and arguments on many lines, secrets and all."""
        if isinstance(sys.exception(), OSError):
            return  # standard error is gone: there is nowhere to tell it
        record.msg, record.args = "(not fit to print, from %s:%d)", (record.filename, record.lineno)
        record.exc_info = record.exc_text = record.stack_info = None
        self.stream.write(self.format(record) + self.terminator)
        self.flush()


class _InUtc(logging.Formatter):
    """Times as `2024-06-05T00:00:00.000+00:00`."""

    def formatTime(  # noqa: N802 - logging's own name
        self,
        record: logging.LogRecord,
        datefmt: str | None = None,  # noqa: ARG002 - the same
    ) -> str:
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class _Text(_InUtc):
    """For people: time, level, logger and message. What is not fit to print is escaped;
    backslashes are left as they are, for readability: the JSON form is the exact one."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        return _CONTROL.sub(_escaped, super().format(record))


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


class _Json(_InUtc, JsonFormatter):
    """For programs: an object with time, level, logger, message and, if there was one,
    exception. All that is not ASCII is escaped as JSON does, so nothing else has to be."""

    def __init__(self) -> None:
        super().__init__(
            "{asctime}{levelname}{name}{message}",
            style="{",
            rename_fields={
                "asctime": "time",
                "levelname": "level",
                "name": "logger",
                "exc_info": "exception",
            },
        )


def _log_unhandled(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    log.critical("the program ends: nobody handled this", exc_info=(kind, error, traceback))


def _log_unhandled_in_thread(failed: threading.ExceptHookArgs) -> None:
    error = failed.exc_value
    if error is not None:
        log.error("a thread ended: nobody handled this", exc_info=error)
