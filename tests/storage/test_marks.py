from datetime import timedelta

from bot.storage.database import Database
from bot.storage.marks import COPIED, FIRST_USED
from tests.storage.samples import NOON


async def test_a_mark_is_kept_until_it_is_set_anew(database: Database) -> None:
    async with database.transaction() as stores:
        await stores.marks.set(COPIED, NOON - timedelta(days=1))
        await stores.marks.set(COPIED, NOON)
    async with database.reading() as stores:
        assert await stores.marks.get(COPIED) == NOON
        assert await stores.marks.get(FIRST_USED) is None
