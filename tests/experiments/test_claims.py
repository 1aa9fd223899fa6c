"""The claims of the paper, one marker each: `pytest -m claim_E01`; docs/paper.md has the table."""

import jax
import pytest

from experiments.paper import hardware
from experiments.paper.claims import CLAIMS

pytestmark = pytest.mark.usefixtures("quick_compilation")


def rows(claims, *marks):
    return [
        pytest.param(claim, marks=[getattr(pytest.mark, claim.marker), *marks], id=claim.name)
        for claim in claims
    ]


def assert_gates(claim, measured):
    """Every gate whose metric was measured, of which there is one at least."""
    metrics = measured.metrics()
    gates = [gate for gate in claim.gates if gate.metric in metrics]
    assert any(gate.role == "claim" for gate in gates)
    missed = {
        gate.meaning: f"{measured.interval(gate.metric)} is not {gate}"
        for gate in gates
        if not gate.met(measured)
    }
    assert not missed


@pytest.fixture
def optimized_compilation():
    """Times are of programs as they are used."""
    quick = jax.config.values["jax_disable_most_optimizations"]
    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", quick)


@pytest.mark.parametrize("claim", rows(CLAIMS))
def test_a_claim_meets_its_gates(claim):
    assert_gates(claim, (claim.check or claim.measure)(**claim.thin))


@pytest.mark.parametrize(
    "claim", rows([claim for claim in CLAIMS if claim.slow is not None], pytest.mark.slow)
)
def test_a_claim_at_length_meets_its_gates(claim, request):
    if claim.measure is hardware.lottery:
        request.getfixturevalue("optimized_compilation")
    assert_gates(claim, claim.measure(**claim.slow))
