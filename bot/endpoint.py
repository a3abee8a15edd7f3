"""Where discord.py sends its requests: the one place that reaches into its internals.

discord.py 2.7 keeps the API's base and the gateway's address in class attributes and asks
`GET /gateway/bot` for the gateway only when it chooses the number of shards itself. Behind a
proxy, or in front of a simulated Discord, every connection must go where that answer says.
"""

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route


def use_api(url: str) -> None:
    """Send every request to the API at `url`, such as `http://127.0.0.1:8080/api/v10`."""
    Route.BASE = url.rstrip("/")


async def use_named_gateway(client: discord.Client) -> None:
    """Connect every shard to the gateway that `GET /gateway/bot` names: at start, also with
    explicit shards, to resume, and after an invalid session. Call it once logged in."""
    _, url, _ = await client.http.get_bot_gateway()
    named = yarl.URL(url)
    DiscordWebSocket.DEFAULT_GATEWAY = named
    # A session's READY names another address for resuming; behind a proxy that is a way around.
    DiscordWebSocket.gateway = property(lambda _: named, lambda _, __: None)  # type: ignore[assignment]
