"""Exports: programs that run without gtx, and parameters that are read without its training."""

import http.client
import json
import subprocess
import sys
import threading
import types

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

import gtx.export
from gtx import Predictor, recipes
from gtx.data import Continuous, DatasetError, GraphSpec, Label
from gtx.export import programs
from gtx.training import CheckpointError, Checkpoints
from tests import trained
from tests.cli import commands
from tests.drawn import drawn

pytestmark = pytest.mark.usefixtures("quick_compilation")

NAMES = ["CCO", "c1ccccc1", "C", *trained.SMILES[:6]]
# What runs in a process that has jax and numpy alone.
CALL = """
import sys
import jax.export
import numpy as np
folder, program = sys.argv[1:]
inputs = dict(np.load(f"{folder}/inputs.npz"))
called = jax.export.deserialize(bytearray(open(program, "rb").read()))
assert called.platforms == ("cpu", "cuda", "tpu")
np.save(f"{folder}/outputs.npy", np.asarray(jax.jit(called.call)(inputs)))
assert not [name for name in sys.modules if name.split(".")[0] in ("gtx", "flax", "jraph")]
"""
LOAD = """
import sys
import numpy as np
import jax
import gtx.export
from gtx.batching import batch_graphs
from gtx.data import packed
from gtx.tasks import from_label
folder, run = sys.argv[1:]
found = gtx.export.load(run)
graphs = packed.load(f"{folder}/graphs.npz")
outputs = jax.jit(found.module.apply)(found.variables, batch_graphs(graphs))
task = from_label(found.spec.label)
np.save(f"{folder}/outputs.npy", np.asarray(task.predictions(outputs))[: len(graphs)])
assert not [name for name in sys.modules if name.startswith(("gtx.training", "orbax", "optax"))]
"""


