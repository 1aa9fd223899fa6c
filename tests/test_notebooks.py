import pathlib
import runpy

import matplotlib
import pytest

NOTEBOOKS = sorted((pathlib.Path(__file__).parents[1] / "notebooks").glob("*.py"))

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    with matplotlib.rc_context():
        import matplotlib.pyplot as plt

        plt.switch_backend("Agg")
        runpy.run_path(str(path))
        plt.close("all")


def test_there_are_notebooks():
    assert NOTEBOOKS
