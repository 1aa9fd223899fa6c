"""Training of the small models of the claims: all seeds at once, in one compiled program."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax

Params = Any
# The seeds of the runs that count. Other ones were used while the experiments were designed.
SEEDS = range(100, 105)


def trainer(
    init: Callable[[Any], Params],
    loss: Callable[[Params, Any, Any], Any],
    *,
    steps: int,
    learning_rate: float,
) -> Callable[[Sequence[int], Any], tuple[Params, Any]]:
    """Adam with gradients clipped to length 1, a short warm-up and a cosine decay to 0.

    Args:
      init: key -> parameters.
      loss: (parameters, key, data) -> number. It draws its own examples from the key.
      steps: how many steps the optimiser takes.
      learning_rate: the largest rate of the schedule.

    Returns:
      `train(seeds, data) -> (parameters, losses)`. Parameters have a leading axis of seeds, and
      losses are [seeds, steps]. Data of equal shapes share one compiled program.
    """
    warm_up = min(100, steps // 10)
    schedule = optax.warmup_cosine_decay_schedule(0.0, learning_rate, warm_up, steps)
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule))

    def train(key: Any, data: Any) -> Any:
        def step(carry: Any, key: Any) -> Any:
            params, state = carry
            value, gradient = jax.value_and_grad(loss)(params, key, data)
            updates, state = optimizer.update(gradient, state)
            return (optax.apply_updates(params, updates), state), value

        params = init(jax.random.fold_in(key, 0))
        keys = jax.random.split(jax.random.fold_in(key, 1), steps)
        (params, _), losses = jax.lax.scan(step, (params, optimizer.init(params)), keys)
        return params, losses

    compiled = jax.jit(jax.vmap(train, in_axes=(0, None)))
    return lambda seeds, data: compiled(keys_of(seeds), data)


def keys_of(seeds: Sequence[int]) -> Any:
    """One random key for each seed."""
    return jnp.stack([jax.random.key(seed) for seed in seeds])
