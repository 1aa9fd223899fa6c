"""The list of sources is that of `config.data.name`, someone else's included."""

import dataclasses
import re
from typing import ClassVar

import pytest

from gtx.data.sources import SOURCES, DataSource, Solubility
from tests.cli import commands


def test_every_source_is_listed_with_what_it_needs_and_its_fields(capsys):
    assert commands.run("datasets") == 0
    out = capsys.readouterr().out
    parts = dict(re.findall(r"^(\w+)\n((?:    .*\n)+)", out, re.MULTILINE))
    assert list(parts) == list(SOURCES)
    for name, source in SOURCES.items():
        part = " ".join(parts[name].split())
        assert f"Needs {source.needs or 'nothing'}." in part
        told = part.split("Fields: ")[1].rstrip(".").split(", ")
        assert [field.split("=")[0] for field in told] == [
            field.name for field in dataclasses.fields(source)
        ]


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
    assert commands.run("datasets", "--name=mine") == 0
    out = capsys.readouterr().out
    assert out.startswith("mine\n    The list of sources is that of `config.data.name`")
    assert "Needs a rope." in out and "features='cip', depth=3." in out
    assert "depth: of the well." in out and "csl" not in out


def test_a_source_that_is_not_there_is_one_line_with_the_nearest(capsys):
    assert commands.run("datasets", "--name=zink") == 2
    error = capsys.readouterr().err
    assert "did you mean 'zinc'?" in error and error.count("\n") == 1


@pytest.mark.parametrize("name", SOURCES)
def test_what_a_source_needs_is_said_where_it_reads_a_file_or_an_extra(name):
    source = SOURCES[name]
    reads = {"root", "path"} & {field.name for field in dataclasses.fields(source)}
    assert bool(source.needs) == bool(reads or source.has_smiles or name == "clrs")
    assert issubclass(source, DataSource)
