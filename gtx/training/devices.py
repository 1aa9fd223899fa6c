"""The devices that share a batch. No other file of gtx handles meshes and their axes.

With several shards a whole chunk of steps runs under `jax.shard_map`: each device has its own
shard of every batch and a copy of everything else. Values that differ between devices are called
varying. If a value that is equal on all devices is combined with a varying one, jax sums its
gradient over the devices.
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
      mesh: mesh of the devices, with one axis; None for the default device.
    """

    mesh: Mesh | None = None

    @classmethod
    def first(cls, num_shards: int) -> "Devices":
        """The first `num_shards` local devices.

        Raises:
          ValueError: there are fewer devices.
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
        """The value of `Batch.axis_name` on these devices."""
        return None if self.mesh is None else _AXIS

    def copy(self, tree: PyTree) -> PyTree:
        """Put a tree of arrays on every device."""
        if self.mesh is None:
            return jax.device_put(tree)
        return jax.device_put(tree, NamedSharding(self.mesh, _COPIED))

    def shard(self, tree: PyTree) -> PyTree:
        """Put arrays [steps, shards, ...] on the devices, each of which gets its own shard."""
        if self.mesh is None:
            return jax.device_put(tree)
        return jax.device_put(tree, NamedSharding(self.mesh, _SHARDED))

    def on_each(
        self, function: Callable[..., Any], *, sharded: tuple[bool, ...], gives_shards: bool
    ) -> Callable[..., Any]:
        """`function` mapped over the devices, each with its own shard.

        Args:
          function: a function of trees of arrays. Sharded arrays reach it as [steps, 1, ...].
          sharded: for each argument, whether its arrays are [steps, shards, ...]; the others are
            the same on every device.
          gives_shards: whether its results are [steps, 1, ...] on each device and are joined to
            [steps, shards, ...]. Otherwise they must be the same on every device.
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
        """Inside `on_each`: the sum of varying values over the devices."""
        return tree if self.mesh is None else jax.lax.psum(tree, _AXIS)

    def vary(self, tree: PyTree) -> PyTree:
        """Inside `on_each`: the same values marked as varying, so that jax sums no gradients."""
        if self.mesh is None:
            return tree
        return jax.tree.map(lambda leaf: jax.lax.pcast(leaf, _AXIS, to="varying"), tree)


ONE_DEVICE = Devices()


def make_mesh(devices: list[jax.Device]) -> Mesh:
    """A mesh of these devices, one per shard."""
    # The default type of axes is Explicit. With it, gathers and segment sums refuse sharded arrays.
    axis_types = (jax.sharding.AxisType.Auto,)
    return jax.make_mesh((len(devices),), (_AXIS,), axis_types=axis_types, devices=devices)
