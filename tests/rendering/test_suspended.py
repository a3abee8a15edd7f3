from dataclasses import replace

import pytest

from bot.domain.subscriptions import Subscription, SubscriptionState, Suspension, SuspensionCause
from bot.rendering.suspended import suspended
from tests.builders import a_subscription, some_preferences, utc


def shut(cause: SuspensionCause, reason: str = "why", channel_id: int = 7) -> Subscription:
    return a_subscription(
        channel_id=channel_id,
        state=SubscriptionState.SUSPENDED,
        suspension=Suspension(cause=cause, reason=reason, since=utc(2024, 6, 5)),
    )


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        (SuspensionCause.LACKING, "as soon as I get that permission back"),
        (SuspensionCause.REFUSED, "`/subscription resume` goes on"),
        (SuspensionCause.GONE, "for 30 days"),
    ],
)
def test_every_cause_says_what_was_kept_and_what_to_do(cause: SuspensionCause, says: str) -> None:
    content = suspended([shut(cause)], guild="lab").content
    assert content is not None
    assert says in content
    assert "<#7>" in content


def test_names_and_reasons_of_others_are_text_and_nothing_else() -> None:
    content = suspended(
        [shut(SuspensionCause.REFUSED, "**no** @everyone")], guild="[x](https://x.example) @here"
    ).content
    assert content is not None
    assert "@everyone" not in content
    assert "@here" not in content
    assert "](" not in content.replace("\\]", "").replace("\\(", "")


def test_many_channels_are_one_message_that_fits() -> None:
    many = [shut(SuspensionCause.LACKING, "w" * 900, channel_id=10**18 + n) for n in range(500)]
    content = suspended(many, guild="g" * 200).content
    assert content is not None
    assert len(content) <= 2000
    assert "and 480 more" in content


def test_what_is_not_suspended_has_nothing_to_say() -> None:
    with pytest.raises(ValueError, match="not suspended"):
        suspended([a_subscription()], guild="lab")


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        (SuspensionCause.LACKING, "제게 링크 첨부 권한이 없어요. 모든 것을"),
        (SuspensionCause.REFUSED, "I lack Embed Links. 모든 것을"),
        (SuspensionCause.GONE, "30일 동안 보관할게요"),
    ],
)
def test_it_is_said_in_the_language_of_the_channel(cause: SuspensionCause, says: str) -> None:
    korean = some_preferences(language="ko")
    one = replace(shut(cause, "I lack Embed Links"), preferences=korean)
    content = suspended([one] * 22, guild="연구실").content
    assert content is not None
    assert "**연구실** 서버의" in content
    assert "외 2개 채널" in content
    assert says in content
