"""Parameters as safetensors, and the module that they belong to, without code of training."""

import dataclasses
import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import flax.linen as nn

from gtx.data import GraphSpec
from gtx.encodings import ENCODINGS
from gtx.interop import safetensors
from gtx.models import MODELS, Model
from gtx.typing import PyTree

WEIGHTS, MODEL = "model.safetensors", "model.json"  # as in gtx.training.checkpoint


@dataclasses.dataclass(frozen=True)
class Loaded:
    """A model from an export.

    Attributes:
      module: called as `module.apply(variables, batch, train=False)`.
      variables: `params` and `batch_stats`, numpy.
      spec: of the graphs that it reads, with the label that it predicts. `gtx.tasks.from_label(
        spec.label).predictions` makes label units or probabilities of its outputs.
    """

    module: nn.Module
    variables: dict[str, PyTree]
    spec: GraphSpec


def write(
    folder: pathlib.Path,
    variables: PyTree,
    *,
    model: Model,
    name: str,
    encodings: list[tuple[str, dict[str, Any]]],
    structures: list[str],
    spec: GraphSpec,
) -> None:
    """Write `model.safetensors` and `model.json`.

    Args:
      folder: exists.
      variables: `params` and `batch_stats`.
      model: the model with its fields.
      name: its name in `gtx.models.MODELS`.
      encodings: names in `gtx.encodings.ENCODINGS` and settings of those that the model reads.
      structures: names of what was added to the graphs.
      spec: of the graphs.
    """
    safetensors.write(folder / WEIGHTS, safetensors.flat(variables), {"format": "gtx"})
    fields = {field.name: getattr(model, field.name) for field in dataclasses.fields(model)}
    described = dict(
        name=name, fields=fields, encodings=encodings, structures=structures, spec=spec.to_json()
    )
    (folder / MODEL).write_text(json.dumps(described, indent=1) + "\n")


def load(folder: str | os.PathLike[str]) -> Loaded:
    """The model of an export, built again by `gtx.models`.

    Raises:
      FileNotFoundError: there is no `model.json` or `model.safetensors`.
      ValueError: the model is not known here.
    """
    place = pathlib.Path(folder)
    described = json.loads((place / MODEL).read_text())
    if described["name"] not in MODELS:
        raise ValueError(
            f"{place / MODEL}: there is no model {described['name']!r}. If a plugin has it, import "
            "that first."
        )
    model = MODELS[described["name"]](**_frozen(described["fields"]))
    spec = GraphSpec.from_json(described["spec"])
    encodings = tuple(
        ENCODINGS[name](**_frozen(settings)) for name, settings in described["encodings"]
    )
    module = model.build(spec, encodings=encodings, structures=tuple(described["structures"]))
    return Loaded(module, safetensors.nested(safetensors.read(place / WEIGHTS)), spec)


def _frozen(value: Any) -> Any:
    """JSON data with tuples in place of lists, as fields have them."""
    if isinstance(value, Mapping):
        return {name: _frozen(each) for name, each in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
