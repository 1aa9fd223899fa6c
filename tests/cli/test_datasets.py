"""`gtx datasets`: the sources of `config.data.name`, someone else's included, and their files."""

import dataclasses
from typing import ClassVar

import pytest

from gtx.data.sources import SOURCES, DataSource, Planetoid, Solubility
from gtx.data.sources.published import Statistics
from tests.cli import commands
from tests.data.download.server import Server, send
from tests.data.files import data_folder


@pytest.mark.parametrize("words", [(), ("list",)])
def test_every_source_is_a_line_that_says_where_its_data_come_from(words, capsys):
    assert commands.run("datasets", *words) == 0
    table, legend, _ = capsys.readouterr().out.split("\n\n")
    head, *lines = table.splitlines()
    assert head.split() == "source data size what it is".split()
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in lines}
    assert list(rows) == list(SOURCES)
    for name, starts in {
        "algorithms": "here Algorithms", "csv": "yours Your", "csl": "here 150 graphs CSL",
        "brec": "fetch 7 sets", "zinc": "fetch* 12,000 graphs", "nell": "by hand 65,755 nodes",
        "heterophilous": "fetch(*) 13 sets", "tables": "yours ", "solubility": "here ",
    }.items():  # fmt: skip
        assert rows[name].startswith(starts), rows[name]
    assert rows["zinc"].endswith("of 12,000 drug-like molecules (Dwivedi et al. 2020).")
    words = {line.split()[0] for line in legend.splitlines()}
    assert {row.split()[0] for row in rows.values()} == words


@pytest.mark.parametrize("name", SOURCES)
def test_all_is_told_about_every_source(name, capsys):
    assert commands.run("datasets", "info", name) == 0
    part = " ".join(capsys.readouterr().out.split())
    source = SOURCES[name]
    assert f"Needs {source.needs or 'nothing'}." in part
    told = part.split("Fields: ")[1].split(". ")[0].rstrip(".").split(", ")
    assert [field.split("=")[0] for field in told] == [
        field.name for field in dataclasses.fields(source)
    ]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("zinc", "`gtx datasets fetch zinc` downloads it. Its files could not be reached when"),
        ("brec", "`gtx datasets fetch brec` downloads it. Its files were read when this was"),
        ("nell", "nothing can be fetched, put the file there yourself"),
        ("csl", "Made on the spot."),
        ("csv", "Nothing can be fetched: put its files there."),
    ],
)
def test_it_says_what_can_be_fetched_and_what_was_never_read(name, says, capsys):
    assert commands.run("datasets", "info", name) == 0
    assert says in " ".join(capsys.readouterr().out.split())


@dataclasses.dataclass(frozen=True)
class Mine(Solubility):
    """Nobody else's.

    Attributes:
      depth: of the well.
    """

    depth: int = 3
    needs: ClassVar[str] = "a rope"


def test_all_is_told_about_one_source(capsys, monkeypatch):
    monkeypatch.setitem(SOURCES, "mine", Mine)
    assert commands.run("datasets", "info", "mine") == 0
    out = capsys.readouterr().out
    assert out.startswith("mine\n    `gtx datasets`: the sources of `config.data.name`")
    assert "Needs a rope." in out and "features='cip', depth=3." in out
    assert "depth: of the well." in out and "csl" not in out


def test_the_terms_and_the_files_of_a_published_set_are_told(capsys):
    assert commands.run("datasets", "info", "planetoid", "graph=pubmed") == 0
    out = capsys.readouterr().out
    assert "Licence: MIT" in out and "Cite: Sen et al. (2008)" in out
    assert "19,717 nodes, 88,648 edges, 60 / 500 / 1,000." in out
    assert out.count("File: https://") == 8 and "ind.pubmed.allx (sha256 not pinned)" in out
    assert "Variants: graph=cora, graph=citeseer, graph=pubmed." in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("info", "zink"), "did you mean 'zinc'?"),
        (("fetsch",), "'fetsch': there is no such word. Give one of list, fetch"),
        (("fetch",), "fetch: which source? Give a name"),
        (("fetch", "zinc", "depth"), "'depth': give field=value; the fields of zinc are num_atom"),
        (("fetch", "planetoid", "graph=kora"), "did you mean 'cora'?"),
        (("fetch", "nell"), "nothing can be downloaded for it. It needs the file"),
        (("verify", "csv"), "Give it as field=value"),
        (("verify", "zinc", "--root=nowhere"), "zinc12k/zinc12k.npz"),
    ],
)
def test_a_wrong_use_is_one_line(words, says, capsys):
    assert commands.run("datasets", *words) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1


