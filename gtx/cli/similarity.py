"""How alike predicted graphs and the training part are, which a file in the folder keeps."""

import dataclasses
import pathlib
import sys
from typing import Any

import numpy as np

from gtx import Predictor, recipes
from gtx.cli.calibration import digest
from gtx.cli.reading import UsageError
from gtx.cli.refusals import refuse_folds
from gtx.data import Dataset, npz
from gtx.data.similarity import fingerprints, nearest
from gtx.recipes import provenance
from gtx.uncertainty import distance

FILE = "training_part.npz"
MOST_VECTORS = 20_000  # of more targets a random choice stands for all
SIMILARITY, NEAREST, DISTANCE = "train_similarity", "train_nearest", "train_distance"


@dataclasses.dataclass(frozen=True)
class TrainingPart:
    """What is kept of the training part.

    Attributes:
      predictor: the first member of the run; its vectors are compared.
      vectors: of targets of the training part, float32 [targets, dim].
      valid: distances of the targets of the validation part to these.
      smiles: the molecules of the training part; None for other graphs.
      known: their fingerprints.
    """

    predictor: Predictor
    vectors: np.ndarray
    valid: np.ndarray
    smiles: np.ndarray | None = None
    known: tuple[Any, ...] = ()

    @property
    def headings(self) -> list[str]:
        """The columns of `cells`."""
        return [*([SIMILARITY, NEAREST] if self.smiles is not None else []), DISTANCE]

    def cells(self, graphs: Dataset, num_rows: int | None = None) -> dict[str, list[str]]:
        """Columns of texts that say how alike graphs and the training part are.

        Args:
          graphs: as `Predictor` takes them; molecules have SMILES as their names.
          num_rows: the length of the columns, in which `graphs.ids` are the places of molecules;
            None for a row for each target.
        """
        vectors = self.predictor.embed(graphs)
        found = distance.as_quantile(distance.to_nearest(vectors, self.vectors), self.valid)
        columns = {DISTANCE: [f"{share:.3f}" for share in found]}
        if self.smiles is not None:
            if graphs.names is None:
                raise UsageError(
                    "--similarity compares molecules by their SMILES, and --input has none. Give "
                    "them in the file of names beside it, or in a CSV file."
                )
            similarity, place = nearest(fingerprints(graphs.names.tolist()), self.known)
            columns = {
                SIMILARITY: [f"{each:.3f}" for each in similarity],
                NEAREST: np.where(similarity > 0, self.smiles[place], "").tolist(),
                **columns,
            }
        if num_rows is None:
            return columns
        spread = {}
        for heading, cells in columns.items():
            spread[heading] = [""] * num_rows
            for row, cell in zip(graphs.ids.tolist(), cells, strict=True):
                spread[heading][row] = cell
        return spread


def training_part(predictor: Predictor, workdir: str) -> TrainingPart:
    """What is kept of the training part of a run; it is made from the data of the run at first.

    Raises:
      UsageError: the run has no validation part, or it has folds.
      OtherDataError: the data changed since the run.
    """
    refuse_folds(workdir, "--similarity compares with the training part of one model")
    first = Predictor(predictor.recipe, predictor.members[0])
    path, model = pathlib.Path(workdir) / FILE, digest(predictor.members[:1])
    molecules = recipes.has_smiles(predictor.recipe.config)
    kept = _read(path, model)
    if kept is None:
        print("reading the data of the run, to compare with its training part.", file=sys.stderr)
        prepared = provenance.read_again(predictor.recipe)
        for note in provenance.check_data(predictor.recipe, prepared, ("train", "valid")):
            print(f"note: {note}", file=sys.stderr)
        train, valid = prepared.dataset.part("train"), prepared.dataset.part("valid")
        if not len(valid.targets):
            raise UsageError("--similarity needs a validation part, and this run has none.")
        vectors = first.embed(train)
        if len(vectors) > MOST_VECTORS:
            vectors = np.random.default_rng(0).choice(vectors, MOST_VECTORS, replace=False)
        kept = dict(
            model=np.array(model),
            vectors=vectors,
            valid=np.sort(distance.to_nearest(first.embed(valid), vectors)),
        )
        if molecules and train.names is not None:
            kept["smiles"] = np.asarray(train.names, np.str_)
        npz.write(path, kept, compressed=True)
    known = tuple(fingerprints(kept["smiles"].tolist())) if "smiles" in kept else ()
    return TrainingPart(first, kept["vectors"], kept["valid"], kept.get("smiles"), known)


def _read(path: pathlib.Path, model: str) -> dict[str, np.ndarray] | None:
    """What is kept, if it belongs to these parameters."""
    if not path.exists():
        return None
    try:
        with path.open("rb") as file:
            archive = npz.Archive(path, file)
            found = {name: archive.read(name) for name in archive.names}
    except npz.NpzError as error:
        raise UsageError(f"{path} is damaged: {error} Delete it; it is made anew.") from error
    return found if str(found.get("model")) == model else None
