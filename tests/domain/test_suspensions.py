from datetime import timedelta

import pytest

from bot.domain.deliveries import Refused
from bot.domain.phrases import phrase
from bot.domain.subscriptions import SubscriptionState, Suspension, SuspensionCause
from bot.domain.suspensions import (
    KEPT_FOR,
    Access,
    Standing,
    Step,
    cause_of,
    next_step,
    reason_given,
    tells_people,
)
from tests.builders import a_subscription, utc

NOW = utc(2024, 6, 5)
OPEN, SHUT, ABSENT, UNSEEN = (
    Standing(Access.OPEN),
    Standing(Access.SHUT, ("Embed Links",)),
    Standing(Access.ABSENT),
    Standing(Access.UNSEEN),
)
LACKING, REFUSED, GONE, REMOVED = SuspensionCause
LONG = KEPT_FOR + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("cause", "standing", "waited", "changed", "step"),
    [
        (LACKING, OPEN, timedelta(0), False, Step.RESUME),
        (LACKING, SHUT, LONG, True, Step.NOTE_LACKING),
        (LACKING, UNSEEN, LONG, True, Step.KEEP),
        (LACKING, ABSENT, LONG, True, Step.KEEP),
        (REFUSED, OPEN, LONG, False, Step.KEEP),
        (REFUSED, OPEN, timedelta(0), True, Step.RESUME),
        (REFUSED, SHUT, timedelta(0), False, Step.NOTE_LACKING),
        (REFUSED, UNSEEN, LONG, False, Step.KEEP),
        (GONE, OPEN, timedelta(0), False, Step.KEEP),
        (GONE, OPEN, timedelta(0), True, Step.RESUME),
        (GONE, UNSEEN, KEPT_FOR, False, Step.KEEP),
        (GONE, UNSEEN, LONG, False, Step.FORGET),
        (REMOVED, ABSENT, KEPT_FOR, False, Step.KEEP),
        (REMOVED, ABSENT, LONG, False, Step.FORGET),
        (REMOVED, OPEN, LONG, False, Step.RESUME),
        (REMOVED, SHUT, LONG, False, Step.NOTE_LACKING),
        (REMOVED, UNSEEN, LONG, False, Step.KEEP),
        (REMOVED, UNSEEN, LONG, True, Step.RESUME),
    ],
)
def test_what_becomes_of_a_suspended_subscription(
    cause: SuspensionCause, standing: Standing, waited: timedelta, changed: bool, step: Step
) -> None:
    subscription = a_subscription(
        state=SubscriptionState.SUSPENDED,
        suspension=Suspension(cause=cause, reason="why", since=NOW - waited),
    )
    assert next_step(subscription, standing, NOW, changed=changed) is step


def test_what_people_were_told_is_not_named_anew() -> None:
    subscription = a_subscription(
        state=SubscriptionState.SUSPENDED,
        suspension=Suspension(cause=LACKING, reason="why", since=NOW, told_at=NOW),
    )
    assert next_step(subscription, SHUT, NOW) is Step.KEEP


@pytest.mark.parametrize(
    ("said", "standing", "cause"),
    [
        (LACKING, UNSEEN, LACKING),
        (LACKING, OPEN, REFUSED),
        (REFUSED, UNSEEN, REFUSED),
        (GONE, OPEN, GONE),
    ],
)
def test_a_lack_that_cannot_be_seen_is_a_refusal_whose_end_cannot_be_seen_either(
    said: SuspensionCause, standing: Standing, cause: SuspensionCause
) -> None:
    assert cause_of(Refused("403", said), standing) is cause


@pytest.mark.parametrize("standing", [OPEN, SHUT, ABSENT, UNSEEN])
def test_a_subscription_that_is_not_suspended_is_left_alone(standing: Standing) -> None:
    assert next_step(a_subscription(), standing, NOW, changed=True) is Step.KEEP


def test_only_what_is_seen_to_be_shut_suspends_without_asking() -> None:
    assert [standing.suspension() for standing in (OPEN, SHUT, ABSENT, UNSEEN)] == [
        None,
        (LACKING, "I lack Embed Links"),
        (REMOVED, "the server has removed me"),
        None,
    ]


def test_those_who_put_the_bot_out_are_not_told() -> None:
    assert [tells_people(cause) for cause in SuspensionCause] == [True, True, True, False]


@pytest.mark.parametrize(
    ("state", "suspension"),
    [
        (SubscriptionState.SUSPENDED, None),
        (
            SubscriptionState.ACTIVE,
            Suspension(cause=SuspensionCause.GONE, reason="gone", since=NOW),
        ),
    ],
)
def test_a_subscription_is_suspended_for_a_cause_and_only_then(
    state: SubscriptionState, suspension: Suspension | None
) -> None:
    with pytest.raises(ValueError, match="with suspension"):
        a_subscription(state=state, suspension=suspension)


def test_a_reason_of_ours_can_be_spoken_and_names_the_same_permissions() -> None:
    known = Standing(Access.SHUT, ("Send Messages", "Embed Links")).suspension()
    assert known is not None
    cause, reason = known
    given = reason_given(Suspension(cause=cause, reason=reason, since=NOW))
    assert given == phrase(
        "I lack {permissions}", permissions=(phrase("Send Messages"), phrase("Embed Links"))
    )


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (LACKING, "Missing Permissions (403, error 50013)"),
        (LACKING, "Missing Access: I lack Send Messages"),
        (REFUSED, "I lack Send Messages"),
    ],
)
def test_a_reason_of_discords_is_not_taken_for_ours(cause: SuspensionCause, reason: str) -> None:
    assert reason_given(Suspension(cause=cause, reason=reason, since=NOW)) is None