def test_what_is_made_on_the_spot_needs_no_fetching_and_has_its_published_sizes(capsys):
    assert commands.run("datasets", "fetch", "csl") == 0
    assert "nothing to fetch" in capsys.readouterr().out
    assert commands.run("datasets", "verify", "csl") == 0
    out = capsys.readouterr().out
    assert "150 graphs, 6,150 nodes, 24,600 edges; train 90, valid 30, test 30" in out
    assert "checked: sizes" in out
    assert commands.run("datasets", "verify", "csl", "copies=5") == 0
    assert "checked: no published sizes" in capsys.readouterr().out


def test_the_pairs_of_brec_are_counted_in_their_file(tmp_path, capsys):
    root = f"--root={data_folder()}"
    assert commands.run("datasets", "verify", "brec", "pair=3", root) == 0
    assert "64 graphs, 640 nodes" in (out := capsys.readouterr().out) and "checked: sizes" in out
    (tmp_path / "expressivity").mkdir()
    file = tmp_path / "expressivity" / "brec_basic.g6"
    file.write_bytes(b"Bw\n" * 120)
    assert commands.run("datasets", "verify", "brec", f"--root={tmp_path}") == 2
    assert "it holds 360 nodes instead of 1,200." in capsys.readouterr().err


@pytest.fixture
def texas(monkeypatch):
    """A server with the published file of Texas."""
    content = (data_folder() / "heterophilous" / "texas.npz").read_bytes()
    kind = SOURCES["heterophilous"]
    known = kind("x", "texas").published()
    with Server(send(content)) as server:
        (remote,) = known.files
        here = dataclasses.replace(remote, url=f"{server.address}/texas.npz")
        changed = dataclasses.replace(known, files=(here,))
        monkeypatch.setattr(kind, "published", lambda self: changed)
        yield server


def test_a_set_is_fetched_verified_and_found_damaged(texas, tmp_path, capsys):
    root = f"--root={tmp_path}"
    assert commands.run("datasets", "fetch", "heterophilous", "graph=texas", root) == 0
    out = capsys.readouterr().out
    assert str(tmp_path / "heterophilous" / "texas.npz") in out and "Licence: MIT" in out
    assert commands.run("datasets", "verify", "heterophilous", "graph=texas", root) == 0
    assert "183 nodes, 558 edges; train 87" in capsys.readouterr().out
    assert commands.run("datasets", "fetch", "heterophilous", "graph=texas", root) == 0
    assert len(texas.requests) == 1
    capsys.readouterr()
    published = tmp_path / "heterophilous" / "published" / "texas.npz"
    published.write_bytes(published.read_bytes()[:-1])
    assert commands.run("datasets", "verify", "heterophilous", "graph=texas", root) == 2
    assert "texas.npz: its sha256 is" in capsys.readouterr().err


def test_all_that_is_there_is_verified(tmp_path, capsys):
    folder = tmp_path / "expressivity"
    folder.mkdir()
    for name in ("basic", "dr"):
        (folder / f"brec_{name}.g6").write_bytes(
            (data_folder() / "expressivity" / f"brec_{name}.g6").read_bytes()
        )
    assert commands.run("datasets", "verify", f"--root={tmp_path}") == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in told] == ["brec pair=0", "brec pair=380"]
    (folder / "brec_dr.g6").write_bytes(b"E???\n")
    assert commands.run("datasets", "verify", f"--root={tmp_path}") == 2
    assert "brec pair=380: brec_dr.g6: holds 1 graphs" in capsys.readouterr().err
    assert commands.run("datasets", "verify", f"--root={tmp_path / 'none'}") == 0
    assert "there is no dataset below" in capsys.readouterr().out


def test_a_set_with_other_sizes_than_published_fails(capsys, monkeypatch):
    known = Planetoid("x").published()
    other = dataclasses.replace(known, statistics=Statistics(1, 2709))
    monkeypatch.setattr(Planetoid, "published", lambda self: other)
    assert commands.run("datasets", "verify", "planetoid", f"--root={data_folder()}") == 2
    assert "it holds 2,708 nodes instead of 2,709." in capsys.readouterr().err


@pytest.mark.parametrize("name", SOURCES)
def test_what_a_source_needs_is_said_where_it_reads_a_file_or_an_extra(name):
    source = SOURCES[name]
    reads = {"root", "path"} & {field.name for field in dataclasses.fields(source)}
    assert bool(source.needs) == bool(reads or source.has_smiles or name == "clrs")
    assert issubclass(source, DataSource)


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_published_says_whose_it_is(name):
    kind = SOURCES[name]
    for variant in kind.variants():
        fields = {"root": "x"} if "root" in {f.name for f in dataclasses.fields(kind)} else {}
        if "path" in {field.name for field in dataclasses.fields(kind)}:
            return
        known = kind(**fields, **variant).published()
        if known is not None:
            assert known.licence and known.citation and known.page.startswith("https://")
            assert kind(**fields, **variant).file or not known.files
