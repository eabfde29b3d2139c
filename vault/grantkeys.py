"""Who can open a grant, as a scheme of keys alone (docs/formats/grants-in-the-vault.md).

A fresh key per grant opens the signed grant and the documents' keys. That grant key is wrapped once for each holder:
the citizen, the link or the code until it is used, the agency's officers afterwards, the access token of the agency's
system, and, for a later grant of a dossier, whoever holds the dossier's first one.
"""

from storage import inbox
from storage.keys import Key, context
from vault import models, tokens
from vault.models import GrantHolder, Holder
from vault.wallets import KeyRing, Wallet, inbox_context

LINK_PATH = "/s"


def link_token(grant_id: str, secret: bytes) -> str:
    """What a link carries in its fragment, and a QR code or a person in words: `{grant id}.{secret}`."""
    return f"{grant_id}.{tokens.encode(secret)}"


def link_url(public_url: str, token: str) -> str:
    """The secret is in the fragment, which no browser sends to any server and no server can log."""
    return f"{public_url.rstrip('/')}{LINK_PATH}#{token}"


def parse_link(text: str) -> tuple[str, bytes] | None:
    """Grant id and secret of a link or its token, as typed, pasted or scanned; None for anything else."""
    grant_id, _, written = text.strip().rpartition("#")[2].partition(".")
    secret = tokens.decode(written)
    return (grant_id, secret) if grant_id and secret is not None else None


def seal_grant(key: Key, grant_id: str, signed: str) -> bytes:
    return key.seal(signed.encode("ascii"), context("grant", grant_id))


def open_grant(key: Key, grant: models.Grant) -> str:
    """The signed grant (compact JWS). Raises `SealBroken`."""
    return key.open(grant.sealed_grant, context("grant", grant.id)).decode("ascii")


def wrap_item(key: Key, grant_id: str, version_id: str, document_key: Key) -> bytes:
    return key.wrap(document_key, context("grant-item", grant_id, version_id))


def unwrap_item(key: Key, grant_id: str, version_id: str, wrapped: bytes) -> Key:
    """The document key of a granted version. Raises `SealBroken`."""
    return key.unwrap(wrapped, context("grant-item", grant_id, version_id))


def hold_by_citizen(key: Key, grant_id: str, wallet: Wallet) -> GrantHolder:
    wrapped = wallet.key.wrap(key, _context(Holder.citizen, grant_id, wallet.citizen_id))
    return GrantHolder(grant_id=grant_id, holder=Holder.citizen, wrapped_key=wrapped)


def open_by_citizen(row: GrantHolder, wallet: Wallet) -> Key:
    return wallet.key.unwrap(row.wrapped_key, _context(Holder.citizen, row.grant_id, wallet.citizen_id))


def hold_by_link(key: Key, grant_id: str, secret: bytes) -> GrantHolder:
    return _hold_by_secret(Holder.link, key, grant_id, secret)


def open_by_link(row: GrantHolder, secret: bytes) -> Key:
    return _open_by_secret(Holder.link, row, secret)


def hold_by_code(key: Key, grant_id: str, secret: bytes) -> GrantHolder:
    return _hold_by_secret(Holder.code, key, grant_id, secret)


def open_by_code(row: GrantHolder, secret: bytes) -> Key:
    return _open_by_secret(Holder.code, row, secret)


def hold_by_token(key: Key, grant_id: str, secret: bytes) -> GrantHolder:
    return _hold_by_secret(Holder.token, key, grant_id, secret)


def open_by_token(row: GrantHolder, secret: bytes) -> Key:
    return _open_by_secret(Holder.token, row, secret)


def hold_by_dossier(key: Key, grant_id: str, first: Key) -> GrantHolder:
    """`first` is the key of the dossier's first grant: who opens that one opens this one too."""
    return GrantHolder(
        grant_id=grant_id, holder=Holder.dossier, wrapped_key=first.wrap(key, _context(Holder.dossier, grant_id))
    )


def open_by_dossier(row: GrantHolder, first: Key) -> Key:
    """Raises `SealBroken` for any other key than that of the dossier's first grant."""
    return first.unwrap(row.wrapped_key, _context(Holder.dossier, row.grant_id))


def hold_by_agency(key: Key, grant_id: str, agency: models.Agency) -> GrantHolder:
    """Sealed to the agency's inbox: its officers' sessions open it, and nobody of theirs need be there now."""
    ctx = _context(Holder.agency, grant_id, agency.id)
    sealed = inbox.seal_to(agency.inbox_public, key.expose(), ctx)
    return GrantHolder(grant_id=grant_id, holder=Holder.agency, wrapped_key=sealed)


def open_by_agency(row: GrantHolder, private: bytes, agency_id: str) -> Key:
    """`private` is what `open_inbox` gave. Raises `SealBroken`."""
    return Key.from_bytes(inbox.open_from(private, row.wrapped_key, _context(Holder.agency, row.grant_id, agency_id)))


def open_inbox(ring: KeyRing, agency: models.Agency) -> bytes:
    """The private key of the agency's inbox, for the length of one request."""
    return ring.key.open(agency.inbox_private, inbox_context(agency.id))


def _hold_by_secret(holder: Holder, key: Key, grant_id: str, secret: bytes) -> GrantHolder:
    wrapped = _secret_key(holder, grant_id, secret).wrap(key, _context(holder, grant_id))
    return GrantHolder(grant_id=grant_id, holder=holder, wrapped_key=wrapped)


def _open_by_secret(holder: Holder, row: GrantHolder, secret: bytes) -> Key:
    return _secret_key(holder, row.grant_id, secret).unwrap(row.wrapped_key, _context(holder, row.grant_id))


def _secret_key(holder: Holder, grant_id: str, secret: bytes) -> Key:
    return Key.derive(secret, context(f"grant-{holder.value}", grant_id))


def _context(holder: Holder, grant_id: str, *ids: str) -> bytes:
    return context("grant-key", holder.value, grant_id, *ids)
