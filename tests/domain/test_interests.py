import pytest

from bot.domain.interests import (
    DEFAULT_MEANINGS,
    Added,
    Cleared,
    Deleted,
    Event,
    Meanings,
    Meanwhile,
    Place,
    Reaction,
    Removed,
    Verdict,
)

LIKE = Reaction(1, "👍")
SAVE = Reaction(1, "🔖")
HERE = Place(1, 2)


@pytest.mark.parametrize(
    ("emoji", "verdict"),
    [
        ("👍", Verdict.LIKED),
        ("👍🏿", Verdict.LIKED),
        ("❤️", Verdict.LIKED),
        ("❤", Verdict.LIKED),
        ("❤️‍🔥", Verdict.LIKED),
        ("⭐", Verdict.LIKED),
        ("🔥", Verdict.LIKED),
        ("🔖", Verdict.SAVED),
        ("👎🏽", Verdict.DISMISSED),
        ("🤷", None),
        ("123456789012345678", None),
        ("", None),
    ],
)
def test_a_reaction_says_the_same_in_every_look(emoji: str, verdict: Verdict | None) -> None:
    assert DEFAULT_MEANINGS.of(emoji) is verdict


def test_emoji_are_written_one_after_the_other_or_apart() -> None:
    meanings = Meanings.parse(
        "liked=👍🏽❤️‍🔥 1️⃣ 🇰🇷party:123456789012345678 saved=<a:keep_it:223456789012345678>"
    )

    assert {emoji: meanings.of(emoji) for emoji in ("👍", "❤️‍🔥", "1️⃣", "🇰🇷", "🔥", "🇺🇸")} == {
        "👍": Verdict.LIKED,
        "❤️‍🔥": Verdict.LIKED,
        "1️⃣": Verdict.LIKED,
        "🇰🇷": Verdict.LIKED,
        "🔥": None,
        "🇺🇸": None,
    }
    assert meanings.of("123456789012345678") is Verdict.LIKED
    assert meanings.of("renamed:223456789012345678") is Verdict.SAVED


def test_the_first_emoji_of_each_verdict_are_the_seeds() -> None:
    assert DEFAULT_MEANINGS.seeds == ("👍", "🔖", "👎")
    assert Meanings.parse("dismissed=👎 liked=<:party:123456789012345678>👍").seeds == (
        "party:123456789012345678",
        "👎",
    )


@pytest.mark.parametrize(
    "text",
    [
        "👍",
        "liked=",
        "liked=good",
        "loved=👍",
        "liked=👍x",
        "liked=👍 saved=👍🏽",
        "liked=👍 =🔖",
        "read=👀",
    ],
)
def test_what_says_nothing_or_two_things_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Meanings.parse(text)


def test_meanings_are_equal_that_say_the_same() -> None:
    one, other = Meanings.parse("liked=👍🔥"), Meanings.parse("liked=👍 🔥")

    assert (one, hash(one)) == (other, hash(other))
    assert one != Meanings.parse("liked=🔥👍"), "another seed"
    assert one != Meanings.parse("saved=👍🔥")
    assert one != "liked=👍🔥"


@pytest.mark.parametrize(
    ("event", "like_changed", "save_changed"),
    [
        (Added(message_id=7, place=HERE, reaction=LIKE), True, False),
        (Removed(message_id=7, place=HERE, reaction=LIKE), True, False),
        (Cleared(message_id=7, place=HERE, emoji="🔖"), False, True),
        (Cleared(message_id=7, place=HERE), True, True),
        (Deleted(message_id=7, place=HERE), True, True),
    ],
)
def test_only_what_an_event_was_about_has_changed_meanwhile(
    event: Event, like_changed: bool, save_changed: bool
) -> None:
    meanwhile = Meanwhile()
    assert not meanwhile.changed(LIKE)

    meanwhile.note(event)

    assert meanwhile.changed(LIKE) is like_changed
    assert meanwhile.changed(SAVE) is save_changed
    assert meanwhile.changed(Reaction(2, "🔥")) is (like_changed and save_changed)
