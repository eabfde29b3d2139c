"""Figures count what happens, by words of the code: no paper, person or path becomes a label."""

import secrets
import urllib.error
import urllib.request
from dataclasses import replace

import pytest
from fastapi.routing import iter_route_contexts
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from storage.errors import BlobMissing
from tests.vault import visitors
from tests.vault.world import World
from vault import accesslog, jobs, metrics, problems
from vault.accesslog import Kind
from vault.db import Database
from vault.metrics import METHODS, OTHER, Metrics, Standing
from vault.oauth import refusals

NOWHERE = ("-", "/static", "/openapi.json")


def figures(measured: Metrics) -> dict[tuple[str, ...], float]:
    """Name and label values → value, of our own figures."""
    text = generate_latest(measured.registry).decode()
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("docvault_") and not sample.name.endswith("_created")
    }


def labels(measured: Metrics, label: str) -> set[str]:
    families = text_string_to_metric_families(generate_latest(measured.registry).decode())
    return {s.labels[label] for family in families for s in family.samples if label in s.labels}


def test_ever_new_paths_make_no_new_series(world: World) -> None:
    """Whoever asks for a million addresses must not fill the memory of whoever counts them."""
    app, measured = visitors.app_of(world), world.services.metrics
    templates = {context.path for context in iter_route_contexts(app.routes) if context.path}
    marks = [secrets.token_hex(8) for _ in range(3)]
    with visitors.visitor(world, app, world.an) as client:
        for mark in marks:
            for template in sorted(templates):
                address = "/".join(mark if part.startswith("{") else part for part in template.split("/"))
                client.get(address, params={"q": mark})
                client.request(f"X{mark}"[:8].upper(), address)
            for address in (f"/{mark}", f"/static/{mark}", f"/papers/{mark}/{mark}/{mark}", f"/.well-known/{mark}"):
                client.get(address)
                client.post(address, json={"login": mark})
    text = generate_latest(measured.registry).decode()
    assert not [mark for mark in marks if mark in text or mark.upper() in text]
    assert labels(measured, "route") <= {*templates, *NOWHERE}
    assert labels(measured, "method") <= {*METHODS, OTHER}
    assert labels(measured, "status") <= {"1xx", "2xx", "3xx", "4xx", "5xx"}
    oauth = {kind.error for kind in vars(refusals).values() if isinstance(kind, type) and hasattr(kind, "error")}
    assert labels(measured, "code") <= {*problems.TABLE, *oauth}


def test_what_happened_is_counted_once_it_is_committed(world: World) -> None:
    measured, before = world.services.metrics, figures(world.services.metrics)
    added = ("docvault_events_total", Kind.document_added.value)
    with world.services.db.write() as session:
        accesslog.record(session, Kind.document_added)
    assert figures(measured)[added] == before.get(added, 0) + 1
    with pytest.raises(RuntimeError), world.services.db.write() as session:
        accesslog.record(session, Kind.document_added)
        raise RuntimeError("rolled back")
    assert figures(measured)[added] == before.get(added, 0) + 1


def test_bytes_are_counted_on_their_way_to_the_store_and_back(world: World) -> None:
    services, before = world.services, figures(world.services.metrics)
    size = services.blobs.put("versions/x/original", [b"x" * 1000, b"y" * 24])
    services.blobs.read("versions/x/original", 0, 100)
    after = figures(services.metrics)
    grown = [after[name,] - before[name,] for name in ("docvault_sealed_bytes_total", "docvault_opened_bytes_total")]
    assert grown == [size, 100] == [1024, 100]
    with pytest.raises(BlobMissing):
        services.blobs.size("versions/y/original")
    assert [info.size for info in services.blobs.list("versions/x/")] == [1024]
    services.blobs.delete("versions/x/original")
    assert not list(services.blobs.list("versions/x/"))


def test_the_queue_is_told_and_a_database_that_is_away_breaks_nothing(world: World) -> None:
    world.services.metrics.watch(Standing(world.services.db, lambda: 3))
    paper = world.put_in()
    with world.services.db.write() as session:
        jobs.enqueue(session, world.services.worker_key, paper.version.id, paper.version.citizen_id, paper.key)
    found = figures(world.services.metrics)
    assert found["docvault_jobs", "reading"] == 1
    assert found["docvault_job_due_seconds", "reading"] >= 0
    assert found["docvault_database_up",] == 1
    assert found["docvault_uploads_arriving",] == 3
    away, measured = Database("sqlite:////nowhere/docvault.db"), Metrics()
    measured.watch(Standing(away, lambda: 0))
    found = figures(measured)
    away.close()
    assert found["docvault_database_up",] == 0
    assert ("docvault_jobs", "reading") not in found


def test_a_refusal_is_counted_by_its_code(world: World) -> None:
    measured = world.services.metrics
    with visitors.visitor(world, visitors.app_of(world)) as client:
        client.get("/api/account")
        client.post("/oauth/token", data={"grant_type": "x"})
    found = figures(measured)
    assert found["docvault_refusals_total", "sign-in-needed"] == 1
    assert found["docvault_refusals_total", "invalid_client"] == 1


def ask(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_figures_and_the_pulse_of_a_worker_have_a_port_of_their_own(world: World) -> None:
    alive = [True]
    port = metrics.serve(world.services.metrics, "127.0.0.1", 0, lambda: alive[0])
    status, text = ask(port, "/metrics")
    assert (status, "process_resident_memory_bytes" in text) == (200, True)
    assert ask(port, "/healthz")[0] == 200
    alive[0] = False
    assert ask(port, "/healthz")[0] == 503
    assert ask(port, "/")[0] == ask(port, "/metrics/../secret")[0] == 404
    with visitors.visitor(world, visitors.app_of(world)) as client:
        assert client.get("/metrics").status_code == 404, "and are not served where people come"
    assert replace(world.services).settings.metrics_port is None, "off unless somebody asks for it"
