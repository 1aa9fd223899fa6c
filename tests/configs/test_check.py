"""Every field of a config is checked before data are loaded: wrong values, and a walk over all."""

import functools
import importlib
import math

import pytest
from ml_collections import ConfigDict

from gtx import recipes
from gtx.data.sources import SOURCES
from gtx.recipes import fields
from tests.configs.shrunk import RECIPES

pytest.importorskip("rdkit", reason="descriptors are checked by the extra `molecules`")

NAN, INF = math.nan, math.inf
# Wrong values of a recipe's fields, and what the error says beside the name of the first.
WRONG = {
    "smoke": [
        ({"model.dim": 7}, "7 is not a multiple of num_heads 4"),
        ({"model.num_heads": 3}, "config.model.dim: 16"),
        ({"model.num_heads": 0}, "0 is not allowed. Give an integer of at least 1"),
        ({"model.num_layers": 0}, "at least 1"),
        ({"model.name": "gpss"}, "did you mean 'gps'"),
        ({"model.local": "gime"}, "did you mean 'gine'"),
        ({"model.attention": "none", "model.local": "none"}, "leaves no layer"),
        ({"model.attention": "all"}, "complete, edges"),
        ({"model.attention_implementation": "foo"}, "auto, chunked, dense"),
        ({"model.norm": "foo"}, "batch, layer, rms"),
        ({"model.activation": "foo"}, "gelu_exact, relu, silu, swiglu"),
        ({"model.dropout_rate": 1.0}, "at least 0 and below 1"),
        ({"model.attention_dropout_rate": NAN}, "nan is not allowed"),
        ({"model.readout_dropout_rate": -0.1}, "at least 0"),
        ({"model.pool": "foo"}, "max, mean, sum"),
        ({"model.pool": 3}, "one of sum, mean, max"),
        ({"model.head_layers": 0}, "at least 1"),
        ({"model.dtype": "foo"}, "bfloat16, float16, float32"),
        ({"model.dtype": "float64"}, "needs jax_enable_x64"),
        ({"model.remat": "maybe"}, "Give True or False"),
        ({"seed": -1}, "at least 0"),
        ({"seed": 2**32}, "below 4294967296"),
        ({"seed": True}, "an integer"),
        ({"data.name": "zink"}, "did you mean 'zinc'"),
        ({"data.num_graphs": 0}, "at least 1"),
        ({"data.num_communities": 1}, "at least 2"),
        ({"data.min_size": 9}, "exceeds max_size 8"),
        ({"data.inside": 2.0}, "at most 1"),
        ({"data.split": "foo"}, "given, random"),
        ({"data.split": "scaffold"}, "not possible with the source 'sbm_cluster'"),
        ({"data.split": "random"}, "needs the field config.data.test_fraction"),
        ({"data.split_seed": -1}, "at least 0"),
        ({"encodings.laplacian.num_vectors": 0}, "at least 1"),
        ({"encodings.laplacian.normalization": "foo"}, "sym"),
        ({"encodings_used": "foo"}, "laplacian"),
        ({"encodings_used": ""}, "not empty"),
        ({"encodings_workers": -1}, "at least 0"),
        ({"batch.size": 0}, "at least 1"),
        ({"batch.size": NAN}, "an integer"),
        ({"batch.size": 7, "batch.num_shards": 2}, "cannot be dealt evenly"),
        ({"batch.num_tiers": 0}, "at least 1"),
        ({"batch.multiple_of": 0}, "at least 1"),
        ({"batch.num_shards": -1}, "at least 0"),
        ({"task.loss": "l1"}, "cross_entropy, weighted_cross_entropy"),
        ({"task.metric": "mae"}, "accuracy, weighted_accuracy, f1"),
        ({"baseline": True}, "a multiclass label of each node"),
        ({"optimizer.learning_rate": -1.0}, "a finite number, above 0"),
        ({"optimizer.learning_rate": INF}, "inf is not allowed"),
        ({"optimizer.weight_decay": NAN}, "nan is not allowed"),
        ({"optimizer.weight_decay": -1e-5}, "at least 0"),
        ({"optimizer.decay": "foo"}, "all, kernels"),
        ({"optimizer.schedule": "foo"}, "constant, inverse_sqrt, linear, warmup_cosine"),
        ({"optimizer.warmup_epochs": -1.0}, "at least 0"),
        ({"optimizer.final_factor": 2.0}, "at most 1"),
        ({"optimizer.clip_norm": NAN}, "nan is not allowed"),
        ({"optimizer.ema_decay": 1.0}, "below 1"),
        ({"training.num_epochs": 0}, "at least 1"),
        ({"training.steps_per_call": 0}, "at least 1"),
        ({"training.evaluate_every": 0}, "at least 1"),
        ({"training.checkpoint_every": -2}, "at least 1"),
        ({"training.patience": -1}, "at least 0"),
        ({"training.select": "foo"}, "best, last"),
        ({"model.node_encoders": 3}, "a dict from names of columns"),
        ({"model.node_encoders": {"type": {"name": "categorial"}}}, "did you mean 'categorical'"),
        ({"model.node_encoders": {"type": {"name": "linear", "norm": "bach"}}}, "mean 'batch'"),
        ({"model.local": {"name": "gat", "self_lops": True}}, "did you mean 'self_loops'"),
        ({"model.local": {"name": "gat", "self_loops": "yes"}}, "local.self_loops: 'yes' is not"),
        ({"model.local": {"name": "gatt"}}, "did you mean 'gat'"),
        ({"model.local": {"self_loops": True}}, "or dict(name=..., ...) with settings"),
        ({"model.droput_rate": 0.1}, "did you mean config.model.dropout_rate"),
        ({"structures": {"virtual_nodes": {"num_nodes": "two"}}}, "an integer"),
        ({"structures": {"expander": {"method": "foo"}}}, "hamiltonian, permutations"),
    ],
    "csv_molecules": [
        ({"data.split": "given"}, "test_path is '' and split is 'given'"),
        ({"data.test_path": "other.csv"}, "goes with split 'given'"),
        ({"data.split_column": "part"}, "is not read, because config.data.split is"),
        ({"data.valid_fraction": 0.0, "training.patience": 3}, "waits for a better validation"),
        ({"task.masked_columns": "atom"}, "is read together with config.task.masked"),
        ({"task.noise_columns": "nodes.atom"}, "is read together with config.task.noise"),
        ({"task.corrupt": "both"}, "is read together with config.task.negatives"),
        ({"data.duplicates": "drop"}, "keep"),
        ({"data.categorical": "plate"}, "there are no columns"),
        ({"data.test_fraction": 0.95}, "leave nothing to train on"),
        ({"data.valid_fraction": NAN}, "nan is not allowed"),
        ({"data.kind": "classification"}, "binary, mixed, multiclass, multilabel, regression"),
        ({"data.target": "a,"}, "the name of a column"),
        ({"data.target": "a,b", "data.kind": "binary"}, "Name one"),
        ({"data.path": ""}, "not empty"),
        ({"data.smiles": " "}, "not empty"),
        ({"data.features": "foo"}, '"ogb"'),
        ({"data.descriptors": ("MolWeight",)}, "RDKit has no 'MolWeight'"),
        ({"data.descriptors": (3,)}, "a tuple: a text"),
        ({"task.loss": "mse", "data.kind": "binary"}, "choose one of cross_entropy"),
        (
            {
                "baseline": True,
                "data.kind": "mixed",
                "data.target": "a,b",
                "data.kinds": "regression,binary",
            },
            "a mixed label of each graph",
        ),
        ({"data.num_folds": 5}, "'csv' reads no such field"),
    ],
    "solubility_gps": [
        ({"data.split": "scaffold"}, "needs the field config.data.test_fraction"),
        ({"data.valid_fraction": 0.0}, "leaves no validation part"),
    ],
    "csl_gps": [
        ({"data.fold": 5}, "no fold 5"),
        ({"data.num_folds": 99}, "15 copies of each"),
        ({"data.name": "zinc"}, "config.data.root"),
    ],
    "zinc_encodings": [
        ({"model.pair_dim": 0}, "at least 1"),
        ({"data.root": ""}, "not empty"),
        ({"encodings.rrwp.diagonal": 2}, "True or False"),
        ({"encodings.spd.max_distance": 2.5}, "an integer"),
    ],
}
CASES = [(name, changes, says) for name, cases in WRONG.items() for changes, says in cases]


