"""What asking a language model comes to, and how much of it a day may have."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Final

MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Requests, the tokens that went in and came out, and their cost in millionths of the
    currency that the prices are in."""

    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: int = 0

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            requests=self.requests + other.requests,
            tokens_in=self.tokens_in + other.tokens_in,
            tokens_out=self.tokens_out + other.tokens_out,
            cost=self.cost + other.cost,
        )

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(
            requests=self.requests - other.requests,
            tokens_in=self.tokens_in - other.tokens_in,
            tokens_out=self.tokens_out - other.tokens_out,
            cost=self.cost - other.cost,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What a million tokens cost, in and out."""

    tokens_in: Decimal = Decimal(0)
    tokens_out: Decimal = Decimal(0)

    def of(self, tokens_in: int, tokens_out: int) -> Usage:
        """One request with so many tokens; its cost is rounded up."""
        # A price for a million tokens is the price of one in millionths.
        cost = tokens_in * self.tokens_in + tokens_out * self.tokens_out
        return Usage(
            requests=1,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cost=int(cost.to_integral_value(ROUND_CEILING)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """The most of a day (UTC): tokens in and out together, and millionths of the currency.
    `None` is no bound."""

    tokens: int | None = None
    cost: int | None = None

    def covers(self, usage: Usage) -> bool:
        """Whether a day may come to that."""
        return (self.tokens is None or usage.tokens <= self.tokens) and (
            self.cost is None or usage.cost <= self.cost
        )
