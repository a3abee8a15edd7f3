import pytest

from bot.domain.subscriptions import Subscription, SubscriptionState, Suspension, SuspensionCause
from bot.rendering.suspended import suspended
from tests.builders import a_subscription, utc


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
