"""The protocol of BREC: train a model on each pair of graphs, then test what it tells apart.

Wang and Zhang (2024), "An Empirical Study of Realized GNN Expressiveness" (arXiv 2304.07702). The
authors' code decides (GraphPKU/BREC, `base/test_BREC.py` and `customize/dataset_v3.py`):

* A pair becomes 32 copies of each of its graphs: the graph as it is, and 31 with other numbers of
  nodes, all different. A new model trains on them for 20 epochs of four batches, always the same,
  in which copy i of one graph stands beside copy i of the other. The loss is that of
  `gtx.tasks.Contrastive`; the optimizer is torch's Adam with a rate of 1e-4 and a decay of 1e-4,
  and `ReduceLROnPlateau`. An epoch of a loss below 0.2 is the last.
* The pair is told apart if `t_squared` of the copies exceeds 72.34.
* The model is reliable if that of 64 copies of one of the two graphs, in two halves, does not.
  A result with a pair that is not reliable is none.
* All of it for the seeds 100, 200, ... 1000.

Embeddings have 16 numbers and end with a BatchNorm without parameters that keeps the statistics of
the last batch alone, as the Edge Transformer was measured (luis-mueller/towards-principled-gts,
`expressivity/main.py`). Without it, two embeddings of one direction stay so in 20 epochs. Which
graph of a pair is copied for the second test, and the numbers of nodes, depend on the number of the
pair alone; those of the authors are drawn by another generator.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.benchmarks import expressivity
from experiments.benchmarks.expressivity import Family
from gtx.batch import Batch
from gtx.batching import Budget, Streamed
from gtx.data import Dataset, Label
from gtx.ops.layout import Tier
from gtx.tasks import Contrastive
from gtx.tasks.contrastive import Verdict, t_squared, verdict
from gtx.training import Constant, Optimizer
from gtx.training.state import TrainState
from gtx.training.step import make_evaluation_chunk, make_train_chunk

COPIES = 32
DIM = 16
SEEDS = tuple(range(100, 1001, 100))
# Graphs of up to so many nodes share a program.
SIZES = (12, 24, 42, 66, 90, 130, 200)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a model is trained on a pair; the defaults are those of the authors' `base`."""

    num_epochs: int = 20
    learning_rate: float = 1e-4
    weight_decay: float = 1e-4
    batch_size: int = 16
    enough: float = 0.2


class Embedding(nn.Module):
    """A model's outputs, each number standardised over the graphs of a batch.

    Attributes:
      model: gives [graphs, dim].
    """

    model: nn.Module

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool = False) -> Any:
        outputs: Any = self.model(batch, train=train)
        norm = nn.BatchNorm(
            momentum=0.0, use_bias=False, use_scale=False, use_fast_variance=False, name="norm"
        )
        where = jnp.asarray(batch.graph_mask)[:, None]
        return norm(outputs, use_running_average=not train, mask=where)


class InOrder(Streamed):
    """Batches of graphs in their order, the same in each epoch."""

    def plan(self, seed: int, epoch: int) -> np.ndarray:
        del seed, epoch
        return np.arange(len(self.dataset), dtype=np.int32).reshape(-1, 1, self.budget.batch_size)


@dataclasses.dataclass
class Plateau:
    """torch's `ReduceLROnPlateau` with its defaults: the rate of the next epoch.

    After more than ten epochs in a row without a loss that is 1e-4 of it below the best, the rate
    falls to a tenth.
    """

    learning_rate: float
    best: float = np.inf
    bad: int = 0

    def step(self, loss: float) -> None:
        if loss < self.best * (1 - 1e-4):
            self.best, self.bad = loss, 0
        else:
            self.bad += 1
        if self.bad > 10:
            self.learning_rate, self.bad = 0.1 * self.learning_rate, 0


