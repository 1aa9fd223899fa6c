"""Programs that jax has compiled are kept for the next command, which then starts sooner.

jax keeps and finds them itself (`jax_compilation_cache_dir`): by the program, its options and the
version of jax. A kept program is the one that was compiled, so that results have the same bits.
"""

import hashlib
import os
import pathlib
import platform
import sys
from collections.abc import MutableMapping

# A folder, or "off"; without it the folder of caches of the user.
VARIABLE = "GTX_COMPILATION_CACHE"
_FOLDER = "JAX_COMPILATION_CACHE_DIR"
_SECONDS = "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"
_MIN_SECONDS = "0.3"
_MAX_BYTES = 2**30


def use(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let this process and those that it starts keep what they compile.

    Nothing changes if jax is imported already, if its own variable says where, or if the folder
    cannot be written to.
    """
    told = environment.get(VARIABLE, "")
    if "jax" in sys.modules or _FOLDER in environment or told == "off":
        return
    try:
        folder = (pathlib.Path(told).absolute() if told else _of_user()) / _machine()
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            return
        _prune(folder)
    except (OSError, RuntimeError):  # no such folder can be made; the user has no home
        return
    environment[_FOLDER] = str(folder)
    environment.setdefault(_SECONDS, _MIN_SECONDS)


def _of_user() -> pathlib.Path:
    if sys.platform == "darwin":
        folder = pathlib.Path.home() / "Library" / "Caches"
    else:
        folder = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    return folder / "gtx" / "compiled"


def _machine() -> str:
    """A name for what the processor can do: homes are shared by machines that differ in it."""
    able = platform.processor()
    if sys.platform == "linux":
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        able = next((line for line in lines if line.startswith(("flags", "Features"))), able)
    return f"{platform.machine()}-{hashlib.sha256(able.encode()).hexdigest()[:12]}"


def _prune(folder: pathlib.Path) -> None:
    """Delete the oldest programs if they take more than 1 GiB, until half of it is free."""
    kept = [(path.stat().st_mtime, path.stat().st_size, path) for path in folder.iterdir()]
    size = sum(size for _, size, _ in kept)
    if size <= _MAX_BYTES:
        return
    for _, own, path in sorted(kept):
        path.unlink(missing_ok=True)
        size -= own
        if size <= _MAX_BYTES // 2:
            return
