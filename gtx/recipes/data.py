"""Builds the source, split, encodings and structures of graphs from a config."""

import functools
from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

import gtx.encodings
import gtx.structures
from gtx.data import Continuous, Dataset, DatasetError, GraphSpec, Label, splits
from gtx.data.labels import label_of_kind
from gtx.data.masking import hidden_columns, masked_label, widened
from gtx.data.sharded import ShardedDataset
from gtx.data.sources import SOURCES, DataSource
from gtx.limits import rules_of
from gtx.recipes.rules import ConfigError, call_checked, choose, frozen, settings_of
from gtx.typing import LEVELS


def has_smiles(config: ConfigDict) -> bool:
    """Whether the recipe's graphs are molecules whose names are SMILES."""
    return SOURCES[config.data.name].has_smiles


def smiles_features(config: ConfigDict) -> str:
    """The features of atoms and bonds of the recipe's molecules; "" for other graphs."""
    own = getattr(SOURCES[config.data.name], "features", "")
    return str(config.data.get("features", own))


def reads_smiles(config: ConfigDict) -> bool:
    """Whether the recipe's graphs are molecules, so that its models predict for SMILES."""
    return bool(smiles_features(config))


def made_of_smiles(config: ConfigDict) -> bool:
    """Whether the recipe's graphs are made of SMILES when they are read, and not published."""
    return "features" in rules_of(SOURCES[config.data.name])


def source(config: ConfigDict) -> DataSource:
    """The source of `config.data.name`, with the fields of `config.data` that it reads.

    Raises:
      ConfigError: a field is missing, or its value is not allowed.
    """
    settings = config.data
    kind = choose(SOURCES, settings.name, "config.data.name")
    given = {name: frozen(settings[name]) for name in rules_of(kind) if name in settings}
    try:
        return kind(**given)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"config.data: {error}") from error


def label(config: ConfigDict) -> Label:
    """The label of the config's graphs, which is known before they are read.

    Raises:
      ConfigError: the source's label cannot be of `config.task.kind`.
    """
    kind = config.task.get("kind", "auto")
    if config.task.get("masked", 0.0):
        if kind != "auto":
            raise ConfigError(
                f"config.task.kind: {kind!r} is of labels, and config.task.masked predicts columns "
                "of nodes. Give auto."
            )
        spec = source(config).declared_spec()
        # Where only the file knows the columns, a label of some nodes stands for theirs.
        return (
            Label("node", "multiclass", 2) if spec is None else with_masked_label(spec, config)[1]
        )
    try:
        return label_of_kind(source(config).label, kind)
    except DatasetError as error:
        raise ConfigError(f"config.task.kind: {kind!r} is not possible: {error}") from error


def with_masked_label(spec: GraphSpec, config: ConfigDict) -> tuple[GraphSpec, Label]:
    """The columns of a recipe with `config.task.masked`, and the label that they become.

    Raises:
      ConfigError: there is nothing to hide.
    """
    names = hidden_names(config)
    try:
        return widened(spec, names), masked_label(spec, names)
    except DatasetError as error:
        raise ConfigError(f"config.task.masked: {error}") from error


def hidden_names(config: ConfigDict) -> tuple[str, ...]:
    """The names in `config.task.masked_columns`; none for all columns of nodes."""
    return _listed(config.task.get("masked_columns", ""))


def masked_nodes(config: ConfigDict, spec: GraphSpec) -> tuple[str, ...]:
    """The node columns that are hidden in training, of data with `config.task.masked`."""
    return hidden_columns(spec) if config.task.get("masked", 0.0) else ()


