"""Who stands behind a request, with what their session unlocked."""

from dataclasses import dataclass, field

from vault.wallets import KeyRing, Wallet


@dataclass(frozen=True)
class Citizen:
    """A signed-in citizen and their wallet."""

    account_id: str
    sign_in_id: str
    login: str
    wallet: Wallet

    @property
    def citizen_id(self) -> str:
        return self.wallet.citizen_id


@dataclass(frozen=True)
class Officer:
    """A signed-in officer, acting for one agency."""

    account_id: str
    sign_in_id: str
    name: str
    agency_name: str
    ring: KeyRing

    @property
    def agency_id(self) -> str:
        return self.ring.agency_id


@dataclass(frozen=True)
class TokenBearer:
    """An agency's system: the access token that it showed, and the thumbprint of the key that it proved with it."""

    token: str = field(repr=False)
    key: str
