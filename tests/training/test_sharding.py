import json
import subprocess
import sys


def test_eight_devices_compute_what_one_computes():
    command = [sys.executable, "-W", "error", "-m", "tests.training.sharded_run"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["steps"] == 8 and found["moved"] > 0.01
    assert found["state"] < 1e-5  # parameters, batch statistics, optimiser and average
    assert found["grad_norm"] < 1e-5 and found["predictions"] < 1e-4


def test_fit_on_two_devices_with_attention_that_goes_block_by_block(tmp_path):
    command = [sys.executable, "-W", "error", "-m", "tests.training.sharded_attention_run"]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["steps"] == 2
    assert found["params"] < 1e-5 and found["score"] < 1e-5
