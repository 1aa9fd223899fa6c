"""Fine-tuning: what is taken of another run, what is new, and what is refused."""

import dataclasses
import json

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

from gtx import Predictor, recipes
from gtx.data import Categorical, Continuous, GraphSpec, Label
from gtx.data.column_scales import standardize_columns
from gtx.recipes.start import check_start
from gtx.recipes.taken_data import alike, check_columns, with_features_of, with_label_of
from gtx.training.checkpoint import Checkpoints
from tests.cli import commands
from tests.trained import SMILES
from tests.training.small import same_bits

pytestmark = pytest.mark.usefixtures("quick_compilation")


def flags(run, path, **fields):
    """The flags of the small recipe of `trained_run`, of another file and target."""
    settings = {
        "data.path": path,
        "data.target": "toxic",
        "data.kind": "binary",
        "data.descriptors": "()",
        "data.normalize": "False",
        "batch.size": 8,
        "batch.num_tiers": 1,
        "encodings.random_walk.walk_length": 3,
        "optimizer.warmup_epochs": 0.0,
        "optimizer.ema_decay": 0.5,
        "training.num_epochs": 1,
        "training.seeds": "(0, 1)",
        "init_from": run.workdir,
        "optimizer.frozen": "('embed/*',)",
        "optimizer.rates": "(('block_0/local', 0.1), ('block_0/norm*', 2.0))",
        **{f"model.{name}": run.config.model[name] for name in SIZES},
        **fields,
    }
    return [f"--config.{name}={value}" for name, value in settings.items()]


SIZES = ("dim", "num_layers", "num_heads", "encoding_dim", "head_layers", "dropout_rate")


@pytest.fixture(scope="module")
def toxic(tmp_path_factory):
    path = tmp_path_factory.mktemp("toxic") / "toxic.csv"
    rows = [f"{text},{int('N' in text or 'n' in text)}" for text in SMILES]
    path.write_text("\n".join(["smiles,toxic", *rows]) + "\n")
    return path


