"""What the bot counts is Prometheus text that anything can read."""

from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot import __version__
from bot.domain.deliveries import NotSent, Outcome, Refused, Rejected, Sent, Unknown
from bot.domain.subscriptions import SuspensionCause
from bot.services.measures import Measures, ShardHealth
from tests.services.scrape import Scraped


@pytest.fixture
def measures() -> Measures:
    return Measures()


def scrape(measures: Measures) -> Scraped:
    return Scraped(measures.text())


def test_what_can_be_named_beforehand_begins_at_nought(measures: Measures) -> None:
    """So that the first refusal after a start is a rise, and not a series that appears."""
    scraped = scrape(measures)
    for outcome in ("sent", "not_sent", "unknown", "refused", "rejected"):
        assert scraped["messages_total", outcome] == 0
    for cause in SuspensionCause:
        assert scraped["suspensions_total", cause.value] == 0
    for name in ("deliveries_planned", "messages_planned", "resumptions", "cards_improved"):
        assert scraped[f"{name}_total"] == 0
    for name, labels in (
        ("model_requests", ("answered", "failed")),
        ("model_tokens", ("in", "out")),
        ("summaries_checked", ("kept", "refused")),
    ):
        for label in labels:
            assert scraped[f"{name}_total", label] == 0


@pytest.mark.parametrize(
    ("outcome", "counted"),
    [
        (Sent(1), "sent"),
        (NotSent("no connection"), "not_sent"),
        (Unknown("no answer"), "unknown"),
        (Refused("403"), "refused"),
        (Rejected("400"), "rejected"),
    ],
)
def test_every_outcome_of_a_message_is_counted(
    measures: Measures, outcome: Outcome, counted: str
) -> None:
    measures.outcome(outcome)
    scraped = scrape(measures)
    assert scraped["messages_total", counted] == 1
    assert sum(scraped.all("messages_total").values()) == 1


def test_a_delivery_its_messages_and_their_lateness(measures: Measures) -> None:
    measures.planned(3)
    measures.planned(0)
    measures.first_posted(timedelta(seconds=4))
    measures.first_posted(timedelta(minutes=20))
    measures.first_posted(timedelta(seconds=-1))  # a clock that was set back meanwhile
    scraped = scrape(measures)
    assert scraped["deliveries_planned_total"] == 2
    assert scraped["messages_planned_total"] == 3
    late = scraped.all("delivery_lateness_seconds_bucket")
    assert (late["1.0",], late["5.0",], late["900.0",], late["3600.0",]) == (1, 2, 2, 3)
    assert scraped["delivery_lateness_seconds_sum"] == 4 + 20 * 60


def test_suspensions_by_cause_and_resumptions(measures: Measures) -> None:
    measures.suspended(SuspensionCause.LACKING)
    measures.resumed()
    scraped = scrape(measures)
    assert scraped["suspensions_total", "lacking"] == 1
    assert scraped["suspensions_total", "gone"] == 0
    assert scraped["resumptions_total"] == 1


def test_readings_requests_waits_and_commands(measures: Measures) -> None:
    measures.source_read("huggingface", ok=True, seconds=0.2)
    measures.source_read("huggingface", ok=False, seconds=20)
    measures.request(200)
    measures.request(None)
    measures.waited_for_limit("channel", 0.02)
    measures.answered("subscription list", kind="command", seconds=0.3)
    measures.answered("subscription list", kind="command", seconds=-0.3)  # clocks apart
    measures.command_failed("subscription list")
    scraped = scrape(measures)
    assert scraped["source_read_seconds_sum", "huggingface", "true"] == 0.2
    assert scraped["source_read_seconds_sum", "huggingface", "false"] == 20
    assert scraped["discord_requests_total", "200"] == 1
    assert scraped["discord_requests_total", "none"] == 1
    assert scraped["rate_limit_wait_seconds_count", "channel"] == 1
    assert scraped["command_seconds_count", "subscription list", "command"] == 2
    assert scraped["command_seconds_sum", "subscription list", "command"] == 0.3
    assert scraped["command_errors_total", "subscription list"] == 1


def test_a_shard_that_is_gone_is_not_shown_any_longer(measures: Measures) -> None:
    measures.gateway([ShardHealth(shard=0, connected=True, latency=0.05)])
    assert scrape(measures)["gateway_latency_seconds", "0"] == 0.05
    measures.gateway([ShardHealth(shard=1, connected=False)])
    scraped = scrape(measures)
    assert scraped.all("gateway_connected") == {("1",): 0}
    assert scraped.all("gateway_latency_seconds") == {}


def test_the_program_and_its_process_are_told_too(measures: Measures) -> None:
    scraped = scrape(measures)
    assert scraped["build_info", __version__] == 1
    names = {f.name for f in text_string_to_metric_families(measures.text().decode())}
    assert {"process_resident_memory_bytes", "python_info"} <= names


def test_each_instance_counts_for_itself(measures: Measures) -> None:
    Measures().planned(1)
    assert scrape(measures)["deliveries_planned_total"] == 0
