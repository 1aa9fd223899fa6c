"""A recipe's data, loaded and prepared."""

import dataclasses
from collections.abc import Mapping

from ml_collections import ConfigDict

from gtx.data import Categorical, Dataset, GraphSpec, Scaler, standardize, with_descriptors
from gtx.data.csv_source import Rejected
from gtx.data.labels import check_trainable, of_kind
from gtx.recipes.checks import check, check_model
from gtx.recipes.data import encode, source, split, structures, with_structures
from gtx.recipes.models import ENCODER_FIELDS, fields_of_model


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A recipe's data, ready to be batched.

    Attributes:
      dataset: the graphs: loaded, split, scaled and encoded, with structures.
      scaler: scaler of the molecules' descriptors, if the recipe uses them.
      rejected: rows of the source that did not become graphs, with reasons.
      raw_spec: spec of the encoded graphs before structures were added; None without structures.
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
    """`loaded` with these encoded graphs in place of its own, after adding the structures."""
    raw_spec = graphs.spec if structures(config) else None
    return dataclasses.replace(loaded, dataset=with_structures(graphs, config), raw_spec=raw_spec)


def load(config: ConfigDict) -> Prepared:
    """`prepare` without encodings and structures. Every field is checked first."""
    # Loading and encoding may take minutes. An error in the config must be reported before.
    check(config)
    check_model(config)
    settings = config.data
    graphs, rejected = source(config).load_with_rejected()
    graphs = _with_sizes(graphs, config)
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


def _with_sizes(graphs: Dataset, config: ConfigDict) -> Dataset:
    """The graphs with the numbers of categories that the recipe's encoders have, if these are less.

    For example, ZINC declares 28 kinds of atoms, and GRIT's encoder has 21 rows. The check then
    refuses a graph with one of the other 7.
    """
    spec = graphs.spec
    for level, field in ENCODER_FIELDS.items():
        columns = dict(getattr(spec, level))
        for name, part in fields_of_model(config).get(field, {}).items():
            sizes = part.get("sizes", ()) if isinstance(part, Mapping) else ()
            column = columns.get(name)
            if isinstance(column, Categorical) and len(sizes) == len(column.sizes):
                fewer = tuple(map(min, sizes, column.sizes))
                columns[name] = dataclasses.replace(column, sizes=fewer)
        spec = spec.replace(**{level: columns})
    if spec == graphs.spec:
        return graphs
    narrowed = dataclasses.replace(graphs, spec=spec)
    narrowed.check()
    return narrowed
