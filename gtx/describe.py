"""Describes a recipe before training: its data, model, batches, and the cost of a step."""

import dataclasses
import functools
import time
from typing import Any

import flax.linen as nn
import jax
import numpy as np

import gtx.encodings
from gtx import recipes
from gtx.batch import Batch
from gtx.batching import Budget, Source, batch_graphs, evaluation_parts, plan, waste
from gtx.data import SPLITS, Categorical, Column, Dataset, GraphSpec, Label
from gtx.data.columns import of_part
from gtx.data.labels import parts_of
from gtx.data.sharded import pieces
from gtx.ops.attention.select import recorded_choices
from gtx.ops.layout import Tier
from gtx.recipes.models import needs_dense
from gtx.tasks import Task
from gtx.training import Devices, Optimizer, make_train_chunk
from gtx.training.patterns import leaf_name
from gtx.training.run import even_chunk
from gtx.training.spread import notes_on_spread
from gtx.training.state import init_state
from gtx.training.step import blank_batch, empty_rows
from gtx.typing import LEVELS, PyTree


def describe(config: Any) -> dict[str, Any]:
    """Load, encode, plan and compile what the config asks for; train nothing.

    Returns:
      JSON data:
        data: `splits`, see `split_statistics`; `columns` by level and edge set; `rejected`, rows
          of the source that did not become graphs.
        encodings: seconds that each takes on these graphs, without its cache.
        batches: the budget and its `tiers`; `padding`, padded / useful size of nodes, edges and
          pairs by kind of plan; `compilations` that a run needs.
        parameters: `total`, and `modules`, counts by module.
        attention: see `attention_choices`.
        step: see `step_cost`.
        notes: sentences on what is unusual about the data.

      Where the source's files are absent and it declares its columns, see `describe_declared`.
    """
    recipes.check(config)
    recipes.check_devices(config)
    try:
        loaded = recipes.load(config)
    except FileNotFoundError as error:
        if recipes.declared_spec(config) is None:
            raise
        return describe_declared(config, str(error))
    graphs, seconds = loaded.dataset, {}
    for encoding in recipes.encodings(config):
        start = time.perf_counter()
        graphs = gtx.encodings.apply(graphs, [encoding])
        seconds[encoding.name] = time.perf_counter() - start
    graphs = recipes.with_structures(graphs, config)
    task = recipes.task(config, graphs.spec)
    model = recipes.model(config, graphs.spec)
    budget = recipes.budget(config, graphs)
    train = graphs.part("train")
    source = recipes.batches(config, train, budget)
    steps = source.steps_per_epoch
    optimizer = recipes.optimizer(config, steps)

    batch = blank_batch(source, source.constants, source.plan(config.seed, 0))
    state = jax.eval_shape(functools.partial(init_state, model, optimizer, batch, config.seed))
    started = []
    if loaded.origin is not None:
        shapes = {"params": state.params, "batch_stats": state.batch_stats}
        found = recipes.start(config, loaded.origin, shapes, graphs.spec)
        started = [found.told(config.init_from), *found.notes]
    return {
        "data": {
            "splits": {
                name: split_statistics(graphs.part(name))
                for name in SPLITS
                if len(graphs.part(name))
            },
            "columns": _columns(graphs.spec),
            "rejected": len(loaded.rejected),
        },
        "encodings": seconds,
        "batches": {
            **_shapes(source, budget),
            "unit": source.unit,
            "steps_per_epoch": steps,
            "padding": padding(config, graphs, source),
            # A chunk of a run has one shape in training, and one in evaluation of what fits it.
            "compilations": {"train": 1, "evaluate": _shapes_of_evaluation(graphs, budget)},
        },
        "parameters": parameter_counts(state.params),
        "attention": attention_choices(model, batch),
        "step": step_cost(
            model,
            task,
            optimizer,
            state,
            source,
            steps_per_call=config.training.steps_per_call,
        ),
        "notes": [
            *started,
            *notes(graphs, task, rejected=len(loaded.rejected), seeds=len(recipes.seeds(config))),
            *notes_on_spread(
                train,
                [graphs.part("valid"), graphs.part("test")],
                lambda: state.batch_stats,
                dense=budget.dense,
                ignored=recipes.masked_nodes(config, graphs.spec),
            ),
        ],
    }


