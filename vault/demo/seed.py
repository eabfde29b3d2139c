"""The demo: one citizen with four papers that the real pipeline read, one agency with one officer. Made once."""

from dataclasses import dataclass, field

from sqlmodel import Session, select

from vault import accounts, agencies, intake, signins
from vault.accounts import Attempt
from vault.demo.papers import papers
from vault.models import Account
from vault.principals import Citizen
from vault.services import Services
from vault.uploads import Ready
from vault.worker import Worker

AGENCY = "UBND phường Hải Châu (bản dùng thử)"
OFFICER_NAME = "Trần Thị Bình"


@dataclass(frozen=True)
class DemoSignIn:
    """A sign-in that everybody may know: it opens invented papers only."""

    role: str
    login: str
    password: str = field(repr=False)


CITIZEN = DemoSignIn("citizen", "congdan", "giay-to-cua-toi")
OFFICER = DemoSignIn("officer", "canbo", "kiem-tra-giay-to")


def seed(services: Services) -> tuple[DemoSignIn, DemoSignIn]:
    """Makes what is missing of the demo and reads its papers; a second call changes nothing.

    Raises `FontsMissing` where the papers cannot be drawn.
    """
    drawn = None if _has(services, CITIZEN) else papers()
    if not _has(services, OFFICER):
        _add_officer(services)
    if drawn is not None:
        citizen = _add_citizen(services)
        for paper in drawn:
            intake.add_document(services, citizen, Ready(paper.file_name, paper.data))
        with services.db.write() as session:
            signins.end_all(session, citizen.account_id)
    worker = Worker(services)
    while worker.step():
        pass
    return CITIZEN, OFFICER


def _has(services: Services, who: DemoSignIn) -> bool:
    with services.db.read() as session:
        return session.exec(select(Account.id).where(Account.login == who.login)).first() is not None


def _add_officer(services: Services) -> None:
    hashed = services.passwords.hash(OFFICER.password)
    with services.db.write() as session:
        agency = agencies.add(session, services.root, AGENCY)
        agencies.add_officer(session, agency.id, OFFICER.login, hashed, OFFICER_NAME)


def _add_citizen(services: Services) -> Citizen:
    hashed = services.passwords.hash(CITIZEN.password)
    with services.db.write() as session:
        accounts.open_account(session, services.root, hashed, CITIZEN.login)
    attempt = Attempt(CITIZEN.login, CITIZEN.password, "demo")
    token = accounts.sign_in(services.db, services.root, services.passwords, services.settings, attempt)
    with services.db.read() as session:
        return _citizen(session, services, token)


def _citizen(session: Session, services: Services, token: str) -> Citizen:
    principal = signins.resume(session, token, services.settings)
    if not isinstance(principal, Citizen):
        raise TypeError("the demo's citizen has no wallet")
    return principal
