import os
import subprocess
import sys

import pytest

from gtx.cli import compilation_cache

PROGRAM = """
from gtx.cli import compilation_cache
compilation_cache.use()
import jax
jax.jit(lambda x: x @ x + 1)(jax.numpy.ones((3, 3))).block_until_ready()
print(jax.config.jax_compilation_cache_dir)
"""


@pytest.fixture(autouse=True)
def without_jax(monkeypatch):
    monkeypatch.delitem(sys.modules, "jax")


def test_the_folder_is_that_of_the_user_or_what_the_variable_says(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setattr(sys, "platform", "linux")
    name = compilation_cache.VARIABLE
    for environment, folder in (
        ({}, tmp_path / "caches" / "gtx" / "compiled"),
        ({name: str(tmp_path / "own")}, tmp_path / "own"),
    ):
        compilation_cache.use(environment)
        used = environment["JAX_COMPILATION_CACHE_DIR"]
        assert os.path.dirname(used) == str(folder) and os.path.isdir(used)
        assert environment["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] == "0.3"


def test_nothing_changes_where_it_must_not(tmp_path, monkeypatch):
    def unchanged(environment):
        before = dict(environment)
        compilation_cache.use(environment)
        return environment == before and not list(tmp_path.glob("new*"))

    name = compilation_cache.VARIABLE
    assert unchanged({name: "off"})
    assert unchanged({name: str(tmp_path / "new"), "JAX_COMPILATION_CACHE_DIR": "mine"})
    (tmp_path / "file").write_text("")
    assert unchanged({name: str(tmp_path / "file" / "new")})
    monkeypatch.setitem(sys.modules, "jax", None)
    assert unchanged({name: str(tmp_path / "new")})


def test_the_oldest_are_deleted_beyond_the_largest_size(tmp_path, monkeypatch):
    monkeypatch.setattr(compilation_cache, "_MAX_BYTES", 100)
    environment = {compilation_cache.VARIABLE: str(tmp_path)}
    compilation_cache.use(environment)
    (folder,) = tmp_path.iterdir()
    for age, size in enumerate((30, 30, 30)):
        (folder / f"{age}-cache").write_bytes(bytes(size))
        os.utime(folder / f"{age}-cache", (1000 - age, 1000 - age))
    compilation_cache.use({compilation_cache.VARIABLE: str(tmp_path)})
    assert len(list(folder.iterdir())) == 3
    (folder / "new-cache").write_bytes(bytes(20))
    compilation_cache.use({compilation_cache.VARIABLE: str(tmp_path)})
    assert sorted(path.name for path in folder.iterdir()) == ["0-cache", "new-cache"]


def test_a_process_keeps_what_it_compiles(tmp_path):
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("JAX_")},
        compilation_cache.VARIABLE: str(tmp_path),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0 and not done.stderr, done.stderr
        (folder,) = tmp_path.iterdir()
        assert done.stdout.strip() == str(folder) and list(folder.glob("jit__lambda*"))
