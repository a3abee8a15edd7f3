"""What the bot counts while it works, in the words of its own trade, and as Prometheus reads it.

Names and units: https://prometheus.io/docs/practices/naming/. docs/operating.md tells what each
is for. Counters that can be named beforehand begin at 0, so that a first event is a rise.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from bot import __version__
from bot.domain.deliveries import NotSent, Outcome, Refused, Rejected, Sent, Unknown
from bot.domain.interests import Pressed
from bot.domain.subscriptions import SuspensionCause
from bot.domain.usage import MILLION, Usage

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
"""Of what `Measures.text` returns."""

LATENESS: Final = (1, 5, 15, 60, 300, 900, 3_600, 21_600)
"""Seconds. A minute is late for a person, six hours are all that a delivery waits for a source."""

PATIENCE_OF_DISCORD: Final = (0.1, 0.25, 0.5, 1, 1.5, 2, 2.5, 3, 5)
"""Seconds. Discord drops a command that is not answered within 3
(https://discord.com/developers/docs/interactions/receiving-and-responding#responding-to-an-interaction)."""

WAITS: Final = (0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300)
ANSWERS: Final = (0.5, 1, 2.5, 5, 10, 20, 40, 80, 160)
READINGS: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60)

NO_ANSWER: Final = "none"
"""The status of a request to Discord that ended without one."""

EVENTS: Final = ("added", "removed", "cleared", "deleted")
READ_AGAIN: Final = ("same", "mended", "gone", "refused")
"""What is shown is what was stored; was made so; the message is gone; its channel refuses us."""

