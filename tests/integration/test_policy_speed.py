"""How fast the policy is, as it is shipped. The best of three runs counts, in processor time: a busy machine only adds."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
from policy import BENCH, measured, median, passed_limits  # noqa: E402

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def figures():
    assert BENCH.exists(), f"{BENCH} is missing: ./run setup installs Google Benchmark, then build anew"
    return measured("--benchmark_min_time=0.01")


def test_statements_are_judged_within_the_limits(figures):
    assert len(figures["evaluate"]) >= 30 and len(figures["parse and evaluate"]) >= 30
    assert passed_limits(figures) == []
    assert max(time for time, _ in figures["evaluate"].values()) < 100_000


def test_a_limit_that_is_passed_is_said():
    slow = {"evaluate": {"1: TRUNCATE t": (20_000, 1)}, "parse and evaluate": {"1: TRUNCATE t": (59_999, 1)}, "look": {"x": (1, 0)}}
    assert passed_limits(slow) == ["evaluate: the median is 20,000 ns, the limit 20,000 ns"]


def test_the_first_look_costs_nothing_beside_parsing(figures):
    """100 ns are the aim. What a nanosecond buys is the machine's affair, so the parser is the yardstick."""
    looks = {**figures["look"], **figures["look long"]}
    assert all(allocations == 0 for _, allocations in looks.values()), looks
    for statement, (time, _) in figures["look"].items():
        assert time * 15 < figures["parse"][statement][0], statement