@pytest.fixture(scope="module")
def tuned(trained_run, toxic, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("tuned") / "run"
    given = flags(trained_run, toxic)
    assert (
        commands.run("train", "--config=configs/csv_molecules.py", *given, f"--workdir={workdir}")
        == 0
    )
    return workdir


def best(workdir):
    return Checkpoints(workdir).restore_best().arrays


def test_all_but_the_head_is_taken_frozen_parameters_stay_and_each_seed_has_a_head(
    tuned, trained_run
):
    names = json.loads((tuned / "start.json").read_text())
    assert names["init_from"] == str(trained_run.workdir)
    assert names["new"] == names["left"] == ["head/linear_0/bias", "head/linear_0/kernel"]
    assert not [name for name in names["taken"] if name.startswith("head")]
    old = trained_run.result.variables
    ends = [best(tuned / f"seed_{seed}") for seed in (0, 1)]
    for new in ends:
        assert same_bits(new["params"]["embed"], old["params"]["embed"])
        changed = jax.tree.map(
            lambda a, b: float(np.abs(a - b).max()), new["params"]["block_0"],
            old["params"]["block_0"],
        )  # fmt: skip
        assert 0 < min(jax.tree.leaves(changed)) and max(jax.tree.leaves(changed)) < 0.1
        assert max(jax.tree.leaves(changed["local"])) < max(jax.tree.leaves(changed)) / 5
        # The statistics follow the data, also of norms in frozen modules.
        assert not same_bits(new["batch_stats"]["embed"], old["batch_stats"]["embed"])
    assert not same_bits(ends[0]["params"]["head"], ends[1]["params"]["head"])
    assert not same_bits(ends[0]["params"]["head"], old["params"]["head"])


@pytest.mark.slow
def test_the_run_is_scored_without_the_other_and_goes_on_only_from_the_same_values(
    tuned, trained_run, toxic, tmp_path, capsys
):
    moved = trained_run.workdir.rename(tmp_path / "moved")
    try:
        assert commands.run("evaluate", f"--workdir={tuned / 'seed_0'}", "--split=valid") == 0
        again = flags(trained_run, toxic, **{"init_from": moved})
        arguments = ("--config=configs/csv_molecules.py", f"--workdir={tuned}")
        assert commands.run("train", *arguments, *again) == 0  # the same values in another folder
        capsys.readouterr()
        assert commands.run("train", *arguments, *flags(trained_run, toxic)) == 2
        assert "config.init_from: there is no" in capsys.readouterr().err
        other = flags(trained_run, toxic, **{"init_from": moved, "init_new": "('block_0',)"})
        assert commands.run("train", *arguments, *other) == 2
        assert "config.init_new" in capsys.readouterr().err
    finally:
        moved.rename(trained_run.workdir)


def test_the_same_label_takes_the_head_with_its_scale(trained_run):
    like = recipes.read_recipe(trained_run.recipe)
    label = dataclasses.replace(trained_run.graphs.spec.label, mean=(7.0,), std=(3.0,))
    spec = trained_run.graphs.spec.replace(label=label)
    graphs = dataclasses.replace(trained_run.graphs, spec=spec)
    assert with_label_of(graphs, like, config(trained_run)).spec.label == like.spec.label
    new = config(trained_run, init_new=("head",))
    assert with_label_of(graphs, like, new).spec.label == label
    found = started(trained_run, spec=spec)
    assert found.new == found.left == () and same_bits(
        found.init["params"], trained_run.result.variables["params"]
    )


def config(run, **fields):
    found = ConfigDict(run.config.to_dict())
    found.init_from = str(run.workdir)
    for name, value in fields.items():
        group, _, field = name.rpartition("__")
        with found.ignore_type():
            (found[group] if group else found)[field] = value
    return found


def shapes(run, settings, spec):
    recipe = dataclasses.replace(
        recipes.read_recipe(run.recipe), config=settings, spec=spec, raw_spec=None
    )
    return Predictor(recipe, {}).shapes()


def started(run, spec=None, **fields):
    settings = config(run, **fields)
    spec = run.graphs.spec if spec is None else spec
    found = recipes.origin(settings)
    return recipes.start(settings, found, shapes(run, settings, spec), spec)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            dict(model__num_layers=2),
            r"are not those of this model: it lacks block_1\. What differs: config.model.num_layers"
            r": 1 -> 2\. Give .*init_new=\('block_1',\)",
        ),
        (dict(model__dim=12), r"is float32\[.*there and float32\[.*here, and \d+ more differ"),
        (dict(init_new=("block_9",)), "config.init_new: 'block_9' matches no parameter.*'block_0'"),
        (dict(init_new=("*",)), "nothing is taken"),
    ],
)
def test_what_nobody_asked_for_is_refused(trained_run, fields, message):
    with pytest.raises(recipes.ConfigError, match=message):
        started(trained_run, **fields)


def test_what_is_asked_for_is_new_or_left(trained_run):
    found = started(trained_run, model__num_layers=2, init_new=("block_1", "head"))
    assert {name.split("/")[0] for name in found.new} == {"block_1", "head"}
    assert {name.split("/")[0] for name in found.left} == {"head"}
    assert found.told("runs/a") == (
        "starting from runs/a; taken: block_0, embed; new: block_1, head; left: head."
    )
    assert any("num_layers: 1 -> 2" in note for note in found.notes)
    # Without the encoding its encoder is left, and the tables are wider.
    narrow = started(trained_run, encodings_used="none", init_new=("embed/node_*",))
    assert any(name.startswith("embed/node_rwse") for name in narrow.left)


def test_encoders_of_columns_that_only_one_of_the_runs_has_are_new_or_left(trained_run):
    spec = trained_run.graphs.spec
    wider = spec.replace(
        nodes={**spec.nodes, "dose": Continuous(1)}, edges={"other": Categorical((2,))}
    )
    found = started(trained_run, spec=wider)
    assert {"/".join(name.split("/")[:2]) for name in found.new} == {
        "embed/node_dose",
        "embed/edge_other",
    }
    gone = {"/".join(name.split("/")[:2]) for name in found.left}
    assert gone == {f"embed/edge_{name}" for name in spec.edges}


