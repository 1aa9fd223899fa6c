import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import PartitionSpec

from gtx.ops import Tier, make_layout, to_nodes, to_slots
from gtx.ops.varying import vary_like, vary_together, varying_axes

SHARDS = PartitionSpec("shards")


def in_shard_map(function, *arguments, specs):
    axis_types = (jax.sharding.AxisType.Auto,)
    mesh = jax.make_mesh((1,), ("shards",), axis_types=axis_types)
    return jax.shard_map(function, mesh=mesh, in_specs=specs, out_specs=SHARDS)(*arguments)


def test_outside_of_shard_map_nothing_varies_and_nothing_changes():
    tree = dict(a=jnp.ones(2), b=np.ones(3), c=None, d=0.5)
    assert varying_axes(tree) == frozenset()
    assert vary_together(tree, tree)[0] is tree
    assert vary_like(tree, tree) is tree


def test_what_is_the_same_on_all_shards_is_cast_to_what_is_not():
    def function(same, own):
        assert (varying_axes(same), varying_axes(own)) == (frozenset(), {"shards"})
        tree, again = vary_together(dict(x=same, host=np.ones(2), none=None, number=2), own)
        assert varying_axes(tree["x"]) == varying_axes(tree["host"]) == {"shards"}
        assert (tree["none"], tree["number"]) == (None, 2)
        assert varying_axes(vary_like(same, same)) == frozenset()
        return tree["x"] + tree["host"] + again

    out = in_shard_map(function, jnp.ones(2), jnp.ones(2), specs=(PartitionSpec(), SHARDS))
    np.testing.assert_array_equal(out, 3)


def test_a_layout_of_each_shard_moves_nodes_that_all_share_and_back():
    layout = jax.tree.map(jnp.asarray, make_layout(np.array([2, 1]), 4, (Tier(2, 3),)))
    nodes = jnp.arange(1.0, 5)

    for specs in ((PartitionSpec(), SHARDS), (SHARDS, PartitionSpec())):

        def function(nodes, layout):
            def total(nodes):
                return jnp.sum(to_nodes(to_slots(nodes, layout) ** 2, layout))

            value, slope = jax.value_and_grad(total)(nodes)
            return value[None] + jnp.zeros(1), slope

        value, slope = in_shard_map(function, nodes, layout, specs=specs)
        np.testing.assert_array_equal(value, [14])
        np.testing.assert_array_equal(slope, [2, 4, 6, 0])
