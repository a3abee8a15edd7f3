"""How long delivering waits, holds on and believes: one value, so that the parts agree."""

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Final, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The waits of delivering.

    `start_timeout` bounds each step of a start: logging in, asking for the gateway. Past that the
    process ends, to be started again; so it is longer than any other.
    `request_timeout` bounds every request to Discord, and each of the three things that may be
    asked for one message: looking back, sending, sending plain. `lease` is how long a claim
    holds: longer than the three together, so a claim that has run out is a dead worker's.
    `nonce_remembered` is how long Discord is trusted to know a nonce; it promises "the past few
    minutes" (https://discord.com/developers/docs/resources/message#create-message).
    Between two tries of one message lie `first_retry`, doubled each time, up to `last_retry`;
    `resume_every` is how often what was left undone is taken up.
    """

    start_timeout: timedelta = timedelta(minutes=2)
    request_timeout: timedelta = timedelta(seconds=30)
    lease: timedelta = timedelta(minutes=2)
    nonce_remembered: timedelta = timedelta(minutes=2)
    first_retry: timedelta = timedelta(seconds=1)
    last_retry: timedelta = timedelta(seconds=60)
    resume_every: timedelta = timedelta(minutes=1)

    def __post_init__(self) -> None:
        if self.lease <= 3 * self.request_timeout:
            raise ValueError(f"a lease of {self.lease} ends before its three requests may")

    def times(self, factor: float) -> Self:
        """The same proportions, longer or shorter: tests live faster."""
        return type(self)(**{f.name: getattr(self, f.name) * factor for f in fields(self)})


DEFAULT_TIMING: Final = Timing()
