"""ZINC-12k: penalised logP of 12,000 drug-like molecules (Dwivedi et al. 2020)."""

from pathlib import Path

from gtx.data import packed
from gtx.data.dataset import Dataset
from gtx.data.scaling import standardize
from gtx.data.spec import Label

NUM_ATOM_TYPES = 28  # those of ZINC-full, as published models have it; 21 occur in the 12k
NUM_BOND_TYPES = 4  # none, single, double, triple; none does not occur


def load(root: str | Path, *, normalize: bool = False) -> Dataset:
    """Read `<root>/zinc12k/zinc12k.npz`: node and edge column "type", 10,000/1,000/1,000.

    Args:
      root: the folder that holds the folder `zinc12k`.
      normalize: train on standardised targets. Published results do not.
    """
    dataset = packed.load(
        packed.find(root, "zinc12k/zinc12k.npz"),
        node_sizes=(NUM_ATOM_TYPES,),
        edge_sizes=(NUM_BOND_TYPES,),
        label=Label("graph", "regression", 1, ("penalised logP",)),
    )
    return standardize(dataset) if normalize else dataset
