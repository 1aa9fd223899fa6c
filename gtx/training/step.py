"""The compiled programs: a chunk of training steps, and a chunk of evaluation steps.

A chunk is one `lax.scan` over rows of a plan, so that many small steps cost one call. A
`gtx.batching.Source` makes the batch of each step inside the scan. With several shards the whole
chunk runs on every device with its shard of every batch, and gradients are summed over the devices
once per step. With several replicas a step is one `vmap` over them.
"""

import dataclasses
import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from gtx.batch import Batch
from gtx.batching import Source
from gtx.ops.varying import varying_axes
from gtx.tasks import Task
from gtx.training.devices import ONE_DEVICE, Devices
from gtx.training.optimizer import Optimizer, update_average
from gtx.training.patterns import leaf_name
from gtx.training.program import Program
from gtx.training.state import TrainState
from gtx.typing import Array, PyTree

# The collection in which modules sow additional losses.
LOSSES = "losses"
# Folded into the key of a step for its source, so that dropout does not use the same numbers.
_SOURCE = 2**32 - 2


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=("taken", "loss_sum", "count", "grad_norm", "learning_rate", "finite"),
    meta_fields=(),
)
@dataclasses.dataclass(frozen=True)
class StepReport:
    """The results of each step of a chunk; arrays [steps], zeros where no step was taken.

    With several replicas the arrays are [steps, replicas].

    Attributes:
      taken: False for padding at the end of an epoch, and for all steps after a bad one.
      loss_sum, count: sums over the real labels of the global batch. Their quotient is the loss,
        including the losses that modules have sown.
      grad_norm: global norm of the gradient before clipping.
      learning_rate: learning rate of the step.
      finite: bool [steps, 1 + leaves]: whether the loss, then gradient and update of each
        parameter are finite, in the order of `jax.tree.leaves(params)`. Their sums of squares are
        tested, so that a value beyond 1e19 counts as infinite. A step with a False is not applied.
    """

    taken: Any
    loss_sum: Any
    count: Any
    grad_norm: Any
    learning_rate: Any
    finite: Any