def like_of(run, **levels):
    like = recipes.read_recipe(run.recipe)
    return dataclasses.replace(like, spec=GraphSpec(label=like.spec.label, **levels))


ATOMS = Categorical((3,), names=(("C", "N", "O"),))


@pytest.mark.parametrize(
    ("here", "there", "message"),
    [
        (Categorical((4,)), Categorical((3,)), r"nodes.x has \[4\] categories, and \[3\] in"),
        (
            Categorical((2,), names=(("N", "C"),)),
            ATOMS,
            r"has \[2\] categories, and \[3\] in",
        ),
        (
            Categorical((3,), names=(("C", "O", "N"),)),
            ATOMS,
            "has the category 'O' as number 1, which is 'N' in",
        ),
        (Continuous(3), Continuous(2), "has 3 numbers, and 2 in"),
        (Continuous(3), ATOMS, "holds numbers, and categories in"),
        (
            Continuous(1, mean=(0.0,), std=(1.0,)),
            Continuous(1),
            "is standardised .*, and was not scaled in .*init_new=\\('\\*/node_x',\\)",
        ),
    ],
)
def test_columns_that_would_be_misread_are_refused_by_name(trained_run, here, there, message):
    like = like_of(trained_run, nodes={"x": there})
    spec = GraphSpec(nodes={"x": here})
    with pytest.raises(recipes.ConfigError, match=message):
        check_columns(spec, like, config(trained_run))
    check_columns(spec, like, config(trained_run, init_new=("embed/node_x",)))
    check_columns(spec, like, config(trained_run, init_new=("*/node_x",)))


def test_other_settings_of_an_encoding_are_refused(trained_run):
    like = recipes.read_recipe(trained_run.recipe)
    settings = config(trained_run)
    settings.encodings.random_walk.walk_length = 5
    spec = trained_run.graphs.spec
    with pytest.raises(recipes.ConfigError, match="encodings are not .*walk_length: 3 -> 5"):
        check_columns(spec, like, settings)
    check_columns(spec, like, config(trained_run))


def test_categories_and_scales_are_those_of_the_other_run(trained_run):
    graphs = trained_run.graphs
    name, column = next(iter(graphs.spec.nodes.items()))
    wide = Categorical(tuple(size + 1 for size in column.sizes))
    like = like_of(
        trained_run, nodes={name: wide, "rwse": Continuous(3, mean=(1.0,) * 3, std=(2.0,) * 3)}
    )
    found = with_features_of(graphs, like, config(trained_run))
    assert found.spec.nodes[name].sizes == wide.sizes
    np.testing.assert_allclose(found.nodes["rwse"], (graphs.nodes["rwse"] - 1) / 2, atol=1e-6)
    assert np.array_equal(found.nodes[name], graphs.nodes[name])
    # What is scaled stays so when the recipe standardises its own columns.
    assert standardize_columns(found).spec.nodes["rwse"] == found.spec.nodes["rwse"]
    own = with_features_of(graphs, like, config(trained_run, init_new=("*/node_*",)))
    assert own.spec == graphs.spec


def test_patterns_without_a_run_are_refused(trained_run):
    settings = config(trained_run, init_new=("head",))
    settings.init_from = ""
    with pytest.raises(recipes.ConfigError, match="config.init_from names none"):
        check_start(settings)


def test_classes_of_another_column_have_a_head_of_their_own(trained_run):
    label = Label("graph", "multiclass", 2, ("high", "low"))
    settings, like = (
        config(trained_run, data__target=name, data__kind="multiclass") for name in ("risk", "size")
    )
    spec = trained_run.graphs.spec.replace(label=label)
    like = dataclasses.replace(recipes.read_recipe(trained_run.recipe), config=like, spec=spec)
    assert not alike(label, settings, like)
    settings.data.target = "size"
    assert alike(label, settings, like)
