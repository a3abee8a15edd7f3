"""Long lists of values in short statements."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

Value = TypeVar("Value")

VALUES_PER_STATEMENT: Final = 500
"""Far below the parameters that one statement may have: 32,766 on SQLite
(https://sqlite.org/limits.html#max_variable_number), 32,767 on asyncpg."""


def chunks(values: Iterable[Value]) -> Iterator[list[Value]]:
    """`values` without repetitions, in pieces that one `IN (…)` takes."""
    remaining = iter(dict.fromkeys(values))
    while chunk := list(islice(remaining, VALUES_PER_STATEMENT)):
        yield chunk
