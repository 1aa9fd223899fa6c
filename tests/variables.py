"""Variables for a module without running its initialisers, which take long to compile."""

import jax
import jax.numpy as jnp
import numpy as np


def random_variables(shapes, seed=0):
    """Values for a tree of shapes, none of them 0 or 1; positive where they must be."""
    rng = np.random.default_rng(seed)

    def draw(path, leaf):
        positive = path[-1].key in ("var", "scale")
        values = rng.uniform(0.5, 1.5, leaf.shape) if positive else rng.normal(size=leaf.shape)
        return jnp.asarray(values if positive else 0.5 * values, leaf.dtype)

    return jax.tree_util.tree_map_with_path(draw, shapes)


def quick_jit(function, **options):
    """`jax.jit` that compiles in half the time, for what runs only a few times."""
    return jax.jit(function, compiler_options={"xla_backend_optimization_level": 0}, **options)
