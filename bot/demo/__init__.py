"""The real bot at work in a simulated Discord, in a browser page: no token, no network.

`daily-papers demo` runs it. It is the day of the bundled lists here; the papers come to two
channels some seconds after the start, and a third is there to try the commands in.
"""

from bot.demo.running import open_demo, run_demo

__all__ = ["open_demo", "run_demo"]
