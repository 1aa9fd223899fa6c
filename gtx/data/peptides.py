"""Peptides-func of the Long Range Graph Benchmark (Dwivedi et al. 2022): ten functions."""

from pathlib import Path

from gtx.data import molecules, packed
from gtx.data.dataset import Dataset
from gtx.data.spec import Label

# OGB's table as it was when the published models were trained: four chiralities, 173 rows.
ATOM_SIZES = (119, 4, *molecules.ATOM_SIZES[2:])


def load(root: str | Path) -> Dataset:
    """Read `<root>/peptides_func/peptides_func.npz`: columns "atom" and "bond", official split.

    Args:
      root: the folder that holds the folder `peptides_func`.
    """
    names = tuple(f"class{number}" for number in range(10))
    return packed.load(
        packed.find(root, "peptides_func/peptides_func.npz"),
        node_sizes=ATOM_SIZES,
        edge_sizes=molecules.BOND_SIZES,
        label=Label("graph", "multilabel", 10, names),
        node_name="atom",
        edge_name="bond",
    )
