"""A message carries its link buttons."""

from typing import cast

import discord

from bot.rendering.message import Link, Rendered


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
