"""How fast the policy is, as it is shipped. The best of three runs counts, in processor time: a busy machine only adds."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
from policy import BENCH, measured, median  # noqa: E402


@pytest.fixture(scope="module")
def figures():
    assert BENCH.exists(), f"{BENCH} is missing: ./run setup installs Google Benchmark, then build anew"
    return measured("--benchmark_min_time=0.01")


def test_a_parsed_statement_is_judged_in_twenty_microseconds(figures):
    assert len(figures["evaluate"]) >= 30
    assert median(figures["evaluate"]) < 20_000
    assert max(time for time, _ in figures["evaluate"].values()) < 100_000


def test_and_in_sixty_with_its_parse(figures):
    assert median(figures["parse and evaluate"]) < 60_000


def test_the_first_look_costs_nothing(figures):
    """100 ns are the aim; three times as much is a slow machine, or a mistake."""
    looks = {**figures["look"], **figures["look long"]}
    assert all(allocations == 0 for _, allocations in looks.values()), looks
    assert median(figures["look"]) < 300
