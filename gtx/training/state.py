"""What training changes: parameters, batch statistics, optimiser state, their average, the step."""

import dataclasses
import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from gtx.batch import Batch
from gtx.training.optimizer import Optimizer
from gtx.typing import PyTree

# Folded into key(seed) for initialisation; steps fold in their own number, which stays below.
_INIT = 2**32 - 1


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=("step", "params", "batch_stats", "opt_state", "ema"),
    meta_fields=(),
)
@dataclasses.dataclass(frozen=True)
class TrainState:
    """The arrays of a run, all that a resumed run needs of them.

    Attributes:
      step: int32, updates applied so far.
      params: float32 parameters.
      batch_stats: running statistics of norms; empty without them.
      opt_state: of `Optimizer.transformation()`.
      ema: averages of `params` and `batch_stats` in a dict of both, or None.
    """

    step: Any
    params: PyTree
    batch_stats: PyTree
    opt_state: PyTree
    ema: PyTree = None

    def replace(self, **changes: Any) -> "TrainState":
        return dataclasses.replace(self, **changes)


def init_variables(model: nn.Module, batch: Batch, seed: int) -> dict[str, PyTree]:
    """Fresh `params` and `batch_stats` of a model. Only shapes are read of the batch."""
    key = jax.random.fold_in(jax.random.key(np.uint32(seed)), _INIT)
    batch = batch.replace(axis_name=None)
    variables = jax.jit(functools.partial(model.init, train=False))(key, batch)
    return {"params": variables["params"], "batch_stats": variables.get("batch_stats", {})}


def init_state(model: nn.Module, optimizer: Optimizer, batch: Batch, seed: int) -> TrainState:
    """The state before the first step.

    Raises:
      TypeError: a parameter is not float32.
    """
    variables = init_variables(model, batch, seed)
    params, batch_stats = variables["params"], variables["batch_stats"]
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        if leaf.dtype != jnp.float32:
            raise TypeError(
                f"parameter {leaf_name(path)} is {leaf.dtype}; keep param_dtype=float32 and set "
                "dtype for the computation."
            )
    opt_state = jax.jit(optimizer.transformation().init)(params)
    ema = None
    if optimizer.ema_decay is not None:
        ema = jax.tree.map(jnp.copy, {"params": params, "batch_stats": batch_stats})
    return TrainState(jnp.zeros((), jnp.int32), params, batch_stats, opt_state, ema)


def evaluation_variables(state: TrainState) -> dict[str, PyTree]:
    """The variables that are evaluated: the average where there is one, else the last ones."""
    if state.ema is not None:
        return dict(state.ema)
    return {"params": state.params, "batch_stats": state.batch_stats}


def leaf_name(path: tuple) -> str:
    """A key path as `a/b/c`."""
    return "/".join(_key_name(key) for key in path)


def _key_name(key: Any) -> str:
    for attribute in ("key", "name", "idx"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)
