"""What this process has counted, for Prometheus.

The values are our own: those of prometheus-client share a patched lock between OS threads and the server's
loop (see app.concurrency). It still writes the exposition.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from app.concurrency import native_lock

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Counter(Collector):
    """How often something has happened, by its labels' values."""

    def __init__(self, name: str, help: str, labels: tuple[str, ...] = ()) -> None:
        self._family = (name, help, labels)
        self._values: dict[tuple[str, ...], float] = {}
        self._lock = native_lock()

    def add(self, *labels: str, by: float = 1) -> None:
        """Count one more, or `by` more, for these values of the labels."""
        with self._lock:
            self._values[labels] = self._values.get(labels, 0) + by

    def value(self, *labels: str) -> float:
        """What was counted for these values."""
        return self._values.get(labels, 0)

    def collect(self) -> Iterator[Metric]:
        name, help, labels = self._family
        family = CounterMetricFamily(name, help, labels=labels)
        for values, count in sorted(self._values.copy().items()):
            family.add_metric(values, count)
        yield family


class Gauge(Collector):
    """A level, as it was when it was last set."""

    def __init__(self, name: str, help: str) -> None:
        self._family = (name, help)
        self._value = 0.0

    def set(self, value: float) -> None:
        """Note the level."""
        self._value = value

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(*self._family, value=self._value)


class Histogram(Collector):
    """How long something took, in seconds."""

    def __init__(self, name: str, help: str, bounds: tuple[float, ...] = SECONDS) -> None:
        self._family = (name, help)
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        self._lock = native_lock()

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        with self._lock:
            self._counts[bisect_left(self._bounds, seconds)] += 1
            self._sum += seconds

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            counts, total = list(self._counts), self._sum
        below, buckets = 0, []
        for bound, count in zip((*map(str, self._bounds), "+Inf"), counts, strict=True):
            below += count
            buckets.append((bound, below))
        yield HistogramMetricFamily(*self._family, buckets=buckets, sum_value=total)


PUSHES = Counter("pult_pushes", "Pushes of the PBX, by command and answer.", ("cmd", "status"))
PUSH_SECONDS = Histogram("pult_push_seconds", "Seconds until a push was answered.")
LIVE_TABS = Gauge("pult_live_tabs", "Open tabs of this process.")
WAITING_BYTES = Gauge("pult_live_waiting_bytes", "Bytes that wait for slow tabs.")
FEED_SILENT = Gauge("pult_feed_silent", "1 while it is improbable that the PBX has nothing to push.")
FEED_LAST_PUSH = Gauge("pult_feed_last_push_seconds", "Seconds since the last push that was accepted.")
LOGINS = Counter("pult_logins", "Tries to log in, by result.", ("result",))


def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    for metric in (PUSHES, PUSH_SECONDS, LIVE_TABS, WAITING_BYTES, FEED_SILENT, FEED_LAST_PUSH, LOGINS):
        registry.register(metric)
    ProcessCollector(registry=registry)
    return registry


REGISTRY = _registry()
CONTENT_TYPE = CONTENT_TYPE_LATEST


def exposition() -> bytes:
    """All metrics of this process in Prometheus's text format."""
    return generate_latest(REGISTRY)