def describe_declared(config: Any, reason: str) -> dict[str, Any]:
    """What is known without graphs: columns and parameters, from what the source declares.

    Args:
      config: the recipe.
      reason: why there are no graphs.

    Returns:
      The JSON data of `describe`, with no splits, and None for batches, attention and step.
    """
    graphs = recipes.example(config)
    model = recipes.model(config, graphs.spec)
    batch = batch_graphs(graphs, dense=needs_dense(config))
    init = functools.partial(model.init, train=False)
    variables = jax.eval_shape(init, jax.random.key(0), batch)
    return {
        "data": {"splits": {}, "columns": _columns(graphs.spec), "rejected": 0},
        "encodings": {},
        "batches": None,
        "parameters": parameter_counts(variables["params"]),
        "attention": None,
        "step": None,
        "notes": [
            f"{reason} So the columns and the parameters are those that the source declares, and "
            "batches and costs are not known."
        ],
    }


def split_statistics(graphs: Dataset) -> dict[str, Any]:
    """Sizes and labels of a dataset.

    Returns:
      graphs: their number.
      nodes, edges: `min`, `mean`, `max` per graph and `total`; edges are directed.
      isolated_nodes: nodes without an edge to or from another node.
      max_degree: largest number of edges that point at a node.
      labels: one entry per target: `name`, `known`, `missing`; and `mean`, `std`, `min`, `max`
        for regression, `positive` (their number) for binary and multilabel, `classes` (number
        of each) for multiclass, which is one target.
    """
    degrees = [_degrees(piece) for piece in pieces(graphs)]
    return {
        "graphs": len(graphs),
        "nodes": _range(graphs.num_nodes),
        "edges": _range(graphs.num_edges),
        "isolated_nodes": sum(isolated for isolated, _ in degrees),
        "max_degree": max((degree for _, degree in degrees), default=0),
        "labels": _label_statistics(graphs),
    }


def _degrees(graphs: Dataset) -> tuple[int, int]:
    """The number of isolated nodes, and the largest number of edges that point at a node."""
    senders, receivers = (
        ends + np.repeat(graphs.node_ptr[:-1], graphs.num_edges)
        for ends in (graphs.senders, graphs.receivers)
    )
    other = senders != receivers
    touched = np.zeros(int(graphs.node_ptr[-1]), bool)
    touched[senders[other]] = touched[receivers[other]] = True
    return int(np.sum(~touched)), int(np.bincount(receivers, minlength=1).max())


def parameter_counts(params: PyTree) -> dict[str, Any]:
    """`total`, and `modules`: the number of parameters by module, two levels deep."""
    modules: dict[str, int] = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        name = "/".join(leaf_name(path).split("/")[:-1][:2])
        modules[name] = modules.get(name, 0) + int(np.prod(leaf.shape, dtype=np.int64))
    return {"total": sum(modules.values()), "modules": modules}


def _shapes(source: Source, budget: Budget) -> dict[str, Any]:
    """The budget of training batches, its tiers by name, and how many units a batch has."""
    batch_size = budget.batch_size
    sampler = source.sampler
    if sampler is not None:
        nodes, edges = sampler.room
        # What is sampled is one graph on each shard.
        budget = dataclasses.replace(
            budget,
            num_nodes=nodes + 1,
            num_edges=edges,
            tiers=(Tier(1, nodes),),
            dense=sampler.dense,
        )
        batch_size = sampler.size
    tiers = [{"num_graphs": tier.num_graphs, "size": tier.size} for tier in budget.tiers]
    return {**budget.to_json(), "tiers": tiers, "batch_size": batch_size}


