"""The real bot at work in a simulated Discord, in a browser page: no token, no network.

`daily-papers demo` runs it. It is the day of the newest bundled list here; its papers come to
two channels some seconds after the start, and a third is there to try the commands in. The older
lists are there for look-ups: their papers are real, their votes and the choice of them are ours.
"""

from bot.demo.running import open_demo, run_demo

__all__ = ["open_demo", "run_demo"]
