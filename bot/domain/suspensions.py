"""What becomes of a subscription when its channel shuts us out, opens again, or is gone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto
from typing import Final

from bot.domain.deliveries import Refused
from bot.domain.phrases import Phrase, phrase
from bot.domain.subscriptions import (
    Subscription,
    SubscriptionState,
    Suspension,
    SuspensionCause,
)

KEPT_FOR: Final = timedelta(days=30)
"""How long the configuration of a server that removed us, or of a channel that is gone, is kept."""

TOLD_AGAIN_AFTER: Final = timedelta(days=1)
"""People are told of a channel's next suspension only so long after they were told of one: a
channel that is shut and opened all day is one piece of news."""


_LACKING: Final = "I lack "
_BETWEEN: Final = ", "


class Access(StrEnum):
    """What the gateway lets us know of a channel, without asking.

    OPEN: we may post there. SHUT: we lack a permission. ABSENT: the server has put us out.
    UNSEEN: nothing can be said, because we are not connected, or the channel is not among those
    that Discord told us of (archived threads are not).
    """

    OPEN = "open"
    SHUT = "shut"
    ABSENT = "absent"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Standing:
    """How we stand in a channel; `lacking` names, as Discord shows them, missing permissions."""

    access: Access
    lacking: tuple[str, ...] = ()

    def suspension(self) -> tuple[SuspensionCause, str] | None:
        """Why to suspend without even asking Discord, cause and reason; `None` if not."""
        match self.access:
            case Access.SHUT:
                return SuspensionCause.LACKING, f"{_LACKING}{_BETWEEN.join(self.lacking)}"
            case Access.ABSENT:
                return SuspensionCause.REMOVED, "the server has removed me"
            case Access.OPEN | Access.UNSEEN:
                return None


def reason_given(suspension: Suspension) -> Phrase | None:
    """What `Standing.suspension` wrote down, to be spoken; `None` for the words of Discord."""
    if suspension.cause is not SuspensionCause.LACKING:
        return None
    head, marked, names = suspension.reason.partition(_LACKING)
    if head or not marked:
        return None
    permissions = tuple(phrase(name) for name in names.split(_BETWEEN))
    return phrase("I lack {permissions}", permissions=permissions)


def cause_of(refused: Refused, standing: Standing) -> SuspensionCause:
    """Why Discord refused, as far as can be told.

    Missing permissions, it says: where we could not see that, they will be seen to return. But
    where we saw that we have them, nobody can see what it is that must change.
    """
    if refused.cause is SuspensionCause.LACKING and standing.access is Access.OPEN:
        return SuspensionCause.REFUSED
    return refused.cause


class Step(Enum):
    """What to do with a suspended subscription.

    RESUME it; FORGET it, for it waited `KEPT_FOR` in vain; NOTE_LACKING: it is a missing
    permission, whose name is worth telling and whose return will be seen; KEEP it as it is.
    """

    RESUME = auto()
    FORGET = auto()
    NOTE_LACKING = auto()
    KEEP = auto()


def next_step(
    subscription: Subscription, standing: Standing, now: datetime, *, changed: bool = False
) -> Step:
    """What becomes of a suspended subscription, as its channel stands `now`.

    One that Discord refused while everything looked well is tried again only once something
    about its channel `changed`: every fruitless try counts against the bot.
    """
    suspension = subscription.suspension
    if subscription.state is not SubscriptionState.SUSPENDED or suspension is None:
        return Step.KEEP
    cause, waited = suspension.cause, now - suspension.since
    if standing.access is Access.OPEN:
        seen_to_mend = cause in (SuspensionCause.LACKING, SuspensionCause.REMOVED)
        return Step.RESUME if seen_to_mend or changed else Step.KEEP
    if standing.access is Access.SHUT:
        known = cause is SuspensionCause.LACKING and suspension.told_at is not None
        return Step.KEEP if known else Step.NOTE_LACKING
    if standing.access is Access.UNSEEN and cause is SuspensionCause.REMOVED and changed:
        return Step.RESUME  # back in the server; the channel is an archived thread
    lost_for_good = (
        cause is SuspensionCause.REMOVED and standing.access is Access.ABSENT
    ) or cause is SuspensionCause.GONE
    return Step.FORGET if lost_for_good and waited > KEPT_FOR else Step.KEEP


def tells_people(cause: SuspensionCause) -> bool:
    """Whether to tell anybody: those who put the bot out know that they did."""
    return cause is not SuspensionCause.REMOVED
