"""Learning rates as functions of the step, counted from 0.

They are frozen dataclasses, so that runs can compare them. Warm-up is linear and reaches the peak
in its last step: step s of w has the rate peak * (s + 1) / w. The first step therefore has a rate
above 0 (optax and GraphGPS start at 0 and 1e-6).
"""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

Step = Int[Array, ""] | int
Schedule = Callable[[Step], Float[Array, ""]]


@dataclasses.dataclass(frozen=True)
class Constant:
    """`peak` after `warmup_steps` of linear warm-up."""

    peak: float
    warmup_steps: int = 0

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, step: Step) -> Float[Array, ""]:
        return self.peak * _warmup(step, self.warmup_steps)


@dataclasses.dataclass(frozen=True)
class Linear:
    """Warm-up, then a straight line from `peak` down to `peak * final_factor` at `num_steps`."""

    peak: float
    num_steps: int
    warmup_steps: int = 0
    final_factor: float = 0.0

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, step: Step) -> Float[Array, ""]:
        progress = _progress(step, self.warmup_steps, self.num_steps)
        factor = 1 + (self.final_factor - 1) * progress
        return self.peak * factor * _warmup(step, self.warmup_steps)


@dataclasses.dataclass(frozen=True)
class WarmupCosine:
    """Warm-up, then half a cosine from `peak` down to `peak * final_factor` at `num_steps`.

    Loshchilov and Hutter (2017), one cycle.
    """

    peak: float
    num_steps: int
    warmup_steps: int = 0
    final_factor: float = 0.0

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, step: Step) -> Float[Array, ""]:
        progress = _progress(step, self.warmup_steps, self.num_steps)
        cosine = 0.5 * (1 + jnp.cos(jnp.pi * progress))
        factor = self.final_factor + (1 - self.final_factor) * cosine
        return self.peak * factor * _warmup(step, self.warmup_steps)


@dataclasses.dataclass(frozen=True)
class InverseSqrt:
    """Warm-up, then `peak * sqrt(warmup_steps / (step + 1))` (Vaswani et al., 2017)."""

    peak: float
    warmup_steps: int = 1

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, step: Step) -> Float[Array, ""]:
        first = max(self.warmup_steps, 1)
        decay = jnp.sqrt(first / jnp.maximum(_float(step) + 1, first))
        return self.peak * decay * _warmup(step, self.warmup_steps)


@dataclasses.dataclass(frozen=True)
class Steps:
    """`peak`, multiplied by `factor` at each boundary that the step has reached."""

    peak: float
    boundaries: tuple[int, ...]
    factor: float = 0.1
    warmup_steps: int = 0

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, step: Step) -> Float[Array, ""]:
        passed = (jnp.asarray(step) >= jnp.asarray(self.boundaries, jnp.int32)).sum()
        return self.peak * self.factor ** _float(passed) * _warmup(step, self.warmup_steps)


def _check(schedule: Any) -> None:
    """Refuse rates that are negative or not finite, and counts of steps that are negative."""
    for name in ("peak", "final_factor", "factor", "num_steps", "warmup_steps"):
        value = getattr(schedule, name, 0)
        if not (value >= 0 and math.isfinite(value)):
            raise ValueError(f"{name} must be finite and not negative, got {value}.")


def _float(step: Step) -> Float[Array, ""]:
    return jnp.asarray(step, jnp.float32)


def _warmup(step: Step, warmup_steps: int) -> Float[Array, ""]:
    return jnp.minimum((_float(step) + 1) / max(warmup_steps, 1), 1.0)


def _progress(step: Step, warmup_steps: int, num_steps: int) -> Float[Array, ""]:
    """0 until the end of the warm-up, 1 from `num_steps` on."""
    length = max(num_steps - warmup_steps, 1)
    return jnp.clip((_float(step) - warmup_steps) / length, 0.0, 1.0)
