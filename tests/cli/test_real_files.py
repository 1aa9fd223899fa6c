"""`gtx datasets verify` for each set that the folder of real data holds."""

import re

import pytest

from tests.cli import commands
from tests.data.files import data_folder

# The source, its fields, and the graphs, nodes and directed edges that the set is known to have.
SETS = {
    "bace": ("moleculenet graphs=bace", 1_513, 51_577, 111_536),
    "bbbp": ("moleculenet graphs=bbbp", 2_039, 49_068, 105_842),
    "clintox": ("moleculenet graphs=clintox", 1_478, 38_660, 82_416),
    "esol": ("moleculenet graphs=esol", 1_128, 14_991, 30_856),
    "freesolv": ("moleculenet graphs=freesolv", 642, 5_600, 10_770),
    "lipo": ("moleculenet graphs=lipo", 4_200, 113_568, 247_798),
    "tox21": ("moleculenet graphs=tox21", 7_831, 145_459, 302_190),
    "Cora": ("planetoid graph=cora", 1, 2_708, 10_556),
    "CiteSeer": ("planetoid graph=citeseer", 1, 3_327, 9_104),
    "minesweeper": ("heterophilous graph=minesweeper", 1, 10_000, 78_804),
    "actor": ("heterophilous graph=actor", 1, 7_600, 53_318),
    "chameleon": ("heterophilous graph=chameleon", 1, 2_277, 62_742),
    "chameleon_filtered": ("heterophilous graph=chameleon_filtered", 1, 890, 17_708),
    "squirrel_filtered": ("heterophilous graph=squirrel_filtered", 1, 2_223, 93_996),
    "MUTAG": ("tudataset graphs=MUTAG", 188, 3_371, 7_442),
    "PTC": ("tudataset graphs=PTC", 344, 8_792, 17_862),
    "PROTEINS": ("tudataset graphs=PROTEINS", 1_113, 43_471, 162_088),
    "NCI1": ("tudataset graphs=NCI1", 4_110, 122_747, 265_506),
    "ENZYMES": ("tudataset graphs=ENZYMES", 600, 19_580, 74_564),
    "IMDB-BINARY": ("tudataset graphs=IMDB-BINARY", 1_000, 19_773, 193_062),
    "IMDB-MULTI": ("tudataset graphs=IMDB-MULTI", 1_500, 19_502, 197_806),
    "NELL": ("nell", 1, 65_755, 251_550),
    "CSL": ("csl", 150, 6_150, 24_600),
    "BREC": ("brec pair=0", 64, 640, 3_328),
}
# Those that take a second or more.
LARGE = {
    "zinc12k": ("zinc", 12_000, 277_864, 597_970),
    "molhiv": ("ogbg_molhiv", 41_127, 1_049_163, 2_259_376),
    "peptides_func": ("peptides_func", 15_535, 2_344_859, 4_773_974),
    "PubMed": ("planetoid graph=pubmed", 1, 19_717, 88_648),
    "tolokers": ("heterophilous graph=tolokers", 1, 11_758, 1_038_000),
    "squirrel": ("heterophilous graph=squirrel", 1, 5_201, 396_706),
}


@pytest.mark.parametrize(
    "name", [*SETS, *(pytest.param(name, marks=pytest.mark.slow) for name in LARGE)]
)
def test_a_set_loads_and_is_what_was_published(name, capsys, caplog):
    words, graphs, nodes, edges = {**SETS, **LARGE}[name]
    source, *fields = words.split()
    code = commands.run("datasets", "verify", source, *fields, f"--root={data_folder()}")
    told = capsys.readouterr()
    assert code == 0, told.err
    assert f"{source}: {graphs:,} graphs, {nodes:,} nodes, {edges:,} edges; " in told.out
    train, valid, test = (
        int(re.search(rf"{part} ([\d,]+)", told.out)[1].replace(",", ""))
        for part in ("train", "valid", "test")
    )
    assert train > 0 and test > 0 and valid >= 0 and not caplog.records
