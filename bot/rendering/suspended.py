"""What the people of a channel are told when it takes nothing from us any more."""

from collections.abc import Sequence
from typing import Final

from bot.domain.subscriptions import Subscription, Suspension, SuspensionCause
from bot.domain.suspensions import KEPT_FOR
from bot.rendering import markup, words
from bot.rendering.message import Rendered

_NAMED: Final = 20
_NAME_ROOM: Final = 100
_REASON_ROOM: Final = 300


def suspended(subscriptions: Sequence[Subscription], *, guild: str) -> Rendered:
    """The one message about suspensions for one reason; `guild` is the server's name."""
    suspension = subscriptions[0].suspension
    if suspension is None:
        raise ValueError(f"subscription {subscriptions[0].id} is not suspended")
    channels = words.names_text((f"<#{s.channel_id}>" for s in subscriptions[:_NAMED]), "en")
    if more := len(subscriptions[_NAMED:]):
        channels += words.MORE_CHANNELS.format(count=more)
    named = {
        "channels": channels,
        "guild": markup.shown(guild, _NAME_ROOM, shown_as=markup.unlinked),
    }
    match suspension.cause:
        case SuspensionCause.GONE:
            text = words.GONE.format(days=KEPT_FOR.days, **named)
        case SuspensionCause.LACKING:
            text = words.LACKING.format(reason=_reason(suspension), **named)
        case _:
            text = words.REFUSED.format(reason=_reason(suspension), **named)
    return Rendered(content=text)


def _reason(suspension: Suspension) -> str:
    return markup.shown(suspension.reason, _REASON_ROOM, shown_as=markup.unlinked)
