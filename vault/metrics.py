"""Figures for whoever watches over the service (Prometheus): counts and sizes, never whose they are.

Labels are templates, codes and kinds that stand in the code: nobody makes ever more series by asking for ever other
things, and nothing that a person brought along becomes one.
"""

import socket
from collections.abc import Callable, Iterable, Iterator
from socketserver import ThreadingMixIn
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from storage.blobs import BlobInfo, Blobs
from vault import jobs
from vault.db import Database

SECONDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
IDLE_S = 10
"""A connection that asks for figures and then says nothing is given up."""


class Metrics:
    """One process's figures, in a registry of their own. What grows is counted here, what stands is asked for."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = self._counter("requests", "Answers given.", "route", "method", "status")
        self._seconds = Histogram(
            "docvault_request_seconds",
            "Seconds from a request to the end of its answer.",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._refusals = self._counter("refusals", "Problems answered, by their code.", "code")
        self._events = self._counter("events", "Entries of the access logs, by their kind.", "kind")
        self._readings = self._counter("readings", "Papers read, by what came of it.", "result")
        self._sealed = self._counter("sealed_bytes", "Sealed bytes given to the store.")
        self._opened = self._counter("opened_bytes", "Sealed bytes taken from the store.")

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """One answer. `route` is a template of ours or `-`, `method` one of `METHODS` or `OTHER`, not what was sent."""
        self._requests.labels(route, method, f"{status // 100}xx").inc()
        self._seconds.labels(route).observe(seconds)

    def refused(self, code: str) -> None:
        """A problem was answered; `code` is one of `vault.problems.TABLE` or of the OAuth errors."""
        self._refusals.labels(code).inc()

    def happened(self, kinds: Iterable[str]) -> None:
        """Entries of access logs that were committed."""
        for kind in kinds:
            self._events.labels(kind).inc()

    def read(self, result: str) -> None:
        """A reading ended: `done`, or the code of what failed."""
        self._readings.labels(result).inc()

    def sealed(self, size: int) -> None:
        self._sealed.inc(size)

    def opened(self, size: int) -> None:
        self._opened.inc(size)

    def watch(self, collector: Collector) -> None:
        """Asks `collector`, too, whenever somebody reads the figures."""
        self.registry.register(collector)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"docvault_{name}", meaning, labels, registry=self.registry)


class CountedBlobs(Blobs):
    """A store as it is, its bytes counted on their way."""

    def __init__(self, inner: Blobs, metrics: Metrics) -> None:
        self._inner, self._metrics = inner, metrics
        self.at_once = inner.at_once

    def put(self, name: str, chunks: Iterable[bytes], *, if_absent: bool = False) -> int:
        return self._inner.put(name, self._counted(chunks), if_absent=if_absent)

    def read(self, name: str, offset: int, length: int) -> bytes:
        found = self._inner.read(name, offset, length)
        self._metrics.opened(len(found))
        return found

    def size(self, name: str) -> int:
        return self._inner.size(name)

    def delete(self, name: str) -> None:
        self._inner.delete(name)

    def list(self, prefix: str = "") -> Iterator[BlobInfo]:
        return self._inner.list(prefix)

    def temporary(self) -> Iterator[BlobInfo]:
        return self._inner.temporary()

    def discard(self, name: str) -> None:
        self._inner.discard(name)

    def _counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._metrics.sealed(len(chunk))
            yield chunk


class Standing(Collector):
    """What stands at the moment: the queues of jobs, the connections to the database, uploads that are arriving."""

    def __init__(self, db: Database, uploading: Callable[[], int]) -> None:
        self._db, self._uploading = db, uploading

    def describe(self) -> Iterable[Metric]:
        """Nothing: a registration must not ask the database."""
        return ()

    def collect(self) -> Iterable[Metric]:
        yield from self._queues()
        yield from self._pool()
        yield _gauge("uploads_arriving", "Uploads being received.", self._uploading())

    def _queues(self) -> Iterator[Metric]:
        """Left out while the database is away; that it is stands beside."""
        try:
            with self._db.read() as session:
                found = jobs.queues(session)
        except SQLAlchemyError:
            yield _gauge("database_up", "Whether the database answers.", 0)
            return
        yield _gauge("database_up", "Whether the database answers.", 1)
        depth = GaugeMetricFamily("docvault_jobs", "Jobs that are not done, also those in work.", labels=["kind"])
        age = GaugeMetricFamily(
            "docvault_job_due_seconds", "How long the job that waits longest has been due.", labels=["kind"]
        )
        for queue in found:
            depth.add_metric([queue.kind], queue.count)
            age.add_metric([queue.kind], queue.oldest_due.total_seconds())
        yield from (depth, age)

    def _pool(self) -> Iterator[Metric]:
        pool = self._db.engine.pool
        if isinstance(pool, QueuePool):
            yield _gauge("database_connections_used", "Connections to the database in use.", pool.checkedout())
            yield _gauge("database_connections_idle", "Connections to the database that wait.", pool.checkedin())


class Beat(Collector):
    """How long ago a worker last showed that it goes on."""

    def __init__(self, silent_s: Callable[[], float]) -> None:
        self._silent_s = silent_s

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        yield _gauge("worker_silent_seconds", "Seconds since the worker last showed that it goes on.", self._silent_s())


def serve(metrics: Metrics, host: str, port: int, lives: Callable[[], bool] = lambda: True) -> int:
    """Answers `/metrics`, and `/healthz` (503 unless `lives`), on a port of their own until the process ends.

    Returns the port. Raises `OSError` where it is taken.
    """
    figures = make_wsgi_app(metrics.registry)

    def app(environ: dict[str, str], start: Callable[..., object]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/metrics":
            answer: Iterable[bytes] = figures(environ, start)
            return answer
        status = {"/healthz": "200 OK" if lives() else "503 Service Unavailable"}.get(
            environ["PATH_INFO"], "404 Not Found"
        )
        start(status, [("Content-Type", "text/plain")])
        return [status.encode()]

    server = make_server(host, port, app, _Server6 if ":" in host else _Server, _Quiet)
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return int(server.server_address[1])


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Quiet(WSGIRequestHandler):
    timeout = IDLE_S

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a path may be anything."""


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"docvault_{name}", meaning, value=value)
