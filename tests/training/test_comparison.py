"""Which fields of a config make another run. Every field that all recipes share stands here."""

import functools
import importlib
import json
import shutil

import pytest
from ml_collections import ConfigDict

from gtx import recipes
from gtx.training.comparison import differences, reasons
from gtx.training.identity import (
    Identity,
    ResumeError,
    ResumeWarning,
    check_identity,
    identity,
)
from tests.configs import shrunk

# What a change of the field does to a resume.
REFUSED, WARNED, NOTHING = "refused, by its name", "a warning", "nothing"

# The recipe that is changed, and for each field of it another value and what that does.
ZINC = {
    "baseline": (True, NOTHING),
    "batch.multiple_of": (8, WARNED),
    "batch.num_shards": (2, WARNED),
    "batch.num_tiers": (3, WARNED),
    "data.num_train": (5, REFUSED),
    "batch.resident": (False, WARNED),
    "batch.size": (5, REFUSED),
    "batch.stratified": (False, REFUSED),
    "encodings.laplacian.normalization": ("none", REFUSED),
    "encodings.laplacian.num_vectors": (2, REFUSED),
    "encodings.random_walk.walk_length": (7, REFUSED),
    "encodings.rrwp.diagonal": (True, REFUSED),
    "encodings.rrwp.walk_length": (5, REFUSED),
    "encodings.spd.max_distance": (19, REFUSED),
    "encodings_cache": ("cache", NOTHING),
    "encodings_used": ("random_walk", REFUSED),
    "encodings_workers": (1, NOTHING),
    "model.activation": ("gelu", REFUSED),
    "model.attention_dropout_rate": (0.3, REFUSED),
    "model.attention_implementation": ("dense", WARNED),
    "model.dim": (8, REFUSED),
    "model.dropout_rate": (0.3, REFUSED),
    "model.dtype": ("bfloat16", REFUSED),
    "model.encoding_dim": (3, REFUSED),
    "model.head_layers": (1, REFUSED),
    "model.edge_encoders": ({"type": "constant"}, REFUSED),
    "model.feed_forward": ({"name": "mlp", "hidden_dim": 8}, REFUSED),
    "model.local": ("gated_gcn", REFUSED),
    "model.node_encoders": ({"laplacian": "laplacian_linear"}, REFUSED),
    "model.norm": ("layer", REFUSED),
    "model.num_heads": (4, REFUSED),
    "model.num_layers": (2, REFUSED),
    "model.pair_bias": (False, REFUSED),
    "model.pair_dim": (4, REFUSED),
    "model.pair_encoders": (
        {"shortest_paths": {"name": "edge_path", "max_hops": 2}},
        REFUSED,
    ),
    "model.param_dtype": ("bfloat16", REFUSED),
    "model.pool": ("mean", REFUSED),
    "model.readout_dropout_rate": (0.3, REFUSED),
    "model.remat": (True, WARNED),
    "optimizer.clip_norm": (0.5, REFUSED),
    "optimizer.decay": ("kernels", REFUSED),
    "optimizer.decoupled": (False, REFUSED),
    "optimizer.ema_decay": (0.9, REFUSED),
    "optimizer.final_factor": (0.1, REFUSED),
    "optimizer.frozen": (("embed",), REFUSED),
    "optimizer.layer_decay": (0.9, REFUSED),
    "optimizer.rates": ((("embed", 0.1),), REFUSED),
    "optimizer.learning_rate": (0.1, REFUSED),
    "optimizer.schedule": ("constant", REFUSED),
    "optimizer.warmup_epochs": (2.0, REFUSED),
    "optimizer.weight_decay": (0.1, REFUSED),
    "plugins": (("json",), NOTHING),  # a module that is imported and adds no name
    "seed": (1, REFUSED),
    "task.loss": ("mse", REFUSED),
    "task.metric": ("rmse", REFUSED),
    "task.noise": (0.05, REFUSED),
    "task.noise_weight": (2.0, NOTHING),
    "training.checkpoint_every": (3, NOTHING),
    "training.evaluate_every": (3, REFUSED),
    "training.num_epochs": (40, REFUSED),  # of a schedule that ends with them
    "training.patience": (3, NOTHING),
    "training.seeds": ((0, 1), REFUSED),
    "training.select": ("last", REFUSED),
    "training.steps_per_call": (3, WARNED),
    "training.tensorboard": (True, NOTHING),
    "structures": ({"virtual_nodes": {"num_nodes": 1}}, REFUSED),
}
# Fields of sources. What they make of the data is compared, not they themselves.
SMILES = {
    "data.descriptors": (("MolWt", "TPSA"), REFUSED),
    "data.columns": ("other", REFUSED),
    "data.duplicates": ("mean", NOTHING),  # there are none
    "data.features": ("types", REFUSED),
    "data.folds": (3, REFUSED),
    "data.kind": ("multiclass", REFUSED),
    "data.normalize": (False, REFUSED),
    "data.path": ("same.csv", NOTHING),  # the same rows in another file
    "data.smiles": ("again", NOTHING),  # the same molecules in another column
    "data.split": ("scaffold", REFUSED),
    "data.split_seed": (1, REFUSED),
    "data.standardize": (False, NOTHING),  # there are no numbers
    "data.target": ("other", REFUSED),
    "data.test_fraction": (0.3, REFUSED),
    "data.valid_fraction": (0.3, REFUSED),
    "model.graph_encoders": ({"descriptors": {"name": "linear", "norm": "layer"}}, REFUSED),
}
COMMUNITIES = {
    "task.masked": (0.2, REFUSED),
    "model.ends": ("product", NOTHING),
    "task.kind": ("multiclass", NOTHING),
    "data.across": (0.5, REFUSED),
    "data.inside": (0.9, REFUSED),
    "data.max_size": (6, REFUSED),
    "data.min_size": (1, REFUSED),
    "data.num_communities": (3, REFUSED),
    "data.num_graphs": (13, REFUSED),
    "model.attention": ("edges", REFUSED),  # there are no pairs to read here
}
FOLDS = {"data.fold": (1, REFUSED), "data.num_folds": (3, REFUSED)}
ONE_GRAPH = {
    "data.graph": ("citeseer", NOTHING),  # a file that holds the same graph
    "data.test_share": (0.2, REFUSED),
    "data.valid_share": (0.2, REFUSED),
    "task.candidates": (3, REFUSED),
    "task.negatives": (1, REFUSED),
    "encodings": ({"random_walk": {"walk_length": 3}}, REFUSED),
    "model.ends": ("concatenate", REFUSED),
}
CLASSES = {
    "batch.sampling": ({"name": "neighbors", "fanouts": (2,)}, REFUSED),
    "task.class_weights": ("balanced", REFUSED),
    "task.kind": ("multiclass", REFUSED),  # and not two classes
}
ELSEWHERE = {"data.root": ("elsewhere", NOTHING)}  # the same file in another folder
ONE_VALUE = {"data.name", "model.name"}  # others have other fields; what they make is compared
# Of sources whose files are not here: their data are compared by content, as all data are. And a
# recipe without encodings has them as one field. Heads have weights where a label is mixed.
NOT_HERE = {"data.graph", "data.test_share", "data.valid_share", "encodings", "task.head_weights"}
NOT_HERE |= {f"data.{field}" for field in ("dim", "num_classes", "num_edges", "num_nodes")}
NOT_HERE |= {"data.normalize_words", "data.nodes_per_class"}
# Without noise on numbers, hidden nodes, negatives, a split by a column, weights or several targets
# these are refused.
NOT_HERE |= {"task.noise_scale", "task.noise_columns", "task.masked_columns", "task.corrupt"}
NOT_HERE |= {"data.split_column", "task.target_weights"}
NOT_HERE |= {"data.kinds", "data.weights", "data.test_path", "data.categorical"}
# Of another run, whose parameters are compared by content (tests/recipes/test_start.py).
NOT_HERE |= {"init_from", "init_new"}
# The built model, the encodings, the structures and the source of batches are compared whole, with
# all of their fields.
# So a new one of them brings fields that refuse a resume without a row here.
WHOLE = ("model.", "encodings.", "structures.", "batch.sampling.")

