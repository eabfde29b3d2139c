"""Time of matching a large wallet with a large procedure, beside the plain way in the same run.

The plain way asks `problem_of` for every pair of component and paper and sorts what fits for each component; it makes
no promise that papers are distinct. Run from the repository's root: `python -m bench.match`. Prints JSON lines
{name, value, unit, versus}.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random

from ocr.kinds import OTHER, load_kinds
from sharing.terms import Tier
from vault.matching import Candidate, match, problem_of
from vault.procedures import Component

PAPERS = 500
COMPONENTS = 20
ROUNDS = 50
ASKED_MS = 10
TODAY = date(2026, 5, 4)
MOMENT = datetime(2026, 5, 4, tzinfo=UTC)


def main() -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    kinds = sorted(load_kinds().keys() - {OTHER})
    for name, known in (("match.ms_500x20", kinds), ("match.ms_500x20_one_kind", kinds[:1])):
        random = Random(1)  # noqa: S311 - the same papers in each run
        components, papers = procedure(random, known), wallet(random, known)
        assert [found.best for found in match(components, papers, TODAY)].count(None) < COMPONENTS
        ours = best_ms(lambda: match(components, papers, TODAY))  # noqa: B023 - called at once
        plain = best_ms(lambda: naive(components, papers))  # noqa: B023
        emit(name, ours, "ms", f"absolute; asked < {ASKED_MS}")
        emit(f"{name}_vs_plain", ours / plain, "ratio", "problem_of for all pairs, then sorted; less is better")


def procedure(random: Random, kinds: Sequence[str]) -> list[Component]:
    """Components as real ones are: one to three kinds, mostly any tier, now and then a greatest age."""
    return [
        Component(
            f"component-{number}", {}, tuple(random.sample(kinds, min(len(kinds), random.randint(1, 3)))),
            random.choice([Tier.SELF, Tier.SELF, Tier.CHECKED]), random.choice([None, None, 366]), number % 3 > 0,
        )
        for number in range(COMPONENTS)
    ]  # fmt: skip


def wallet(random: Random, kinds: Sequence[str]) -> list[Candidate]:
    """Papers of all kinds and tiers, put in over three years, some of them at their end."""
    return [
        Candidate(
            f"document-{number}", f"version-{number}", random.choice(kinds), random.random() < 0.9,
            random.choice(list(Tier)), MOMENT - timedelta(minutes=random.randrange(1_500_000)),
            TODAY - timedelta(days=random.randrange(1000)),
            random.choice([None, TODAY + timedelta(days=random.randrange(-300, 3000))]), random.random() < 0.95,
        )
        for number in range(PAPERS)
    ]  # fmt: skip


def naive(components: Sequence[Component], papers: Sequence[Candidate]) -> list[list[Candidate]]:
    """For each component what fits, best first."""
    return [
        sorted(
            (paper for paper in papers if problem_of(component, paper, TODAY) is None),
            key=lambda paper: (
                component.kinds.index(paper.kind), -paper.tier.rank, -(paper.expires_on or date.max).toordinal(),
                -paper.created_at.timestamp(), paper.document_id, paper.version_id,
            ),
        )
        for component in components
    ]  # fmt: skip


def best_ms(run: Callable[[], object]) -> float:
    """Milliseconds of the quickest of ROUNDS."""
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return min(taken) * 1000


def emit(name: str, value: float, unit: str, versus: str) -> None:
    """Print one figure as a JSON line."""
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit, "versus": versus}), flush=True)


if __name__ == "__main__":
    main()
