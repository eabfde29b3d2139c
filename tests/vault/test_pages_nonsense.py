"""Nonsense in addresses and forms of the pages: a page that says what is wrong, never a breakdown."""

from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.vault import visitors
from tests.vault.world import World
from vault.middleware import SAFE

ODD = st.sampled_from(
    ["", "0", "-1", "1", "99999999999999999999", "1e3", "\x00", "a\x00b", "..", "//evil.example", "/\\evil.example",
     "{}", "{0}", "%s", "<script>alert(1)</script>", "' OR 1=1 --", "é" * 300, "x" * 5000, "\u202e", "\U0001f4a9",
     "vi", "2031-02-01", "31/02/2031", "birth-certificate", "not-found", "https://evil.example/"]
)  # fmt: skip
NAMES = st.sampled_from(
    ["title", "kind", "field.full-name", "field.birth-date", "field.", "version", "agency", "purpose", "days",
     "openings", "login", "password", "old", "new", "name", "next", "back", "language", "link", "grant", "q", "cursor",
     "show", "before", "done", "document", "duplicate", "seen"]
)  # fmt: skip


@pytest.fixture
def app(world: World) -> FastAPI:
    visitors.give_passwords(world)
    return visitors.app_of(world)


@settings(
    max_examples=200,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking costs minutes and tells little here
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_no_nonsense_breaks_a_page(world: World, app: FastAPI, data: st.DataObject) -> None:
    pages = [c for c in iter_route_contexts(app.routes) if c.methods and not getattr(c, "include_in_schema", True)]
    route = data.draw(st.sampled_from(pages))
    method = sorted(route.methods or ())[0]
    path = "/".join(
        quote(data.draw(ODD), safe="") if part.startswith("{") else part for part in (route.path or "").split("/")
    )
    who = data.draw(st.sampled_from([None, world.an, world.registry]))
    form = data.draw(st.dictionaries(NAMES, ODD, max_size=5)) if method not in SAFE else None
    query = data.draw(st.dictionaries(NAMES, ODD, max_size=3))
    with visitors.visitor(world, app, who) as client:
        answer = client.request(method, path, params=query, data=form)
    assert answer.status_code < 500, path
    assert "<script>alert(1)" not in answer.text
    place = answer.headers.get("location", "/").removeprefix(visitors.URL)
    assert place.startswith("/")
    assert not place.startswith(("//", "/\\"))