CHANGES = [
    *(("zinc_encodings", *change) for change in (ZINC | ELSEWHERE).items()),
    *(("csv_molecules", *change) for change in SMILES.items()),
    *(("sbm_nodes", *change) for change in COMMUNITIES.items()),
    *(("csl_gps", *change) for change in FOLDS.items()),
    *(("cora_links", *change) for change in ONE_GRAPH.items()),
    *(("minesweeper", *change) for change in CLASSES.items()),
]


def flat(config, prefix=""):
    fields = {}
    for name, value in config.items():
        deeper = isinstance(value, dict) and value
        fields |= flat(value, f"{prefix}{name}.") if deeper else {prefix + name: value}
    return fields


@pytest.mark.parametrize("name", shrunk.RECIPES)
def test_every_field_of_every_recipe_is_decided_here(name):
    fields = flat(importlib.import_module(f"configs.{name}").get_config().to_dict())
    undecided = set(fields) - {field for _, field, _ in CHANGES} - ONE_VALUE - NOT_HERE
    undecided = {field for field in undecided if not field.startswith(WHOLE)}
    assert not undecided, "add what a change of it does to a resume, and try it"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fields")
    rows = [f"{text},{text},{-0.5 * place},{place % 5}" for place, text in enumerate(SMALL)]
    for name in ("mine.csv", "same.csv"):
        (folder / name).write_text("\n".join(["smiles,again,logS,other", *rows]) + "\n")
    return folder


