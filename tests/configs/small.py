"""Any config made small: a narrow model, and a few graphs drawn from what its source declares."""

import dataclasses
import functools
import importlib
import pathlib
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

import gtx.encodings
from gtx import recipes
from gtx.batch import Batch
from gtx.batching import NoisyNodes, make_batches
from gtx.data import Dataset
from gtx.limits import Layers, Whole, Width, rule_of, rules_of
from gtx.models import MODELS
from gtx.training import make_train_chunk
from gtx.training.program import Program
from gtx.training.state import TrainState
from gtx.training.step import LOSSES, blank_batch, sum_of_losses
from tests.drawn import drawn
from tests.variables import random_variables

CONFIGS = pathlib.Path(__file__).parents[2] / "configs"
NAMES = sorted({path.stem for path in CONFIGS.glob("*.py")} - {"__init__", "base"})
DIM, HEADS = 16, 2
WIDE, DEEP = rule_of(Width), rule_of(Layers)


def config_of(name: str) -> ConfigDict:
    return importlib.import_module(f"configs.{name}").get_config()


def shrink(config: ConfigDict) -> ConfigDict:
    """One layer of width 16 with two heads; every other width is at most 8, every depth 2."""
    config = ConfigDict(config.to_dict())
    rules = rules_of(MODELS[config.model.name])
    for field, rule in rules.items():
        value = config.model.get(field)
        if not isinstance(value, int) or isinstance(value, bool):
            continue
        limits = [each for each in getattr(rule, "rules", (rule,)) if isinstance(each, Whole)]
        if field == "dim":
            config.model[field] = DIM
        elif field == "num_layers":
            config.model[field] = 1
        elif field == "num_heads":
            config.model[field] = HEADS
        elif WIDE in limits:
            config.model[field] = min(value, 4 if field == "encoding_dim" else 8)
        elif DEEP in limits:
            config.model[field] = min(value, 2)
    config.batch.size = 3
    if not recipes.sampling(config):
        config.batch.num_tiers = 1
    return config


def graphs_of(config: ConfigDict) -> Dataset:
    """Drawn graphs with the columns, encodings and structures of the config; one batch in train."""
    spec = recipes.declared_spec(config)
    assert spec is not None
    one = spec.label.level == "pair" or bool(recipes.sampling(config))
    graphs = drawn(spec, num_graphs=1 if one else 5, sizes=(6, 7) if one else (4, 7))
    graphs = gtx.encodings.apply(graphs, recipes.encodings(config))
    return recipes.with_structures(graphs, config)


@dataclasses.dataclass(frozen=True)
class Step:
    """A training step of a config, and what it is called with; invented parameters.

    Attributes:
      loss: `loss(params, batch_stats, batch) -> number` while training, whose gradient takes a
        quarter of the time to compile that the whole step takes.
      program: of `make_train_chunk`, the whole step.
      arguments: of its function; the first is the state.
      batch: the only one.
    """

    loss: Callable[..., Any]
    program: Program
    arguments: tuple[Any, ...]
    batch: Batch


def first_batch(config: ConfigDict, graphs: Dataset, source: Any) -> Batch:
    batch = next(make_batches(graphs.part("train"), recipes.budget(config, graphs), seed=0))
    return source.change(batch, jax.random.key(0)) if isinstance(source, NoisyNodes) else batch


def loss_of(task: Any, outputs: Any, changed: Any, batch: Batch) -> jax.Array:
    """The mean loss of a task, and what the model adds to it."""
    total, count = task.loss(outputs, batch)
    sown = changed.get(LOSSES, {})
    return total / count + (sum_of_losses(sown) if sown else 0.0)


def shapes_of(config: ConfigDict, graphs: Dataset, model: nn.Module) -> tuple[Any, Any]:
    """Of the parameters that the model has at first, and of its loss while training.

    Both come from one trace, which takes most of the time.
    """
    task = recipes.task(config, graphs.spec)
    source = recipes.batches(config, graphs.part("train"), recipes.budget(config, graphs))

    def start(key: jax.Array, batch: Batch) -> tuple[Any, jax.Array]:
        batch = batch.replace(step=0)
        keys = dict(params=key, dropout=key)
        outputs, variables = model.init_with_output(keys, batch, train=True)
        return variables["params"], loss_of(task, outputs, variables, batch)

    return jax.eval_shape(start, jax.random.key(0), first_batch(config, graphs, source))


def step_of(config: ConfigDict, graphs: Dataset, *, values: bool = True) -> Step:
    """The config's first step on graphs; no initialiser is compiled.

    Without `values` the state has shapes alone, which is enough to lower the step.
    """
    model, task = recipes.model(config, graphs.spec), recipes.task(config, graphs.spec)
    source = recipes.batches(config, graphs.part("train"), recipes.budget(config, graphs))
    optimizer = recipes.optimizer(config, steps_per_epoch=1)
    rows = source.plan(0, 0)[:1]
    batch = blank_batch(source, source.constants, rows)
    init = functools.partial(model.init, train=False)
    shapes = jax.eval_shape(init, jax.random.key(0), batch)
    variables = {name: shapes.get(name, {}) for name in ("params", "batch_stats")}
    opt_state = jax.eval_shape(optimizer.transformation().init, variables["params"])
    if values:
        variables = random_variables(variables)
        opt_state = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), opt_state)
    state = TrainState(
        step=np.zeros((), np.int32),
        opt_state=opt_state,
        ema=variables if optimizer.ema_decay is not None else None,
        **variables,
    )
    if values:
        state = jax.tree.map(jnp.array, state)
    elements = source.chunk(rows)
    batch = first_batch(config, graphs, source)

    def loss(params, batch_stats, batch):
        outputs, changed = model.apply(
            {"params": params, "batch_stats": batch_stats},
            batch.replace(step=0),
            train=True,
            rngs={"dropout": jax.random.key(0)},
            mutable=["batch_stats", LOSSES],
        )
        return loss_of(task, outputs, changed, batch)

    return Step(
        loss,
        make_train_chunk(model, task, optimizer, source),
        (state, source.constants, elements, rows, np.uint32(0)),
        batch,
    )
