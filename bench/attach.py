"""The whole attach, from the pushed request to the grant, while 16 citizens agree at once: small and large wallets.

Run from the repository's root: `python -m bench.attach`. Prints JSON lines {name, value, unit, versus}. A real server,
real SQLite and real signatures; the consent is answered by a script that reads the page and sends its form. Clients
and server share this machine's cores, and papers were put into the wallets beforehand, as the worker leaves them.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx

from ocr.reading import Field, Line, Page, Reading, Word
from sharing.keys import SigningKey, jwks
from storage.keys import Key, context
from tests.attaching import REDIRECT_URI, Portal
from tests.servers import PASSWORD, Server
from vault import accounts, agencies, papers, readings, wallets
from vault.db import now
from vault.models import Document, ReadingState, Version, Wallet, new_id
from vault.papers import Label
from vault.services import Services
from vault.settings import Settings

CLIENTS = 16
ROUNDS = 12
SMALL, LARGE = 10, 500
ASKED_RATIO = 1.5
PROCEDURE = "land-certificate-renewal"
NEEDED = ("land-use-certificate", "citizen-card")
SIZE = 2 * 1024 * 1024
"""Bytes of one paper, as a phone's photo has."""
LINES = 40
"""Lines on a paper's one page."""


@dataclass(frozen=True)
class Client:
    """A citizen's browser beside the portal that asks."""

    browser: httpx.Client
    portal: Portal
    name: str

    def attach(self, number: int) -> float:
        """Seconds from the pushed request to the grant."""
        began = time.perf_counter()
        issued = self.portal.attach(self.browser, PROCEDURE, f"{self.name}-{number}")
        seconds = time.perf_counter() - began
        assert issued["grant"].count(".") == 2
        return seconds


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data", embedded_worker=False)
        with server:
            pass  # the first start makes keys and tables
        agency_id, key = prepare(Settings(data_dir=server.data, public_url=server.url))
        with server:
            few, many = (clients(server, size, agency_id, key) for size in (SMALL, LARGE))
            run(few, rounds=1)  # what only the first request loads is nobody's time
            run(many, rounds=1)
            halves = [(run(few, ROUNDS // 2), run(many, ROUNDS // 2)) for _ in range(2)]
    report([s for half, _ in halves for s in half], [s for _, half in halves for s in half])


def report(few: Sequence[float], many: Sequence[float]) -> None:
    """Print the figures that are asked for."""
    p50, p95 = statistics.median(few), statistics.quantiles(few, n=20)[-1]
    how = f"absolute; {CLIENTS} clients at once, {SMALL} papers each, {len(few)} attaches"
    emit("attach.p50_ms", 1000 * p50, "ms", how)
    emit("attach.p95_ms", 1000 * p95, "ms", how)
    emit("attach.p50_500_ms", 1000 * statistics.median(many), "ms", f"absolute; the same with {LARGE} papers each")
    versus = f"the same with {SMALL} papers; asked <= {ASKED_RATIO}"
    emit("attach.p50_500_vs_10", statistics.median(many) / p50, "ratio", versus)


def emit(name: str, value: float, unit: str, versus: str) -> None:
    """Print one figure as a JSON line."""
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit, "versus": versus}), flush=True)


def run(among: Sequence[Client], rounds: int) -> list[float]:
    """Seconds of each attach, all clients at once."""
    start = int(time.monotonic() * 1000)
    with ThreadPoolExecutor(CLIENTS) as pool:
        done = pool.map(lambda client: [client.attach(start + number) for number in range(rounds)], among)
        return [seconds for each in done for seconds in each]


def prepare(settings: Settings) -> tuple[str, SigningKey]:
    """An agency with a portal, and the citizens with their papers."""
    services, key = Services.open(settings), SigningKey.generate()
    hashed = services.passwords.hash(PASSWORD)
    with services.db.write() as session:
        agency = agencies.add(session, services.root, "Sở Nông nghiệp và Môi trường", jwks([key]))
        agencies.register_portal(session, agency.id, [REDIRECT_URI], [PROCEDURE], services.procedures)
    for size in (SMALL, LARGE):
        for number in range(CLIENTS):
            fill(services, hashed, login(size, number), size)
    services.db.close()
    return agency.id, key


def login(size: int, number: int) -> str:
    return f"citizen-{size}-{number}"


def clients(server: Server, size: int, agency_id: str, key: SigningKey) -> list[Client]:
    """One signed-in citizen for each; every portal program has a key of its own to prove."""
    return [
        Client(
            server.signed_in(login(size, number)),
            Portal(server.client(), agency_id, key, server.url),
            login(size, number),
        )
        for number in range(CLIENTS)
    ]


def fill(services: Services, hashed: str, name: str, size: int) -> None:
    """A citizen with `size` papers of all kinds in turn, those that the procedure needs first; read, never opened."""
    kinds = [*NEEDED, *sorted(services.kinds.keys() - {*NEEDED, "other"})]
    with services.db.write() as session:
        account = accounts.open_account(session, services.root, hashed, name)
        wallet = wallets.unlock_wallet(session.get_one(Wallet, account.citizen_id), services.root)
        first = now(session) - timedelta(days=30)
        for number in range(size):
            kind = kinds[number % len(kinds)]
            document = Document(
                citizen_id=wallet.citizen_id, kind=kind, kind_sure=True, created_at=first + timedelta(minutes=number)
            )
            session.add(document)
            session.flush()
            session.add(_version(services, wallet, document, kind))


def _version(services: Services, wallet: wallets.Wallet, document: Document, kind: str) -> Version:
    key, version_id, digest = Key.generate(), new_id(), Key.generate().expose()
    owner = wallet.citizen_id
    reading = _reading(services, kind)
    return Version(
        id=version_id,
        document_id=document.id,
        citizen_id=owner,
        number=1,
        created_at=document.created_at,
        wrapped_key=wallet.key.wrap(key, wallets.document_key_context(owner, version_id)),
        fingerprint=wallet.key.mac(digest, context("fingerprint", owner)),
        size=SIZE,
        media_type="image/jpeg",
        pages=1,
        pages_read=1,
        state=ReadingState.done,
        label=papers.seal_label(key, version_id, Label("", f"{kind}.jpg", digest)),
        reading=papers.seal_reading(key, version_id, reading),
    )


def _reading(services: Services, kind: str) -> Reading:
    """A page full of words and a value for every field of the kind, as a real paper gives."""
    box = (0.1, 0.1, 0.9, 0.2)
    line = Line(
        "Cộng hòa xã hội chủ nghĩa Việt Nam", box, 0.9, tuple(Word(w, box, 0.9) for w in ["Cộng", "hòa", "xã", "hội"])
    )
    page = Page(1, 1240, 1754, "ocr", "vie", (line,) * LINES)
    values = {"date": "2020-05-04", "id": "048190000017", "sex": "female", "number": "120", "name": "Nguyễn Thị An"}
    fields = tuple(
        Field(spec.name, values.get(spec.type, "Đà Nẵng"), values.get(spec.type, "Đà Nẵng"), "ocr", 0.95, 1, box)
        for spec in services.kinds[kind].fields
        if spec.name != readings.EXPIRES
    )
    return Reading((page,), kind, 0.99, services.kinds[kind].names["vi"], fields, (), ())


if __name__ == "__main__":
    main()
