"""Builds the shapes and the source of batches from `config.batch`."""

import jax
from ml_collections import ConfigDict

from gtx import batching
from gtx.data import Dataset
from gtx.recipes.models import needs_dense


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
    """Shapes of batches of the training part into which every other graph fits too.

    Args:
      config: the recipe.
      graphs: graphs with a split.
      num_shards: number of devices that share a batch; None for that of the config, or 1 if this
        machine has fewer (`check_devices` refuses this before training).
      stratified: the kind of plan; None for that of the config.
    """
    return batching.fit_budget(
        graphs.part("train"),
        config.batch.size,
        num_tiers=config.batch.num_tiers,
        multiple_of=config.batch.multiple_of,
        num_shards=shards_here(config) if num_shards is None else num_shards,
        stratified=config.batch.stratified if stratified is None else stratified,
        dense=needs_dense(config),
        cover=[graphs.part("valid"), graphs.part("test")],
    )


def batches(config: ConfigDict, train: Dataset, budget: batching.Budget) -> batching.Source:
    """The source of the batches of the training part."""
    kind = batching.Resident if config.batch.resident else batching.Streamed
    return kind(train, budget)
