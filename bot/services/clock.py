"""The clock that services are given, so that a test or the demo can give another."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Now: TypeAlias = Callable[[], datetime]
"""The present as an aware UTC instant."""


def utc_now() -> datetime:
    return datetime.now(UTC)
