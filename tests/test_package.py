"""The package as it is installed: what it imports, what it holds, and where it works."""

import ast
import collections
import os
import pathlib
import pkgutil
import statistics
import subprocess
import sys
import zipfile

import pytest

import gtx

ROOT = pathlib.Path(__file__).parents[1]
EXTRAS = (
    "beartype", "clrs", "datamol", "dgl", "hypothesis", "networkx", "optuna", "pandas", "pyarrow",
    "pytest", "rdkit", "tensorboardX", "torch", "torch_geometric",
)  # fmt: skip
BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ImportError(name + " is blocked")
sys.meta_path.insert(0, Block())
"""


def run(code: str, cwd: pathlib.Path = ROOT, **variables: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(cwd), **variables}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_ops_import_nothing_but_jax():
    blocked = ("flax", "jraph", "optax", "orbax", "ml_collections", *EXTRAS)
    run(BLOCK.format(blocked=blocked) + "import gtx.ops\nfrom gtx.ops import attention")


def test_everything_imports_without_extras():
    names = [module.name for module in pkgutil.walk_packages(gtx.__path__, "gtx.")]
    run(BLOCK.format(blocked=EXTRAS) + "\n".join(f"import {name}" for name in names))


def test_the_root_is_lazy():
    loaded = run("import sys, gtx; print('jax' in sys.modules, 'flax' in sys.modules)")
    assert loaded.split() == ["False", "False"]


def test_type_checkers_see_every_room():
    tree = ast.parse((ROOT / "gtx/__init__.py").read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    seen = {alias.name for node in imports for alias in node.names}
    assert seen >= set(gtx.__all__)


def test_an_unknown_attribute_of_the_root_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'graph_transformer'"):
        _ = gtx.graph_transformer


def test_wheel_and_sdist_hold_gtx_alone_and_work_elsewhere(tmp_path):
    pytest.importorskip("build", reason="needs the extra `dev`")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path)]
    source = tmp_path / "source"
    files = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    for name in filter(None, files):
        if (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("gtx_jax-*.whl")
    assert list(tmp_path.glob("gtx_jax-*.tar.gz"))
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
        assert "gtx/py.typed" in archive.namelist()
        assert {"gtx/report/page.html", "gtx/report/style.css"} <= set(archive.namelist())
        assert {top for top in tops if not top.endswith(".dist-info")} == {"gtx"}
        (entries,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        assert "[console_scripts]\ngtx = gtx.cli:main\n" in archive.read(entries).decode()
        archive.extractall(tmp_path / "site")
    where = run("import gtx.ops; print(gtx.__file__)", cwd=tmp_path / "site")
    assert where.startswith(str(tmp_path))
    # A recipe of the clone, from another folder, where nothing but the wheel is on the path.
    code = "import sys; from gtx import cli; sys.exit(cli.run('describe', sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, f"--config={ROOT / 'configs' / 'smoke.py'}",
         "--config.model.dim=7"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2 and "config.model.dim: 7 is not a multiple" in done.stderr


def test_files_are_short_and_no_room_holds_a_quarter_of_the_lines():
    files = [
        path for folder in ("gtx", "experiments") for path in sorted((ROOT / folder).rglob("*.py"))
    ]
    lines = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in files}
    assert not {str(path): count for path, count in lines.items() if count > 450}
    assert statistics.median(n for path, n in lines.items() if path.parts[0] == "gtx") <= 130
    rooms: collections.Counter[str] = collections.Counter()
    for path, count in lines.items():
        rooms["/".join(path.parts[:2])] += count
    (room, most), *_ = rooms.most_common(1)
    assert most < sum(lines.values()) / 4, room
