"""The claims, one file each: text, gates, measurement, drawing.

To add one, write a file that ends in `CLAIM = Claim(...)`, name it in `CLAIMS`, and give it an
entry in tests/experiments/test_claims.py. A claim that needs a second long measurement has a second
file beside it (`e11_molecules`, `e18_control`).
"""

import functools
import importlib
import typing

if typing.TYPE_CHECKING:
    from experiments.paper.claim import Claim

# A claim is imported when somebody asks for it. pytest reads the names to register its markers;
# it should not have to import every claim, and with them all of gtx, for that.
CLAIMS = {
    "E1": "e01_complete_graph",
    "E2": "e02_gradients",
    "E3": "e03_strict_form",
    "E4": "e04_block",
    "E5": "e05_masked_attention",
    "E6": "e06_first_choices",
    "E7": "e07_renumbering",
    "E8": "e08_order_or_structure",
    "E9": "e09_signs_and_bases",
    "E10": "e10_hops",
    "E11": "e11_over_squashing",
    "E12": "e12_sets",
    "E13": "e13_graph_networks",
    "E14": "e14_heads",
    "E15": "e15_parameters",
    "E16": "e16_depth",
    "E17": "e17_hardware_lottery",
    "E18": "e18_locality",
    "E19": "e19_expressivity",
    "E20": "e20_local_to_global",
    "E21": "e21_causal",
}


@functools.cache
def load(name: str) -> "Claim":
    """The claim of a name such as "E1"."""
    return importlib.import_module(f"experiments.paper.claims.{CLAIMS[name]}").CLAIM


def load_all() -> "tuple[Claim, ...]":
    """Every claim, in the order of the table."""
    return tuple(map(load, CLAIMS))


def padded(name: str) -> str:
    """Two digits, as names of files sort: "E01" for "E1"."""
    return f"E{int(name[1:]):02}"
