"""What Discord's answers mean for a message."""

import pytest

from bot.domain.deliveries import NotSent, Outcome, Refused, Rejected, Unknown
from bot.sender import outcome_of


@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        (403, 50001, Refused),  # Missing Access
        (403, 50013, Refused),  # Missing Permissions
        (404, 10003, Refused),  # Unknown Channel
        (400, 50083, Refused),  # This thread is archived
        (400, 160005, Refused),  # This thread is locked
        (400, 50035, Rejected),  # Invalid Form Body
        (400, 50006, Rejected),  # Cannot send an empty message
        (413, 40005, Rejected),  # Request entity too large
        (400, 20016, NotSent),  # Slow mode
        (429, 20028, NotSent),  # The channel's write limit
        (429, 0, NotSent),
        (401, 0, NotSent),
        (500, 0, Unknown),
        (502, 0, Unknown),
        (503, 0, Unknown),
        (504, 0, Unknown),
    ],
)
def test_each_answer_has_one_meaning(status: int, code: int, meaning: type[Outcome]) -> None:
    outcome = outcome_of(status, code, "why")
    assert type(outcome) is meaning
    assert str(status) in outcome.why
