import functools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx import batching, describe, recipes, tasks
from gtx.data import Continuous, Dataset, GraphSpec, Label
from gtx.models import GPS
from gtx.nn import MultiHeadAttention
from gtx.training.state import init_state
from tests.training import small

pytestmark = pytest.mark.usefixtures("quick_compilation")


def tiny(labels, label, split=None):
    """Three graphs: a path of 3 nodes, a star of 4 with a self-loop outside it, a single node."""
    ends = [[0, 1, 1, 2], [1, 0, 2, 1]], [[1, 2, 3, 4], [0, 0, 0, 4]]
    return Dataset.from_columns(
        node_ptr=[0, 3, 8, 9],
        edge_ptr=[0, 4, 8, 8],
        senders=ends[0][0] + ends[1][0],
        receivers=ends[0][1] + ends[1][1],
        labels=labels,
        split=split,
        spec=GraphSpec(label=label),
    )


def model(**attention):
    spec = GraphSpec(nodes={"x": Continuous(1)}, label=Label("graph", "regression", 1))
    return GPS(
        dim=4,
        num_layers=2,
        num_heads=2,
        local="none",
        attention=functools.partial(MultiHeadAttention, **attention),
    ).build(spec)


@pytest.fixture(scope="module")
def batch():
    columns = dict(nodes=dict(x=np.ones((3, 1), np.float32)))
    ends = dict(senders=[0, 1], receivers=[1, 0])
    return batching.batch_graphs(
        Dataset.from_columns(node_ptr=[0, 3], edge_ptr=[0, 2], **ends, **columns)
    )


@pytest.fixture(scope="module")
def described(trained_run):
    return describe.describe(trained_run.config)


def test_statistics_count_nodes_edges_degrees_and_missing_labels():
    dataset = tiny([[1.0, 0], [3.0, 1], [np.nan, 5]], Label("graph", "regression", 2, ("a", "b")))
    found = describe.split_statistics(dataset)
    assert found["graphs"] == 3
    assert found["nodes"] == {"min": 1, "mean": 3.0, "max": 5, "total": 9}
    assert found["edges"] == {"min": 0, "mean": pytest.approx(8 / 3), "max": 4, "total": 8}
    assert found["isolated_nodes"] == 2  # a self-loop is no neighbour
    assert found["max_degree"] == 3
    first, second = found["labels"]
    assert (first["name"], first["known"], first["missing"]) == ("a", 2, 1)
    assert (first["mean"], first["std"], first["min"], first["max"]) == (2.0, 1.0, 1.0, 3.0)
    assert (second["name"], second["known"], second["mean"]) == ("b", 3, 2.0)


def test_statistics_count_classes_and_positives():
    label = Label("graph", "multiclass", 3, ("x", "y", "z"))
    (entry,) = describe.split_statistics(tiny([0, 2, -1], label))["labels"]
    assert entry == {
        "name": "class", "known": 2, "missing": 1, "classes": {"x": 1, "y": 0, "z": 1}
    }  # fmt: skip
    label = Label("graph", "multilabel", 2)
    entries = describe.split_statistics(tiny([[1, 0], [1, np.nan], [0, 0]], label))["labels"]
    assert [(e["name"], e["known"], e["positive"]) for e in entries] == [("0", 3, 2), ("1", 2, 0)]


def test_absent_classes_and_parts_are_noted():
    label = Label("graph", "multiclass", 3, ("x", "y", "z"))
    dataset = tiny([0, 2, 1], label, ["train", "train", "test"])
    found = describe.notes(dataset, tasks.from_label(label), rejected=2)
    assert found == [
        "2 rows of the source became no graph.",
        "train: class 1 (y) does not occur.",
        "there is no valid part: the last parameters are taken, and nothing stops early.",
        "test: class 0 (x) does not occur.",
        "test: class 2 (z) does not occur.",
        "test: mcc is undefined: all known labels are of class 1 (y).",
    ]


def test_a_target_of_one_class_is_noted():
    label = Label("graph", "binary", 1, ("active",))
    dataset = tiny([[1], [0], [1]], label, ["train", "train", "test"])
    found = describe.notes(dataset, tasks.from_label(label))
    assert any(note.startswith("test: target 0 (active) is left out") for note in found)
    assert not any(note.startswith("train") for note in found)


