"""The page of datasets has a row for every source, and the figures of its file."""

import json

from experiments import datasets
from gtx.data.sources import SOURCES


def test_the_page_is_written_from_the_figures():
    assert datasets.PAGE.read_text() == datasets.page()


def test_every_source_and_every_measured_set_has_a_row():
    page = datasets.PAGE.read_text()
    for name in SOURCES:
        assert f"\n| {name} " in page
    for name, cost in json.loads(datasets.COSTS.read_text()).items():
        assert name in datasets.SETS and f"\n| {name} | {cost['graphs']:,} |" in page