def recipe(name: str) -> ConfigDict:
    return importlib.import_module(f"configs.{name}").get_config()


def changed(config: ConfigDict, changes: dict) -> ConfigDict:
    """The config with fields of any type, as a person may write them into a file."""
    for path, value in changes.items():
        *groups, last = path.split(".")
        group = config
        for part in groups:
            group = group[part]
        with group.ignore_type():
            group[last] = ConfigDict(value) if isinstance(value, dict) else value
    return config


def message(config: ConfigDict) -> str:
    with pytest.raises(recipes.ConfigError) as refused:
        recipes.check(config)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(("name", "changes", "says"), CASES, ids=lambda value: str(value)[:60])
def test_a_wrong_value_is_refused_by_field_with_what_is_allowed(name, changes, says):
    refusal = message(changed(recipe(name), changes))
    assert says in refusal and "config." in refusal
    assert next(iter(changes)).split(".")[-1] in refusal


@pytest.mark.parametrize("name", RECIPES)
def test_a_good_recipe_passes(name):
    recipes.check(recipe(name))


# The parameters of every recipe are counted in test_parameter_counts, which traces its model.
@pytest.mark.parametrize("name", ["csv_molecules", "zinc_encodings"])
def test_the_model_of_a_good_recipe_passes(name):
    recipes.check_model(recipe(name))