class Trainer:
    """Trains and tests a model on pairs of graphs of like size, with one compilation.

    Args:
      model: embeds graphs as `DIM` numbers.
      graphs: some of the graphs, with all columns; only their form is read.
      size, num_edges: the most nodes and edges that a graph has.
      edge_sets: the most edges of each further set.
      recipe: how it trains.
    """

    def __init__(
        self,
        model: nn.Module,
        graphs: Dataset,
        size: int,
        num_edges: int,
        edge_sets: dict[str, int],
        recipe: Recipe,
    ):
        count = recipe.batch_size
        self.budget = Budget(
            num_nodes=count * size + 1,
            num_edges=count * num_edges,
            tiers=(Tier(count, size),),
            edge_sets=tuple((name, count * number) for name, number in edge_sets.items()),
            stratified=False,
        )
        self.recipe, self.model = recipe, Embedding(model)
        label = Label("graph", "regression", DIM)
        self.task = Contrastive(label)

        def rule(learning_rate: Any) -> optax.GradientTransformation:
            added = optax.add_decayed_weights(recipe.weight_decay)
            return optax.chain(added, optax.adam(learning_rate))

        # The rate is in the state, so that an epoch can change it.
        self.optimizer = Optimizer(
            lambda schedule: optax.inject_hyperparams(rule)(learning_rate=recipe.learning_rate),
            Constant(recipe.learning_rate),
        )
        source = InOrder(graphs, self.budget)
        self.train = make_train_chunk(self.model, self.task, self.optimizer, source)
        self.embed = make_evaluation_chunk(self.model, self.task)
        start = self.optimizer.transformation().init

        def begin(key: Any, batch: Batch) -> TrainState:
            found = self.model.init(key, batch, train=False)
            params, stats = found["params"], found["batch_stats"]
            return TrainState(jnp.zeros((), jnp.int32), params, stats, start(params))

        self.begin = jax.jit(begin)

    def test(self, pair: Dataset, copies: Dataset, seed: int) -> tuple[float, float]:
        """`t_squared` of a pair and of copies of one graph, after training on the pair.

        Args:
          pair: copies of the two graphs in turn.
          copies: of one graph.
          seed: of the initial values and of dropout.
        """
        source = InOrder(pair, self.budget)
        rows = source.plan(0, 0)
        batches = source.chunk(rows)
        first = jax.tree.map(lambda array: array[0, 0], batches)
        state = self.begin(jax.random.key(np.uint32(seed)), first)
        plateau = Plateau(self.recipe.learning_rate)
        for _ in range(self.recipe.num_epochs):
            state, report = self.train(state, None, batches, rows, np.uint32(seed))
            if not bool(np.all(report.taken)):
                raise FloatingPointError("the loss or a gradient is not finite.")
            loss = float(np.sum(report.loss_sum) / np.sum(report.count))
            if loss < self.recipe.enough:
                break
            plateau.step(loss)
            rate = jnp.asarray(plateau.learning_rate, jnp.float32)
            state.opt_state.hyperparams["learning_rate"] = rate
        variables = {"params": state.params, "batch_stats": state.batch_stats}
        found = []
        for graphs in (pair, copies):
            batches = InOrder(graphs, self.budget).chunk(rows)
            outputs = np.asarray(self.embed(variables, batches, rows)[0])
            embedded = outputs[:, 0, : self.recipe.batch_size].reshape(-1, DIM)
            found.append(t_squared(embedded[0::2], embedded[1::2]))
        return found[0], found[1]


def renumbered(adjacency: np.ndarray, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """A graph and copies of it with other numbers of nodes, `count` in all, no two the same.

    Raises:
      ValueError: the graph has fewer such copies than that; a complete graph has one.
    """
    found, seen = [adjacency], {adjacency.tobytes()}
    for _ in range(1000 * count):
        if len(found) == count:
            return found
        copy = expressivity.renumbered(adjacency, rng)
        if copy.tobytes() not in seen:
            seen.add(copy.tobytes())
            found.append(copy)
    raise ValueError(f"the graph has too few copies with other numbers of nodes: {len(found)}.")


def copies_of(one: np.ndarray, two: np.ndarray, number: int) -> list[np.ndarray]:
    """The graphs of a pair: 32 copies of each in turn, then 64 copies of one of them."""
    rng = np.random.default_rng(number)
    pairs = zip(renumbered(one, COPIES, rng), renumbered(two, COPIES, rng), strict=True)
    again = renumbered((one, two)[rng.integers(2)], 2 * COPIES, rng)
    return [*(graph for pair in pairs for graph in pair), *again]


def count(
    contender: Any, family: Family, seeds: Sequence[int], recipe: Recipe | None = None
) -> dict[str, Any]:
    """How many pairs of a family a model tells apart after training on each.

    Args:
      contender: `experiments.model_expressivity.Contender`.
      family: the pairs.
      seeds: of the models; the copies are the same for all.
      recipe: how a model trains.

    Returns:
      For each seed the pairs told apart, those not reliable, and the numbers of both.
    """
    recipe = Recipe() if recipe is None else recipe
    sizes = [max(len(family.graphs[i]), len(family.graphs[j])) for i, j in family.pairs]
    classes = np.searchsorted(SIZES, sizes)
    verdicts: dict[int, dict[int, Verdict]] = {seed: {} for seed in seeds}
    for size in np.unique(classes):
        numbers = np.flatnonzero(classes == size)
        groups = [
            copies_of(*(family.graphs[place] for place in family.pairs[number]), int(number))
            for number in numbers
        ]
        graphs = contender.encoded(tuple(graph for group in groups for graph in group))
        trainer = Trainer(
            contender.without_dropout().build(graphs.spec, "float32"),
            graphs,
            int(graphs.num_nodes.max()),
            int(graphs.num_edges.max()),
            {name: int(edges.num_edges.max()) for name, edges in graphs.edge_sets.items()},
            recipe,
        )
        for place, number in enumerate(numbers):
            start = 4 * COPIES * place
            pair = _numbered(graphs, start)
            again = _numbered(graphs, start + 2 * COPIES)
            for seed in seeds:
                found = trainer.test(pair, again, seed + 1000003 * int(number))
                verdicts[seed][int(number)] = verdict(*found)
    return dict(
        pairs=len(family.pairs),
        told={
            str(seed): sum(one.told_apart for one in each.values())
            for seed, each in verdicts.items()
        },
        unreliable={
            str(seed): sum(not one.reliable for one in each.values())
            for seed, each in verdicts.items()
        },
    )


def _numbered(graphs: Dataset, start: int) -> Dataset:
    """Sixty-four graphs as a dataset of its own, numbered from 0."""
    part = graphs.select(np.arange(start, start + 2 * COPIES))
    return dataclasses.replace(part, ids=np.arange(2 * COPIES, dtype=np.int32))
