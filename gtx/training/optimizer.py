"""Optimizers: an optax rule with its learning rate, gradient clipping and parameter averaging."""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Literal

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from gtx.training.schedules import Schedule
from gtx.typing import PyTree

Rule = Callable[[Callable[[Array], Array]], optax.GradientTransformation]


@dataclasses.dataclass(frozen=True)
class Optimizer:
    """An update rule with its schedule, clipping and averaging.

    Attributes:
      rule: from a learning rate (a function of the step) to an optax transformation, such as
        `optax.adam` or `functools.partial(optax.sgd, momentum=0.9)`. It counts applied steps.
      learning_rate: the schedule.
      clip_norm: largest global norm of gradients, which are scaled down to it; None for no limit.
      ema_decay: decay of an average of parameters and batch statistics, which is evaluated in
        place of them; None for no average.
    """

    rule: Rule
    learning_rate: Schedule
    clip_norm: float | None = None
    ema_decay: float | None = None

    def __post_init__(self) -> None:
        if self.clip_norm is not None and not 0 < self.clip_norm < math.inf:
            raise ValueError(
                f"clip_norm must be positive and finite, or None, got {self.clip_norm}."
            )
        if self.ema_decay is not None and not 0 <= self.ema_decay < 1:
            raise ValueError(f"ema_decay must lie in [0, 1) or be None, got {self.ema_decay}.")

    def transformation(self) -> optax.GradientTransformation:
        rule = self.rule(self.learning_rate)
        if self.clip_norm is None:
            return rule
        # Clipping comes first: the rule, such as Adam, must see the clipped gradients.
        return optax.chain(optax.clip_by_global_norm(self.clip_norm), rule)


def adamw(
    learning_rate: Schedule,
    *,
    weight_decay: float = 0.0,
    decay: Literal["all", "kernels"] = "all",
    decoupled: bool = True,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    clip_norm: float | None = None,
    ema_decay: float | None = None,
) -> Optimizer:
    """AdamW (Loshchilov and Hutter, 2019) with torch's defaults, except for the weight decay.

    Args:
      learning_rate: the schedule.
      weight_decay: w -= rate * weight_decay * w, independent of the gradient, as in torch.
      decoupled: if False, weight_decay * w is added to the gradient instead, as torch's `Adam` has
        it (L2 regularisation). Adam divides this sum by its size, so that weights with small
        gradients decay by about the rate in each step: far more than with True.
      decay: the parameters that decay. `all`, as in torch and GraphGPS; `kernels` leaves out
        biases, norm scales and embedding tables.
      b1: decay of the mean of gradients.
      b2: decay of the mean of their squares.
      eps: added to the square root of the latter.
      clip_norm: see `Optimizer`.
      ema_decay: see `Optimizer`.
    """
    if decay not in ("all", "kernels"):
        raise ValueError(f"decay must be 'all' or 'kernels', got {decay!r}.")
    if not 0 <= weight_decay < math.inf:
        raise ValueError(f"weight_decay must be finite and not negative, got {weight_decay}.")
    for name, value in (("b1", b1), ("b2", b2)):
        if not 0 <= value < 1:
            raise ValueError(f"{name} must lie in [0, 1), got {value}.")
    if not 0 <= eps < math.inf:
        raise ValueError(f"eps must be finite and not negative, got {eps}.")
    mask = kernel_mask if decay == "kernels" else None
    rule = functools.partial(
        optax.adamw if decoupled else adam_l2,
        b1=b1,
        b2=b2,
        eps=eps,
        weight_decay=weight_decay,
        mask=mask,
    )
    return Optimizer(rule, learning_rate, clip_norm, ema_decay)


def adam_l2(
    learning_rate: Callable[[Array], Array],
    *,
    b1: float,
    b2: float,
    eps: float,
    weight_decay: float,
    mask: Callable[[PyTree], PyTree] | None,
) -> optax.GradientTransformation:
    """Adam on gradient + weight_decay * weights: torch's `Adam` with its `weight_decay`."""
    added = optax.add_decayed_weights(weight_decay, mask)
    return optax.chain(added, optax.adam(learning_rate, b1=b1, b2=b2, eps=eps))


def kernel_mask(params: PyTree) -> PyTree:
    """True for weight matrices: parameters named `kernel` (or `..._kernel`) with two axes or more.

    Biases, norm scales, gates and embedding tables get False.
    """

    def is_kernel(path: tuple, leaf: Array) -> bool:
        name = str(getattr(path[-1], "key", path[-1]))
        return leaf.ndim >= 2 and name.split("_")[-1] == "kernel"

    return jax.tree_util.tree_map_with_path(is_kernel, params)


def update_average(average: PyTree, new: PyTree, step: Int[Array, ""], decay: float) -> PyTree:
    """The bias-corrected exponential average after `new` is added as entry `step` (from 0).

    avg_t = sum_i d^(t-i) x_i / sum_i d^(t-i). It is a weighted mean from the first entry on and
    does not contain the initial values. It is stored in float32.
    """
    weight = average_weight(step, decay)
    return jax.tree.map(lambda old, value: (1 - weight) * old + weight * value, average, new)


def average_weight(step: Int[Array, ""], decay: float) -> Float[Array, ""]:
    """The share of entry `step` in the average: (1 - d) / (1 - d^(step + 1)); 1 for the first."""
    if decay == 0:
        return jnp.ones((), jnp.float32)
    # expm1, because 1 - d loses digits for a decay near 1.
    log_decay = jnp.float32(math.log(decay))
    count = jnp.asarray(step, jnp.float32) + 1
    return jnp.expm1(log_decay) / jnp.expm1(count * log_decay)
