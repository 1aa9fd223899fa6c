"""A recipe's data, loaded and prepared."""

import dataclasses
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from gtx.data import (
    Dataset,
    DatasetError,
    GraphSpec,
    Scaler,
    molecules,
    packed_folder,
    standardize,
    with_descriptors,
)
from gtx.data.class_weights import with_class_weights
from gtx.data.column_scales import standardize_columns
from gtx.data.csv_source import Rejected
from gtx.data.folds import Folds
from gtx.data.labels import check_trainable, of_kind
from gtx.data.links import with_candidates
from gtx.data.masking import with_masked_nodes
from gtx.data.sources import SOURCES
from gtx.recipes.checks import check, check_model
from gtx.recipes.data import (
    check_mapped,
    encode,
    hidden_names,
    source,
    split,
    structures,
    with_structures,
)
from gtx.recipes.declared import narrowed
from gtx.recipes.folds import num_folds, of_fold, of_partition, partition, scalers
from gtx.recipes.rules import ConfigError
from gtx.recipes.saved import Recipe
from gtx.recipes.start import Origin, origin
from gtx.recipes.taken_data import (
    check_columns,
    takes_descriptors,
    with_features_of,
    with_label_of,
)
from gtx.recipes.training import class_weights
from gtx.typing import LEVELS


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A recipe's data, ready to be batched.

    Attributes:
      dataset: the graphs: loaded, split, scaled and encoded, with structures.
      scaler: scaler of the molecules' descriptors, if the recipe uses them.
      rejected: rows of the source that did not become graphs, with reasons.
      raw_spec: spec of the encoded graphs before structures were added; None without structures.
      origin: the run whose parameters are to be taken, if the recipe names one.
    """

    dataset: Dataset
    scaler: Scaler | None = None
    rejected: tuple[Rejected, ...] = ()
    raw_spec: GraphSpec | None = None
    origin: Origin | None = None


def prepare(config: ConfigDict, like: Recipe | None = None) -> Prepared:
    """Load, split, scale and encode the recipe's graphs, then add its structures.

    Args:
      config: the recipe.
      like: as in `load`.
    """
    loaded = load(config, like)
    return structured(encode(loaded.dataset, config), loaded, config)


def prepare_folds(config: ConfigDict) -> list[tuple[ConfigDict, Prepared]]:
    """The recipe of each fold, and the data that `prepare` makes of it.

    The file is read once, and encodings, descriptors and structures are computed once.

    Args:
      config: the recipe of all folds, with `config.data.folds`.

    Raises:
      DatasetError: there are too few graphs, or a fold cannot be trained on; names the fold.
    """
    _check(config)
    started, raw = origin(config), _read(config)
    like = None if started is None else started.recipe
    encoded = encode(raw.graphs, config)
    found: list[tuple[ConfigDict, Prepared]] = []
    for number in range(num_folds(config)):
        own = of_fold(config, number)
        try:
            loaded = dataclasses.replace(_scaled(raw, own, like), origin=started)
        except DatasetError as error:
            raise DatasetError(f"fold {number}: {error}") from error
        graphs = _with_columns_of(loaded.dataset, encoded)
        before = found[0][1].dataset if found else None
        found.append((own, structured(graphs, loaded, own, before)))
    return found


def _with_columns_of(graphs: Dataset, encoded: Dataset) -> Dataset:
    """The graphs with those columns of the same graphs that they lack."""
    changes: dict[str, Any] = {}
    spec = graphs.spec
    for field in LEVELS.values():
        own, others = getattr(graphs, field), getattr(encoded, field)
        added = [name for name in others if name not in own]
        if added:
            columns = {name: getattr(encoded.spec, field)[name] for name in added}
            spec = spec.replace(**{field: {**getattr(spec, field), **columns}})
            changes[field] = {**own, **{name: others[name] for name in added}}
    return dataclasses.replace(graphs, spec=spec, **changes)


def structured(
    graphs: Dataset, loaded: "Prepared", config: ConfigDict, like: Dataset | None = None
) -> Prepared:
    """`loaded` with these encoded graphs in place of its own, after adding the structures.

    `like` is as for `with_structures`.
    """
    raw_spec = graphs.spec if structures(config) else None
    graphs = with_structures(graphs, config, like)
    return dataclasses.replace(loaded, dataset=graphs, raw_spec=raw_spec)


def load(config: ConfigDict, like: Recipe | None = None) -> Prepared:
    """`prepare` without encodings and structures. Every field is checked first.

    Args:
      config: the recipe.
      like: the recipe by which the data are scaled, in place of that of the run which
        `config.init_from` names: that of a run itself, so that it is scored without the other.
    """
    _check(config)
    found = None
    if like is None:
        found = origin(config)
        like = None if found is None else found.recipe
    return dataclasses.replace(_scaled(_read(config), config, like), origin=found)


def _check(config: ConfigDict) -> None:
    # Loading and encoding may take minutes. An error in the config must be reported before.
    check(config)
    check_model(config)


@dataclasses.dataclass(frozen=True)
class _Read:
    """Graphs before they are split and scaled.

    Attributes:
      graphs: as the source has them.
      rejected: rows of the source that did not become graphs.
      folds: to which the graphs belong; None for a recipe without folds.
      descriptors: of a recipe with folds the values of its descriptors, [graphs, descriptors].
      scalers: of these, one for each fold.
    """

    graphs: Dataset
    rejected: tuple[Rejected, ...]
    folds: Folds | None = None
    descriptors: np.ndarray | None = None
    scalers: tuple[Scaler, ...] = ()


def _read(config: ConfigDict) -> _Read:
    graphs, rejected = source(config).load_with_rejected()
    if packed_folder.is_mapped(graphs):
        check_mapped(graphs, config)
    graphs = _with_sizes(graphs, config)
    graphs = of_kind(graphs, config.task.get("kind", "auto"))
    folds = partition(graphs, config)
    if folds is None or not config.data.get("descriptors", ()):
        return _Read(graphs, rejected, folds)
    assert graphs.names is not None
    names = tuple(config.data.descriptors)
    values = molecules.descriptors(graphs.names.tolist(), names, ids=graphs.ids.tolist())
    fitted = scalers(graphs, folds, config, values, names)
    return _Read(graphs, rejected, folds, values, fitted)


def _scaled(read: _Read, config: ConfigDict, like: Recipe | None) -> Prepared:
    """The graphs with the split of a recipe, on the scales of its training part."""
    settings, graphs = config.data, read.graphs
    if read.folds is not None:
        graphs = of_partition(graphs, read.folds, config)
    else:
        graphs = split(graphs, settings)
    if config.task.get("candidates", 0):
        graphs = with_candidates(
            graphs,
            config.task.candidates,
            seed=settings.split_seed,
            edges=SOURCES[settings.name].edges_are_links,
        )
    masked = config.task.get("masked", 0.0)
    if len(graphs.part("train")) and graphs.spec.label is not None and not masked:
        check_trainable(graphs.part("train"))
    if like is not None:
        graphs = with_features_of(graphs, like, config)
    if settings.get("standardize", False):
        graphs = standardize_columns(graphs)
    if masked:
        try:
            graphs = with_masked_nodes(
                graphs, masked, columns=hidden_names(config), seed=settings.split_seed
            )
        except DatasetError as error:
            raise ConfigError(f"config.task.masked: {error}") from error
    scaler = None
    if settings.get("descriptors", ()):
        known = like.scaler if like is not None and takes_descriptors(like, config) else None
        if known is None and read.scalers:
            known = read.scalers[settings.get("test_fold", 0)]
        graphs, scaler = with_descriptors(
            graphs, known, descriptors=settings.descriptors, values=read.descriptors
        )
    if like is not None:
        check_columns(graphs.spec, like, config)
    label = graphs.spec.label
    if settings.get("normalize", False) and label is not None:
        if label.kind in ("regression", "mixed"):
            graphs = standardize(graphs)
    if like is not None:
        graphs = with_label_of(graphs, like, config)
    weights = class_weights(config)
    if weights is not None:
        try:
            graphs = with_class_weights(graphs, weights)
        except DatasetError as error:
            raise ConfigError(f"config.task.class_weights: {error}") from error
    return Prepared(graphs, scaler, read.rejected)


def _with_sizes(graphs: Dataset, config: ConfigDict) -> Dataset:
    """The graphs with as many categories as the recipe's model has rows for."""
    spec = narrowed(graphs.spec, config)
    if spec == graphs.spec:
        return graphs
    found = dataclasses.replace(graphs, spec=spec)
    found.check()
    return found
