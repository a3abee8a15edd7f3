"""The simulated Discord's clock, made to run."""

from datetime import datetime, timedelta

from simcord._clock import Clock

from bot.services.clock import utc_now


class RunningClock(Clock):
    """Goes by itself, `shift` ahead of the machine's clock.

    simcord's own stands still until a test moves it; moving this one changes nothing.
    """

    def __init__(self, shift: timedelta) -> None:
        self._shift = shift
        self._started_at = self.now()

    def now(self) -> datetime:
        return utc_now() + self._shift

    @property
    def elapsed(self) -> float:
        """Seconds since the clock was made."""
        return (self.now() - self._started_at).total_seconds()

    @elapsed.setter
    def elapsed(self, _: float) -> None: ...
