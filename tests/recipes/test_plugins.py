"""Other people's things: a package adds one of each kind, and commands use them."""

import sys

import pytest

from gtx import encodings, models, recipes, structures
from gtx.data import sources
from gtx.nn import local
from tests.cli import commands

pytest.importorskip("rdkit", reason="predictions of the command are for molecules")

PLUGIN = '''
import dataclasses
from functools import partial
from typing import ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from gtx import data, encodings, models
from gtx.data import Label, molecules, sources
from gtx.limits import Name, Width
from gtx.models import GraphTransformer, Model
from gtx.models.encoders import column_encoders
from gtx.models.parts import Encoders, Local, part
from gtx.nn import Embed, GPSBlock, Linear, MLPHead, Pool
from gtx.nn.local import LOCAL
from gtx.structures import STRUCTURES
from gtx.structures.structure import node_graph, with_edges


class Itself(nn.Module):
    dim: int
    factor: float = 1.0
    edges: tuple[str, ...] = ("graph",)
    dtype: object = None
    param_dtype: object = jnp.float32

    @nn.compact
    def __call__(self, features, batch, *, train):
        over, nodes = batch.edges_over(self.edges), Linear(self.dim)(features.nodes)
        sent = jnp.where(over.mask[:, None], nodes[over.senders], 0)
        heard = jax.ops.segment_sum(sent, over.receivers, len(nodes))
        return features.replace(nodes=self.factor * heard)


@dataclasses.dataclass(frozen=True)
class Size:
    """How many nodes the graph of a node has."""

    name: str = "size"
    level: ClassVar[str] = "node"
    symmetry: ClassVar[str] = "exact"
    version: ClassVar[int] = 1
    encoder: ClassVar[dict] = {"name": "linear"}

    def columns(self):
        return {("node", self.name): data.Continuous(1)}

    def __call__(self, adjacency, xp=np):
        graphs, nodes, _ = adjacency.shape
        return {("node", self.name): xp.full((graphs, nodes, 1), float(nodes))}


@dataclasses.dataclass(frozen=True)
class Loops:
    """A second edge set: from each node to itself."""

    name: str = "loops"

    def columns(self):
        return {}

    def __call__(self, dataset):
        graph = node_graph(dataset)
        node = np.arange(len(graph)) - dataset.node_ptr[graph]
        return with_edges(self, dataset, graph, node, node)


@dataclasses.dataclass(frozen=True)
class Alkanes(sources.DataSource):
    """Chains of carbon; the label is their length."""

    longest: Width = 12
    features: Name = "types"

    label: ClassVar[Label] = Label("graph", "regression", 1, ("length",))
    splits: ClassVar[tuple] = ("random",)
    has_smiles: ClassVar[bool] = True

    def load(self):
        chains = ["C" * length for length in range(1, self.longest + 1)]
        graphs, _ = molecules.from_smiles(chains, features=self.features)
        labels = np.arange(1.0, self.longest + 1)
        return graphs.with_targets("graph", labels=labels, label=self.label)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plain(Model):
    dim: Width = 8
    local: Local = "itself"
    node_encoders: Encoders = dataclasses.field(default_factory=dict)

    def build(self, spec, *, encodings=(), structures=()):
        found = column_encoders(
            spec, encodings, encoding_dim=2, nodes=self.node_encoders, edges={}, pairs={}, graphs={}
        )
        return GraphTransformer(
            embed=partial(Embed, self.dim, found.nodes, encodings=found.encodings),
            block=partial(GPSBlock, self.dim, local=part(self, "local"), attention=None),
            num_layers=1,
            readout=partial(Pool, "sum"),
            head=partial(MLPHead, spec.label.dim, 1),
        )


LOCAL["itself"] = Itself
STRUCTURES["loops"] = Loops
encodings.ENCODINGS["size"] = Size
sources.SOURCES["alkanes"] = Alkanes
models.MODELS["plain"] = Plain
'''
RECIPE = """
from configs import base
from gtx import recipes
from ml_collections import ConfigDict


def get_config():
    config = base.get_config()
    config.data.name = "alkanes"
    config.data.longest = 12
    config.data.features = "types"
    config.data.split = "random"
    config.data.test_fraction = 0.2
    config.data.valid_fraction = 0.2
    config.encodings.size = ConfigDict()
    config.batch.size = 4
    config.batch.num_tiers = 1
    config.structures.loops = ConfigDict()
    local = dict(name="itself", factor=0.5, edges=("loops",))
    config.model = recipes.model_config("plain", dim=6, local=local)
    config.training.num_epochs = 1
    return config
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A folder with the package and a recipe that uses all of it, and no trace afterwards."""
    folder = tmp_path / "theirs_gtx"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "things.py").write_text(PLUGIN)
    (tmp_path / "theirs.py").write_text(RECIPE)
    monkeypatch.syspath_prepend(tmp_path)
    dicts = (local.LOCAL, encodings.ENCODINGS, sources.SOURCES, models.MODELS)
    dicts += (structures.STRUCTURES,)
    before = [dict(names) for names in dicts]
    yield tmp_path
    for names, kept in zip(dicts, before, strict=True):
        names.clear()
        names.update(kept)
    forget()


def forget():
    for name in [name for name in sys.modules if name.startswith("theirs_gtx")]:
        del sys.modules[name]


PLUGIN_FLAG = "--plugin=theirs_gtx.things"


def test_a_package_adds_one_thing_of_each_kind(package, capsys):
    workdir, recipe = f"--workdir={package / 'run'}", f"--config={package / 'theirs.py'}"
    assert commands.run("train", PLUGIN_FLAG, recipe, workdir, "--config.model.dim=5") == 0
    assert commands.run("evaluate", PLUGIN_FLAG, workdir) == 0
    assert commands.run("predict", PLUGIN_FLAG, workdir, "--smiles=CCCC") == 0
    assert "length" in capsys.readouterr().out
    forget()
    for command in (("evaluate", workdir), ("predict", workdir, "--smiles=C")):
        assert commands.run(*command) == 2
        said = capsys.readouterr().err
        assert "'theirs_gtx.things' is not imported" in said and PLUGIN_FLAG in said
    assert "theirs_gtx.things" not in sys.modules


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("theirs_gtx.thigns", "there is no module 'theirs_gtx.thigns'"),
        ("nowhere", "there is no module 'nowhere'"),
        ("theirs_gtx.broken", "importing it fails: ZeroDivisionError: division by zero."),
        ("theirs_gtx.needy", "it needs 'not_there', which is not installed."),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_one_line(package, flag, says, capsys):
    (package / "theirs_gtx" / "broken.py").write_text("1 / 0\n")
    (package / "theirs_gtx" / "needy.py").write_text("import not_there\n")
    assert commands.run("describe", f"--plugin={flag}", "--config=configs/smoke.py") == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: --plugin={flag}: {says}") and said.count("\n") == 1


def test_a_recipe_does_not_import_what_it_names():
    from configs import smoke

    config = smoke.get_config()
    config.plugins = ("theirs_gtx.things",)
    with pytest.raises(recipes.ConfigError, match="config.plugins: 'theirs_gtx.things' is not"):
        recipes.check(config)
