"""Explains what a model says of graphs."""

import copy
import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import flax.linen as nn
import numpy as np

from gtx.data import Categorical, Dataset
from gtx.explain import rollout
from gtx.explain.edges import removable, without_edges
from gtx.explain.explanation import EdgeShares, Explanation
from gtx.explain.features import ExplainError
from gtx.explain.gradients import POINTS, Baseline, Mean, integrate, replaced, start_of
from gtx.explain.items import (
    Part,
    batches,
    check_nodes,
    local_targets,
    one_target_each,
    without_nodes,
)
from gtx.explain.programs import Programs
from gtx.explain.quantities import plain, quantities
from gtx.graphs import GraphsTuple
from gtx.predict import Predictor
from gtx.tasks import Task

_GRAPHS = 32  # in a batch
_NODES = 2**15  # in copies of graphs without some parts

Graphs: TypeAlias = GraphsTuple | Dataset | Iterable[GraphsTuple] | Iterable[str] | str


class ExplainWarning(UserWarning):
    """The contributions do not add up to the difference that they explain."""


class Explainer:
    """A trained model whose predictions are explained, one number of one target at a time.

    Every graph gets the explanation of each of its targets: of the graph as a whole, or of the
    nodes, edges or pairs that `targets` names.

    Args:
      model: a `gtx.models.GraphTransformer`, or any module whose submodule `embed` returns the
        encoded features.
      variables: `params` and `batch_stats`.
      task: the meaning of the outputs; None explains the outputs themselves.
      num_outputs: of a model without a task.
      dense: whether batches need a layout, as for `gtx.batching.Budget`.
    """

    def __init__(
        self,
        model: nn.Module,
        variables: Any,
        task: Task | None = None,
        *,
        num_outputs: int = 1,
        dense: bool = True,
    ):
        self.quantities = plain(num_outputs) if task is None else quantities(task)
        self.programs = Programs(model, self.quantities)
        self.variables = variables
        self.dense = dense
        self._predictor: Predictor | None = None
        # Nodes of a kind from here on were added by structures; None if there are none.
        self._first_added: int | None = None

    @classmethod
    def of(cls, predictor: Predictor) -> "Explainer":
        """The explainer of a trained run. It takes what the predictor takes: SMILES, graphs.

        Of an ensemble it is that of the first member; `each_member` gives all of them.

        Raises:
          ExplainError: the members are models of folds, which have scales of their own.
        """
        if len(predictor.each_recipe) > 1:
            raise ExplainError(
                "the models of folds read features on scales of their own. Explain one of them: "
                'Predictor.load("<workdir>/fold_0").'
            )
        recipe = predictor.recipe
        found = cls(
            predictor.model, predictor.members[0], predictor.task, dense=recipe.budget.dense
        )
        found._predictor = predictor
        if recipe.raw_spec is not None:
            kind = recipe.raw_spec.nodes.get("kind")
            found._first_added = kind.sizes[0] if isinstance(kind, Categorical) else 1
        return found

    @classmethod
    def each_member(cls, predictor: Predictor) -> "list[Explainer]":
        """The explainer of each member of an ensemble; they share their compiled programs."""
        first = cls.of(predictor)
        found = [copy.copy(first) for _ in predictor.members]
        for explainer, variables in zip(found, predictor.members, strict=True):
            explainer.variables = variables
        return found

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the targets or classes."""
        return self.quantities.names

    def mean(self, dataset: Dataset) -> Mean:
        """The baseline of mean features over the graphs of a dataset, such as the training part.

        Args:
          dataset: graphs as the model reads them, encoded and with structures, as
            `gtx.recipes.prepare` makes them.
        """
        bare = dataset.without_labels()
        totals: dict[str, tuple[Any, float]] = {}
        for part in batches(bare, dense=self.dense, most=_GRAPHS):
            for name, (sum_, count) in self.programs.sums(self.variables, part.batch).items():
                before, number = totals.get(name, (0.0, 0.0))
                totals[name] = before + np.asarray(sum_, np.float64), number + float(count)
        rows = {name: sum_ / max(count, 1.0) for name, (sum_, count) in totals.items()}
        return Mean({name: row.astype(np.float32) for name, row in rows.items()})

    def integrated_gradients(
        self,
        graphs: Graphs,
        target: str | int = 0,
        *,
        baseline: Baseline,
        targets: Any = None,
        tolerance: float = 0.01,
        most_steps: int = 2048,
    ) -> list[Explanation]:
        """Integrated gradients of encoded features (Sundararajan et al., 2017, equation 1).

        c_i = (x_i - x'_i) . integral over a from 0 to 1 of df / dx_i (x' + a (x - x')), summed
        over the features of node (or edge, ...) i. By completeness (their proposition 1) all c_i
        add up to f(x) - f(x').

        Columns of gtx are often categories, between which there is no path. So x are the features
        after the encoders, and x' is a baseline there. All of them move together: node columns with
        their encodings, edges, pairs, graph columns. The topology stays, and so does what a later
        layer reads from a column itself, and streams of a model that have no row for each node.

        The integral is a Gauss-Legendre rule of 16 points; the paper has a Riemann sum. While
        the contributions do not add up, the path is cut into twice as many pieces.

        Args:
          graphs: what a `Predictor` takes; of a model without one a Dataset of encoded graphs.
          target: name or place of a target or class.
          baseline: x'. "zero": features 0. `Explainer.mean(train)`: those of an average node. Or
            values of columns in place of the graph's own, `{"nodes": {"atom": [...]}}`, such as
            the classes of an unknown atom; the columns that are not named keep their values.
          targets: as for a `Predictor`: which nodes, edges or pairs are explained.
          tolerance: largest gap, as a part of |f(x) - f(x')|.
          most_steps: points at most. A warning names each graph whose gap is larger then.

        Raises:
          ExplainError: there is no such target, or the model cannot be explained so.
        """
        items, output = self._items(graphs, targets), self.quantities.place(target)
        if not 0 < tolerance < 1 or most_steps < POINTS:
            raise ExplainError(
                f"tolerance must be between 0 and 1 and most_steps at least {POINTS}, got "
                f"{tolerance} and {most_steps}."
            )
        if isinstance(baseline, str) and baseline != "zero":
            raise ExplainError(
                f'baseline is {baseline!r}. Give "zero", Explainer.mean(train), or values of '
                "columns."
            )
        others: Iterator[Part | None] = itertools.repeat(None)
        if not isinstance(baseline, str | Mean):  # the same graphs, and so the same batches
            others = batches(replaced(items, baseline), dense=self.dense, most=_GRAPHS)
        given, found = self._num_given(items), {}
        for part in batches(items, dense=self.dense, most=_GRAPHS):
            end = self.programs.encoded(self.variables, part.batch)
            start = start_of(self.programs, self.variables, end, baseline, next(others))
            integrals = integrate(
                self.programs, self.variables, items, part, start, end, output,
                tolerance=tolerance, most_steps=most_steps,
            )  # fmt: skip
            for place, integral in integrals.items():
                found[place] = Explanation(
                    method="integrated gradients",
                    target=self.quantities.names[output],
                    unit=self.quantities.units[output],
                    prediction=integral.prediction,
                    baseline=integral.baseline,
                    node_features=integral.nodes,
                    edges=integral.edges,
                    graph=integral.graph,
                    num_nodes=int(given[place]),
                    steps=integral.steps,
                    gap=integral.gap,
                )
                if not integral.adds_up:
                    _warn(found[place], int(items.ids[place]), tolerance)
        if not any(_says_something(each) for each in found.values()):
            warnings.warn(
                f"no feature that was moved changes {self.quantities.names[output]}: all "
                "contributions are 0. Either the model says the same of all graphs, or the graphs "
                "are their own baseline, or it reads its columns elsewhere (in streams of its own, "
                "in later layers): leave nodes out then.",
                ExplainWarning,
                stacklevel=2,
            )
        return [found[place] for place in range(len(items))]

    def leave_one_out(
        self,
        graphs: Graphs,
        target: str | int = 0,
        *,
        targets: Any = None,
    ) -> list[Explanation]:
        """What is lost without each node: f(graph) - f(graph without the node and its edges).

        Encodings and other columns keep the values of the whole graph: the features of the nodes
        that are left do not change, only what they hear of the missing one. The sum of these
        contributions means nothing. Where the target is the node itself, or an edge or a pair with
        it, the contribution is NaN.

        Args:
          graphs: as for `integrated_gradients`.
          target: likewise.
          targets: likewise.
        """
        items, output = self._items(graphs, targets), self.quantities.place(target)
        given, own = self._num_given(items), _target_nodes(items)
        removed = [
            (place, np.array([node]))
            for place in range(len(items))
            for node in range(given[place])
            if node not in own[place]
        ]
        whole = self._values(items, output)
        lost = self._without(items, removed, whole, output)
        nodes = [np.full(items.num_nodes[place], 0.0) for place in range(len(items))]
        for place in range(len(items)):
            nodes[place][: given[place]] = np.nan
        for (place, (node,)), value in zip(removed, lost, strict=True):
            nodes[place][node] = value
        return [
            Explanation(
                method="leave one out",
                target=self.quantities.names[output],
                unit=self.quantities.units[output],
                prediction=float(whole[place]),
                node_features=nodes[place],
                num_nodes=int(given[place]),
            )
            for place in range(len(items))
        ]

    def leave_one_edge_out(
        self,
        graphs: Graphs,
        target: str | int = 0,
        *,
        targets: Any = None,
    ) -> list[Explanation]:
        """What is lost without each edge: f(graph) - f(graph without the edge).

        Where every edge of a graph is there in both directions, both are left out together, and
        have the same contribution. All columns keep the values of the whole graph, encodings and
        pairs too: a layer that reads only these does not miss the edge. The sum of these
        contributions means nothing. Nodes have NaN, and so has an edge that is the target, or that
        structures added.

        Args:
          graphs: as for `integrated_gradients`.
          target: likewise.
          targets: likewise.
        """
        items, output = self._items(graphs, targets), self.quantities.place(target)
        given = self._num_given(items)
        removed = removable(items, given)
        whole = self._values(items, output)
        lost = self._without(items, removed, whole, output, without_edges)
        if len(lost) and not lost.any():
            warnings.warn(
                f"no edge that is left out changes {self.quantities.names[output]}. Perhaps the "
                "model reads the edges by encodings or pairs of nodes alone, which keep what they "
                "were: take integrated gradients, or leave nodes out.",
                ExplainWarning,
                stacklevel=2,
            )
        values = np.full(len(items.senders), np.nan)
        for (place, edges), value in zip(removed, lost, strict=True):
            values[items.edge_ptr[place] + edges] = value
        found = []
        for place, first in enumerate(items.edge_ptr[:-1].tolist()):
            edge = slice(first, items.edge_ptr[place + 1])
            shares = EdgeShares(items.senders[edge], items.receivers[edge], values[edge])
            found.append(
                Explanation(
                    method="leave one edge out",
                    target=self.quantities.names[output],
                    unit=self.quantities.units[output],
                    prediction=float(whole[place]),
                    node_features=np.full(items.num_nodes[place], np.nan),
                    edges={"graph": shares},
                    num_nodes=int(given[place]),
                )
            )
        return found

    def leave_out(
        self,
        graphs: Graphs,
        groups: Sequence[Sequence[int]],
        target: str | int = 0,
        *,
        targets: Any = None,
    ) -> np.ndarray:
        """What is lost without each of these sets of nodes of one graph, float64 [groups].

        Args:
          graphs: one graph, with one target, as for `integrated_gradients`.
          groups: numbers of nodes that are left out together, with their edges.
          target: as for `integrated_gradients`.
          targets: likewise.
        """
        items, output = self._items(graphs, targets), self.quantities.place(target)
        check_nodes(items, groups, self._num_given(items))
        own = _target_nodes(items)[0]
        for group in groups:
            if own & set(map(int, group)):
                raise ExplainError(f"{list(group)} holds the target itself. Leave it in.")
        removed = [(0, np.unique(group)) for group in groups]
        return self._without(items, removed, self._values(items, output), output)

    def rollout(
        self, graphs: Graphs, *, targets: Any = None, message_passing: bool = True
    ) -> list[Explanation]:
        """How much of each node attention carries to what is predicted: see `gtx.explain.rollout`.

        These shares are of all outputs together, not negative, and 1 in sum. They say where the
        model looks, not what it concludes.

        Args:
          graphs: as for `integrated_gradients`.
          targets: likewise.
          message_passing: whether layers of message passing beside attention carry too.

        Raises:
          ExplainError: no layer of the model sows weights of attention among nodes.
        """
        items = self._items(graphs, targets)
        given, local = self._num_given(items), local_targets(items)
        found: dict[int, Explanation] = {}
        for part in batches(items, dense=self.dense, most=_GRAPHS):
            sown = self.programs.weights(self.variables, part.batch)
            flows = rollout.flows(
                sown, self.variables["params"], part.batch, part.slots, message_passing
            )
            for place, flow in zip(part.graphs.tolist(), flows, strict=True):
                share = rollout.read_out(flow, items.targets.level, local, place, items)
                found[place] = Explanation(
                    method="attention rollout",
                    target="all",
                    unit="share",
                    node_features=share,
                    num_nodes=int(given[place]),
                )
        return [found[place] for place in range(len(items))]

    def _items(self, graphs: Graphs, targets: Any) -> Dataset:
        if self._predictor is not None:
            dataset = self._predictor.dataset(graphs, targets=targets)
        elif isinstance(graphs, Dataset):
            dataset = graphs.without_labels()
            if targets is not None:
                dataset = dataset.with_targets(dataset.targets.level, targets)
        else:
            raise ExplainError("a model without its recipe needs a gtx.data.Dataset.")
        if not len(dataset.targets):
            raise ExplainError("there is nothing to explain: no graph, or no target.")
        return one_target_each(dataset)

    def _num_given(self, items: Dataset) -> np.ndarray:
        """How many nodes each graph was given with; structures add theirs after them."""
        if self._first_added is None or "kind" not in items.nodes:
            return items.num_nodes
        given = items.nodes["kind"][:, 0] < self._first_added
        counts = np.append(0, np.cumsum(given))
        return counts[items.node_ptr[1:]] - counts[items.node_ptr[:-1]]

    def _values(self, items: Dataset, output: int) -> np.ndarray:
        """The quantity of each graph, float64 [graphs]."""
        found = np.zeros(len(items))
        for part in batches(items, dense=self.dense, most=_GRAPHS):
            values = np.asarray(self.programs.values(self.variables, part.batch))
            found[part.graphs] = part.of_targets(values[:, output])
        return found

    def _without(
        self,
        items: Dataset,
        removed: Sequence[tuple[int, np.ndarray]],
        whole: np.ndarray,
        output: int,
        without: Callable[[Dataset, Sequence[tuple[int, np.ndarray]]], Dataset] = without_nodes,
    ) -> np.ndarray:
        # Of large graphs there is no room for many copies at a time.
        most = max(1, min(8 * _GRAPHS, _NODES // max(int(items.num_nodes.max(initial=1)), 1)))
        lost = [
            whole[[place for place, _ in some]] - self._values(without(items, some), output)
            for some in _chunks(removed, most)
        ]
        return np.concatenate(lost) if lost else np.zeros(0)


def _chunks(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _says_something(found: Explanation) -> bool:
    """Whether any contribution is not 0, or the prediction is not that of the baseline."""
    edges = [shares.values for shares in found.edges.values()]
    parts = (found.node_features, np.array(found.graph), *edges)
    return found.prediction != found.baseline or any(bool(each.any()) for each in parts)


def _warn(found: Explanation, graph: int, tolerance: float) -> None:
    warnings.warn(
        f"graph {graph}: after {found.steps} steps the contributions to {found.target} add up to "
        f"{found.total:.6g}, and the prediction minus the baseline is "
        f"{found.prediction - found.baseline:.6g}, which differs by more than {tolerance:.0%}. "
        "Give more steps, or another baseline.",
        ExplainWarning,
        stacklevel=3,
    )


def _target_nodes(items: Dataset) -> list[set[int]]:
    """Of each graph the nodes without which there is no target."""
    local, level = local_targets(items), items.targets.level
    if local is None:
        return [set() for _ in range(len(items))]
    if level == "edge":
        rows = items.edge_ptr[:-1] + local
        local = np.stack([items.senders[rows], items.receivers[rows]], axis=1)
    return [set(np.atleast_1d(row).tolist()) for row in local]
