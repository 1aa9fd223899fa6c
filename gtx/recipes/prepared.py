"""A recipe's data, loaded and prepared."""

import dataclasses

from ml_collections import ConfigDict

from gtx.data import Dataset, GraphSpec, Scaler, standardize, with_descriptors
from gtx.data.csv_source import Rejected
from gtx.data.labels import check_trainable, of_kind
from gtx.recipes.checks import check, check_model
from gtx.recipes.data import encode, source, split, structures, with_structures


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A recipe's data, ready to be batched.

    Attributes:
      dataset: loaded, split, scaled and encoded, with its structures.
      scaler: of the molecules' descriptors, where the recipe asks for them.
      rejected: rows of the source that became no graph, and why.
      raw_spec: of the encoded graphs before structures were added; None if there are none.
    """

    dataset: Dataset
    scaler: Scaler | None = None
    rejected: tuple[Rejected, ...] = ()
    raw_spec: GraphSpec | None = None


def prepare(config: ConfigDict) -> Prepared:
    """Load, split, scale and encode the recipe's graphs, then add its structures."""
    loaded = load(config)
    return structured(encode(loaded.dataset, config), loaded, config)


def structured(graphs: Dataset, loaded: "Prepared", config: ConfigDict) -> Prepared:
    """What was loaded, as these encoded graphs with the config's structures."""
    raw_spec = graphs.spec if structures(config) else None
    return dataclasses.replace(loaded, dataset=with_structures(graphs, config), raw_spec=raw_spec)


def load(config: ConfigDict) -> Prepared:
    """`prepare` without encodings and structures. Every field is checked before."""
    check(config)
    check_model(config)
    settings = config.data
    graphs, rejected = source(config).load_with_rejected()
    graphs = split(of_kind(graphs, config.task.get("kind", "auto")), settings)
    if len(graphs.part("train")) and graphs.spec.label is not None:
        check_trainable(graphs.part("train"))
    scaler = None
    if settings.get("descriptors", ()):
        graphs, scaler = with_descriptors(graphs, descriptors=settings.descriptors)
    label = graphs.spec.label
    if settings.get("normalize", False) and label is not None and label.kind == "regression":
        graphs = standardize(graphs)
    return Prepared(graphs, scaler, rejected)
