"""A message carries its link buttons."""

from typing import cast

import discord

from bot.rendering.message import Action, Counter, Link, Rendered, recounted


async def test_links_become_buttons_in_order() -> None:
    view = Rendered(
        content="x", links=(Link("One", "https://a.example"), Link("Two", "https://b.example"))
    ).view()

    assert view is not None
    buttons = cast("list[discord.ui.Button[discord.ui.View]]", view.children)
    assert [(button.label, button.url) for button in buttons] == [
        ("One", "https://a.example"),
        ("Two", "https://b.example"),
    ]
    assert not view.is_dispatchable()


def test_without_links_there_is_no_view() -> None:
    assert Rendered(content="x").view() is None


async def test_counters_stand_below_the_links_and_actions_after_them() -> None:
    view = Rendered(
        links=(Link("One", "https://a.example"),),
        counters=(
            Counter(label="Like", emoji="👍", custom_id="liked:1", count=12),
            Counter(label="Save", emoji="🔖", custom_id="saved:1"),
        ),
        actions=(Action("Follow", "follow-authors:1"),),
    ).view()

    assert view is not None
    buttons = cast("list[discord.ui.Button[discord.ui.View]]", view.children)
    assert [(button.row, button.label, button.custom_id) for button in buttons] == [
        (0, "One", None),
        (1, "Like 12", "liked:1"),
        (1, "Save", "saved:1"),
        (1, "Follow", "follow-authors:1"),
    ]
    assert view.is_finished(), "nobody waits for it: the ids are all that a press needs"


def test_a_count_comes_goes_and_changes_behind_its_label() -> None:
    assert recounted("좋아요", 3) == "좋아요 3"
    assert recounted("좋아요 3", 12) == "좋아요 12"
    assert recounted("Read later 12", 0) == "Read later"
