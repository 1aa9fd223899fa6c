"""Optimizers: an optax rule with its learning rate, gradient clipping and parameter averaging."""

import dataclasses
import functools
import math
import re
from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from gtx.training.patterns import PatternError, check_patterns, leaf_name, matching, names_of
from gtx.training.schedules import Schedule
from gtx.typing import PyTree

# A block of a model, by the name of its module.
_BLOCK = re.compile(r"block_(\d+)/")

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
      frozen: patterns (`gtx.training.patterns`) of parameters that keep their values. Neither the
        rule nor `clip_norm` sees a gradient of them. Running statistics in frozen modules follow
        the data, by whose statistics training normalises.
      rates: patterns with a factor of the learning rate each. The factors of all patterns that
        match a parameter are multiplied. A decay of weights has the same factor.
      layer_decay: a further factor for each step of depth, counted from the head: layer_decay **
        (L + 1) for the embedding, ** (L - l) for block l of L, from 0, and 1 for the rest, as in
        BEiT (Bao et al., 2022). Needs modules named `block_0`, `block_1`, ...
    """

    rule: Rule
    learning_rate: Schedule
    clip_norm: float | None = None
    ema_decay: float | None = None
    frozen: tuple[str, ...] = ()
    rates: tuple[tuple[str, float], ...] = ()
    layer_decay: float = 1.0

    def __post_init__(self) -> None:
        if self.clip_norm is not None and not 0 < self.clip_norm < math.inf:
            raise ValueError(
                f"clip_norm must be positive and finite, or None, got {self.clip_norm}."
            )
        if self.ema_decay is not None and not 0 <= self.ema_decay < 1:
            raise ValueError(f"ema_decay must lie in [0, 1) or be None, got {self.ema_decay}.")
        for pattern, factor in self.rates:
            if not 0 < factor < math.inf:
                raise ValueError(
                    f"rates: the factor of {pattern!r} must be positive and finite, got {factor}. "
                    "Name in frozen what must not change."
                )
        if not 0 < self.layer_decay <= 1:
            raise ValueError(f"layer_decay must lie in (0, 1], got {self.layer_decay}.")

    def transformation(self) -> optax.GradientTransformation:
        """The update rule of all parameters. Its `init` raises as `factors` does."""
        rule = self.rule(self.learning_rate)
        if self.clip_norm is not None:
            # Clipping comes first: the rule, such as Adam, must see the clipped gradients.
            rule = optax.chain(optax.clip_by_global_norm(self.clip_norm), rule)
        return _scaled(rule, self.factors) if self._differs else rule

    @property
    def _differs(self) -> bool:
        """Whether parameters differ in their rates."""
        return bool(self.frozen or self.rates or self.layer_decay != 1)

    def without_frozen(self, params: PyTree) -> PyTree:
        """The same parameters; no gradient passes to the frozen ones, and none is computed."""
        if not self.frozen:
            return params
        frozen = matching(names_of(params), self.frozen)
        return jax.tree_util.tree_map_with_path(
            lambda path, leaf: jax.lax.stop_gradient(leaf) if leaf_name(path) in frozen else leaf,
            params,
        )

    def factors(self, params: PyTree) -> dict[str, float]:
        """The factor of the learning rate of each parameter, by name; 0 for a frozen one.

        Args:
          params: the parameters, or their shapes.

        Raises:
          PatternError: a pattern matches no parameter, all are frozen, or there are no blocks for
            `layer_decay`.
        """
        names = names_of(params)
        check_patterns("frozen", self.frozen, names)
        check_patterns("rates", (pattern for pattern, _ in self.rates), names)
        found = dict(zip(names, _by_depth(names, self.layer_decay), strict=True))
        for pattern, factor in self.rates:
            for name in matching(names, (pattern,)):
                found[name] *= factor
        frozen = matching(names, self.frozen)
        if len(frozen) == len(names):
            raise PatternError(
                f"frozen: {list(self.frozen)} match all parameters, so that nothing is trained. "
                "Leave out the pattern of what is to learn, such as that of the head."
            )
        return found | dict.fromkeys(frozen, 0.0)


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
    frozen: tuple[str, ...] = (),
    rates: tuple[tuple[str, float], ...] = (),
    layer_decay: float = 1.0,
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
      ema_decay: see `Optimizer`; likewise:
      frozen: patterns of parameters that keep their values.
      rates: patterns with factors of the learning rate.
      layer_decay: a factor for each step of depth.
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
    return Optimizer(rule, learning_rate, clip_norm, ema_decay, frozen, rates, layer_decay)


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


def _scaled(
    rule: optax.GradientTransformation, factors: Callable[[PyTree], dict[str, float]]
) -> optax.GradientTransformation:
    """The updates of a rule times the factor of each parameter.

    AdamW's whole update, the decay included, is a multiple of the rate, and so is that of SGD.
    """

    def update(updates: PyTree, state: Any, params: PyTree = None, **more: Any) -> Any:
        found, state = rule.update(updates, state, params, **more)
        by_name = factors(found)

        def scaled(path: tuple, leaf: Array) -> Array:
            factor = by_name[leaf_name(path)]
            # -0.0, because x + 0.0 has other bits than x where x is -0.0.
            return leaf * factor if factor else jnp.full_like(leaf, -0.0)

        return jax.tree_util.tree_map_with_path(scaled, found), state

    def init(params: PyTree) -> Any:
        factors(params)  # raises before anything is trained
        return rule.init(params)

    return optax.GradientTransformation(init, update)


def _by_depth(names: list[str], decay: float) -> list[float]:
    """The factor of each parameter by the depth of its module."""
    if decay == 1:
        return [1.0] * len(names)
    blocks = [_BLOCK.match(name) for name in names]
    depth = max((int(found[1]) + 1 for found in blocks if found), default=0)
    if not depth:
        raise PatternError(
            f"layer_decay: the model has no modules named block_0, block_1, ..., by which its "
            f"depth is counted. Give 1, and rates of patterns. Its modules are "
            f"{', '.join(dict.fromkeys(name.split('/')[0] for name in names))}."
        )
    above = [
        depth - int(found[1]) if found else (depth + 1) * (name.split("/")[0] == "embed")
        for found, name in zip(blocks, names, strict=True)
    ]
    return [decay**steps for steps in above]


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

    def averaged(old: Array, value: Array) -> Array:
        # A value that does not change, such as a frozen one, keeps all its bits.
        return jnp.where(value == old, old, (1 - weight) * old + weight * value)

    return jax.tree.map(averaged, average, new)


def average_weight(step: Int[Array, ""], decay: float) -> Float[Array, ""]:
    """The share of entry `step` in the average: (1 - d) / (1 - d^(step + 1)); 1 for the first."""
    if decay == 0:
        return jnp.ones((), jnp.float32)
    # expm1, because 1 - d loses digits for a decay near 1.
    log_decay = jnp.float32(math.log(decay))
    count = jnp.asarray(step, jnp.float32) + 1
    return jnp.expm1(log_decay) / jnp.expm1(count * log_decay)