def _shapes_of_evaluation(graphs: Dataset, budget: Budget) -> int:
    parts = [graphs.part(name) for name in SPLITS]
    every = [evaluation_parts(budget, part) for part in parts if len(part)]
    return len({shape for found in every for _, shape in found})


def padding(config: Any, graphs: Dataset, source: Source) -> dict[str, Any]:
    """Padded / useful nodes, edges and pairs, and steps: of both kinds of plan, or of samples."""
    if source.sampler is not None:
        rows = source.plan(config.seed, 0)
        return {"sampled": {**source.waste(rows), "steps": len(rows)}}
    train = graphs.part("train")
    costs = {}
    for name, stratified in (("stratified", True), ("plain", False)):
        budget = recipes.budget(config, graphs, stratified=stratified)
        rows = plan(train, budget, seed=config.seed)
        costs[name] = {**waste(train, budget, rows), "steps": len(rows)}
    return costs


def attention_choices(model: nn.Module, batch: Batch) -> list[dict[str, str]]:
    """The implementation that each attention of the model will run.

    Args:
      model: the module.
      batch: its argument. Of a batch with an axis of shards the first shard is taken, because all
        have the same shape.

    Returns:
      One entry per call of attention: the calling `module`, `structure` ("Complete" or "Edges"),
      `requested`, `implementation`, and `reason`.
    """
    if batch.graph_mask.ndim == 2:
        batch = jax.tree.map(lambda values: values[0], batch)
    modules: list[str] = []
    running: list[str] = []  # from the outermost module to the innermost
    with recorded_choices() as choices:

        def name_new_choices() -> None:
            # Choices that were recorded since the last call belong to the innermost module.
            modules.extend(running[-1:] * (len(choices) - len(modules)))

        def intercept(function: Any, args: Any, kwargs: Any, context: nn.module.InterceptorContext):
            name_new_choices()
            running.append("/".join(context.module.path))
            result = function(*args, **kwargs)
            name_new_choices()
            running.pop()
            return result

        with nn.intercept_methods(intercept):
            init = functools.partial(model.init, train=False)
            jax.eval_shape(init, jax.random.key(0), batch)
    return [
        {"module": module, **choice._asdict()}
        for module, choice in zip(modules, choices, strict=True)
    ]


def step_cost(
    model: nn.Module,
    task: Task,
    optimizer: Optimizer,
    state: PyTree,
    source: Source,
    *,
    steps_per_call: int,
) -> dict[str, Any]:
    """Compile a chunk of training and ask XLA what one step of it costs, on one device.

    XLA counts the body of a loop once, so the figures of a chunk are those of a step.

    Args:
      model: the module.
      task: its loss.
      optimizer: the update rule.
      state: state of the run, or its shapes.
      source: source of the batches.
      steps_per_call: largest number of steps of a chunk.

    Returns:
      flops: floating-point operations of a step, forward, backward and update.
      temporary_bytes: largest memory of intermediate results at one time.
      argument_bytes: memory of state, graphs and plan, which are kept from step to step.
      compile_seconds: time to compile the chunk on this machine.
      steps_per_call: number of steps in the chunk.
    """
    epoch = source.plan(0, 0)
    devices = Devices.first(epoch.shape[1])
    steps = even_chunk(len(epoch), steps_per_call)
    rows = empty_rows(steps, like=epoch)
    program = make_train_chunk(model, task, optimizer, source, devices)
    start = time.perf_counter()
    lowered = program.function.lower(
        state, source.constants, source.chunk(rows), rows, np.uint32(0)
    )
    compiled = lowered.compile()
    seconds = time.perf_counter() - start
    # None where the backend does not report it.
    cost, memory = compiled.cost_analysis() or {}, compiled.memory_analysis()
    return {
        "flops": cost.get("flops"),
        "temporary_bytes": getattr(memory, "temp_size_in_bytes", None),
        "argument_bytes": getattr(memory, "argument_size_in_bytes", None),
        "compile_seconds": seconds,
        "steps_per_call": steps,
    }


