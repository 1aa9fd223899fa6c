"""The claims of the paper, one marker each: `pytest -m claim_E01`; docs/paper.md has the table.

The default tests measure each claim in a small form, so that its gates are tried in seconds. The
slow ones take the sizes and seeds that claims need which train models or measure times.
"""

import dataclasses
import importlib
from typing import Any

import jax
import pytest

from experiments.paper import record
from experiments.paper.claims import CLAIMS, load, padded

pytestmark = pytest.mark.usefixtures("quick_compilation")


@dataclasses.dataclass(frozen=True)
class Form:
    """A measurement of a claim and its options; the main one if it is not named."""

    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    measure: str = ""
    times: bool = False  # whether it measures times, which are those of optimised programs

    def run(self, name):
        if not self.measure:
            return load(name).measure(**self.options)
        file = importlib.import_module(f"experiments.paper.claims.{CLAIMS[name]}")
        return getattr(file, self.measure)(**self.options)


FEW = dict(sizes=(1, 5), heads=(4,), precisions=("x64",))
FEW_F32 = Form(FEW | dict(precisions=("f32",)))
# One entry for each claim.
SMALL = {
    "E1": Form(FEW),
    "E2": Form(FEW),
    "E3": Form(FEW),
    "E4": Form(),
    "E5": Form(dict(densities=(0.2,), precisions=("x64",))),
    "E6": Form(),
    # The conformance tests renumber all modules.
    "E7": Form(
        dict(
            num_graphs=12,
            permutations=1,
            precisions=("x64",),
            names=("attention_with_pair_bias", "gat", "gated_gcn", "transformer_block", "pool"),
        )
    ),
    "E8": Form(
        dict(
            num_graphs=4,
            permutations=2,
            names=("order (sinusoidal)", "LapPE, raw", "RWSE", "shortest paths"),
        )
    ),
    "E9": Form(dict(draws=3, symmetric=("C6",))),
    "E10": Form(dict(layers=2)),
    "E11": Form(dict(radius=2, reaches=("edges",)), measure="first_signs"),
    "E12": Form(measure="identities"),
    "E13": Form(),
    "E14": Form(measure="parallel"),
    "E15": Form(),
    "E16": Form(dict(forms=("pre_ln", "neither")), measure="at_start"),
    "E17": Form(dict(densities=(1.0, 0.1)), measure="agreement"),
    "E18": Form(
        dict(steps=60, seeds=range(3), trained=(("ring", "LapPE", 1), ("ring", "none", 1))),
        measure="locality",
    ),
    "E19": Form(dict(layers=("GIN",), helped=("GIN + RWSE", "attention gated by shortest paths"))),
    "E20": Form(dict(betas=(0.0, 1.0, 1e4))),
    "E21": Form(dict(layers=2)),
}
# Those of which the small form leaves something out.
LONG = {
    "E1": [FEW_F32],
    "E2": [FEW_F32],
    "E3": [FEW_F32],
    "E5": [Form(dict(densities=(0.2,), precisions=("f32",)))],
    "E7": [Form(dict(num_graphs=12, permutations=1, precisions=("x64",)))],
    "E11": [
        Form(measure="first_signs"),
        Form(dict(tree_radii=(2, 4), ring_radii=(2, 7), seeds=range(3))),
        Form(dict(radii=(1, 5)), measure="far_nodes_of_molecules", times=True),
    ],
    "E12": [Form()],
    "E14": [Form()],
    "E16": [Form()],
    "E17": [Form(dict(sizes=(256, 512), densities=(1.0, 0.1, 0.0), rounds=5), times=True)],
    "E18": [Form()],
    "E19": [Form(dict(layers=("GIN",)))],
    "E20": [Form()],
}


def assert_gates(name, measured):
    """Every gate whose metric was measured, of which there is one at least.

    One on the words of a claim is met or missed as docs/claims.json has it: times apart, which
    depend on the machine.
    """
    metrics = measured.metrics()
    gates = [gate for gate in load(name).gates if gate.metric in metrics]
    assert gates
    recorded = {
        (gate["metric"], gate["threshold"]): gate["met"]
        for gate in record.read(record.CLAIMS_JSON)[name]["gates"]
    }
    for gate in gates:
        met = gate.met(measured)
        if gate.role != "wording":
            assert met, f"{gate.meaning}: {measured.interval(gate.metric)} is not {gate}"
        elif name != "E17":
            assert met == recorded[gate.metric, gate.threshold], gate.meaning


def forms(table):
    return [
        pytest.param(name, form, marks=getattr(pytest.mark, f"claim_{padded(name)}"), id=name)
        for name, several in table.items()
        for form in several
    ]


def test_every_claim_is_tested():
    assert list(SMALL) == list(CLAIMS)


@pytest.mark.parametrize("name, form", forms({name: [form] for name, form in SMALL.items()}))
def test_a_claim_meets_its_gates(name, form):
    assert_gates(name, form.run(name))


@pytest.mark.slow
@pytest.mark.parametrize("name, form", forms(LONG))
def test_a_claim_at_length_meets_its_gates(name, form):
    quick = jax.config.values["jax_disable_most_optimizations"]
    jax.config.update("jax_disable_most_optimizations", quick and not form.times)
    try:
        assert_gates(name, form.run(name))
    finally:
        jax.config.update("jax_disable_most_optimizations", quick)