def in_a_clean_process(code, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def exported(trained_run, tmp_path_factory):
    """An export of the small run, of both formats."""
    pytest.importorskip("flatbuffers")
    folder = tmp_path_factory.mktemp("export") / "model"
    arguments = (f"--workdir={trained_run.workdir}", f"--output={folder}")
    assert commands.run("export", *arguments, "--sizes=8", "--sizes=16", "--graphs=4") == 0
    return folder


@pytest.fixture(scope="module")
def predictor(trained_run):
    return Predictor.load(trained_run.workdir)


def test_a_program_runs_without_gtx(exported, predictor, tmp_path):
    served = gtx.export.Served(exported)
    dataset = predictor.dataset(NAMES[:3])
    ((places, rows, inputs, shape),) = list(served.inputs(dataset))
    assert places.tolist() == rows.tolist() == [0, 1, 2]
    assert (shape.num_graphs, shape.size) == (4, 8)
    np.savez(tmp_path / "inputs.npz", **inputs)
    in_a_clean_process(CALL, tmp_path, exported / shape.file)
    outputs = np.load(tmp_path / "outputs.npy")[:3]
    np.testing.assert_allclose(outputs, predictor(NAMES[:3]), rtol=1e-5, atol=1e-5)
    said = json.loads((exported / "export.json").read_text())
    described = {entry["name"]: entry for entry in said["inputs"]}
    assert set(described) == set(inputs)
    assert described["graph/edges/bond"]["shape"] == ["edges", 3]
    assert described["graph/nodes/atom"] == dict(
        name="graph/nodes/atom", dtype="int32", shape=[16 * 4 + 1, 9]
    )


def test_what_is_served_equals_the_predictor_in_every_order_and_size(exported, predictor):
    served = gtx.export.Served(exported)
    names = [trained.LARGE, *NAMES, *NAMES[::-1]]
    np.testing.assert_allclose(served(names), predictor(names), rtol=1e-5, atol=1e-5)
    assert served([]).shape == (0, 1)
    with pytest.raises(DatasetError, match="has 20 nodes, and the largest program takes 16"):
        served(["CCO", "C" * 20])


@pytest.mark.slow
def test_parameters_are_read_without_training(exported, trained_run, predictor, tmp_path):
    from gtx.data import packed

    dataset = predictor.dataset(NAMES)
    packed.save(dataset, tmp_path / "graphs.npz")
    in_a_clean_process(LOAD, tmp_path, exported)
    outputs = np.load(tmp_path / "outputs.npy")
    np.testing.assert_allclose(outputs, predictor(NAMES), rtol=1e-5, atol=1e-5)


def test_an_export_stands_in_place_of_a_run(exported, trained_run, predictor):
    found = Predictor.load(exported)
    same = jax.tree.map(np.array_equal, found.variables, predictor.variables)
    assert all(jax.tree.leaves(same))
    np.testing.assert_array_equal(found(NAMES), predictor(NAMES))
    config = ConfigDict(trained_run.config.to_dict())
    config.init_from = str(exported)
    origin = recipes.origin(config)
    start = recipes.start(config, origin, predictor.shapes(), trained_run.graphs.spec)
    assert not start.new and not start.left


def test_a_model_of_the_package_has_a_name(exported, predictor, tmp_path, monkeypatch):
    monkeypatch.setattr("gtx.training.members.PRETRAINED", exported.parent)
    monkeypatch.chdir(tmp_path)
    np.testing.assert_array_equal(Predictor.load("gtx/model")(NAMES[:3]), predictor(NAMES[:3]))
    with pytest.raises(CheckpointError, match="no folder gtx/other, .*; there are gtx/model"):
        Predictor.load("gtx/other")
    (tmp_path / "gtx" / "model").mkdir(parents=True)  # a folder of this name comes first
    with pytest.raises(CheckpointError, match="there is no gtx/model/checkpoints/best"):
        Predictor.load("gtx/model")


@pytest.mark.slow
def test_a_model_over_edges_is_one_program_of_any_size(trained_run, tmp_path):
    pytest.importorskip("flatbuffers")
    settings = ConfigDict(trained_run.config.to_dict())
    settings.model = recipes.model_config("mpnn", dim=8, num_layers=1, encoding_dim=3)
    recipe = recipes.recipe(settings, recipes.prepare(settings))
    predictor = trained.invented(recipe)
    Checkpoints(tmp_path / "run").save_best(predictor.variables, {}, recipe)
    said = gtx.export.write(tmp_path / "run", tmp_path / "model", formats=("stablehlo",))
    assert [entry["file"] for entry in said["programs"]] == ["program.stablehlo"]
    shapes = {entry["name"]: entry["shape"] for entry in said["inputs"]}
    assert shapes["graph/nodes/atom"] == ["nodes", 9] and shapes["graph_mask"] == ["graphs"]
    served = gtx.export.Served(tmp_path / "model")
    names = ["C" * 40, *NAMES]
    np.testing.assert_allclose(served(names), predictor(names), rtol=1e-4)
    assert not (tmp_path / "model" / "model.safetensors").exists()


def test_a_served_model_answers_requests(exported, predictor):
    from experiments import serve

    running = serve.server(str(exported), 0)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()

    def asked(body):
        connection = http.client.HTTPConnection("localhost", running.server_port, timeout=60)
        connection.request("POST", "/", body)
        answer = connection.getresponse()
        found = answer.status, json.loads(answer.read())
        connection.close()
        return found

    try:
        status, predictions = asked(json.dumps(NAMES[:3]))
        assert status == 200
        np.testing.assert_allclose(predictions, predictor(NAMES[:3]), rtol=1e-5, atol=1e-5)
        status, said = asked(json.dumps(["CCO", "C(C"]))
        assert status == 400 and "molecule 1 ('C(C')" in said["error"]
        assert asked("no JSON")[0] == 400
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--output={}/model"], "exists. Give another folder"),
        (["--output={}/no/where"], "there is no folder"),
        (["--output={}/new", "--format=onnx"], "format"),
    ],
)
def test_wrong_flags_are_refused(trained_run, tmp_path, capsys, flags, message):
    (tmp_path / "model").mkdir()
    arguments = [flag.format(tmp_path) for flag in flags]
    assert commands.run("export", f"--workdir={trained_run.workdir}", *arguments) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_shapes_are_powers_of_two():
    assert [programs.power(count) for count in (1, 2, 3, 64, 65)] == [1, 2, 4, 64, 128]


@pytest.mark.parametrize("level", ["graph", "node", "edge"])
@pytest.mark.parametrize("size", [0, 16])
def test_rows_of_outputs_are_those_of_targets_in_any_order(level, size):
    spec = GraphSpec(
        nodes={"node": Continuous(1)},
        edges={"edge": Continuous(1)},
        graphs={"graph": Continuous(1)},
        label=Label(level, "regression", 1),
    )
    dataset = drawn(spec, num_graphs=9).without_labels()
    count = dataset.num_rows(level)
    chosen = np.random.default_rng(0).permutation(count)[: count * 2 // 3]
    dataset = dataset.with_targets(level, chosen, split=np.full(len(chosen), -1))
    served = object.__new__(gtx.export.Served)  # without programs: a column stands for predictions
    served.shapes = [programs.Shape("program", 4 * bool(size), size)]
    served._preparation = types.SimpleNamespace(
        recipe=types.SimpleNamespace(budget=types.SimpleNamespace(dense=bool(size)))
    )
    field = {"graph": "globals", "node": "nodes", "edge": "edges"}[level]
    found = np.full(len(chosen), np.nan)
    for places, rows, inputs, _ in served.inputs(dataset):
        outputs = inputs[f"graph/{field}/{level}"][:, 0]
        if level == "edge":
            outputs = outputs[inputs["targets/index"]]
        found[places] = outputs[rows]
    np.testing.assert_array_equal(found, getattr(dataset, f"{level}s")[level][chosen, 0])
