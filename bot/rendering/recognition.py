"""Finding a message of ours in a channel's history."""

import discord

from bot.rendering.message import Rendered


def shows(message: discord.Message, wanted: Rendered) -> bool:
    """Whether `message`, one of our own, is `wanted` as Discord stored it.

    An embed is known by its URL, which is unique to the paper or to the closing of a day, so
    that a card that was rendered again with other votes is still the same; a message without
    embeds by its whole text, in any of our languages: the channel's may have been changed
    meanwhile. An answer to a command is never a post.
    """
    if message.interaction_metadata is not None:
        return False
    if wanted.embeds:
        return any(embed.url == wanted.embeds[0].url for embed in message.embeds)
    # Discord trims what it stores.
    known_as = {text.strip() for text in (wanted.content or "", *wanted.known_as)}
    return not message.embeds and message.content.strip() in known_as
