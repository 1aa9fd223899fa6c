"""`gtx datasets fetch`, `verify`, `info` and `list` for sources whose files a local server has."""

import dataclasses

import pytest

from gtx.data.sources import SOURCES
from gtx.data.sources.published import Statistics
from tests.cli import commands
from tests.data.download.server import Server, send
from tests.data.sources import test_published_long_range as long_range
from tests.data.sources import test_published_molecules as molecular
from tests.data.sources import test_published_ogb as ogb

# Of each source: its small published files, and their sizes.
FILES = {
    "coco_sp": (long_range.coco, Statistics(3, 9, 12, (3, 3, 3))),
    "malnet_tiny": (long_range.programs, Statistics(3, 9, 7, (1, 1, 1))),
    "ogbg_code2": (ogb.code2, Statistics(3, 8, 14, (2, 0, 1))),
    "ogbl_collab": (ogb.collab, Statistics(1, 4, 8, (4, 3, 2))),
    "ogbn_arxiv": (ogb.arxiv, Statistics(1, 4, 7, (2, 1, 1))),
    "ogbn_products": (ogb.products, Statistics(1, 4, 8, (2, 1, 1))),
    "ogbn_proteins": (ogb.proteins, Statistics(1, 4, 8, (2, 1, 1))),
    "pascalvoc_sp": (long_range.voc, Statistics(4, 12, 16, (6, 3, 3))),
    "pcqm4mv2": (molecular.pcqm, Statistics(5, 14, 20, (2, 1, 0))),
    "pcqm_contact": (long_range.contacts, Statistics(4, 13, 16, (4, 1, 1))),
    "qm9": (molecular.qm9, Statistics(2, 6, 8)),
    "zinc_full": (molecular.zinc_full, Statistics(6, 12, 12, (3, 1, 2))),
}


@pytest.fixture
def served(request, monkeypatch):
    """The name of a source whose published files are those of a local server."""
    name = request.param
    kind, (files, statistics) = SOURCES[name], FILES[name]
    contents = files()

    def answer(handler):
        send(contents[handler.path.removeprefix("/")])(handler)

    published = kind.published
    with Server(answer) as server:

        def known(self):
            found = published(self)
            remotes = tuple(
                dataclasses.replace(remote, url=f"{server.address}/{remote.name}", sha256="")
                for remote in found.files
            )
            sizes = statistics
            if name == "ogbn_arxiv" and not self.both_directions:
                sizes = dataclasses.replace(statistics, edges=4)
            return dataclasses.replace(found, files=remotes, statistics=sizes)

        monkeypatch.setattr(kind, "published", known)
        yield name


@pytest.mark.parametrize("served", FILES, indirect=True)
def test_a_set_is_fetched_verified_and_told(served, tmp_path, capsys):
    if served == "pcqm4mv2":
        pytest.importorskip("rdkit", reason="needs the extra `molecules`")
    root = f"--root={tmp_path}"
    assert commands.run("datasets", "fetch", served, root) == 0
    out = capsys.readouterr().out
    assert str(tmp_path / served) in out and "Licence: " in out and "Cite: " in out
    assert commands.run("datasets", "verify", served, root) == 0
    count = len(FILES[served][0]())
    assert f"checked: sizes, {count} published files" in capsys.readouterr().out
    assert commands.run("datasets", "info", served) == 0
    told = capsys.readouterr().out
    assert "could not be reached when" in told or served == "malnet_tiny"
    assert "Published sizes: " in told and told.count("File: http") == count


def test_every_new_source_says_that_its_files_were_not_reached(capsys):
    assert commands.run("datasets") == 0
    rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line)
    for name in FILES:
        known = SOURCES[name]("x").published()
        assert not known.tried and known.statistics.graphs and known.licence
        assert all(remote.url.startswith("https://") for remote in known.files)
        assert rows[name].startswith("fetch* ")


@pytest.mark.parametrize("name", FILES)
def test_the_metric_of_published_scores_is_one_of_the_task(name):
    from configs import dataset_gps
    from gtx import recipes
    from gtx.data import GraphSpec

    config = dataset_gps.get_config(name)
    recipes.check(config)
    task = recipes.task(config, GraphSpec(label=recipes.source(config).label))
    known = SOURCES[name]("x").published()
    assert task.main_metric == known.metric or not known.metric
    assert config.task.negatives == known.negatives
