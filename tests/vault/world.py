"""Two citizens, two agencies and their officers in one vault: a real database, real files, real keys."""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from ocr import Place, Pyramid
from sharing.keys import SigningKey, jwks
from storage.keys import Key, context
from vault import accesslog, accounts, agencies, documents, grants, models, papers, redeeming, searchable, wallets
from vault.agencies import AgencySystem
from vault.db import now
from vault.documents import Paper
from vault.models import Document, Event, Version
from vault.papers import Label
from vault.principals import Citizen, Officer, TokenBearer
from vault.services import Services
from vault.tiles import pack

CONTENT = b"%PDF-1.7 what the paper says: so 36/2019, Hai Chau " * 4000
PREVIEW = b"RIFF____WEBP the page as a picture"


def tile_of(place: Place) -> bytes:
    return b"\xff\xd8\xff the tile at %d %d %d" % (place.level, place.column, place.row)


@dataclass
class World:
    """People and papers in one vault, and short ways to act for them."""

    services: Services
    an: Citizen
    binh: Citizen
    registry: Officer
    bank: Officer
    registry_key: SigningKey

    @property
    def registry_system(self) -> AgencySystem:
        return AgencySystem(self.registry.agency_id, self.registry.agency_name)

    @property
    def bank_system(self) -> AgencySystem:
        return AgencySystem(self.bank.agency_id, self.bank.agency_name)

    def put_in(
        self, citizen: Citizen | None = None, content: bytes = CONTENT, kind: str = "birth-certificate"
    ) -> Paper:
        """A paper of one page as the intake leaves it and the worker reads it, without the reading."""
        citizen, key, version_id = citizen or self.an, Key.generate(), models.new_id()
        digest = hashlib.sha256(content).digest()
        papers.put_original(self.services.blobs, key, version_id, [content])
        papers.put_preview(self.services.blobs, key, version_id, 1, PREVIEW, thumbnail=False)
        papers.put_preview(self.services.blobs, key, version_id, 1, PREVIEW, thumbnail=True)
        with self.services.db.write() as session:
            at = now(session)
            document = Document(citizen_id=citizen.citizen_id, kind=kind, created_at=at)
            session.add(document)
            session.flush()
            label = Label("Giấy khai sinh của An", "khai-sinh.pdf", digest)
            session.add(
                Version(
                    id=version_id,
                    document_id=document.id,
                    citizen_id=citizen.citizen_id,
                    number=1,
                    created_at=at,
                    wrapped_key=citizen.wallet.key.wrap(
                        key, wallets.document_key_context(citizen.citizen_id, version_id)
                    ),
                    fingerprint=citizen.wallet.key.mac(digest, context("fingerprint", citizen.citizen_id)),
                    size=len(content),
                    media_type="application/pdf",
                    pages=1,
                    label=papers.seal_label(key, version_id, label),
                )
            )
        with self.services.db.read() as session:
            return documents.get(session, citizen.wallet, document.id)

    def cut(self, paper: Paper, size: tuple[int, int] = (1300, 700)) -> Pyramid:
        """Gives page 1 tiles, each of which says where it lies."""
        pyramid = Pyramid(*size)
        tiles = ((place, tile_of(place)) for place in pyramid.places())
        papers.put_sheet(self.services.blobs, paper.key, paper.version.id, 1, pack(pyramid, tiles))
        self.change(Version, paper.version.id, sheets=[1], sheets_cut=1)
        return pyramid

    def copy(self, paper: Paper, citizen: Citizen | None = None) -> bytes:
        """Gives the paper, which is read, a searchable copy as the worker does. Returns its bytes."""
        with self.services.db.read() as session:
            paper = documents.get(session, (citizen or self.an).wallet, paper.id)
        content, state = b"%PDF-1.7 words over " + paper.id.encode() * 3000, searchable.state_of(paper)
        papers.put_searchable(self.services.blobs, paper.key, paper.version.id, state, [content])
        self.change(Version, paper.version.id, copy_state=state, copy_bytes=len(content))
        return content

    def share(self, *shared: Paper, citizen: Citizen | None = None, **changes: Any) -> tuple[str, str]:
        """Grant id and link of a grant to the registry, unless told otherwise."""
        offer = grants.Offer(
            agency_id=self.registry.agency_id,
            version_ids=tuple(paper.version.id for paper in shared),
            purpose="Đăng ký kết hôn",
            days=7,
            openings=3,
        )
        services = self.services
        with services.db.write() as session:
            grant, link = grants.create(
                session, services.signer, services.settings, citizen or self.an, replace(offer, **changes)
            )
        return grant.id, link

    def bearer(self, link: str, system: AgencySystem | None = None, key: SigningKey | None = None) -> TokenBearer:
        """The registry's system, unless told otherwise, with the token that it got for the link and its key proved."""
        services, thumbprint = self.services, (key or self.registry_key).kid
        redeemed = redeeming.redeem_by_agency(
            services.db, services.signer, system or self.registry_system, thumbprint, link
        )
        assert redeemed.access_token is not None
        return TokenBearer(redeemed.access_token, thumbprint)

    def revoke(self, grant_id: str, citizen: Citizen | None = None) -> None:
        with self.services.db.write() as session:
            grants.revoke(session, citizen or self.an, grant_id)

    def bin(self, paper: Paper, citizen: Citizen | None = None) -> None:
        with self.services.db.write() as session:
            documents.delete_to_bin(session, citizen or self.an, paper.id)

    def row(self, kind: type[Any], key: Any) -> Any:
        with self.services.db.read() as session:
            return session.get(kind, key)

    def change(self, kind: type[Any], key: Any, **values: Any) -> None:
        """Moves a row in time, as waiting would."""
        with self.services.db.write() as session:
            row = session.get(kind, key)
            for name, value in values.items():
                setattr(row, name, value)
            session.add(row)

    def events(self, kind: str, citizen: Citizen | None = None) -> list[Event]:
        """The citizen's entries of that kind, the oldest first."""
        with self.services.db.read() as session:
            found = accesslog.entries(session, (citizen or self.an).citizen_id)
        return [event for event in reversed(found) if event.kind == kind]


def build(services: Services) -> World:
    key = SigningKey.generate()
    return World(
        services,
        an=_citizen(services, "an"),
        binh=_citizen(services, "binh"),
        registry=_officer(services, "Sở Tư pháp", "lan", key),
        bank=_officer(services, "Ngân hàng", "minh", SigningKey.generate()),
        registry_key=key,
    )


def _citizen(services: Services, login: str) -> Citizen:
    with services.db.write() as session:
        account = accounts.open_account(session, services.root, "no password fits this", login)
        wallet = session.get_one(models.Wallet, account.citizen_id)
        return Citizen(account.id, "sign-in", login, wallets.unlock_wallet(wallet, services.root))


def _officer(services: Services, agency_name: str, login: str, key: SigningKey) -> Officer:
    with services.db.write() as session:
        agency = agencies.add(session, services.root, agency_name, jwks([key]))
        account = agencies.add_officer(session, agency.id, login, "no password fits this", "Cán bộ")
        return Officer(account.id, "sign-in", login, agency_name, wallets.unlock_agency(agency, services.root))