def make_train_chunk(
    model: nn.Module,
    task: Task,
    optimizer: Optimizer,
    source: Source,
    devices: Devices = ONE_DEVICE,
) -> Program:
    """`program(state, constants, elements, rows, seed) -> state, StepReport`, one for a run.

    `constants` and `elements = source.chunk(rows)` belong to the source. `rows` is int32
    [steps, shards, places]. A step whose rows are all -1 does not change the state and is not
    counted. The randomness of a step is `fold_in(key(seed), state.step)`. The state is donated.

    If `seed` is [replicas] and not one number, several replicas are trained together. All arrays
    of the state then have a leading axis of replicas, those of the report are [steps, replicas,
    ...], `elements` [steps, shards, replicas, ...] and `rows` [steps, shards, replicas, places].
    """
    transformation = optimizer.transformation()

    def loss_fn(params: PyTree, batch_stats: PyTree, batch: Batch, key: Array) -> Any:
        params = optimizer.without_frozen(params)
        outputs, changed = model.apply(
            {"params": params, "batch_stats": batch_stats},
            batch,
            train=True,
            rngs={"dropout": key},
            mutable=["batch_stats", LOSSES],
        )
        loss_sum, count = task.loss(outputs, batch)
        count = devices.sum(count)
        # The loss is divided here, where it is one number, and not each gradient later. A batch
        # without known labels has loss 0 and gradient 0.
        loss = loss_sum / jnp.where(count > 0, count, 1.0)
        sown = changed.get(LOSSES, {})
        if jax.tree.leaves(sown):
            extra = sum_of_losses(sown) * _share(batch, devices)
            loss, loss_sum = loss + extra, loss_sum + extra * count
        return loss, (loss_sum, count, changed.get("batch_stats", {}))

    def step(
        state: TrainState, constants: Any, element: Any, seed: Array
    ) -> tuple[TrainState, StepReport]:
        key = jax.random.fold_in(jax.random.key(seed), state.step)
        batch = source.batch(constants, element, jax.random.fold_in(key, _SOURCE))
        batch = batch.replace(axis_name=devices.axis_name, step=state.step)
        # jax would sum the gradient of a parameter over shards wherever it is used, because it is
        # equal on all of them. Marked as varying, its gradient stays local, and is summed once
        # below.
        params = devices.vary(state.params)
        (_, (loss_sum, count, batch_stats)), grads = jax.value_and_grad(loss_fn, has_aux=True)(
            params, state.batch_stats, batch, key
        )
        if devices.axis_name is not None:
            _check_synced(batch_stats)
        loss_sum, grads = devices.sum((loss_sum, grads))
        updates, opt_state = transformation.update(grads, state.opt_state, state.params)
        new = TrainState(
            step=state.step + 1,
            params=optax.apply_updates(state.params, updates),
            batch_stats=batch_stats,
            opt_state=opt_state,
            ema=state.ema,
        )
        if optimizer.ema_decay is not None:
            current = {"params": new.params, "batch_stats": new.batch_stats}
            new = new.replace(
                ema=update_average(state.ema, current, state.step, optimizer.ema_decay)
            )
        # Sums of squares replace elementwise checks: the gradient norm needs them anyway, and each
        # further operation per parameter costs compilation time.
        squares, update_squares = _sums_of_squares(grads), _sums_of_squares(updates)
        finite = jnp.isfinite(jnp.concatenate([loss_sum[None], squares + update_squares]))
        good = finite.all()
        report = StepReport(
            taken=jnp.array(True),
            loss_sum=loss_sum,
            count=count,
            grad_norm=jnp.sqrt(squares.sum()),
            learning_rate=jnp.asarray(optimizer.learning_rate(state.step), jnp.float32),
            finite=finite,
        )
        # A selection and not a condition: the check needs the result, which is computed anyway.
        return jax.tree.map(lambda old, value: jnp.where(good, value, old), state, new), report

    def no_step(state: TrainState, seed: Array) -> tuple[TrainState, StepReport]:
        zero = jnp.zeros(seed.shape, jnp.float32)
        finite = jnp.ones((*seed.shape, 1 + len(jax.tree.leaves(state.params))), bool)
        return state, StepReport(jnp.zeros(seed.shape, bool), zero, zero, zero, zero, finite)

    def steps(
        state: TrainState, constants: Any, element: Any, seed: Array, go: Array
    ) -> tuple[TrainState, StepReport]:
        """A step of a single replica, or of each replica for which `go` is True."""
        if not seed.shape:
            return step(state, constants, element, seed)
        new = jax.vmap(step, in_axes=(0, None, 0, 0))(state, constants, element, seed)
        return jax.tree.map(functools.partial(_where, go), new, no_step(state, seed))

    def chunk(
        state: TrainState, constants: Any, elements: Any, filled: Array, seed: Array
    ) -> tuple[TrainState, StepReport]:
        def body(carry: Any, item: Any) -> Any:
            # After a bad step no further step of the chunk runs: the run stops where it failed.
            state, healthy = carry
            element, filled = item
            go = filled & healthy

            def take(state: TrainState) -> tuple[TrainState, StepReport]:
                return steps(state, constants, _own_shard(element), seed, go)

            def skip(state: TrainState) -> tuple[TrainState, StepReport]:
                return no_step(state, seed)

            # A condition and not a selection: padding at the end of an epoch costs no time.
            state, report = jax.lax.cond(go.any() if go.shape else go, take, skip, state)
            return (state, healthy & report.finite.all(-1)), report

        carry = state, jnp.ones(seed.shape, bool)
        (state, _), report = jax.lax.scan(body, carry, (elements, filled))
        return state, report

    on_each = devices.on_each(chunk, sharded=(False, False, True, False, False), gives_shards=False)

    def program(
        state: TrainState, constants: Any, elements: Any, rows: Array, seed: Array
    ) -> tuple[TrainState, StepReport]:
        return on_each(state, constants, elements, (rows >= 0).any((1, -1)), seed)

    return Program(program, donate_argnums=(0,))


