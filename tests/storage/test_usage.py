"""What language models were asked on each day is counted, and bounded, in the store."""

from datetime import date
from decimal import Decimal

from bot.domain.usage import Allowance, Prices, Usage
from bot.storage.database import Database

TODAY, TOMORROW = date(2024, 6, 4), date(2024, 6, 5)
ONE = Usage(requests=1, tokens_in=100, tokens_out=50, cost=7)


async def test_days_are_counted_apart(database: Database) -> None:
    async with database.transaction() as stores:
        await stores.usage.add(TODAY, ONE)
        await stores.usage.add(TODAY, ONE)
        await stores.usage.add(TOMORROW, ONE)
    async with database.reading() as stores:
        assert await stores.usage.of(TODAY) == ONE + ONE
        assert await stores.usage.of(TOMORROW) == ONE
        assert await stores.usage.of(date(2024, 6, 6)) == Usage()


async def test_what_was_reserved_and_not_used_is_given_back(database: Database) -> None:
    used = Usage(requests=1, tokens_in=80, tokens_out=20, cost=3)
    async with database.transaction() as stores:
        assert await stores.usage.reserve(TODAY, ONE, Allowance(tokens=150))
        await stores.usage.add(TODAY, used - ONE)
        assert await stores.usage.of(TODAY) == used


async def test_a_day_without_room_takes_no_more(database: Database, elsewhere: Database) -> None:
    async with database.transaction() as stores:
        assert await stores.usage.reserve(TODAY, ONE, Allowance(tokens=299))
    async with elsewhere.transaction() as stores:
        assert not await stores.usage.reserve(TODAY, ONE, Allowance(tokens=299))
        assert not await stores.usage.reserve(TODAY, ONE, Allowance(cost=13))
        assert await stores.usage.of(TODAY) == ONE
        assert await stores.usage.reserve(TODAY, ONE, Allowance(tokens=300, cost=14))
        assert await stores.usage.reserve(TODAY, ONE, Allowance())


def test_a_cost_is_rounded_up() -> None:
    prices = Prices(tokens_in=Decimal("0.15"), tokens_out=Decimal("0.6"))

    assert prices.of(1000, 100).cost == 210
    assert prices.of(1, 0).cost == 1
    assert prices.of(0, 0) == Usage(requests=1)
