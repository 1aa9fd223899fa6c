import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.training import Constant, InverseSqrt, Linear, Steps, WarmupCosine


def cosine(s):
    if s < 10:
        return 0.3 * (s + 1) / 10
    progress = min((s - 10) / 90, 1)
    return 0.3 * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * progress)))


def linear(s):
    if s < 10:
        return 0.3 * (s + 1) / 10
    return 0.3 * (1 - 0.9 * min((s - 10) / 90, 1))


CASES = {
    "constant": (Constant(0.3), lambda s: 0.3),
    "warm constant": (Constant(0.3, 10), lambda s: 0.3 * min((s + 1) / 10, 1)),
    "linear": (Linear(0.3, 100, 10, 0.1), linear),
    "cosine": (WarmupCosine(0.3, 100, 10, 0.1), cosine),
    "inverse square root": (
        InverseSqrt(0.3, 10),
        lambda s: 0.3 * min((s + 1) / 10, math.sqrt(10 / (s + 1))),
    ),
    "steps": (Steps(0.3, (20, 50), 0.5), lambda s: 0.3 * 0.5 ** ((s >= 20) + (s >= 50))),
    "warm steps": (
        Steps(0.3, (20,), 0.5, 10),
        lambda s: 0.3 * 0.5 ** (s >= 20) * min((s + 1) / 10, 1),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_schedule_follows_its_formula(name):
    schedule, formula = CASES[name]
    steps = np.array([0, 1, 8, 9, 10, 11, 19, 20, 49, 50, 99, 100, 1000])
    rates = jax.vmap(schedule)(jnp.asarray(steps))
    assert rates.dtype == jnp.float32
    np.testing.assert_allclose(rates, [formula(int(s)) for s in steps], rtol=1e-5, atol=1e-8)


def test_warm_up_ends_at_the_peak_and_the_first_step_is_not_wasted():
    schedule = WarmupCosine(1.0, 100, 4)
    assert [float(schedule(s)) for s in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert float(schedule(100)) == 0.0


def test_equal_schedules_have_equal_spellings():
    assert repr(WarmupCosine(1.0, 100)) == repr(WarmupCosine(1.0, 100))


@pytest.mark.parametrize("kind", [Constant, InverseSqrt, Linear, WarmupCosine, Steps])
@pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf])
def test_a_rate_that_is_negative_or_not_finite_is_refused(kind, wrong):
    more = {Linear: (10,), WarmupCosine: (10,), Steps: ((5,),)}.get(kind, ())
    with pytest.raises(ValueError, match=f"peak must be finite and not negative, got {wrong}"):
        kind(wrong, *more)
    with pytest.raises(ValueError, match="warmup_steps must be finite and not negative, got -1"):
        kind(0.1, *more, warmup_steps=-1)


def test_a_factor_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="final_factor must be finite"):
        WarmupCosine(0.1, 10, final_factor=math.nan)
    with pytest.raises(ValueError, match="^factor must be finite"):
        Steps(0.1, (5,), factor=-0.5)
