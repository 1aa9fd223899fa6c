"""Files of gtx and of the package safetensors: one format, and refusals that say where."""

import json
import re

import jax.numpy as jnp
import numpy as np
import pytest
import safetensors.numpy
from safetensors import safe_open

from gtx.interop.safetensors import flat, nested, read, write

ARRAYS = {
    "params/head/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "params/head/transposed": np.arange(6, dtype=np.float64).reshape(2, 3).T,
    "params/strided": np.arange(8, dtype=np.int32)[::2],
    "params/scalar": np.array(3.5, np.float16),
    "params/empty": np.zeros((0, 2), np.int64),
    "batch_stats/half": np.array([1, 2.5], jnp.bfloat16),
    "batch_stats/truth": np.array([True, False]),
    "batch_stats/other_order": np.arange(3, dtype=">i4"),
}


def assert_same(found):
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype.newbyteorder("="), name
        assert found[name].shape == array.shape, name
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def test_the_package_reads_files_of_gtx(tmp_path):
    write(tmp_path / "x.safetensors", ARRAYS, {"format": "gtx"})
    assert_same(safetensors.numpy.load_file(tmp_path / "x.safetensors"))
    with safe_open(tmp_path / "x.safetensors", framework="numpy") as file:
        assert file.metadata() == {"format": "gtx"}
    (tmp_path / "plain").touch()  # others may read the file where they may read any file
    assert (tmp_path / "x.safetensors").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_gtx_reads_files_of_the_package(tmp_path):
    ordered = {name: np.array(array, order="C") for name, array in ARRAYS.items()}
    safetensors.numpy.save_file(ordered, tmp_path / "x.safetensors")
    found = read(tmp_path / "x.safetensors")
    assert_same(found)
    assert all(array.flags.writeable for array in found.values())
    assert flat(nested(found)).keys() == ARRAYS.keys()


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("z", np.zeros(1, np.complex64), "^z is complex64, which safetensors files do not hold"),
        ("z", np.zeros(1, "U3"), "^z is str96"),
        ("__metadata__", np.zeros(1), "__metadata__ is that of the notes"),
    ],
)
def test_what_the_format_has_not_is_refused_by_name(tmp_path, name, array, message):
    with pytest.raises(ValueError, match=message):
        write(tmp_path / "x", {name: array})
    assert not (tmp_path / "x").exists()


def test_a_folder_that_is_missing_is_named(tmp_path):
    path = tmp_path / "nowhere" / "x.safetensors"
    with pytest.raises(OSError, match=re.escape(str(path))):
        write(path, ARRAYS)
    with pytest.raises(FileNotFoundError, match=re.escape(str(path))):
        read(path)


def content(entry, body, notes=None):
    header = json.dumps({"w": entry} | ({"__metadata__": notes} if notes else {})).encode()
    return len(header).to_bytes(8, "little") + header + body


PLAIN = dict(dtype="F32", shape=[2], data_offsets=[0, 8])


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\x05",
        b"\x02" + bytes(7) + b"{]",
        b"\xff" * 8 + b"{}",
        content(PLAIN, bytes(7)),
        content(PLAIN, bytes(9)),
        content(PLAIN | {"shape": [3]}, bytes(8)),
        content(PLAIN | {"shape": [2**62, 2**62]}, bytes(8)),
        content(PLAIN | {"shape": [-2]}, bytes(8)),
        content(PLAIN | {"data_offsets": [8, 0]}, bytes(8)),
        content(PLAIN | {"data_offsets": [-8, 0]}, bytes(8)),
        content(PLAIN | {"dtype": "O"}, bytes(8)),
        content({"dtype": "F32"}, bytes(8)),
        content([1, 2], bytes(8)),
        content(PLAIN, bytes(8), notes=3),
    ],
    ids=repr,
)
def test_a_damaged_file_is_refused_by_its_name(tmp_path, damaged):
    path = tmp_path / "x.safetensors"
    path.write_bytes(damaged)
    said = re.escape(f"{path} is no safetensors file, or is damaged")
    with pytest.raises(ValueError, match=said):
        read(path)


def test_a_dtype_that_numpy_has_not_is_refused_with_the_array(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content(dict(dtype="F8_E4M3", shape=[2], data_offsets=[0, 2]), b"ab"))
    with pytest.raises(ValueError, match="holds 'w' as F8_E4M3, which numpy has not"):
        read(path)
