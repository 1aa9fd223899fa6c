"""ogbg-molpcba: 128 assays of 437,929 molecules (Wu et al. 2018; Hu et al. 2020)."""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

from gtx.data import molecules
from gtx.data.sources.packed_source import PackedSource
from gtx.data.spec import Categorical, Column, Label


@dataclasses.dataclass(frozen=True)
class OGBGMolpcba(PackedSource):
    """`<root>/ogbg_molpcba/ogbg_molpcba.npz`: columns "atom" and "bond", OGB's scaffold split.

    A label is NaN where an assay was not made; the score is the mean average precision of the
    assays. The real file was not at hand when this was written: the form is
    tested, the contents are not.

    Attributes:
      root: the folder that holds the folder `ogbg_molpcba`.
    """

    file: ClassVar[str] = "ogbg_molpcba/ogbg_molpcba.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"atom": Categorical(molecules.ATOM_SIZES)}
    edges: ClassVar[Mapping[str, Column]] = {"bond": Categorical(molecules.BOND_SIZES)}
    label: ClassVar[Label] = Label("graph", "multilabel", 128)
