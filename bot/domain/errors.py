"""Everything that can go wrong on purpose, and what to tell the person who met it.

    BotError
    ├── InvalidInput          somebody typed something that cannot be meant
    │   └── UnknownPaperId
    ├── NotAllowed            the person, or the bot, lacks a permission
    ├── NotFound              nothing is stored under that name
    ├── SourceError           a list could not be read
    │   ├── SourceUnavailable     the source is down, slow or refuses us: ask again later
    │   └── SourceUnreadable      it answered, and the answer makes no sense
    └── SettingsError         the environment does not describe a bot that can run

`str(error)` is for the log, `error.reply` for the person: a sentence that says what to do,
spoken in their language.
"""

from bot.domain.phrases import Phrase, phrase

FAILED = phrase("That did not work. My operator finds the reason in the log.")


class BotError(Exception):
    """An error that was foreseen, with the sentence that its reader should get."""

    reply: Phrase

    def __init__(self, message: str, *, reply: Phrase | None = None) -> None:
        super().__init__(message)
        self.reply = reply if reply is not None else FAILED


class InvalidInput(BotError):
    """What somebody typed cannot be meant; the reply says what to write instead."""


class UnknownPaperId(InvalidInput):
    """No arXiv id can be found in a text."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"no arXiv id in {len(text)} characters",
            reply=phrase("I need an arXiv id such as `2406.01574`, or a link to the paper."),
        )


class NotAllowed(BotError):
    """The person, or the bot itself, lacks a permission; the reply names it."""


class NotFound(BotError):
    """Nothing is stored under that name."""


class SourceError(BotError):
    """A list of papers could not be read from `source`."""

    def __init__(self, source: str, message: str, *, reply: Phrase | None = None) -> None:
        super().__init__(f"{source}: {message}", reply=reply)
        self.source = source


class SourceUnavailable(SourceError):
    """The source is down, slow, or asks us to wait: the same request may succeed later."""


class SourceUnreadable(SourceError):
    """The source answered something that is not a list: repeating the request does not help."""


class SettingsError(BotError):
    """A setting is missing or wrong; the message says which, and what to write."""
