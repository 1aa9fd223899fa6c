import pathlib

import pytest

import gtx
from gtx.training import Devices
from gtx.training.devices import ONE_DEVICE

ROOT = pathlib.Path(gtx.__file__).parent


def test_one_file_knows_meshes():
    words = ("jax.sharding", "jax.shard_map(", "jax.make_mesh", "jax.lax.psum", "lax.axis_index")
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "training").rglob("*.py")
        if any(word in path.read_text() for word in words)
    }
    assert found == {"training/devices.py"}


def test_one_device_is_no_mesh_and_changes_nothing():
    assert Devices.first(1) == ONE_DEVICE and ONE_DEVICE.axis_name is None
    tree = {"a": 1.5}
    assert ONE_DEVICE.sum(tree) is tree and ONE_DEVICE.vary(tree) is tree


def test_more_shards_than_devices_are_refused():
    with pytest.raises(ValueError, match="there are 1 local devices"):
        Devices.first(2)
