"""One graph of a million nodes and ten million edges, trained on sampled neighbours.

Seconds to draw the neighbours of a batch of seeds, of gtx and in turn of another sampler with the
same seeds and fan-outs: PyG's NeighborLoader where one of its compiled samplers (pyg-lib,
torch-sparse) is installed, as it has no other; DGL's NeighborSampler where DGL is installed; and
always a plain NumPy one, which sorts random numbers. DGL draws for the seeds in each hop again, and
so more edges. Then
seconds of a step, and the memory of the process, while GraphSAGE, GPS with Performer attention and
SGFormer train on such batches. Each model is a process of its own, so that its memory is known.
"""

import dataclasses
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

from configs import base
from experiments.benchmarks.measure import in_turn, machine, spread
from experiments.benchmarks.memory import peak_memory
from gtx import recipes, training
from gtx.batching import Neighbors
from gtx.data import Dataset
from gtx.data.sources import LargeGraph

SIZE, FANOUTS, STEPS = 512, (10, 10), 24
MODELS: dict[str, dict[str, Any]] = {
    "GraphSAGE": dict(
        name="mpnn", local="sage", residual="none", norm="none", feed_forward="none",
        encoding_dim=None, head_layers=1,
    ),
    "GPS": dict(name="gps", local="sage", attention="performer", num_heads=4, head_layers=1),
    "SGFormer": dict(name="sgformer"),
}  # fmt: skip


def graph(small: bool) -> Dataset:
    """The training part: half of the nodes are seeds."""
    sizes = dict(num_nodes=2_000, num_edges=20_000) if small else {}
    return LargeGraph(**sizes).load().part("train")


def by_sorting(dataset: Dataset, source: Neighbors) -> Callable[[np.ndarray], Any]:
    """A sampler as one writes it first: random numbers sorted for each node, `np.unique`."""
    pointer, senders = source.pointer, dataset.senders

    def sample(seeds: np.ndarray) -> Any:
        rng = np.random.default_rng(0)
        nodes = frontier = seeds
        edges = []
        for fanout in source.fanouts:
            count = np.diff(pointer)[frontier]
            owner = np.repeat(np.arange(len(frontier)), count)
            first = np.cumsum(count) - count
            all_edges = np.arange(count.sum()) - first[owner] + pointer[frontier][owner]
            order = np.lexsort((rng.random(len(owner)), owner))
            kept = order[np.arange(len(owner)) - first[owner] < fanout]
            found = senders[all_edges[kept]]
            edges.append(np.stack([found, frontier[owner[kept]]]))
            frontier = np.setdiff1d(found, nodes)
            nodes = np.concatenate([nodes, frontier])
        places = np.argsort(nodes)
        joined = np.concatenate(edges, axis=1)
        return nodes, places[np.searchsorted(nodes, joined, sorter=places)]

    return sample


def by_pyg(dataset: Dataset) -> Callable[[np.ndarray], Any] | None:
    """One batch of PyG's NeighborLoader; None without a compiled sampler."""
    if not any(map(importlib.util.find_spec, ("pyg_lib", "torch_sparse"))):
        return None
    import torch
    from torch_geometric.data import Data
    from torch_geometric.loader import NeighborLoader

    ends = np.stack([dataset.senders, dataset.receivers]).astype(np.int64)
    data = Data(
        x=torch.from_numpy(np.array(dataset.nodes["feat"])), edge_index=torch.from_numpy(ends)
    )
    loader = NeighborLoader(data, num_neighbors=list(FANOUTS), batch_size=SIZE)
    return lambda seeds: loader.filter_fn(loader.collate_fn(torch.from_numpy(seeds)))


def by_dgl(dataset: Dataset) -> Callable[[np.ndarray], Any] | None:
    """The blocks of one batch of DGL's NeighborSampler, without features; None without DGL."""
    if importlib.util.find_spec("dgl") is None:
        return None
    import dgl
    import torch

    ends = [torch.from_numpy(end.astype(np.int64)) for end in (dataset.senders, dataset.receivers)]
    graph = dgl.graph(tuple(ends), num_nodes=int(dataset.node_ptr[-1])).formats("csc")
    sampler = dgl.dataloading.NeighborSampler(list(FANOUTS))
    return lambda seeds: sampler.sample_blocks(graph, torch.from_numpy(seeds))