SMALL = ("CCO", "CCN", "c1ccccc1", "CC(=O)O", "C1CC1CC", "CCCl", "CCF", "OCCO", "c1ccncc1", "CCC")


@pytest.fixture(scope="module")
def recipe(folder):
    """A recipe as a config, and its identity; made once."""

    @functools.cache
    def make(name: str) -> tuple[ConfigDict, Identity]:
        place = folder / name
        place.mkdir()
        config = shrunk.RECIPES[name](place)
        config.training.num_epochs = 20
        if name == "zinc_encodings":
            config.encodings.shortest_paths = ConfigDict()
            config.encodings_used = "all"
            shutil.copytree(place, folder / "elsewhere")
        if name == "csv_molecules":
            pytest.importorskip("rdkit")
            config.data.path = str(folder / "mine.csv")
            config.data.descriptors = ("MolWt",)
        if name == "cora_links":
            shutil.copy(place / "planetoid/cora.npz", place / "planetoid/citeseer.npz")
        if name == "csl_gps":
            config.encodings_used = "none"
        return config, identity_of(config)

    return make


_PREPARED: dict[str, recipes.Prepared] = {}


def _prepared(config: ConfigDict) -> recipes.Prepared:
    """The data of a config, made once for all that read the same."""
    fields = ("data", "structures", "encodings", "encodings_used", "task")
    key = json.dumps({name: config.to_dict()[name] for name in fields}, sort_keys=True)
    if key not in _PREPARED:
        _PREPARED[key] = recipes.prepare(config)
    return _PREPARED[key]


