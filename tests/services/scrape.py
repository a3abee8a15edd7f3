"""Metrics as Prometheus reads them."""

from prometheus_client.parser import text_string_to_metric_families

Labels = tuple[str, ...]


class Scraped:
    """One scrape: `scraped["messages_total", "sent"]` is the value with these labels."""

    def __init__(self, text: bytes) -> None:
        self._values: dict[str, dict[Labels, float]] = {}
        for family in text_string_to_metric_families(text.decode()):
            for sample in family.samples:
                values = self._values.setdefault(sample.name, {})
                values[tuple(sample.labels.values())] = sample.value

    def __getitem__(self, which: str | Labels) -> float:
        name, *labels = (which,) if isinstance(which, str) else which
        return self.all(name)[tuple(labels)]

    def all(self, name: str) -> dict[Labels, float]:
        """The values of one of our metrics, by labels; empty if it is not told."""
        return self._values.get(f"daily_papers_{name}", {})
