"""What the people of a channel are told when it takes nothing from us any more."""

from typing import Final

from bot.domain.subscriptions import Subscription, SuspensionCause
from bot.domain.suspensions import KEPT_FOR
from bot.rendering import markup, words
from bot.rendering.message import Rendered

_NAME_ROOM: Final = 100
_REASON_ROOM: Final = 300


def suspended(subscription: Subscription, *, guild: str) -> Rendered:
    """The one message about a suspension; `guild` is the server's name."""
    suspension = subscription.suspension
    if suspension is None:
        raise ValueError(f"subscription {subscription.id} is not suspended")
    name = markup.shown(guild, _NAME_ROOM, shown_as=markup.unlinked)
    cannot = words.CANNOT_POST.format(
        channel=f"<#{subscription.channel_id}>",
        guild=name,
        reason=markup.shown(suspension.reason, _REASON_ROOM, shown_as=markup.unlinked),
    )
    match suspension.cause:
        case SuspensionCause.GONE:
            text = words.GONE.format(guild=name, days=KEPT_FOR.days)
        case SuspensionCause.LACKING:
            text = words.LACKING.format(cannot=cannot)
        case _:
            text = words.REFUSED.format(cannot=cannot)
    return Rendered(content=text)
