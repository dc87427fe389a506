"""./run bench says of each target whether a run has reached it (tests/bench/targets.py)."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))

import bench  # noqa: E402
import targets  # noqa: E402
from cases import CASES  # noqa: E402


def run(lockkeeper, pgbouncer=100.0):
    """Three rounds of one case, of which the median counts."""
    return {"-N simple, 16": {name: [{"per second": value} for value in (0.1, middle, 10_000.0)]
                              for name, middle in (("pgbouncer", pgbouncer), ("lockkeeper", lockkeeper))}}


@pytest.mark.parametrize("lockkeeper, verdict", [(99.0, "missed"), (100.0, "reached"), (150.0, "reached")])
def test_a_ratio_is_of_medians(lockkeeper, verdict):
    [(_, value, limit, goal, said)] = targets.judged(run(lockkeeper))
    assert (value, limit, goal, said) == (lockkeeper / 100.0, 1.0, None, verdict)


@pytest.mark.parametrize("milliseconds, verdict", [(2.31, "missed"), (2.29, "reached"), (1.19, "goal reached")])
def test_a_limit_in_round_trips_is_of_that_run(milliseconds, verdict):
    numbers = {"straight": [{"p50 ms": 1.0, "round trip ms": 0.1}], "lockkeeper": [{"p50 ms": milliseconds, "round trip ms": 0.2}]}
    [(_, value, limit, goal, said)] = targets.judged({"ADD COLUMN": numbers})
    assert (round(value, 2), limit, goal, said) == (round(milliseconds - 1, 2), pytest.approx(1.3), pytest.approx(0.2), verdict)


def test_what_was_not_run_is_not_judged():
    assert targets.judged({"ADD COLUMN": {"straight": [], "lockkeeper": []}}) == []


def test_every_target_is_of_a_case():
    assert {target.case for target in targets.TARGETS} <= {case.name for case in CASES}


def test_the_page_says_what_was_missed():
    assert "| 0.990 | >= 1.000 |  | **missed** |" in targets.markdown(run(99.0))
    assert "## What is to be reached" in bench.PAGE
