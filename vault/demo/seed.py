"""The demo: one citizen with four papers that the real pipeline read, one agency with one officer. Made once."""

from contextlib import suppress
from dataclasses import dataclass, field

from sqlmodel import Session, col, func, select

from vault import accesslog, accounts, agencies, intake, signins
from vault.accounts import Attempt
from vault.demo.papers import papers
from vault.errors import Duplicate, SignInFailed, TooManyAttempts
from vault.models import Account, Event
from vault.principals import Citizen
from vault.services import Services
from vault.uploads import Ready
from vault.worker import Worker

AGENCY = "UBND phường Hải Châu (bản dùng thử)"
OFFICER_NAME = "Trần Thị Bình"
PAPERS = 4


class DemoNameTaken(Exception):
    """Somebody's own account has the name that the demo's citizen would sign in with."""

    def __init__(self, login: str) -> None:
        super().__init__(f"The account {login} is not the demo's. Serve the demo from a data folder of its own.")


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

    Raises `FontsMissing` where the papers cannot be drawn, `DemoNameTaken` where the citizen is somebody else.
    """
    if _put_in(services) < PAPERS:
        drawn = papers()
        citizen = _citizen(services)
        for paper in drawn:
            with suppress(Duplicate):  # put in before a first start that was stopped halfway
                intake.add_document(services, citizen, Ready(paper.file_name, paper.data))
        with services.db.write() as session:
            signins.end_all(session, citizen.account_id)
    if not _has(services, OFFICER):
        _add_officer(services)
    worker = Worker(services)
    while worker.step():
        pass
    return CITIZEN, OFFICER


def _put_in(services: Services) -> int:
    """How many papers the citizen ever put in: the log keeps it also when one was thrown away since."""
    added = (Event.kind == accesslog.Kind.document_added, Account.login == CITIZEN.login)
    query = select(func.count()).select_from(Event).join(Account, col(Account.id) == col(Event.account_id))
    with services.db.read() as session:
        return session.exec(query.where(*added)).one()


def _has(services: Services, who: DemoSignIn) -> bool:
    with services.db.read() as session:
        return session.exec(select(Account.id).where(Account.login == who.login)).first() is not None


def _add_officer(services: Services) -> None:
    hashed = services.passwords.hash(OFFICER.password)
    with services.db.write() as session:
        agency = agencies.add(session, services.root, AGENCY)
        agencies.add_officer(session, agency.id, OFFICER.login, hashed, OFFICER_NAME)


def _citizen(services: Services) -> Citizen:
    """Signed in; made first where there is none."""
    if not _has(services, CITIZEN):
        hashed = services.passwords.hash(CITIZEN.password)
        with services.db.write() as session:
            accounts.open_account(session, services.root, hashed, CITIZEN.login)
    attempt = Attempt(CITIZEN.login, CITIZEN.password, "demo")
    try:
        token = accounts.sign_in(services.db, services.root, services.passwords, services.settings, attempt)
    except (SignInFailed, TooManyAttempts):
        raise DemoNameTaken(CITIZEN.login) from None
    with services.db.read() as session:
        return _principal(session, services, token)


def _principal(session: Session, services: Services, token: str) -> Citizen:
    principal = signins.resume(session, token, services.settings)
    if not isinstance(principal, Citizen):
        raise TypeError("the demo's citizen has no wallet")
    return principal
