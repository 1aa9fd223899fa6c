"""The devices that share a batch. No other file of gtx knows meshes and their axes.

With several shards a whole chunk of steps runs under `jax.shard_map`: each device has its own
shard of every batch, and a copy of everything else. Values that differ between the devices are
called varying, and jax adds a gradient over the devices wherever a value that is the same on all
of them meets one that varies.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from gtx.typing import PyTree

_AXIS = "data"
_COPIED = PartitionSpec()
_SHARDED = PartitionSpec(None, _AXIS)  # arrays [steps, shards, ...]


@dataclasses.dataclass(frozen=True)
class Devices:
    """The default device, or several that share every batch.

    Attributes:
      mesh: over the devices, with one axis; None for the default device.
    """

    mesh: Mesh | None = None

    @classmethod
    def first(cls, num_shards: int) -> "Devices":
        """The first `num_shards` local devices.

        Raises:
          ValueError: there are fewer.
        """
        if num_shards == 1:
            return cls()
        devices = jax.local_devices()
        if num_shards > len(devices):
            raise ValueError(
                f"num_shards={num_shards}, but there are {len(devices)} local devices. Fit a "
                "budget with at most as many shards."
            )
        return cls(make_mesh(devices[:num_shards]))

    @property
    def axis_name(self) -> str | None:
        """What `Batch.axis_name` is on these devices."""
        return None if self.mesh is None else _AXIS

    def copy(self, tree: PyTree) -> PyTree:
        """Put a tree of arrays on every device."""
        if self.mesh is None:
            return jax.device_put(tree)
        return jax.device_put(tree, NamedSharding(self.mesh, _COPIED))

    def shard(self, tree: PyTree) -> PyTree:
        """Put arrays [steps, shards, ...] on the devices, on each its own shard."""
        if self.mesh is None:
            return jax.device_put(tree)
        return jax.device_put(tree, NamedSharding(self.mesh, _SHARDED))

    def on_each(
        self, function: Callable[..., Any], *, sharded: tuple[bool, ...], gives_shards: bool
    ) -> Callable[..., Any]:
        """`function` as it runs on every device with that device's shard.

        Args:
          function: of trees of arrays. It sees sharded arrays as [steps, 1, ...].
          sharded: for each argument, whether its arrays are [steps, shards, ...]; the others are
            the same on every device.
          gives_shards: whether its results are [steps, 1, ...] of each device, which are put
            together to [steps, shards, ...]. Otherwise they must be the same on every device.
        """
        if self.mesh is None:
            return function
        specs = {True: _SHARDED, False: _COPIED}
        return jax.shard_map(
            function,
            mesh=self.mesh,
            in_specs=tuple(specs[one] for one in sharded),
            out_specs=specs[gives_shards],
        )

    def sum(self, tree: PyTree) -> PyTree:
        """Inside `on_each`: the sum over the devices of what varies."""
        return tree if self.mesh is None else jax.lax.psum(tree, _AXIS)

    def vary(self, tree: PyTree) -> PyTree:
        """Inside `on_each`: the same values, each device's own, so that no sum is taken of them."""
        if self.mesh is None:
            return tree
        return jax.tree.map(lambda leaf: jax.lax.pcast(leaf, _AXIS, to="varying"), tree)


ONE_DEVICE = Devices()


def make_mesh(devices: list[jax.Device]) -> Mesh:
    """A mesh of these devices, one per shard."""
    # Axes are Explicit by default, under which gathers and segment sums refuse sharded arrays.
    axis_types = (jax.sharding.AxisType.Auto,)
    return jax.make_mesh((len(devices),), (_AXIS,), axis_types=axis_types, devices=devices)