def _listed(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def noisy_names(config: ConfigDict, spec: GraphSpec) -> tuple[str, ...]:
    """The columns that `config.task.noise_columns` names, as `nodes.atom`, or all but encodings.

    Empty if the recipe has no noise.
    """
    share, scale = (config.task.get(name, 0.0) for name in ("noise", "noise_scale"))
    if not share and not scale:
        return ()
    encoded = encoded_columns(config)
    every = [f"{level}.{name}" for level in ("nodes", "edges") for name in getattr(spec, level)]
    own = [name for name in every if name not in encoded]
    if gtx.structures.times_added(spec):  # which wrote this column
        own.remove("nodes.kind")
    chosen = _listed(config.task.get("noise_columns", ""))
    for name in chosen:
        choose(dict.fromkeys(own), name, "config.task.noise_columns")
    kinds = {name: getattr(spec, name.split(".")[0])[name.partition(".")[2]] for name in own}
    found = [
        name for name in chosen or own if (scale if isinstance(kinds[name], Continuous) else share)
    ]
    if not found or (chosen and len(found) < len(chosen)):
        raise ConfigError(
            f"config.task.noise: {share} is for categories and config.task.noise_scale {scale} for "
            f"numbers, and the columns are {list(chosen or own)}. Give the one that they need."
        )
    return tuple(found)


def split(graphs: Dataset, settings: ConfigDict) -> Dataset:
    """Split as the config states. If no validation part is given, it is taken out of train.

    If there is only one graph, its targets are split, otherwise the graphs. If `num_train` is not
    0, that many of the training part stay. Graphs that leave it are left out before they cost
    encodings; targets of a single graph that leave it are in no part.

    Raises:
      DatasetError: the training part has fewer graphs or targets than `num_train`.
    """
    by: splits.By = "target" if len(graphs) == 1 else "graph"
    graphs = _in_parts(graphs, settings, by)
    if not settings.get("num_train", 0):
        return graphs
    graphs = splits.with_smaller_train(graphs, settings.num_train, seed=settings.split_seed, by=by)
    return graphs if by == "target" else graphs.select(splits.graph_split(graphs) >= 0)


def _in_parts(graphs: Dataset, settings: ConfigDict, by: splits.By) -> Dataset:
    if settings.split not in ("given", "column"):
        chosen = choose(
            dict(
                random=functools.partial(splits.random, seed=settings.split_seed, by=by),
                scaffold=splits.scaffold,
            ),
            settings.split,
            "config.data.split",
        )
        valid, test = settings.valid_fraction, settings.test_fraction
        return chosen(graphs, (1 - valid - test, valid, test))
    if len(graphs.part("valid")) == 0:
        return splits.with_validation(
            graphs, settings.valid_fraction, seed=settings.split_seed, by=by
        )
    return graphs


def check_mapped(graphs: Dataset, config: ConfigDict) -> None:
    """Refuse settings that would copy the columns of a memory-mapped dataset to memory.

    Raises:
      ConfigError: names the setting, and what to do before the folder is written instead.
    """
    settings = config.data
    if settings.split != "given" or not len(graphs.part("valid")):
        raise ConfigError(
            f"config.data.split: it is {settings.split!r}, and the folder {settings.path} puts "
            f"{len(graphs.part('valid'))} graphs into valid. A packed folder is written with its "
            "parts in order: set train, valid and test by gtx.data.splits before "
            "packed_folder.save, and give --config.data.split=given."
        )
    if config.task.get("candidates", 0) and isinstance(graphs, ShardedDataset):
        raise ConfigError(
            "config.task.candidates: they are not drawn for several packed folders. Give 0, or "
            "call gtx.data.links.with_candidates before packed_folder.save."
        )
    if config.task.get("masked", 0.0):
        raise ConfigError(
            "config.task.masked: the columns of the packed folder would be copied to memory. Give "
            "0, or take a source that is in memory."
        )
    if encodings(config) or structures(config):
        raise ConfigError(
            "config.encodings, config.structures: they would be computed for the whole packed "
            "folder in memory. Give --config.encodings_used=none and no structures; encodings "
            "that gtx.encodings.apply adds before packed_folder.save are columns like others."
        )
    scaled = [
        f"{level}.{name}"
        for level in ("nodes", "edges", "graphs")
        for name, column in getattr(graphs.spec, level).items()
        if isinstance(column, Continuous) and not column.mean
    ]
    if settings.get("standardize", False) and scaled:
        raise ConfigError(
            f"config.data.standardize: {scaled} would be scaled in memory. Give "
            "--config.data.standardize=False, and scale them before packed_folder.save."
        )


def with_structures(graphs: Dataset, config: ConfigDict, like: Dataset | None = None) -> Dataset:
    """Add the nodes and edge sets of the config's structures, after its encodings.

    Args:
      graphs: encoded.
      config: the recipe.
      like: as for `gtx.structures.apply`.
    """
    return gtx.structures.apply(graphs, structures(config), like=like)


def structures(config: ConfigDict) -> tuple[gtx.structures.Structure, ...]:
    """The config's structures, in the order of `gtx.structures.STRUCTURES`."""
    known = gtx.structures.STRUCTURES
    given = {
        name: settings_of(settings, f"config.structures.{name}")
        for name, settings in config.get("structures", {}).items()
    }
    for name in given:
        choose(known, name, "config.structures")
    return tuple(
        call_checked(kind, given[name], f"config.structures.{name}")
        for name, kind in known.items()
        if name in given
    )


def encode(graphs: Dataset, config: ConfigDict) -> Dataset:
    """Add the columns of the config's encodings, with a progress bar at a terminal."""
    return gtx.encodings.apply(
        graphs,
        encodings(config),
        cache_dir=config.encodings_cache or None,
        num_workers=config.get("encodings_workers", 0),
        progress=True,
    )


def encodings(config: ConfigDict) -> tuple[gtx.encodings.Encoding, ...]:
    """The encodings that the config uses, sorted by name."""
    given = given_encodings(config)
    used = config.get("encodings_used", "all")
    listed = [name.strip() for name in used.split(",")]
    names = {"all": list(given), "none": []}.get(used, listed)
    chosen = {name: choose(given, name, "config.encodings_used") for name in names}
    return tuple(encoding_of(name, settings) for name, settings in sorted(chosen.items()))


def all_encodings(config: ConfigDict) -> tuple[gtx.encodings.Encoding, ...]:
    """The encodings of the config, used or not, sorted by name."""
    given = given_encodings(config)
    return tuple(encoding_of(name, settings) for name, settings in sorted(given.items()))


def encoded_columns(config: ConfigDict) -> set[str]:
    """The columns that the config's encodings compute, such as `nodes.rwse`."""
    return {
        f"{LEVELS[level]}.{name}"
        for encoding in encodings(config)
        for level, name in encoding.columns()
    }


def given_encodings(config: ConfigDict) -> dict[str, dict[str, Any]]:
    """The settings of every encoding in the config, used or not."""
    return {
        name: {
            field: frozen(value)
            for field, value in settings_of(settings, f"config.encodings.{name}").items()
        }
        for name, settings in config.encodings.items()
    }


def encoding_of(name: str, settings: Mapping[str, Any]) -> gtx.encodings.Encoding:
    kind = choose(gtx.encodings.ENCODINGS, name, "config.encodings")
    return call_checked(kind, settings, f"config.encodings.{name}")
