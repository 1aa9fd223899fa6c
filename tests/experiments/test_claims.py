"""The claims of the paper, one marker each: `pytest -m claim_E01`; docs/paper.md has the table."""

import jax
import pytest

from experiments.paper import hardware, reach_on_molecules, record
from experiments.paper.claims import CLAIMS

pytestmark = pytest.mark.usefixtures("quick_compilation")


def rows(claims, *marks):
    return [
        pytest.param(claim, marks=[getattr(pytest.mark, claim.marker), *marks], id=claim.name)
        for claim in claims
    ]


def assert_gates(claim, measured):
    """Every gate whose metric was measured, of which there is one at least.

    One on the words of a claim is met or missed as docs/claims.json has it: times apart, which
    depend on the machine.
    """
    metrics = measured.metrics()
    gates = [gate for gate in claim.gates if gate.metric in metrics]
    assert gates
    recorded = {
        (gate["metric"], gate["threshold"]): gate["met"]
        for gate in record.read(record.CLAIMS_JSON)[claim.name]["gates"]
    }
    for gate in gates:
        met = gate.met(measured)
        if gate.role != "wording":
            assert met, f"{gate.meaning}: {measured.interval(gate.metric)} is not {gate}"
        elif claim.measure is not hardware.lottery:
            assert met == recorded[gate.metric, gate.threshold], gate.meaning


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


@pytest.mark.slow
@pytest.mark.claim_E11
def test_far_nodes_of_molecules_meet_the_gates_of_over_squashing(optimized_compilation):
    (claim,) = (claim for claim in CLAIMS if claim.number == 11)
    assert_gates(claim, reach_on_molecules.far_nodes_of_molecules(radii=(1, 5)))
