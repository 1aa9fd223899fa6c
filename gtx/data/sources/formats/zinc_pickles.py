"""ZINC of benchmarking-gnns (Dwivedi et al. 2020): three pickles in a zip, and lists of the 12k."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gtx.data.dataset import Dataset
from gtx.data.download import Remote, read_torch
from gtx.data.exact import DatasetError
from gtx.data.sources.formats.joining import join
from gtx.data.sources.installing import member, unpacked
from gtx.data.spec import GraphSpec

_PARTS = ("train", "val", "test")
_LISTS = "https://raw.githubusercontent.com/graphdeeplearning/benchmarking-gnns/master/data"
_SHA256 = dict(
    train="575d6acd72ac207a95947e2bdd16411ef6fc3faa88c2f55a2c496ea43022a6d8",
    val="fe48c38157f0d38e7fc441903a143392eda080511a79e8fb8f60f5c1b0a9c164",
    test="6aa50d98976044fb36089afef5b4c991b429ca1c8e009d33a0319e42a2d9b525",
)
FILES = (
    Remote("molecules.zip", "https://www.dropbox.com/s/feo9qle74kg48gy/molecules.zip?dl=1"),
    *(
        Remote(f"{part}.index", f"{_LISTS}/molecules/{part}.index", sha256)
        for part, sha256 in _SHA256.items()
    ),
)


def read(files: Mapping[str, Path], spec: GraphSpec, *, subset: bool) -> Dataset:
    """The molecules: types of atoms, types of bonds, and the penalised logP.

    Args:
      files: paths of `FILES`, by name.
      spec: node and edge column "type", and the label.
      subset: only the 12,000 molecules of the lists, in their order.

    Raises:
      DatasetError: a file is not what was published.
    """
    graphs: list[dict[str, Any]] = []
    split: list[int] = []
    with unpacked(files["molecules.zip"], wanted=lambda name: name.endswith(".pickle")) as inner:
        for code, part in enumerate(_PARTS):
            molecules = read_torch(member(inner, f"{part}.pickle"))
            if not isinstance(molecules, list):
                raise DatasetError(f"{part}.pickle: holds no list of molecules.")
            places = range(len(molecules))
            if subset:
                places = _places(files[f"{part}.index"], len(molecules))
            graphs += [_graph(molecules[place], part) for place in places]
            split += [code] * len(places)
    return join(graphs, split, spec)


def _places(path: Path, count: int) -> Any:
    try:
        places = [int(text) for text in path.read_text("ascii").strip().strip(",").split(",")]
    except ValueError as error:
        raise DatasetError(f"{path.name}: is no list of numbers ({error}).") from error
    if not places or min(places) < 0 or max(places) >= count:
        raise DatasetError(f"{path.name}: names molecules that are not among {count}.")
    return places


def _graph(molecule: Any, part: str) -> dict[str, Any]:
    try:
        atoms, bonds = molecule["atom_type"], np.asarray(molecule["bond_type"])
        label = float(np.asarray(molecule["logP_SA_cycle_normalized"]).reshape(()))
        if bonds.shape != (len(atoms), len(atoms)):
            raise ValueError(f"{len(atoms)} atoms have bonds {bonds.shape}")
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            f"{part}.pickle: holds something that is no molecule ({error})."
        ) from error
    senders, receivers = np.nonzero(bonds)
    return dict(
        num_nodes=len(atoms),
        senders=senders,
        receivers=receivers,
        nodes=dict(type=np.asarray(atoms)),
        edges=dict(type=bonds[senders, receivers]),
        labels=[label],
    )