def make_evaluation_chunk(model: nn.Module, task: Task, devices: Devices = ONE_DEVICE) -> Program:
    """`program(variables, batches, rows) -> predictions, loss_sum, count`.

    `batches` is a Batch whose arrays have leading axes [steps, shards], so that one program
    serves datasets of every size. Predictions are [steps, shards, rows of a batch, dim], padding
    included; the sums are [steps, shards]. Steps whose `rows` are all -1 give zeros.
    """

    # Jitted, so that the model is traced once, though it is asked for shapes and then for values;
    # and inline, so that the program is that without it.
    @functools.partial(jax.jit, inline=True)
    def take(variables: PyTree, batch: Batch) -> Any:
        batch = _own_shard(batch).replace(axis_name=devices.axis_name)
        outputs: Any = model.apply(variables, batch, train=False)
        zero = devices.vary(jnp.zeros((), jnp.float32))
        known = batch.targets is not None and batch.targets.labels is not None
        sums = task.loss(outputs, batch) if known else (zero, zero)
        return task.predictions(outputs), *sums

    def chunk(variables: PyTree, batches: Batch, filled: Array) -> Any:
        def body(carry: None, item: Any) -> Any:
            batch, filled = item
            shapes = jax.eval_shape(take, variables, batch)

            def skip(variables: PyTree, batch: Batch) -> Any:
                del variables, batch
                zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
                return devices.vary(zeros)

            outputs = jax.lax.cond(filled, take, skip, variables, batch)
            return carry, jax.tree.map(lambda values: values[None], outputs)

        return jax.lax.scan(body, None, (batches, filled))[1]

    on_each = devices.on_each(chunk, sharded=(False, True, False), gives_shards=True)

    def program(variables: PyTree, batches: Batch, rows: Array) -> Any:
        return on_each(variables, batches, (rows >= 0).any((1, 2)))

    return Program(program)


def sum_of_losses(sown: PyTree) -> Array:
    """The sum of the losses that modules have sown, each a number.

    Raises:
      ValueError: a loss is not one number; names it.
    """
    for path, leaf in jax.tree_util.tree_leaves_with_path(sown):
        if leaf.shape:
            raise ValueError(
                f"{LOSSES}/{leaf_name(path)} must be one number, and is {list(leaf.shape)}. Take "
                "its mean over what is real in the batch before it is sown."
            )
    return sum(leaf.astype(jnp.float32) for leaf in jax.tree.leaves(sown))


def _share(batch: Batch, devices: Devices) -> Array:
    """The weight of a shard's sown losses: its share of the real graphs of the batch.

    A shard that holds only padding adds nothing, and a loss that is equal on all shards counts
    once.
    """
    graphs = batch.graph_mask.sum().astype(jnp.float32)
    total = devices.sum(graphs)
    return graphs / jnp.where(total > 0, total, 1.0)


def _where(go: Array, new: Array, old: Array) -> Array:
    """For each replica the new values, or the old ones where `go` is False."""
    return jnp.where(go.reshape(go.shape + (1,) * (new.ndim - 1)), new, old)


def _own_shard(element: PyTree) -> PyTree:
    """Remove the axis of shards, which has length 1 on a device."""
    return jax.tree.map(lambda values: values[0], element)


def _sums_of_squares(tree: PyTree) -> Array:
    """One float32 number per leaf, [leaves]."""
    leaves = (leaf.astype(jnp.float32) for leaf in jax.tree.leaves(tree))
    return jnp.stack([jnp.sum(jnp.square(leaf)) for leaf in leaves])


def _check_synced(batch_stats: PyTree) -> None:
    """Refuse statistics that differ between shards."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(batch_stats):
        if varying_axes(leaf):
            raise TypeError(
                f"batch_stats/{leaf_name(path)} differs between shards; add it up over "
                "batch.axis_name in the module that keeps it."
            )


def empty_rows(steps: int, like: np.ndarray) -> np.ndarray:
    """Steps without rows, int32 [steps, shards, places], with shards and places as in `like`."""
    return np.full((steps, *like.shape[1:]), -1, np.int32)


def blank_batch(source: Source, constants: Any, rows: np.ndarray) -> Batch:
    """One shard of a batch of zeros, with the shapes of every batch of a run.

    Args:
      source: source of the batches.
      constants: constants of the source.
      rows: a plan of the source.
    """
    element = jax.tree.map(lambda values: values[0, 0], source.chunk(rows[:1]))
    key = jax.eval_shape(lambda: jax.random.key(0))
    shapes = jax.eval_shape(source.batch, constants, element, key)
    return jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), shapes)
