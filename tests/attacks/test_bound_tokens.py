"""A token in the wrong hands, and a grant taken back in the middle of a download, against a really started server."""

import time
from collections.abc import Iterator

import httpx
import pytest

from sharing.keys import SigningKey, jwks
from tests.databases import Databases
from tests.dpop import Dpop
from tests.servers import Server
from tests.vault import world as worlds
from tests.vault.world import World
from vault import accesstokens, agencies, firststart
from vault.settings import MIB

SIZE = 96 * MIB
PART = 64 * 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("bound") / "data", databases=databases, embedded_worker=False) as server:
        yield server


@pytest.fixture(scope="module")
def world(server: Server) -> Iterator[World]:
    """People who act beside the server, on its own database."""
    services = firststart.prepare(server.here)
    yield worlds.build(services)
    services.db.close()


def refusals(world: World, grant_id: str) -> list[str | None]:
    return [event.detail for event in world.events("refused") if event.grant_id == grant_id]


@pytest.mark.timeout(120)
def test_revoked_in_the_middle_of_a_download_the_bytes_break_off(server: Server, world: World) -> None:
    paper = world.put_in(content=b"%PDF-1.7 " + bytes(SIZE))
    grant_id, link = world.share(paper)
    proved = Dpop(world.registry_key, world.bearer(link).token)
    path = f"/agency/grants/{grant_id}/documents/{paper.version.id}"
    got = after = 0
    revoked = False
    with server.client().stream("GET", path, auth=proved) as answer:
        assert answer.status_code == 200
        assert int(answer.headers["content-length"]) > SIZE
        with pytest.raises(httpx.RemoteProtocolError):  # the length that was announced never comes
            for chunk in answer.iter_raw(PART):
                got += len(chunk)
                after += len(chunk) if revoked else 0
                if not revoked and got >= 2 * MIB:
                    world.revoke(grant_id)
                    revoked = True
    assert revoked
    assert after < SIZE // 2, "what the network had taken already may arrive, the rest must not"
    assert refusals(world, grant_id) == ["revoked"]
    assert server.client().get(path, auth=proved).status_code == 404
    assert server.client().get("/.well-known/jwks.json").status_code == 200, "the server goes on"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("how", ["token given up", "keys replaced"])
def test_stolen_token_ended_in_the_middle_of_a_download_the_bytes_break_off(
    server: Server, world: World, how: str
) -> None:
    paper = world.put_in(content=b"%PDF-1.7 " + bytes(SIZE))
    grant_id, link = world.share(paper)
    token, agency_id = world.bearer(link).token, world.registry.agency_id
    path, got, ended = f"/agency/grants/{grant_id}/documents/{paper.version.id}", 0, False
    download = server.client().stream("GET", path, auth=Dpop(world.registry_key, token))
    with download as answer, pytest.raises(httpx.RemoteProtocolError):
        for chunk in answer.iter_raw(PART):
            got += len(chunk)
            if not ended and got >= 2 * MIB:
                end(world, agency_id, token if how == "token given up" else None)
                ended = True
    assert ended
    assert refusals(world, grant_id) == ["not-an-agency"]


def end(world: World, agency_id: str, token: str | None) -> None:
    """The token, or with its agency's keys all tokens."""
    with world.services.db.write() as session:
        row = accesstokens.known(session, token) if token else None
        if row:
            accesstokens.revoke(session, row)
        else:
            agencies.replace_keys(session, agency_id, jwks([world.registry_key]))


def test_a_download_that_is_left_alone_comes_whole(server: Server, world: World) -> None:
    paper = world.put_in(content=b"%PDF-1.7 " + bytes(24 * MIB))
    grant_id, link = world.share(paper)
    proved = Dpop(world.registry_key, world.bearer(link).token)
    began = time.monotonic()
    answer = server.client().get(f"/agency/grants/{grant_id}/documents/{paper.version.id}", auth=proved)
    assert len(answer.content) == paper.version.size
    assert time.monotonic() - began < 30
    assert refusals(world, grant_id) == []


def test_a_token_copied_from_a_wire_opens_nothing_from_another_machine(server: Server, world: World) -> None:
    paper = world.put_in()
    grant_id, link = world.share(paper)
    own = Dpop(world.registry_key, world.bearer(link).token)
    url = f"{server.url}/agency/grants/{grant_id}/documents/{paper.version.id}"
    with server.client() as client:
        assert client.get(url, auth=own).status_code == 200
        copied = own.headers("GET", url)
        assert client.get(url, headers=copied).status_code == 200
        assert client.get(url, headers=copied).status_code == 401, "replayed"
        assert client.get(url, headers={"Authorization": f"Bearer {own.token}"}).status_code == 401
        assert client.get(url, auth=Dpop(SigningKey.generate(), own.token)).status_code == 404
    assert refusals(world, grant_id) == ["key-not-proved"]
