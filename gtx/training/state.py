"""The arrays that training changes: parameters, statistics, optimiser state, average, step."""

import dataclasses
import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from gtx.batch import Batch
from gtx.training.optimizer import Optimizer
from gtx.training.patterns import leaf_name, matching
from gtx.typing import PyTree

# Folded into key(seed) for initialisation. Steps fold in their own numbers, which are smaller.
_INIT = 2**32 - 1


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=("step", "params", "batch_stats", "opt_state", "ema"),
    meta_fields=(),
)
@dataclasses.dataclass(frozen=True)
class TrainState:
    """All arrays that a run needs to continue.

    Attributes:
      step: int32, number of updates applied so far.
      params: float32 parameters.
      batch_stats: running statistics of norms; empty without such norms.
      opt_state: state of `Optimizer.transformation()`.
      ema: a dict with averages of `params` and `batch_stats`, or None.
    """

    step: Any
    params: PyTree
    batch_stats: PyTree
    opt_state: PyTree
    ema: PyTree = None

    def replace(self, **changes: Any) -> "TrainState":
        return dataclasses.replace(self, **changes)


def init_state(model: nn.Module, optimizer: Optimizer, batch: Batch, seed: int) -> TrainState:
    """The state before the first step; see `init_states`."""
    (state,) = init_states(model, optimizer, batch, (seed,))
    return state


def init_states(
    model: nn.Module,
    optimizer: Optimizer,
    batch: Batch,
    seeds: Sequence[int],
    init: Mapping[str, PyTree] | None = None,
    init_new: Collection[str] = (),
) -> list[TrainState]:
    """The state before the first step, for each seed.

    Args:
      model: the module.
      optimizer: the update rule.
      batch: a batch; only its shapes are read.
      seeds: each determines the initial values of its state.
      init: `params` and `batch_stats` to use in place of initial values.
      init_new: patterns of variables that keep their initial values.

    Raises:
      TypeError: a parameter is not float32.
      ValueError: `init` does not hold the variables of the model.
    """
    # Under jit once for all seeds: op by op, initialisation would compile each operation.
    initialize = jax.jit(functools.partial(model.init, train=False))
    start = jax.jit(optimizer.transformation().init)
    batch = batch.replace(axis_name=None)  # initialisation runs on one device, outside of a mesh
    states = []
    for seed in seeds:
        key = jax.random.fold_in(jax.random.key(np.uint32(seed)), _INIT)
        found = initialize(key, batch)
        variables = {"params": found["params"], "batch_stats": found.get("batch_stats", {})}
        _check_float32(variables["params"])
        if init is not None:
            variables = variables_from(init, variables, init_new)
        params, batch_stats = variables["params"], variables["batch_stats"]
        ema = None
        if optimizer.ema_decay is not None:
            ema = jax.tree.map(jnp.copy, variables)
        states.append(TrainState(jnp.zeros((), jnp.int32), params, batch_stats, start(params), ema))
    return states


def taken(init: Mapping[str, PyTree], init_new: Collection[str]) -> dict[str, Any]:
    """The variables of `init` by name, without those for which a pattern of `init_new` stands.

    Args:
      init: `params` and, if the model has them, `batch_stats`.
      init_new: patterns, without the name of the collection: "head", not "params/head".
    """
    given = _by_name(init)
    new = {name: name.partition("/")[2] for name in given}
    left_out = matching(new.values(), init_new)
    return {name: leaf for name, leaf in given.items() if new[name] not in left_out}


def variables_from(
    init: Mapping[str, PyTree], fresh: dict[str, PyTree], init_new: Collection[str] = ()
) -> dict[str, PyTree]:
    """Copies of the variables `init`, in the structure of a model's variables.

    Args:
      init: `params` and, if the model has them, `batch_stats`, as in `FitResult.variables`.
      fresh: the variables of the model.
      init_new: patterns of the variables that are those of `fresh`, whatever `init` has.

    Raises:
      ValueError: names of variables are missing or unknown, or a shape or dtype differs.
    """
    given, wanted, every = taken(init, init_new), taken(fresh, init_new), _by_name(fresh)
    missing, unknown = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
    if missing or unknown:
        raise ValueError(
            f"init lacks {_listing(missing)} and has the unknown {_listing(unknown)}. Give all "
            "variables of the model: FitResult.variables or Predictor.variables of one like it, "
            "or model.init with some of them replaced; or name in init_new what starts anew."
        )
    for name, leaf in wanted.items():
        shape, dtype = np.shape(given[name]), np.asarray(given[name]).dtype
        if shape != leaf.shape or dtype != leaf.dtype:
            raise ValueError(
                f"init: {name} is {dtype}{list(shape)}, and the model has {leaf.dtype}"
                f"{list(leaf.shape)}."
            )
    # Copies, because a training step donates (overwrites) the arrays of its state.
    leaves = [jnp.array(given[name]) if name in wanted else every[name] for name in every]
    return jax.tree.unflatten(jax.tree.structure(fresh), leaves)


def _by_name(tree: PyTree) -> dict[str, Any]:
    return {leaf_name(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def _listing(names: Sequence[str], limit: int = 8) -> str:
    if not names:
        return "nothing"
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _check_float32(params: PyTree) -> None:
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        if leaf.dtype != jnp.float32:
            raise TypeError(
                f"parameter {leaf_name(path)} is {leaf.dtype}; keep param_dtype=float32 and set "
                "dtype for the computation."
            )


def evaluation_variables(state: TrainState) -> dict[str, PyTree]:
    """The variables to evaluate: the average if there is one, otherwise the last ones."""
    if state.ema is not None:
        return dict(state.ema)
    return {"params": state.params, "batch_stats": state.batch_stats}
