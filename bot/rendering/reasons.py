"""Why a paper was posted in a channel, or was not, in sentences."""

from typing import Final

from bot.domain.deliveries import LISTS_LOOKED_BACK
from bot.domain.interests import Place
from bot.domain.papers import Paper
from bot.domain.phrases import Phrase, phrase
from bot.domain.reasons import Circumstances, Why
from bot.domain.subscriptions import Scope
from bot.rendering import limits, markup
from bot.rendering.suspended import reason
from bot.rendering.words import day_text, spoken

_TITLE_ROOM: Final = 300
_LISTS_NAMED: Final = 5


def message_url(place: Place, message_id: int) -> str:
    """The address of a message in Discord; one of direct messages opens for their person."""
    return f"https://discord.com/channels/{place.guild_id or '@me'}/{place.channel_id}/{message_id}"


def reasons(paper: Paper, known: Circumstances, why: Why, *, place: Place, language: str) -> str:
    """Which lists had a paper, and what became of it here."""
    title = markup.shown(paper.title, _TITLE_ROOM, shown_as=markup.unlinked) or str(paper.id)
    said = [_lists(known, language), *_here(known, why, place)]
    lines = [f"**{title}**", *(spoken(each, language) for each in said)]
    return limits.fit("\n".join(lines), limits.CONTENT)


def _lists(known: Circumstances, language: str) -> Phrase:
    if not known.appearances:
        return phrase("It is on no list that I have read.")
    named = tuple(
        f"{day_text(each.day, language)} (#{each.rank})"
        for each in known.appearances[:_LISTS_NAMED]
    )
    return phrase("It is on the list of {lists}.", lists=named)


def _here(known: Circumstances, why: Why, place: Place) -> list[Phrase]:
    post, subscription = known.post, known.subscription
    match why:
        case Why.CARD | Why.LINK if post is not None and post.message_id is not None:
            url = message_url(place, post.message_id)
            said = [phrase("It was posted here: {url}", url=url)]
            if subscription is not None and subscription.scope is Scope.FOLLOWED:
                said.append(phrase("You follow it."))
            elif why is Why.LINK:
                said.append(
                    phrase("It came as a link: the papers before it filled the limit of cards.")
                )
            if post.late:
                said.append(
                    phrase("It came to the list of {day} after that day's post.", day=post.day)
                )
            return said
        case Why.ON_ITS_WAY:
            return [phrase("It is on its way: its post is being sent, or sent again.")]
        case Why.NOT_SUBSCRIBED:
            return [phrase("Nothing is posted here: `/subscribe` or `/me digest` starts it.")]
        case Why.PAUSED:
            return [phrase("Posts here are paused: `/subscription resume` goes on.")]
        case Why.SUSPENDED if subscription is not None and subscription.suspension is not None:
            return [
                phrase(
                    "Posts here have been suspended since {since}: {reason}.",
                    since=subscription.suspension.since,
                    reason=reason(subscription.suspension),
                )
            ]
        case Why.NOT_FOLLOWED:
            return [
                phrase(
                    "You get what you follow, and follow nothing of it: `/follow list` shows what "
                    "you follow, `/me digest` brings all papers of the day."
                )
            ]
        case Why.WAITS if known.waits_until is not None:
            return [
                phrase(
                    "The post waits for the source, until {until} at most.",
                    until=known.waits_until,
                )
            ]
        case Why.BEFORE_FIRST if known.first_day is not None:
            return [
                phrase(
                    "The first post here brought the list of {day}, and none before it.",
                    day=known.first_day,
                )
            ]
        case Why.TOO_OLD:
            return [
                phrase(
                    "It was not posted here: a post brings the lists of {count} days, and its "
                    "list was older, or not subscribed yet, whenever one came.",
                    count=LISTS_LOOKED_BACK,
                )
            ]
        case Why.NEXT if subscription is not None:
            next_at = subscription.next_slot(known.at)
            return [phrase("It comes with the next post: {at}.", at=next_at)]
        case _:
            return [phrase("So it could not be posted.")]
