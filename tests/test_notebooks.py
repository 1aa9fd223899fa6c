import pathlib
import runpy

import matplotlib
import pytest

NOTEBOOKS = sorted((pathlib.Path(__file__).parents[1] / "notebooks").glob("*.py"))

pytestmark = pytest.mark.usefixtures("quick_compilation")


def marks(path):
    # The others take ten seconds and more. test_paper_lottery has what the last calls of E17.
    return [] if path.stem.startswith("00") else [pytest.mark.slow]


@pytest.mark.parametrize(
    "path", [pytest.param(path, marks=marks(path), id=path.stem) for path in NOTEBOOKS]
)
def test_a_notebook_runs(path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    with matplotlib.rc_context():
        import matplotlib.pyplot as plt

        plt.switch_backend("Agg")
        runpy.run_path(str(path))
        plt.close("all")


def test_there_are_notebooks():
    assert NOTEBOOKS
