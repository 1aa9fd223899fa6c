"""Builds the shapes and the source of batches from `config.batch`."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from gtx import batching
from gtx.batching.budget import most_targets
from gtx.data import Dataset
from gtx.data.sharded import ShardedDataset
from gtx.data.sources import SOURCES
from gtx.limits import rules_of, unknown
from gtx.recipes.data import noisy_names
from gtx.recipes.models import needs_dense
from gtx.recipes.rules import ConfigError, check_value, choose, frozen, settings_of


def shards_of(config: ConfigDict) -> int:
    """Number of devices that share a batch in training."""
    return config.batch.num_shards or jax.local_device_count()


def shards_here(config: ConfigDict) -> int:
    """Devices that share a batch, or 1 if this machine has too few. Scores do not depend on it."""
    shards = shards_of(config)
    fits = shards <= jax.local_device_count() and config.batch.size % shards == 0
    return shards if fits else 1


def budget(
    config: ConfigDict,
    graphs: Dataset,
    *,
    num_shards: int | None = None,
    stratified: bool | None = None,
) -> batching.Budget:
    """Shapes of batches of the training part into which other graphs fit too.

    Graphs that are so large that batches would have more than three times the size are left out:
    they are scored in batches of their own (`gtx.batching.evaluation_parts`), so that training
    does not pad for them. Likewise the room for targets that are edges or pairs is that of the
    training part, if others have more than twice as many, such as candidates for each link.

    Args:
      config: the recipe.
      graphs: graphs with a split.
      num_shards: number of devices that share a batch; None for that of the config, or 1 if this
        machine has fewer (`check_devices` refuses this before training).
      stratified: the kind of plan; None for that of the config.
    """
    num_shards = shards_here(config) if num_shards is None else num_shards
    if sampling(config):  # the whole graph, by which it is scored
        train = graphs.part("train")
        return batching.fit_budget(train, num_shards, num_shards=num_shards, dense=_dense(config))
    if isinstance(graphs, ShardedDataset):  # shuffled a window at a time
        stratified = False
    train = graphs.part("train")
    fit = functools.partial(
        batching.fit_budget,
        train,
        config.batch.size,
        num_tiers=config.batch.num_tiers,
        multiple_of=config.batch.multiple_of,
        num_shards=num_shards,
        stratified=config.batch.stratified if stratified is None else stratified,
        dense=needs_dense(config),
    )
    others = [graphs.part("valid"), graphs.part("test")]
    found = fit(cover=[part for part in others if _is_covered(part, train, fit)])
    own = most_targets(train, found.graphs_per_shard)
    if own is not None and (found.num_targets or 0) > 2 * max(own, 1):
        return dataclasses.replace(found, num_targets=fit().num_targets)
    return found


def _is_covered(
    part: Dataset, train: Dataset, fit: Callable[..., batching.Budget], limit: float = 3.0
) -> bool:
    """Whether batches with room for `part` have at most `limit` times the size of those without."""
    largest = [
        np.maximum(graphs.num_nodes, graphs.num_edges).max(initial=1) for graphs in (part, train)
    ]
    if largest[0] <= 2 * largest[1]:
        return True
    of_part, alone = fit(cover=[part]), fit()
    return (
        of_part.num_nodes <= limit * alone.num_nodes
        and of_part.num_edges <= limit * alone.num_edges
        and of_part.num_pairs <= limit * alone.num_pairs
    )


def batches(config: ConfigDict, train: Dataset, budget: batching.Budget) -> batching.Source:
    """The source of the batches of the training part."""
    settings, negatives = sampling(config), config.task.get("negatives", 0)
    if isinstance(train, ShardedDataset):
        return _of_shards(config, train, budget)
    if negatives and not settings:
        edges = SOURCES[config.data.name].edges_are_links
        return batching.SampledNegatives(train, budget, negatives, config.task.corrupt, edges)
    if settings and (negatives or train.targets.weights is not None):
        raise ConfigError(
            "config.batch.sampling: parts of a graph have neither drawn negatives "
            "(config.task.negatives) nor weights of targets. Leave them out, or take whole graphs."
        )
    source: batching.Resident | batching.Streamed | batching.Sampled
    if settings:
        source = _sampled(config, train, budget, settings)
    else:
        source = (batching.Resident if config.batch.resident else batching.Streamed)(train, budget)
    masked, noisy = config.task.get("masked", 0.0), noisy_names(config, train.spec)
    if masked:
        return batching.HiddenNodes(source, masked)
    if noisy:
        share, scale = config.task.get("noise", 0.0), config.task.get("noise_scale", 0.0)
        return batching.NoisyNodes(source, noisy, share, scale)
    return source


def _sampled(
    config: ConfigDict, train: Dataset, budget: batching.Budget, settings: dict[str, Any]
) -> batching.Sampled:
    """Parts of the one graph of the training part."""
    name = settings.pop("name")
    try:
        return batching.SAMPLERS[name](
            train,
            size=config.batch.size,
            num_shards=budget.num_shards,
            dense=needs_dense(config),
            resident=config.batch.resident,
            **settings,
        )
    except ValueError as error:
        raise ConfigError(f"config.batch.sampling: {error}") from error


def _of_shards(
    config: ConfigDict, train: ShardedDataset, budget: batching.Budget
) -> batching.Sharded:
    """Batches out of shards, which are read a window at a time."""
    for field, value in (
        ("batch.sampling", sampling(config)),
        ("task.negatives", config.task.get("negatives", 0)),
        ("task.noise", noisy_names(config, train.spec)),
    ):
        if value:
            raise ConfigError(
                f"config.{field}: batches out of shards do not have it. Leave it out, or join the "
                "shards to one folder: packed_folder.save(packed_shards.load(path), folder)."
            )
    return batching.Sharded(train.by_shard(), budget, train.window)


def sampling(config: ConfigDict) -> dict[str, Any]:
    """The settings of `config.batch.sampling`, with its `name`; empty for whole graphs.

    Raises:
      ConfigError: a setting is missing or unknown, or its value is not allowed.
    """
    field = "config.batch.sampling"
    settings = {
        name: frozen(value)
        for name, value in settings_of(config.batch.get("sampling", {}), field).items()
    }
    if not settings:
        return {}
    kind = choose(batching.SAMPLERS, settings.get("name", ""), f"{field}.name")
    rules = {name: rule for name, rule in rules_of(kind).items() if name not in _SET_ELSEWHERE}
    for name, value in settings.items():
        if name == "name":
            continue
        if name not in rules:
            raise ConfigError(f"{field}.{name}: {unknown(name, rules)}")
        check_value(f"batch.sampling.{name}", value, rules[name])
    given = [each.name for each in dataclasses.fields(kind) if each.default is dataclasses.MISSING]
    missing = sorted(set(given) - set(settings) - _SET_ELSEWHERE)
    if missing:
        raise ConfigError(
            f"{field}.{missing[0]}: {settings['name']!r} needs this field, and the recipe does not "
            f"have it. Give {rules[missing[0]].wanted}."
        )
    return settings


# Fields of a sampler that other fields of a recipe determine.
_SET_ELSEWHERE = {"dataset", "size", "num_shards", "dense", "resident"}


def _dense(config: ConfigDict) -> bool:
    """Whether the batch of the whole graph has a layout; none where it is scored in parts."""
    return needs_dense(config) and sampling(config).get("evaluation") != "sampled"
