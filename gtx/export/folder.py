"""Writes the folder of an export."""

import importlib.util
import json
import os
import pathlib
import shutil
import uuid
from collections.abc import Sequence
from typing import Any, Literal

import jax

from gtx import recipes
from gtx._version import __version__
from gtx.data import Label
from gtx.export import programs, weights
from gtx.export.programs import power
from gtx.predict import Predictor
from gtx.recipes.data import given_encodings
from gtx.recipes.models import without_unused
from gtx.training.members import RECIPE, restore_members

Format = Literal["stablehlo", "safetensors"]
FORMATS: tuple[Format, ...] = ("stablehlo", "safetensors")


def write(
    workdir: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    formats: Sequence[Format] = FORMATS,
    sizes: Sequence[int] = (),
    num_graphs: int = 16,
) -> dict[str, Any]:
    """Export the best parameters of a run.

    Args:
      workdir: the folder of the run, of one seed.
      folder: to make; it must not exist. It appears when it is complete.
      formats: what to write.
      sizes: for models that read all pairs of nodes, the nodes of the largest graph of each
        program; by default powers of two from 16 to the size of the largest graph in training.
      num_graphs: graphs in a batch of such a program.

    Returns:
      What `export.json` says.

    Raises:
      FileExistsError: `folder` exists.
      ImportError: StableHLO is written by flatbuffers, which is not installed.
      ValueError: the run is an ensemble, or a size is not positive.
    """
    output = pathlib.Path(folder)
    if output.exists():
        raise FileExistsError(f"{output} exists. Give another folder, or remove it.")
    if not output.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {output.parent}.")
    if min((*sizes, num_graphs)) < 1:
        raise ValueError(f"sizes and num_graphs must be positive, got {sizes} and {num_graphs}.")
    predictor = Predictor.load(workdir)
    variables = predictor.variables  # raises for an ensemble
    (restored,) = restore_members(pathlib.Path(workdir))
    config, spec, label = predictor.recipe.config, predictor.recipe.spec, predictor.task.label
    said: dict[str, Any] = dict(
        gtx=__version__,
        jax=jax.__version__,
        label=dict(level=label.level, **_outputs(label)),
    )
    if label.parts:
        said["label"]["parts"] = [dict(name=part.name, **_outputs(part)) for part in label.parts]
    aside = output.with_name(f".{output.name}.{uuid.uuid4().hex[:8]}")
    aside.mkdir()
    try:
        (aside / RECIPE).write_text(json.dumps(restored.recipe, indent=1) + "\n")
        if "stablehlo" in formats:
            _check_flatbuffers()
            largest = power(predictor.recipe.budget.tiers[-1].size)
            chosen = sorted(sizes) or [2**n for n in range(4, max(largest.bit_length(), 5))]
            said |= programs.write(predictor, aside, sizes=chosen, num_graphs=num_graphs)
        if "safetensors" in formats:
            # The auxiliary loss of training has parameters that no prediction reads.
            kept = {
                collection: {name: inner for name, inner in tree.items() if name != "auxiliary"}
                for collection, tree in variables.items()
            }
            given = given_encodings(config)
            used = {encoding.name for encoding in recipes.encodings(config)}
            weights.write(
                aside,
                kept,
                model=without_unused(recipes.model_of(config), config),
                name=config.model.name,
                encodings=[
                    (name, settings)
                    for name, settings in sorted(given.items())
                    if recipes.data.encoding_of(name, settings).name in used
                ],
                structures=list(config.get("structures", {})),
                spec=spec,
            )
        (aside / "export.json").write_text(json.dumps(said, indent=1) + "\n")
        os.rename(aside, output)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return said


def _outputs(label: Label) -> dict[str, Any]:
    """What the columns of the outputs are; those of the parts of a mixed label are side by side."""
    return dict(kind=label.kind, dim=label.dim, names=list(label.names))


def _check_flatbuffers() -> None:
    if importlib.util.find_spec("flatbuffers") is None:
        raise ImportError(
            'StableHLO programs are written with flatbuffers: pip install "gtx-jax[export]". '
            "Safetensors need nothing: --format=safetensors."
        )