WRONG_TYPES = {bool: ["maybe", 2, None], int: [-7, 1.5, "no", None, True], str: [5, None]}
WRONG_TYPES |= {
    type(None): [-7.5, "no"],
    dict: [5, "x"],
    float: [NAN, INF, "no", None],
    tuple: [5, None, (-3,)],
}
NUMBERS = ("batch.sampling.fanouts", "training.seeds")  # tuples of numbers, others are of texts


@functools.cache
def own_fields() -> dict[str, dict]:
    """The fields of each recipe that no recipe before it has, of the same source or model."""
    seen, own = set(), {}
    for name in RECIPES:
        config, own[name] = recipe(name), {}
        for path, value in fields.leaves(config):
            room = path.partition(".")[0]
            of = config[room].name if room in ("data", "model") else ""
            if (path, of, type(value)) not in seen:
                seen.add((path, of, type(value)))
                own[name][path] = value
    return own


@pytest.mark.parametrize("name", RECIPES)
def test_no_field_of_a_recipe_is_without_a_check(name):
    config = recipe(name)
    rules = fields.rules_of(config.data.name, config.model.name)
    for path, value in own_fields()[name].items():
        for wrong in WRONG_TYPES[type(value)]:
            either = wrong is None or value is None  # such as the name of a column, or None
            if either and path in rules and rules[path].allows(wrong):
                continue
            wrong = ("three",) if path in NUMBERS and wrong == (-3,) else wrong
            refusal = message(changed(ConfigDict(config.to_dict()), {path: wrong}))
            group, _, field = path.rpartition(".")
            assert f"config.{group}" in refusal and field in refusal, (path, wrong, refusal)


@pytest.mark.parametrize("name", RECIPES)
def test_a_field_that_is_missing_or_unknown_is_named(name):
    config = recipe(name)
    for path in own_fields()[name]:
        *groups, last = path.split(".")
        smaller = ConfigDict(config.to_dict())
        group = smaller
        for part in groups:
            group = group[part]
        group[f"{last}_x"] = group[last]
        assert f"{last}_x" in message(smaller)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model.head_layers": 9}, "config.model: .*halves the width"),
        ({"model.attention_implementation": "flash"}, "config.model: .*'flash' does not apply"),
        ({"model.attention": "edges", "encodings_used": "spd"}, "Use 'complete', or pair_bias"),
        ({"model.encoding_dim": 32}, "Encodings take 32 of the 32 features"),
    ],
)
def test_parts_that_do_not_go_together_are_refused_without_data(changes, says):
    config = changed(recipe("zinc_encodings"), changes)
    with pytest.raises(recipes.ConfigError, match=says):
        recipes.check_model(config)


def test_nothing_is_loaded_before_the_check(monkeypatch):
    monkeypatch.setattr(SOURCES["sbm_cluster"], "load", lambda self: pytest.fail("loaded"))
    config = changed(recipe("smoke"), {"training.select": "foo"})
    with pytest.raises(recipes.ConfigError, match="config.training.select"):
        recipes.load(config)


def test_more_devices_than_there_are_are_refused():
    config = changed(recipe("smoke"), {"batch.size": 4096, "batch.num_shards": 4096})
    recipes.check(config)
    with pytest.raises(recipes.ConfigError, match="config.batch.num_shards: 4096 is more than"):
        recipes.check_devices(config)
    assert recipes.shards_here(config) == 1


def test_a_file_in_the_place_of_the_cache_is_refused(tmp_path):
    (tmp_path / "file").touch()
    config = changed(recipe("smoke"), {"encodings_cache": str(tmp_path / "file" / "below")})
    assert "config.encodings_cache" in message(config)
