"""A Discord bot that brings each day's research papers to the channels that want them."""

from typing import Final

__version__: Final = "0.1.0"
