"""A recipe's data, loaded and prepared."""

import dataclasses

from ml_collections import ConfigDict

from gtx.data import Dataset, GraphSpec, Scaler, standardize, with_descriptors
from gtx.data.csv_source import Rejected
from gtx.data.labels import check_trainable, of_kind
from gtx.recipes.checks import check, check_model
from gtx.recipes.data import encode, enlarge, source, split, topology_of


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A recipe's data, ready to be batched.

    Attributes:
      dataset: loaded, split, scaled, enlarged and encoded.
      scaler: of the molecules' descriptors, where the recipe asks for them.
      rejected: rows of the source that became no graph, and why.
      raw_spec: of the graphs before the config's topology was added; None if it has none.
    """

    dataset: Dataset
    scaler: Scaler | None = None
    rejected: tuple[Rejected, ...] = ()
    raw_spec: GraphSpec | None = None


def prepare(config: ConfigDict) -> Prepared:
    """Load, split, scale, enlarge and encode the recipe's graphs."""
    loaded = load(config)
    return dataclasses.replace(loaded, dataset=encode(loaded.dataset, config))


def load(config: ConfigDict) -> Prepared:
    """`prepare` without the encodings. Every field is checked before."""
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
    raw_spec = graphs.spec if topology_of(config) else None
    return Prepared(enlarge(graphs, config), scaler, rejected, raw_spec)
