"""Which papers of a wallet come into question, and how few of them are opened for it."""

from datetime import date, timedelta

from sqlalchemy import event

from sharing.terms import Tier
from tests.vault import consenting
from tests.vault.attaching import newer_version
from tests.vault.world import World
from vault import candidates, documents, readings
from vault.matching import Candidate
from vault.principals import Citizen
from vault.procedures import Component

IDENTITY = Component("identity", {"vi": "Căn cước", "en": "Card"}, ("citizen-card", "passport"))
STATUS = Component("status", {"vi": "Tình trạng", "en": "Status"}, ("marital-status",), max_age_days=184)


def of(world: World, *components: Component, citizen: Citizen | None = None) -> dict[str, Candidate]:
    with world.services.db.read() as session:
        found = candidates.of(session, world.services.kinds, (citizen or world.an).wallet, components)
    return {candidate.document_id: candidate for candidate in found}


def named(world: World, version_id: str, *components: Component) -> dict[str, Candidate]:
    with world.services.db.read() as session:
        return candidates.named(session, world.services.kinds, world.an.wallet, components, {version_id})


def test_papers_of_the_asked_kinds_come_into_question_with_what_matters_of_them(world: World) -> None:
    ends = date(2031, 1, 1)
    card = consenting.put_in(world, "citizen-card", tier=Tier.CERTIFIED, expires_on=ends)
    busy = consenting.put_in(world, "passport", state="reading", sure=False)
    consenting.put_in(world, "diploma")
    found = of(world, IDENTITY)
    assert found.keys() == {card.id, busy.id}
    one, two = found[card.id], found[busy.id]
    assert (one.tier, one.expires_on, one.kind_sure, one.ready) == (Tier.CERTIFIED, ends, True, True)
    assert (two.kind_sure, two.ready) == (False, False)


def test_what_could_not_be_read_is_not_waited_for(world: World) -> None:
    paper = consenting.put_in(world, "citizen-card", state="failed")
    assert of(world, IDENTITY)[paper.id].ready


def test_another_citizens_papers_and_those_in_the_bin_never_come_into_question(world: World) -> None:
    foreign = consenting.put_in(world, "citizen-card", world.binh)
    binned = consenting.put_in(world, "citizen-card")
    world.bin(binned)
    assert of(world, IDENTITY) == {}
    for paper in (foreign, binned):
        assert named(world, paper.version.id, IDENTITY) == {}


def test_a_version_of_another_kind_is_not_named(world: World) -> None:
    diploma = consenting.put_in(world, "diploma")
    assert named(world, diploma.version.id, IDENTITY) == {}


def test_only_the_newest_version_of_a_paper_counts(world: World) -> None:
    paper = consenting.put_in(world, "citizen-card")
    newer = newer_version(world, paper)
    assert of(world, IDENTITY)[paper.id].version_id == newer
    assert named(world, paper.version.id, IDENTITY) == {}
    assert newer in named(world, newer, IDENTITY)


def test_the_day_of_issue_is_looked_up_where_the_age_counts(world: World) -> None:
    status = consenting.put_in(world, "marital-status", found={"issued-on": "2026-10-01"})
    card = consenting.put_in(world, "citizen-card", found={"issued-on": "2021-10-01"})
    found = of(world, IDENTITY, STATUS)
    assert found[status.id].issued_on == date(2026, 10, 1)
    assert found[card.id].issued_on is None


def test_a_day_that_was_hardly_legible_does_not_count_until_its_owner_says_it(world: World) -> None:
    paper = consenting.put_in(world, "marital-status", found={"issued-on": "2026-10-01"}, confidence=0.3)
    assert of(world, STATUS)[paper.id].issued_on is None
    with world.services.db.write() as session:
        readings.confirm(session, world.services.kinds, world.an, paper.id, {"issued-on": "02/10/2026"})
    assert of(world, STATUS)[paper.id].issued_on == date(2026, 10, 2)


def test_a_wallet_full_of_papers_of_one_kind_is_not_opened_whole(world: World) -> None:
    papers = [consenting.put_in(world, "marital-status", found={"issued-on": "2026-10-01"}) for _ in range(16)]
    newest = sorted(papers, key=lambda paper: paper.version.created_at, reverse=True)[: candidates.DATED]
    statements: list[str] = []
    engine = world.services.db.engine
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    found = of(world, STATUS)
    assert found.keys() == {paper.id for paper in newest}
    assert len([text for text in statements if "FROM document" in text]) == 2


def test_candidates_are_opened_by_their_version(world: World) -> None:
    paper = consenting.put_in(world, "citizen-card")
    with world.services.db.read() as session:
        found = candidates.of(session, world.services.kinds, world.an.wallet, [IDENTITY])
        opened = candidates.opened(session, world.an.wallet, found)
    assert opened[paper.version.id].label == paper.label


def test_nobody_opens_versions_of_another_wallet(world: World) -> None:
    foreign = consenting.put_in(world, "citizen-card", world.binh)
    with world.services.db.read() as session:
        assert documents.of_versions(session, world.an.wallet, [foreign.version.id]) == []


def test_the_age_is_counted_from_the_day_on_the_paper_not_from_when_it_was_put_in(world: World) -> None:
    old = date.today() - timedelta(days=400)
    paper = consenting.put_in(world, "marital-status", found={"issued-on": old.isoformat()})
    assert of(world, STATUS)[paper.id].issued_on == old
