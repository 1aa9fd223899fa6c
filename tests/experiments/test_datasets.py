"""The page of datasets has a row for every source, and the figures of its file."""

import dataclasses
import json

import numpy as np
import pytest

from experiments import datasets
from gtx.data import Label, packed
from gtx.data.sources import SOURCES
from tests.drawn import drawn


def test_the_page_is_written_from_the_figures():
    assert datasets.PAGE.read_text() == datasets.page()


def test_every_source_and_every_measured_set_has_a_row():
    page = datasets.PAGE.read_text()
    for name in SOURCES:
        assert f"\n| {name} " in page
    for name, cost in json.loads(datasets.COSTS.read_text()).items():
        assert name in datasets.SETS and f"\n| {name} | {cost['graphs']:,} |" in page


# One of each form among the published sets whose files are not at hand: random graphs with their
# columns take their place.
ABSENT = (
    "coco_sp", "malnet_tiny", "ogbg_code2", "ogbl_collab", "ogbn_arxiv", "ogbn_proteins",
    "pcqm_contact", "qm9",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ABSENT)
def test_the_recipe_of_each_form_trains_on_graphs_of_its_form(name, tmp_path, monkeypatch):
    source = SOURCES[name](str(tmp_path))
    spec, known = source.declared_spec(), source.published()
    if name == "ogbg_code2":  # its label follows from its names
        label = Label("graph", "regression", 1)
        graphs = drawn(spec.replace(label=label), num_graphs=40).without_labels()
        names = np.array([f"get item{number % 3}" for number in range(40)])
        graphs = dataclasses.replace(graphs, names=names)
    else:
        alone = known.statistics.graphs == 1
        graphs = drawn(spec, num_graphs=1 if alone else 40, sizes=(30, 31) if alone else (4, 7))
    (tmp_path / source.file).parent.mkdir()
    packed.save(graphs, tmp_path / source.file)
    monkeypatch.setenv("GTX_DATA", str(tmp_path))
    found = datasets.measured(name)
    assert found["graphs"] == len(graphs) and found["epoch"] > 0