def identity_of(config: ConfigDict) -> Identity:
    prepared = _prepared(config)
    graphs = prepared.dataset
    # On as many devices as it asks for, which need not be here.
    budget = recipes.budget(config, graphs, num_shards=config.batch.num_shards)
    train = graphs.part("train")
    return identity(
        recipes.model(config, graphs.spec),
        recipes.task(config, graphs.spec),
        recipes.optimizer(config, -(-len(train) // budget.batch_size)),
        recipes.batches(config, train, budget),
        graphs.part("valid"),
        seeds=recipes.seeds(config),
        init=None,
        num_shards=budget.num_shards,
        select=config.training.select,
        evaluate_every=config.training.evaluate_every,
        steps_per_call=config.training.steps_per_call,
        recipe=recipes.recipe(config, prepared),
    )


def changed(config: ConfigDict, fields) -> ConfigDict:
    config = ConfigDict(config.to_dict())
    for field, value in fields.items():
        *outer, name = field.split(".")
        inner = functools.reduce(lambda found, key: found[key], outer, config)
        with inner.ignore_type():
            inner[name] = ConfigDict(value) if isinstance(value, dict) else value
    return config


@pytest.mark.parametrize(
    ("name", "field", "change"), CHANGES, ids=[f"{name}-{field}" for name, field, _ in CHANGES]
)
def test_a_changed_field_does_what_the_table_says(name, field, change, recipe, folder):
    config, before = recipe(name)
    value, decision = change
    if field in ("data.path", "data.root"):
        value = str(folder / value)
    after = identity_of(changed(config, {field: value}))
    said = reasons(before.facts, after.facts, after.given)
    if decision == REFUSED:
        assert any(line.startswith(f"config.{field}") for line in said), said
        assert all(line.startswith(f"config.{field}") or "data" in line for line in said), said
    else:
        assert said == []
        assert (before.conditions != after.conditions) == (decision == WARNED)


CONSTANT = {"optimizer.schedule": "constant"}


@pytest.mark.parametrize(
    ("both", "change"),
    [
        (CONSTANT, {"training.num_epochs": 40}),
        (CONSTANT, {"optimizer.final_factor": 0.5}),
        ({"encodings_used": "random_walk"}, {"encodings.laplacian.num_vectors": 3}),
        ({"encodings_used": "random_walk,spd"}, {"encodings_used": "spd , random_walk"}),
        ({"training.select": "last"}, {"training.evaluate_every": 7}),
        ({"task.loss": "l1"}, {"task.loss": "auto"}),
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_field_that_decides_nothing_here_is_not_compared(both, change, recipe):
    config = changed(recipe("zinc_encodings")[0], both)
    before, after = identity_of(config), identity_of(changed(config, change))
    assert reasons(before.facts, after.facts, after.given) == []


def test_a_line_for_each_field_and_none_for_what_follows_from_them(recipe):
    config, before = recipe("zinc_encodings")
    fields = {"model.dim": 24, "encodings.random_walk.walk_length": 7, "batch.resident": False}
    after = identity_of(changed(config, fields | {"training.num_epochs": 30}))
    with pytest.raises(ResumeError) as error:
        check_identity(before.facts, before.conditions, after, "runs/x")
    first, *lines, last = str(error.value).splitlines()
    assert first == "runs/x holds another run. What differs:"
    assert sorted(lines) == [
        "  config.encodings.random_walk.walk_length: 20 -> 7",
        "  config.model.dim: 16 -> 24",
        "  config.training.num_epochs: 20 -> 30 (this schedule ends with the last epoch; only "
        "others can be trained on)",
    ]
    assert "partial" not in str(error.value) and last.startswith("Choose another workdir")


def _without(data, *fields):
    data = json.loads(json.dumps(data))
    for field in fields:
        *outer, name = field.split(".")
        del functools.reduce(lambda found, key: found[key], outer, data)[name]
    return data


def test_fields_that_an_older_version_did_not_have_are_taken_at_their_defaults(recipe):
    config, now = recipe("zinc_encodings")
    older = _without(
        now.facts,
        "model.block.norm",
        "task.huber_delta",
        "recipe.content",
        "recipe.config.encodings_workers",
        "recipe.config.structures",
        "recipe.config.model.pair_dim",
        "source.budget",
    )
    assert reasons(older, now.facts, now.given) == []
    norm = identity_of(changed(config, {"model.norm": "layer"}))
    assert "config.model.norm" in str(reasons(older, norm.facts, norm.given))


@pytest.mark.parametrize("name, old", [("gat", "GATLayer"), ("gatv2", "GATv2Layer")])
def test_a_class_that_had_another_name_is_the_same_class(recipe, name, old):
    config, other = recipe("zinc_encodings")
    now = identity_of(changed(config, {"model.local": name}))
    older = {**now.facts, "model": json.loads(json.dumps(now.facts["model"]))}
    local = older["model"]["block"]["local"]
    assert local["class"] == old.removesuffix("Layer")
    local["class"] = old
    assert reasons(older, now.facts, now.given) == []
    assert reasons(older, other.facts, other.given)


def test_a_run_that_kept_only_texts_of_its_objects_is_compared_by_its_config(recipe):
    config, now = recipe("zinc_encodings")
    texts = dict(model="GPS()", task="Regression()", optimizer="Optimizer()")
    fields = ("columns", "source", "recipe.content", "recipe.config.encodings_used")
    settings = {name: now.facts["source"][name] for name in ("batch_size", "stratified")}
    older = _without({**now.facts, **settings, **texts}, *fields)
    older["recipe"]["version"] = "0.0.9"
    kept = ("python", "jax", "device", "num_shards", "steps_per_call")
    conditions = {**{name: now.conditions[name] for name in kept}, "resident": True}
    with pytest.warns(ResumeWarning, match="kept no model"):
        check_identity(older, conditions, now, "runs/x")
    other = identity_of(changed(config, {"model.dim": 8, "batch.resident": False}))
    assert reasons(older, other.facts, other.given) == ["config.model.dim: 16 -> 8"]
    older["train"] = "another hash"
    assert reasons(older, now.facts, now.given) == ["train data: content differs"]


def test_encodings_with_other_digits_are_a_warning_and_other_features_are_another_run(recipe):
    _, now = recipe("zinc_encodings")
    before = json.loads(json.dumps(now.facts))
    before["columns"]["train"]["nodes.laplacian_vectors"] = before["train"] = "of another machine"
    with pytest.warns(ResumeWarning, match="column laplacian_vectors of the nodes differs .as enc"):
        check_identity(before, now.conditions, now, "runs/x")
    before["columns"]["train"]["nodes.type"] = "other"
    said = reasons(before, now.facts, now.given)
    assert said == ["train data: column type of the nodes differs"]


def test_a_changed_test_part_is_another_run(recipe):
    _, now = recipe("zinc_encodings")
    before = json.loads(json.dumps(now.facts))
    before["recipe"]["content"]["test"]["labels"] = "other"
    assert reasons(before, now.facts, now.given) == ["test data: labels differ"]


def test_differences_name_the_path_and_both_values():
    old = {"a": {"b": 1, "c": [1, 2]}, "gone": None, "same": "x"}
    new = {"a": {"b": 2, "c": [1, 3]}, "new": True, "same": "x"}
    assert differences(old, new) == ["a.b: 1 -> 2", "a.c: [1, 2] -> [1, 3]", "new: null -> true"]


def test_another_thing_in_a_place_is_one_difference():
    old, new = {"class": "GINE", "dim": 3}, {"class": "GAT", "heads": 4}
    assert differences({"local": old}, {"local": new}) == ["local: GINE -> GAT"]
    assert differences({"local": old}, {"local": None}) == ["local: GINE -> null"]


def test_a_difference_deep_in_a_long_text_is_shown():
    (line,) = differences({"text": "x" * 500 + "dim=4" + "y" * 500}, {"text": "x" * 500 + "dim=8"})
    assert "dim=4" in line and "dim=8" in line and len(line) < 300
