"""Going on from a backup: what was posted after it was made stands in Discord, and not in it."""

import logging
from dataclasses import dataclass
from datetime import datetime

from bot.storage.database import Database
from bot.storage.marks import COPIED, FIRST_USED

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Restored:
    """The store is a copy made at `copied_at`, on which a bot first ran at `used_at`.

    Whatever was due between the two may have been posted already.
    """

    copied_at: datetime
    used_at: datetime

    def in_doubt_since(self, slot_at: datetime) -> datetime | None:
        """Since when messages of `slot_at` may stand in their channel; `None` if they do not."""
        return self.copied_at if slot_at <= self.used_at else None


async def restored(database: Database, now: datetime) -> Restored | None:
    """What the store says of itself; `None` if it is no copy. Call it before any delivery:
    at the first time everything that the copy holds as unsent becomes doubtful."""
    async with database.transaction() as stores:
        copied_at = await stores.marks.get(COPIED)
        if copied_at is None:
            return None
        used_at = await stores.marks.get(FIRST_USED)
        if used_at is None or used_at < copied_at:
            used_at = now
            await stores.marks.set(FIRST_USED, used_at)
            await stores.deliveries.doubt(since=copied_at)
            log.warning(
                "the database is a copy of %s: before posting anything that was due since, "
                "the bot looks whether it is there already",
                copied_at.isoformat(timespec="seconds"),
            )
    return Restored(copied_at, used_at)
