"""Follow under a card: who signed the paper, to choose whom to follow."""

from typing import Any

import simcord

from bot.domain.digests import Digest, Listing
from bot.domain.follows import MOST_FOLLOWS
from bot.domain.subscriptions import SubscriptionState, SuspensionCause
from tests.builders import a_paper
from tests.cogs.conftest import NOON, Lab

PAPER = "2406.00001"
FOLLOW = f"follow-authors:{PAPER}"
CHOOSE = f"choose-authors:{PAPER}"


async def sign(lab: Lab, *authors: str) -> None:
    """Let the paper be signed by these."""
    listing = Listing(paper=a_paper(1, authors=authors), upvotes=10, live=True)
    async with lab.app.database.transaction() as stores:
        await stores.lists.save(
            Digest.of(NOON.date(), [listing]), source="huggingface", read_at=NOON, closed=False
        )


async def the_card(lab: Lab) -> Any:
    """The card in the channel."""
    await lab.slash("subscribe", time="13:00", timezone="UTC")
    await lab.deliver(lab.channel)
    return next(m for m in lab.channel.history() if m.embeds and PAPER in str(m.embeds[0].url))


def the_answer(result: simcord.InteractionResult) -> simcord.ResponseMessage:
    assert result.response is not None
    assert result.response.ephemeral
    return result.response


def the_select(answer: simcord.ResponseMessage) -> dict[str, Any]:
    [row] = answer.components
    [select] = row["components"]
    return dict(select)


async def names(lab: Lab) -> list[str]:
    return [follow.said for follow in await lab.app.following.follows(lab.reader.id)]


def ids_of(select: dict[str, Any]) -> dict[str, str]:
    return {option["label"]: option["value"] for option in select["options"]}


async def test_authors_are_chosen_and_left_from_a_card(lab: Lab) -> None:
    await sign(lab, "Ada", "Bo", "Yann LeCun")
    answer = the_answer(await lab.reader.click(await the_card(lab), custom_id=FOLLOW))
    select = the_select(answer)
    assert list(ids_of(select)) == ["Ada", "Bo", "Yann LeCun"]
    of = ids_of(select)

    await lab.reader.select(answer, values=[of["Bo"], of["Ada"]], custom_id=CHOOSE)
    assert sorted(await names(lab)) == ["Ada", "Bo"]

    again = the_answer(await lab.reader.click(await the_card(lab), custom_id=FOLLOW))
    ticked = {each["label"] for each in the_select(again)["options"] if each.get("default")}
    assert ticked == {"Ada", "Bo"}


async def test_who_is_left_out_next_time_is_followed_no_longer(lab: Lab) -> None:
    await sign(lab, "Ada", "Bo")
    card = await the_card(lab)
    answer = the_answer(await lab.reader.click(card, custom_id=FOLLOW))
    of = ids_of(the_select(answer))
    both = await lab.reader.select(answer, values=list(of.values()), custom_id=CHOOSE)
    assert both.response is not None
    assert "you follow `Ada` and `Bo`" in str(both.response.content)
    assert "`/me hour`" in str(both.response.content)

    none = await lab.reader.select(both.response, values=[], custom_id=CHOOSE)

    assert none.response is not None
    assert none.response.content == "You follow no author of this paper."
    assert await names(lab) == []
    assert await lab.app.following.subscription(lab.reader.id) is None


async def test_what_was_followed_elsewhere_meanwhile_stays(lab: Lab) -> None:
    await sign(lab, "Ada", "Bo")
    answer = the_answer(await lab.reader.click(await the_card(lab), custom_id=FOLLOW))
    of = ids_of(the_select(answer))
    await lab.slash("follow author", by=lab.reader, name="Ada")

    await lab.reader.select(answer, values=[of["Bo"]], custom_id=CHOOSE)

    assert await names(lab) == ["Ada", "Bo"]


async def test_they_answer_after_a_restart(lab: Lab) -> None:
    await sign(lab, "Ada", "Bo")
    card = await the_card(lab)
    before = the_answer(await lab.reader.click(card, custom_id=FOLLOW))
    of = ids_of(the_select(before))

    async with lab.restarted():
        await lab.reader.select(before, values=[of["Bo"]], custom_id=CHOOSE)
        after = the_answer(await lab.reader.click(card, custom_id=FOLLOW))

    ticked = [each["label"] for each in the_select(after)["options"] if each.get("default")]
    assert ticked == ["Bo"]


async def test_of_many_authors_the_first_are_shown_and_the_rest_counted(lab: Lab) -> None:
    await sign(lab, "Author 0", *(f"Author {number}" for number in range(30)))
    answer = the_answer(await lab.reader.click(await the_card(lab), custom_id=FOLLOW))

    assert list(ids_of(the_select(answer))) == [f"Author {number}" for number in range(24)]
    assert "6 more are not shown" in str(answer.content)


async def test_more_than_is_kept_changes_nothing_and_says_so(lab: Lab) -> None:
    await sign(lab, "Ada", "Bo")
    for number in range(MOST_FOLLOWS - 1):
        await lab.app.following.follow_words(lab.reader.id, f"word{number}", language="en")
    answer = the_answer(await lab.reader.click(await the_card(lab), custom_id=FOLLOW))
    of = ids_of(the_select(answer))

    result = await lab.reader.select(answer, values=list(of.values()), custom_id=CHOOSE)

    assert any("I keep no more" in str(said.content) for said in result.followups)
    assert len(await names(lab)) == MOST_FOLLOWS - 1


async def test_closed_direct_messages_are_told_of_here_too(lab: Lab) -> None:
    await sign(lab, "Ada")
    await lab.slash("follow words", by=lab.reader, words="diffusion")
    subscription = await lab.app.following.subscription(lab.reader.id)
    assert subscription is not None
    async with lab.app.database.transaction() as stores:
        await stores.subscriptions.suspend(
            subscription.id, SuspensionCause.REFUSED, "closed", at=NOON
        )

    result = await lab.reader.click(await the_card(lab), custom_id=FOLLOW)

    assert any("closed to me" in str(said.content) for said in result.followups)
    again = await lab.app.following.subscription(lab.reader.id)
    assert again is not None
    assert again.state is SubscriptionState.ACTIVE


async def test_a_paper_shown_by_a_look_up_has_the_button_too(lab: Lab) -> None:
    await sign(lab, "Ada")
    shown = await lab.slash("papers show", by=lab.reader, paper=PAPER)

    answer = the_answer(await lab.reader.click(shown, custom_id=FOLLOW))

    assert list(ids_of(the_select(answer))) == ["Ada"]
