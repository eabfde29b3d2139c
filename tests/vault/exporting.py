"""Wallets made ready to be taken along, for tests."""

import io
import json
import random
from zipfile import ZipFile

import httpx
from PIL import Image

from ocr.reading import Line, Page, Reading
from tests.vault.visitors import PASSWORD
from tests.vault.world import World
from vault import intake, papers, readings
from vault.documents import Paper
from vault.export import bundle, preparing
from vault.models import Export, Version
from vault.principals import Citizen
from vault.uploads import Ready

TEXT = "GIẤY KHAI SINH\nHọ và tên: NGUYỄN VĂN AN"


def prepare(world: World, citizen: Citizen | None = None) -> Export:
    """As `begin` and all steps leave it, without the password and its cost."""
    services, citizen = world.services, citizen or world.an
    with services.db.write() as session:
        gone = preparing.forget_all(session, citizen.citizen_id)
        export = preparing._made(session, citizen)
    preparing.remove(services, gone)
    while export.size is None:
        export = preparing.step(services, citizen)
    return export


def prepare_over(client: httpx.Client) -> dict[str, object]:
    """The same through the API."""
    client.post("/api/export", json={"password": PASSWORD}).raise_for_status()
    while True:
        found: dict[str, object] = client.post("/api/export/continue").raise_for_status().json()
        if found["ready"]:
            return found


def read(world: World, paper: Paper, text: str = TEXT, kind: str = "birth-certificate") -> None:
    """As the worker leaves a paper that it read."""
    lines = tuple(Line(line, (0.1, 0.1, 0.9, 0.2), 0.9, ()) for line in text.splitlines())
    reading = Reading((Page(1, 1240, 1754, "ocr", "vie", lines),), kind, 0.9, text.splitlines()[0])
    world.change(Version, paper.version.id, reading=papers.seal_reading(paper.key, paper.version.id, reading))


def export_of(world: World, citizen: Citizen | None = None) -> bytes:
    """The whole ZIP of a wallet."""
    prepare(world, citizen)
    return b"".join(bundle.open_bundle(world.services, citizen or world.an).stream())


def picture(seed: int = 0) -> bytes:
    """A small photo, another one for each seed."""
    out = io.BytesIO()
    Image.frombytes("RGB", (16, 16), random.Random(seed).randbytes(16 * 16 * 3)).save(out, "PNG")  # noqa: S311
    return out.getvalue()


def add(world: World, seed: int = 0, citizen: Citizen | None = None, **fields: str) -> str:
    """A photo put in as anybody puts one in; its document's id."""
    return intake.add_document(world.services, citizen or world.an, Ready(f"anh {seed}.png", picture(seed), fields))


def confirm(world: World, paper: Paper, citizen: Citizen | None = None, **fields: str) -> None:
    values = {name.replace("_", "-"): value for name, value in fields.items()}
    with world.services.db.write() as session:
        readings.confirm(session, world.services.kinds, citizen or world.an, paper.id, values)


def archive(data: bytes) -> ZipFile:
    return ZipFile(io.BytesIO(data))


def runs(data: bytes) -> list[bytes]:
    """Each paper's entries, cut out of the ZIP."""
    opened = archive(data)
    places = {info.filename: info.header_offset for info in opened.infolist()}
    order, found = opened.namelist(), []
    for run in json.loads(opened.read("docvault.json"))["papers"]:
        after = order[order.index(run["files"][-1]) + 1]
        found.append(data[places[run["files"][0]] : places[after]])
    return found