_OUTCOMES: Final[dict[type[Outcome], str]] = {
    Sent: "sent",
    NotSent: "not_sent",
    Unknown: "unknown",
    Refused: "refused",
    Rejected: "rejected",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardHealth:
    """A connection to the gateway; `latency` in seconds, `None` before the first heartbeat."""

    shard: int
    connected: bool
    latency: float | None = None


class Measures:
    """Counts and times since the program began; each instance its own."""

    def __init__(self) -> None:
        # The instant at which each counter was made: as many lines again, and nobody asks.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        Info("daily_papers_build", "The program's version.", registry=registry).info(
            {"version": __version__}
        )

        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"daily_papers_{name}", what, labels, registry=registry)

        def histogram(name: str, what: str, *labels: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(
                f"daily_papers_{name}", what, labels, buckets=buckets, registry=registry
            )

        def gauge(name: str, what: str, *labels: str) -> Gauge:
            return Gauge(f"daily_papers_{name}", what, labels, registry=registry)

        self._planned = counter("deliveries_planned", "Deliveries whose messages were decided.")
        self._planned_messages = counter("messages_planned", "Messages that were decided.")
        self._messages = counter("messages", "Tries to post a message, by outcome.", "outcome")
        for outcome in _OUTCOMES.values():
            self._messages.labels(outcome)
        self._lateness = histogram(
            "delivery_lateness_seconds",
            "From the time of a delivery to its first message.",
            buckets=LATENESS,
        )
        self._suspensions = counter("suspensions", "Subscriptions suspended, by cause.", "cause")
        for cause in SuspensionCause:
            self._suspensions.labels(cause.value)
        self._resumptions = counter("resumptions", "Suspended subscriptions taken up again.")
        self._erasures = counter("erasures", "People and servers that were erased.", "of")
        self._readings = histogram(
            "source_read_seconds",
            "Time to read a list from a source, by success.",
            "source",
            "success",
            buckets=READINGS,
        )
        self._waits = histogram(
            "rate_limit_wait_seconds",
            "Time that posting waited for Discord's limits: a channel's, as discord.py knows it, "
            "and ours for all requests together.",
            "scope",
            buckets=WAITS,
        )
        self._requests = counter(
            "discord_requests", "Requests to Discord, by status of the answer.", "status"
        )
        self._commands = histogram(
            "command_seconds",
            "From a command, or a choice being typed, to its first answer.",
            "command",
            "kind",
            buckets=PATIENCE_OF_DISCORD,
        )
        self._command_errors = counter(
            "command_errors", "Commands that failed through no fault of the person's.", "command"
        )
        self._reactions = counter(
            "reactions", "Events of reactions under cards that were noted, by kind.", "kind"
        )
        for kind in EVENTS:
            self._reactions.labels(kind)
        self._reactions_failed = counter(
            "reactions_failed", "Events of reactions that could not be noted."
        )
        self._read_again = counter(
            "cards_read_again", "Cards whose reactions were read again, by outcome.", "outcome"
        )
        for outcome in READ_AGAIN:
            self._read_again.labels(outcome)
        self._presses = counter("presses", "Presses of Like and Save, by outcome.", "outcome")
        for pressed in Pressed:
            self._presses.labels(pressed.value)
        self._model_requests = counter(
            "model_requests", "Requests to the language model, by outcome.", "outcome"
        )
        for outcome in ("answered", "failed"):
            self._model_requests.labels(outcome)
        self._model_tokens = counter(
            "model_tokens", "Tokens of answered requests, in and out.", "direction"
        )
        for direction in ("in", "out"):
            self._model_tokens.labels(direction)
        self._model_cost = counter(
            "model_cost", "What they cost, in the currency of the configured prices."
        )
        self._model_seconds = histogram(
            "model_seconds", "Time to an answer, pauses included.", buckets=ANSWERS
        )
        self._summaries = counter(
            "summaries_checked", "Answers that were checked: kept, or refused.", "outcome"
        )
        for outcome in ("kept", "refused"):
            self._summaries.labels(outcome)
        self._summary_faults = counter(
            "summary_faults", "Refused answers by what was wrong with them.", "fault"
        )
        self._improved = counter(
            "cards_improved", "Cards that got better bullets after they were posted."
        )
        self._pages = counter(
            "web_pages", "Answers to browsers and readers of feeds.", "page", "status"
        )
        self._connected = gauge(
            "gateway_connected", "1 while a shard is connected to the gateway.", "shard"
        )
        self._latency = gauge(
            "gateway_latency_seconds", "From a shard's heartbeat to its answer.", "shard"
        )

    # --- on the web ---

    def page_answered(self, page: str, status: int) -> None:
        """A page or a feed was asked for, and answered with this status of HTTP."""
        self._pages.labels(page, str(status)).inc()

    # --- delivering ---

    def planned(self, messages: int) -> None:
        """A delivery was decided: so many messages, none on a day that passes quietly."""
        self._planned.inc()
        self._planned_messages.inc(messages)

    def outcome(self, outcome: Outcome) -> None:
        """Somebody tried to post a message, and this became of it."""
        self._messages.labels(_OUTCOMES[type(outcome)]).inc()

    def first_posted(self, lateness: timedelta) -> None:
        """The first message of a delivery stands in its channel, so long after its slot."""
        self._lateness.observe(max(lateness.total_seconds(), 0))

    def suspended(self, cause: SuspensionCause) -> None:
        self._suspensions.labels(cause.value).inc()

    def resumed(self) -> None:
        """A suspended subscription was taken up again."""
        self._resumptions.inc()

    def erased(self, what: str) -> None:
        """A "person" or a "server" was erased."""
        self._erasures.labels(what).inc()

    # --- collecting ---

    def source_read(self, source: str, *, ok: bool, seconds: float) -> None:
        """A source was asked for one list, and answered so, or failed so, after that long."""
        self._readings.labels(source, str(ok).lower()).observe(seconds)

    # --- tracking ---

    def reaction(self, kind: str) -> None:
        """Something happened to the reactions under a card, one of `EVENTS`, and is stored."""
        self._reactions.labels(kind).inc()

    def reactions_failed(self, events: int) -> None:
        """So many events could not be stored: their messages will be read again."""
        self._reactions_failed.inc(events)

    def read_again(self, outcome: str, cards: int = 1) -> None:
        """The reactions under a card were read again, with one of the outcomes `READ_AGAIN`."""
        self._read_again.labels(outcome).inc(cards)

    def pressed(self, pressed: Pressed) -> None:
        """Somebody pressed Like or Save."""
        self._presses.labels(pressed.value).inc()

    # --- summarising ---

    def model_answered(self, usage: Usage, *, seconds: float) -> None:
        """The language model answered after that long, and used that much."""
        self._model_requests.labels("answered").inc(usage.requests)
        self._model_tokens.labels("in").inc(usage.tokens_in)
        self._model_tokens.labels("out").inc(usage.tokens_out)
        self._model_cost.inc(usage.cost / MILLION)
        self._model_seconds.observe(seconds)

    def model_failed(self) -> None:
        """A request to the language model gave no answer."""
        self._model_requests.labels("failed").inc()

    def summary_checked(self, *, passed: bool, faults: Iterable[str] = ()) -> None:
        """An answer was checked; these kinds of faults were found in it."""
        self._summaries.labels("kept" if passed else "refused").inc()
        for fault in faults:
            self._summary_faults.labels(fault).inc()

    def improved(self) -> None:
        """A card shows better bullets than it was posted with."""
        self._improved.inc()

    # --- Discord ---

    def waited_for_limit(self, scope: str, seconds: float) -> None:
        """A request waited that long for its turn: in its "channel", or "overall"."""
        self._waits.labels(scope).observe(seconds)

    def request(self, status: int | None) -> None:
        """A request to Discord was answered, or with `None` was not."""
        self._requests.labels(NO_ANSWER if status is None else str(status)).inc()

    def answered(self, command: str, *, kind: str, seconds: float) -> None:
        """A person had the first answer that long after they asked."""
        self._commands.labels(command, kind).observe(max(seconds, 0))

    def command_failed(self, command: str) -> None:
        """A person was told that something went wrong on our side."""
        self._command_errors.labels(command).inc()

    def gateway(self, shards: Iterable[ShardHealth]) -> None:
        """How the shards of this process stand now; those not named are forgotten."""
        self._connected.clear()
        self._latency.clear()
        for shard in shards:
            self._connected.labels(str(shard.shard)).set(shard.connected)
            if shard.latency is not None:
                self._latency.labels(str(shard.shard)).set(shard.latency)

    # --- reading them ---

    def include(self, collector: Collector) -> None:
        """Let `collector` have its say whenever these are read."""
        self._registry.register(collector)

    def text(self) -> bytes:
        """All of it, in Prometheus's text format."""
        return generate_latest(self._registry)
