"""Figures: counts that add up, by procedure and month, of nobody in particular."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from tests.vault.attaching import MARRIAGE, attach, newer_version
from tests.vault.world import CONTENT, World
from vault import documents, figures
from vault.errors import Invalid
from vault.figures import Statistics, Sum
from vault.models import Figure, Version


def statistics(world: World, **more: str) -> Statistics:
    with world.services.db.read() as session:
        return figures.of_agency(session, world.registry.agency_id, **more)


def add(world: World, seconds: int, *, month: str = "2026-11", procedure: str = MARRIAGE, agency: str = "") -> None:
    with world.services.db.write() as session:
        session.add(
            Figure(
                agency_id=agency or world.registry.agency_id,
                procedure=procedure,
                month=month,
                papers=3,
                reused=2,
                bytes_not_sent=1000,
                seconds=seconds,
            )
        )


def rows(world: World) -> list[Figure]:
    with world.services.db.read() as session:
        return list(session.exec(select(Figure)))


def test_papers_that_lay_in_the_wallet_before_the_agency_asked_are_reused(world: World) -> None:
    there, later = world.put_in(), world.put_in(content=b"%PDF-1.7 uploaded on the spot", kind="citizen-card")
    asked_at = there.version.created_at + timedelta(seconds=30)
    world.change(Version, later.version.id, created_at=asked_at + timedelta(seconds=1))
    attach(world, {"marital-status": there, "applicant-identity": later}, asked_at=asked_at)
    (row,) = rows(world)
    assert (row.papers, row.reused, row.bytes_not_sent) == (2, 1, len(CONTENT))


def test_a_version_put_in_for_the_request_is_not_reused_even_if_its_paper_is_old(world: World) -> None:
    old = world.put_in()
    asked_at = old.version.created_at + timedelta(seconds=30)
    version_id = newer_version(world, old)
    world.change(Version, version_id, created_at=asked_at + timedelta(seconds=1))
    with world.services.db.read() as session:
        newer = documents.get(session, world.an.wallet, old.id)
    attach(world, {"applicant-identity": newer}, asked_at=asked_at)
    assert rows(world)[0].reused == 0


def test_one_paper_for_two_components_is_one_paper(world: World) -> None:
    card = world.put_in()
    attach(
        world, {"applicant-identity": card, "partner-identity": card}, asked_at=card.version.created_at + timedelta(1)
    )
    (row,) = rows(world)
    assert (row.papers, row.reused) == (1, 1)


def test_a_month_begins_when_it_begins_in_viet_nam() -> None:
    assert figures.month_of(datetime(2026, 11, 30, 16, 59, tzinfo=UTC)) == "2026-11"
    assert figures.month_of(datetime(2026, 11, 30, 17, 0, tzinfo=UTC)) == "2026-12"


@pytest.mark.parametrize(
    ("seconds", "median"), [((7,), 7), ((1, 100), 50), ((5, 1, 900), 5), ((4, 4, 4, 4), 4), ((1, 2, 4, 1000), 3)]
)
def test_the_median_is_the_middle_and_not_moved_by_one_who_slept_over_it(
    world: World, seconds: tuple[int, ...], median: int
) -> None:
    for one in seconds:
        add(world, one)
    found = statistics(world)
    assert found.lines[0].sum.median_s == found.total.median_s == median


def test_lines_are_by_procedure_and_month_the_newest_month_first(world: World) -> None:
    for month, procedure in (("2026-10", MARRIAGE), ("2026-11", MARRIAGE), ("2026-11", MARRIAGE), ("2026-11", "birth")):
        add(world, 60, month=month, procedure=procedure)
    found = statistics(world)
    assert [(line.month, line.procedure, line.sum.consents) for line in found.lines] == [
        ("2026-11", "birth", 1),
        ("2026-11", MARRIAGE, 2),
        ("2026-10", MARRIAGE, 1),
    ]
    assert found.total == Sum(consents=4, papers=12, reused=8, bytes_not_sent=4000, median_s=60)


def test_an_agency_sees_its_own_figures_alone(world: World) -> None:
    add(world, 60, agency=world.bank.agency_id)
    assert statistics(world) == Statistics((), Sum())


def test_figures_can_be_asked_for_a_procedure_and_a_time(world: World) -> None:
    for month in ("2026-08", "2026-09", "2026-10"):
        add(world, 60, month=month)
    add(world, 60, month="2026-09", procedure="birth")
    assert [line.month for line in statistics(world, since="2026-09", until="2026-09", procedure=MARRIAGE).lines] == [
        "2026-09"
    ]
    assert statistics(world, since="2026-09").total.consents == 3
    assert statistics(world, until="2026-08").total.consents == 1


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "26-11", "2026-11-01", "２０２６-11", "x"])
def test_what_is_no_month_is_refused(world: World, month: str) -> None:
    for name in ("since", "until"):
        with pytest.raises(Invalid):
            statistics(world, **{name: month})


def test_no_target_counts_as_met_before_it_is() -> None:
    assert Sum(papers=3, reused=2).reused_percent == 66
    assert Sum(papers=1000, reused=799).reused_percent == 79
    assert Sum().reused_percent is None


def test_a_clock_that_went_back_gives_no_negative_time(world: World) -> None:
    card = world.put_in()
    attach(world, {"applicant-identity": card}, asked_at=card.version.created_at + timedelta(days=1))
    assert rows(world)[0].seconds == 0
