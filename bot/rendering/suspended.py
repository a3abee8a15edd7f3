"""What the people of a channel are told when it takes nothing from us any more."""

from collections.abc import Sequence
from typing import Final

from bot.domain.phrases import Phrase, phrase
from bot.domain.subscriptions import Subscription, Suspension, SuspensionCause
from bot.domain.suspensions import KEPT_FOR, reason_given
from bot.rendering import markup, words
from bot.rendering.message import Rendered

_NAMED: Final = 20
_NAME_ROOM: Final = 100
_REASON_ROOM: Final = 300


def suspended(subscriptions: Sequence[Subscription], *, guild: str) -> Rendered:
    """The one message about suspensions for one reason; `guild` is the server's name.

    Nobody knows the language of who will read it: it is in that of the first channel.
    """
    suspension = subscriptions[0].suspension
    if suspension is None:
        raise ValueError(f"subscription {subscriptions[0].id} is not suspended")
    language = subscriptions[0].preferences.language
    channels = words.names_text((f"<#{s.channel_id}>" for s in subscriptions[:_NAMED]), language)
    if more := len(subscriptions[_NAMED:]):
        channels = words.spoken(
            phrase("{channels} and {count} more", channels=channels, count=more), language
        )
    server = markup.shown(guild, _NAME_ROOM, shown_as=markup.unlinked)
    match suspension.cause:
        case SuspensionCause.GONE:
            said = phrase(
                "I can't find {channels} of **{server}** any more, where the daily papers came. I "
                "keep the settings for {days} days, should it come back; `/subscribe` starts in "
                "another channel.",
                channels=channels,
                server=server,
                days=KEPT_FOR.days,
            )
        case SuspensionCause.LACKING:
            said = phrase(
                "I can't post the daily papers in {channels} of **{server}** any more: {reason}. "
                "I have kept everything, and go on by myself as soon as I get that permission "
                "back.",
                channels=channels,
                server=server,
                reason=reason(suspension),
            )
        case _:
            said = phrase(
                "I can't post the daily papers in {channels} of **{server}** any more: {reason}. "
                "I have kept everything. Once that is mended, `/subscription resume` goes on.",
                channels=channels,
                server=server,
                reason=reason(suspension),
            )
    return Rendered(content=words.spoken(said, language))


def reason(suspension: Suspension) -> Phrase | str:
    """Why a channel takes nothing from us: in our words, or harmlessly in Discord's."""
    ours = reason_given(suspension)
    return ours or markup.shown(suspension.reason, _REASON_ROOM, shown_as=markup.unlinked)