def test_parameters_are_counted_by_module():
    layer = {"kernel": jnp.zeros((2, 3)), "bias": jnp.zeros(3)}
    params = {"embed": {"x": layer}, "block_0": {"ff": {"one": layer, "two": layer}}}
    assert describe.parameter_counts(params) == {
        "total": 27,
        "modules": {"embed/x": 9, "block_0/ff": 18},
    }


def test_attention_over_complete_graphs_is_dense(batch):
    choices = describe.attention_choices(model(), batch)
    assert [each["module"] for each in choices] == ["block_0/attention", "block_1/attention"]
    assert {(each["requested"], each["implementation"]) for each in choices} == {("auto", "dense")}
    assert choices[0]["reason"].startswith("the largest graph has")


def test_attention_over_edges_says_why_it_is_not_dense(batch):
    choice, _ = describe.attention_choices(model(structure="edges"), batch)
    assert (choice["structure"], choice["implementation"]) == ("Edges", "edges")
    assert choice["reason"].startswith("there are ")


def test_an_implementation_that_is_named_is_taken(batch):
    choice, _ = describe.attention_choices(model(implementation="reference"), batch)
    assert choice["implementation"] == "reference"
    assert choice["reason"] == "it was named"


def test_a_description_tells_the_parameters_that_training_will_have(trained_run, described):
    leaves = jax.tree.leaves(trained_run.result.variables["params"])
    assert described["parameters"]["total"] == sum(leaf.size for leaf in leaves)
    assert sum(described["parameters"]["modules"].values()) == described["parameters"]["total"]


def test_a_description_tells_the_shapes_and_steps_of_training(trained_run, described):
    budget = recipes.budget(trained_run.config, trained_run.graphs)
    batches = described["batches"]
    assert batches["num_nodes"] == budget.num_nodes
    assert batches["tiers"] == [{"num_graphs": 8, "size": 6}]
    assert batches["compilations"] == trained_run.result.num_compilations
    assert batches["steps_per_epoch"] == 4 and trained_run.result.history[-1]["step"] == 8
    rows = batching.plan(trained_run.graphs.part("train"), budget, seed=0)
    waste = batching.waste(trained_run.graphs.part("train"), budget, rows)
    assert batches["padding"]["stratified"] == {**waste, "steps": 4}
    assert set(batches["padding"]["plain"]) == {"nodes", "edges", "pairs", "steps"}


def test_a_description_tells_the_cost_of_a_step(trained_run, described):
    step = described["step"]
    # The linear maps alone: 8 x 8 weights, at least 8 of them, two operations, three passes.
    nodes = described["batches"]["num_nodes"]
    assert 3 * 2 * nodes * 8 * 8 * 8 < step["flops"] < 1e8
    weights = 4 * described["parameters"]["total"]
    assert step["argument_bytes"] > 3 * weights  # and two moments of AdamW
    assert step["temporary_bytes"] > weights  # the gradients
    assert step["compile_seconds"] > 0 and step["steps_per_call"] == 4


def test_a_description_tells_data_encodings_and_notes(described):
    assert set(described["data"]["splits"]) == {"train", "valid", "test"}
    graphs = [part["graphs"] for part in described["data"]["splits"].values()]
    assert graphs == [32, 4, 4]
    assert described["data"]["columns"]["nodes"] == {
        "atom": "categories 119 8 12 12 10 6 6 2 2",
        "rwse": "3 floats",
    }
    assert list(described["encodings"]) == ["rwse"] and described["encodings"]["rwse"] > 0
    assert described["notes"] == []
    json.dumps(described, allow_nan=False)


def test_the_cost_of_a_step_does_not_depend_on_the_length_of_a_chunk():
    train, _, budget = small.parts()
    optimizer = small.optimizer()
    batch = next(batching.make_batches(train, budget, seed=0))
    state = jax.eval_shape(lambda: init_state(small.Small(), optimizer, batch, 0))
    costs = [
        describe.step_cost(
            small.Small(),
            small.task(),
            optimizer,
            state,
            batching.Streamed(train, budget),
            steps_per_call=steps,
        )
        for steps in (3, 6)
    ]
    assert [cost["steps_per_call"] for cost in costs] == [3, 6]
    assert costs[0]["flops"] == pytest.approx(costs[1]["flops"], rel=0.01)
