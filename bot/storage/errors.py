"""What can go wrong between the program and its database.

BotError
├── StorageError              the database cannot be used
│   ├── DatabaseUnavailable       its file cannot be opened, read or written
│   │   ├── DatabaseBusy              another program holds it
│   │   └── DatabaseMissing           it is not there, and was only to be looked at
│   ├── DatabaseDamaged           its file does not hold together any more
│   ├── IndexDamaged              only the search index does not, which can be built anew
│   ├── SchemaTooNew              a newer version of the program has changed its tables
│   └── BackupFailed              no copy was made
├── AlreadySubscribed         the channel has a subscription
└── NotFound
    ├── PaperNotFound
    ├── SubscriptionNotFound
    └── DeliveryNotFound
"""

from bot.domain.errors import BotError, NotFound
from bot.domain.papers import PaperId
from bot.domain.phrases import phrase


class StorageError(BotError):
    """The database cannot be used; the message tells whoever runs the bot what to do, which is
    nobody else's business."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message,
            reply=phrase(
                "My archive cannot be used right now. Please try again in a few minutes; "
                "my operator finds the reason in the log."
            ),
        )


class DatabaseUnavailable(StorageError):
    """The database's file cannot be opened, read or written now."""


class DatabaseBusy(DatabaseUnavailable):
    """Another program holds it; that passes."""


class DatabaseMissing(DatabaseUnavailable):
    """There is no such file, and it was only to be looked at."""


class DatabaseDamaged(StorageError):
    """The database's file does not hold together any more: going on would make it worse."""


class IndexDamaged(StorageError):
    """The search index does not hold together any more. Everything else does, and it can be
    built anew from that."""


class SchemaTooNew(StorageError):
    """The tables are of a newer version of this program."""


class BackupFailed(StorageError):
    """No copy was made, and nothing is left of the try; the message says what to do."""


class AlreadySubscribed(BotError):
    """A channel has at most one subscription, and this one has it."""

    def __init__(self, channel_id: int) -> None:
        super().__init__(
            f"channel {channel_id} is subscribed already",
            reply=phrase(
                "{channel} gets the daily papers already. "
                "`/subscription edit` changes when and how.",
                channel=f"<#{channel_id}>",
            ),
        )


class PaperNotFound(NotFound):
    """No source has listed this paper yet."""

    def __init__(self, paper_id: PaperId) -> None:
        super().__init__(
            f"paper {paper_id} is not stored",
            reply=phrase("I have not seen {paper} in any list yet.", paper=f"`{paper_id}`"),
        )


class SubscriptionNotFound(NotFound):
    """The subscription has ended."""

    def __init__(self, subscription_id: int) -> None:
        super().__init__(
            f"subscription {subscription_id} is not stored",
            reply=phrase("This subscription has ended. `/subscribe` starts a new one."),
        )


class DeliveryNotFound(NotFound):
    """No delivery has this id."""

    def __init__(self, delivery_id: int) -> None:
        super().__init__(f"delivery {delivery_id} is not stored")
