"""One Discord message, ready to send."""

import re
from dataclasses import dataclass
from typing import Any, Final

import discord

from bot.rendering.limits import units


@dataclass(frozen=True, slots=True)
class Link:
    """A button that opens a page; `url` is one that Discord accepts."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A button that says something of a paper, and how many readers said so; `custom_id` is all
    that a press of it tells us."""

    label: str
    emoji: str
    custom_id: str
    count: int = 0

    @property
    def text(self) -> str:
        """The label with the count, which is left out while it is zero."""
        return f"{self.label} {self.count}" if self.count else self.label


@dataclass(frozen=True, slots=True)
class Action:
    """A button that asks something of us; `custom_id` is all that a press of it tells."""

    label: str
    custom_id: str


_COUNT: Final = re.compile(r" \d+$")


def recounted(text: str, count: int) -> str:
    """The text of a counter with another count."""
    return Counter(label=_COUNT.sub("", text), emoji="", custom_id="", count=count).text


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One Discord message, ready to send.

    `role_id` is the one role that `content` mentions and that may be notified by it: the sender
    makes the allowed mentions from it. `silent` arrives without a notification. `known_as` are
    other texts that the same message may have had: those of our other languages.
    """

    content: str | None = None
    embeds: tuple[discord.Embed, ...] = ()
    links: tuple[Link, ...] = ()
    counters: tuple[Counter, ...] = ()
    actions: tuple[Action, ...] = ()
    silent: bool = False
    role_id: int | None = None
    known_as: tuple[str, ...] = ()

    def arguments(self) -> dict[str, Any]:
        """The message in discord.py's words. To be called inside the running event loop.

        Nobody is mentioned but the chosen role, whatever the texts hold.
        """
        roles = [discord.Object(self.role_id)] if self.role_id is not None else []
        arguments: dict[str, Any] = {
            "embeds": list(self.embeds),
            "allowed_mentions": discord.AllowedMentions(
                everyone=False, users=False, roles=roles, replied_user=False
            ),
            "silent": self.silent,
        }
        if self.content is not None:
            arguments["content"] = self.content
        if (view := self.view()) is not None:
            arguments["view"] = view
        return arguments

    def view(self) -> discord.ui.View | None:
        """The buttons, if there are any: links, and below them counters, then actions. To be
        called inside the running event loop.

        discord.py need not remember it: they are known by their ids, whoever sent them.
        """
        if not self.links and not self.counters and not self.actions:
            return None
        view = discord.ui.View(timeout=None)
        for link in self.links:
            view.add_item(discord.ui.Button(label=link.label, url=link.url, row=0))
        for counter in self.counters:
            view.add_item(
                discord.ui.Button(
                    label=counter.text, emoji=counter.emoji, custom_id=counter.custom_id, row=1
                )
            )
        for action in self.actions:
            view.add_item(discord.ui.Button(label=action.label, custom_id=action.custom_id, row=1))
        view.stop()
        return view


def embed_units(embed: discord.Embed) -> int:
    """What an embed takes of the room that a message has for all of its embeds."""
    texts = [embed.title, embed.description, embed.footer.text]
    texts += [text for field in embed.fields for text in (field.name, field.value)]
    return sum(units(text) for text in texts if text)