def notes(graphs: Dataset, task: Task, *, rejected: int = 0, seeds: int = 1) -> list[str]:
    """Notes on what is unusual about the data and the run, one sentence each."""
    found = []
    if seeds > 1:
        found.append(
            f"{seeds} seeds are trained side by side; a step is that of one, and all of them cost "
            f"up to {seeds} times its FLOPs and memory."
        )
    if rejected:
        found.append(f"{rejected} rows of the source became no graph.")
    outside = int(np.sum(graphs.targets.split == -1))
    if outside:
        found.append(f"{outside} {graphs.targets.level}s are in no part and are not used.")
    for name in SPLITS:
        part = graphs.part(name)
        if len(part.targets) == 0:
            consequence = {
                "train": "there is nothing to train on",
                "valid": "the last parameters are taken, and nothing stops early",
                "test": "no score is final",
            }[name]
            found.append(f"there is no {name} part: {consequence}.")
            continue
        labels = part.targets.labels
        if labels is None:
            continue
        if task.label.kind == "multiclass":
            absent = sorted(set(range(task.label.dim)) - set(np.unique(labels).tolist()))
            found += [f"{name}: class {task.target_name(c)} does not occur." for c in absent]
        found += [f"{name}: {note}" for note in task.undefined(labels)]
    return found


def _range(counts: np.ndarray) -> dict[str, Any]:
    return {
        "min": int(counts.min()),
        "mean": float(counts.mean()),
        "max": int(counts.max()),
        "total": int(counts.sum()),
    }


def _label_statistics(graphs: Dataset) -> list[dict[str, Any]]:
    labels, label = graphs.targets.labels, graphs.spec.label
    if labels is None or label is None:
        return []
    if label.kind != "mixed":
        return _statistics_of(labels, label)
    entries = []
    for part, columns, _ in parts_of(label):
        for entry in _statistics_of(of_part(labels[:, columns], part), part):
            name = part.name if part.num_columns == 1 else f"{part.name} {entry['name']}"
            entries.append({**entry, "name": name})
    return entries


def _statistics_of(labels: np.ndarray, label: Label) -> list[dict[str, Any]]:
    if label.kind == "sequence":
        there = ~np.isnan(labels[:, 0])
        figures = dict(known=int(there.sum()), missing=int((~there).sum()))
        return [{"name": "words", **figures}]
    if label.kind == "multiclass":
        known = labels[labels >= 0]
        counts = np.bincount(known, minlength=label.dim).tolist()
        names = [_target_name(label, target) for target in range(label.dim)]
        entry = {"name": "class", "known": len(known), "missing": len(labels) - len(known)}
        return [{**entry, "classes": dict(zip(names, counts, strict=True))}]
    entries = []
    for target, column in enumerate(labels.T):
        known = column[~np.isnan(column)].astype(np.float64)
        entry = {
            "name": _target_name(label, target),
            "known": len(known),
            "missing": len(column) - len(known),
        }
        if label.kind != "regression":
            entry["positive"] = int(known.sum())
        elif len(known):
            figures = dict(mean=known.mean(), std=known.std(), min=known.min(), max=known.max())
            entry |= {name: float(value) for name, value in figures.items()}
        entries.append(entry)
    return entries


def _target_name(label: Label, target: int) -> str:
    return label.names[target] if label.names else str(target)


def _columns(spec: GraphSpec) -> dict[str, dict[str, str]]:
    """The columns in words, by level and by edge set."""
    found = {level: getattr(spec, level) for level in LEVELS.values()} | dict(spec.edge_sets)
    return {
        level: {name: _spelling(column) for name, column in columns.items()}
        for level, columns in found.items()
    }


def _spelling(column: Column) -> str:
    if isinstance(column, Categorical):
        return f"categories {' '.join(map(str, column.sizes))}"
    return f"{column.dim} floats"
