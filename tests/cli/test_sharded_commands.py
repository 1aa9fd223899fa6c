"""Every command over several devices, through to its files, with the scores of one device."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest


def close(one, other):
    """Numbers in nested dicts and lists, to rounding."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            close(one[key], other[key])
    elif isinstance(one, list) and one and isinstance(one[0], dict):
        assert one == other
    else:
        np.testing.assert_allclose(np.array(one, float), np.array(other, float), atol=2e-4)


def found(folder, devices, *more):
    command = [sys.executable, "-m", "tests.cli.sharded_commands", str(folder), *more]
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={devices}"
    done = subprocess.run(
        command,
        env={**os.environ, "JAX_DISABLE_MOST_OPTIMIZATIONS": "1", "XLA_FLAGS": flags},
        capture_output=True, text=True, timeout=1200,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / "found.json").read_text())


@pytest.mark.slow  # tests/training/test_sharding.py trains on eight devices in the default run
def test_two_devices_end_with_the_files_and_scores_of_one(tmp_path):
    runs = found(tmp_path, 2)
    close(runs["many"], runs["one"])
    assert runs["one"]["steps"] == 8 and runs["one"]["attention"]


@pytest.mark.slow
def test_eight_devices_serve_every_command_as_one_does(tmp_path):
    pytest.importorskip("rdkit", reason="predict reads molecules")
    runs = found(tmp_path, 8, "all")
    close(runs["many"], runs["one"])
    close(runs["streamed"], runs["one"])
    assert runs["plain_many"]["steps"] >= 8 and runs["plain"]["steps"] >= 8
    assert runs["few"]["steps"] == 1
    close(runs["molecules_many"], runs["molecules"])
    close(runs["sweep"]["8"], runs["one"]["test"])