def sampling(dataset: Dataset, rounds: int) -> dict[str, Any]:
    """Milliseconds of a batch of each sampler, in turn, and how many edges it has."""
    source = Neighbors(dataset, size=SIZE, fanouts=FANOUTS)
    rows = source.plan(0, 0)[:8, 0]
    seeds = [row[:-1][row[:-1] >= 0].astype(np.int64) for row in rows]
    plain, pyg, dgl = by_sorting(dataset, source), by_pyg(dataset), by_dgl(dataset)
    functions: dict[str, Callable[[], Any]] = {
        "gtx": lambda: [source.part(row) for row in rows],
        "NumPy, sorting": lambda: [plain(some) for some in seeds],
    }
    if pyg is not None:
        functions["PyG NeighborLoader"] = lambda: [pyg(some) for some in seeds]
    if dgl is not None:
        functions["DGL NeighborSampler"] = lambda: [dgl(some) for some in seeds]
    seconds = in_turn(functions, rounds)
    edges = [len(source.part(row).edges) for row in rows]
    return dict(
        milliseconds={
            name: [1e3 * value / len(rows) for value in values] for name, values in seconds.items()
        },
        edges=float(np.mean(edges)),
    )


def train(name: str, small: bool) -> dict[str, Any]:
    """A model trained for two epochs of `STEPS` steps; the second is timed."""
    dataset = graph(small)
    whole = Neighbors(dataset, size=SIZE, fanouts=FANOUTS)
    steps = min(STEPS, whole.steps_per_epoch)
    # The seeds of the steps that are taken, in the shape for all seeds.
    table = dataset.targets.take(np.arange(min(steps * SIZE, len(dataset.targets))))
    source = dataclasses.replace(whole, dataset=dataclasses.replace(dataset, targets=table))
    config = base.get_config()
    settings = dict(MODELS[name])
    config.model = recipes.model_config(settings.pop("name"), dim=64, num_layers=2, **settings)
    model, task = recipes.model(config, dataset.spec), recipes.task(config, dataset.spec)
    before = peak_memory()
    with tempfile.TemporaryDirectory() as folder:
        result = training.fit(
            model, task, source, optimizer=training.adamw(training.Constant(1e-3)),
            num_epochs=2, workdir=folder, steps_per_call=8, hooks=[training.JsonLines()],
        )  # fmt: skip
        lines = (pathlib.Path(folder) / "timing.jsonl").read_text().splitlines()
    return dict(
        seconds=json.loads(lines[-1])["train_seconds"] / steps,
        compilations=result.num_compilations["train"],
        compile_seconds=result.compile_seconds["train"],
        memory=peak_memory(),
        memory_before=before,
        room=source.room,
        losses=[entry["loss"] for entry in result.history],
    )


def worker(path: pathlib.Path, *, rounds: int, root: str | None, part: str = "") -> None:
    """Write what one process measures."""
    del root
    kind, _, name = part.partition(":")
    small = kind.endswith("small")
    found = train(name, small) if name else sampling(graph(small), rounds)
    path.write_text(json.dumps(found))


def run(
    *, rounds: int, root: str | None, json_path: str | None, small: bool = False
) -> dict[str, Any]:
    """Print and write what each process finds."""
    del root
    results: dict[str, Any] = {}
    for name in ("", *MODELS):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "numbers.json"
            code = (
                "import pathlib; from experiments.benchmarks import large_graph; "
                f"large_graph.worker(pathlib.Path({str(file)!r}), rounds={rounds}, root=None, "
                f"part={('small' if small else 'full') + ':' + name!r})"
            )
            subprocess.run([sys.executable, "-c", code], check=True)
            results[name or "sampling"] = json.loads(file.read_text())
        _print(name, results[name or "sampling"])
    results["machine"] = machine()
    print(results["machine"])
    if json_path:
        pathlib.Path(json_path).write_text(json.dumps(results, indent=1))
    return results


def _print(name: str, found: dict[str, Any]) -> None:
    if not name:
        print(f"A batch of {SIZE} seeds, fan-outs {FANOUTS}: {found['edges']:,.0f} edges")
        for sampler, values in found["milliseconds"].items():
            print(f"  {sampler}: {spread(values)} ms")
        return
    print(
        f"{name}: {found['seconds']:.2f} s a step, {SIZE / found['seconds']:.0f} seeds a second, "
        f"{found['compilations']} compilation, memory {found['memory'] / 2**30:.2f} GiB "
        f"({found['memory_before'] / 2**30:.2f} before training), losses "
        + " to ".join(f"{loss:.2f}" for loss in found["losses"])
    )
