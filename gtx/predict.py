"""Predictions on raw graphs from a checkpoint. Only the folder of the run is needed."""

import functools
import os
import pathlib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import jax
import numpy as np

from gtx import recipes, tasks, uncertainty
from gtx._version import __version__
from gtx.batch import Batch
from gtx.batching import Budget, batch_graphs
from gtx.batching.budget import budget_for, with_room
from gtx.data import Column, Dataset, DatasetError, Label, csv_columns, molecules
from gtx.data.blank import one_node
from gtx.data.smiles import shortened
from gtx.graphs import GraphError, GraphsTuple, concatenate
from gtx.models.vectors import Vectors
from gtx.recipes.reading import Reader
from gtx.recipes.together import Together, together
from gtx.training import CheckpointError, CheckpointWarning, Evaluator
from gtx.training.arrays import restore_tree
from gtx.training.members import restore_members
from gtx.typing import Level, PyTree

_MANY_STEPS = 8  # batches in a call of the program for many graphs


class Predictor:
    """A trained model, or an ensemble of models, as a function from graphs to predictions.

    The seeds of a run of several seeds are an ensemble, and so are the folds of a run with folds.
    It predicts the mean over its members. The models of folds have scales of their own, of columns
    and targets. Graphs are read once, and each member gets them on its scales.
    Programs are compiled when they are first needed and kept: one for all graphs that fit into the
    batches of the training run, and one for each doubling of the size beyond. Members share them.

    Args:
      recipe: what a checkpoint says.
      variables: `params` and `batch_stats`.
      others: those of further members of an ensemble.
      several: the recipes of all members, where they differ in scales; `recipe` is then that by
        which graphs are read for all of them.

    Attributes:
      recipe: config, spec, scaler and budget of the training run; of folds that by which graphs are
        read for all of them, without scales.
      model: the module.
      task: the meaning of its outputs; `task.label` names and describes the predictions.
      members: `params` and `batch_stats` of each member, numpy; of one model there is one.

    Raises:
      ValueError: an ensemble predicts sequences, of which there is no mean.
    """

    def __init__(
        self,
        recipe: recipes.Recipe,
        variables: PyTree,
        *,
        others: Sequence[PyTree] = (),
        several: Together | None = None,
    ):
        self.recipe = recipe
        self._several = several
        # What the model reads: of several recipes, all have the columns of the first one.
        self._spec = recipe.spec if several is None else several.each[0].spec
        self.model = recipes.model(recipe.config, self._spec)
        self.task = recipes.task(recipe.config, recipe.spec)
        self.members = [variables, *others]
        if others and self.task.label.kind == "sequence":
            raise ValueError(
                "it predicts sequences, of which there is no mean over members. Take one member: "
                "the folder of one seed."
            )
        self._reader = Reader(recipe, self.task.label.level, structured=several is None)
        self._evaluators: dict[tuple[Budget, int, Level | None], Evaluator] = {}

    @classmethod
    def load(cls, workdir: str | os.PathLike[str]) -> "Predictor":
        """The best parameters of a run, in the model that its recipe describes.

        Args:
          workdir: the folder of the run. That of a run of several seeds or of folds is an ensemble,
            and the folder `seed_<seed>` or `fold_<number>` in it is one of its members.

        Raises:
          CheckpointError: there is no checkpoint, it is damaged, it has no recipe, its arrays
            do not fit the model, the recipes of folds differ in more than scales, or predictions
            of several members have no mean.
        """
        first, *others = restore_members(pathlib.Path(workdir))
        assert first.recipe is not None
        version, path = first.recipe.get("version"), first.path
        try:
            recipe, several = recipes.read_recipe(first.recipe), None
            if any(restored.recipe != first.recipe for restored in others):
                read = (restored.recipe for restored in others if restored.recipe is not None)
                several = together([recipe, *map(recipes.read_recipe, read)])
                recipe = several.reading
            shapes, trees = cls(recipe, variables={}, several=several).shapes(), []
            for restored in (first, *others):
                path = restored.path
                trees.append(restore_tree(restored.arrays, shapes))
            predictor = cls(recipe, trees[0], others=trees[1:], several=several)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise CheckpointError(
                f"checkpoint {path}, written by gtx {version}, cannot be loaded by gtx "
                f"{__version__}: {error}"
            ) from error
        if version != __version__:
            warnings.warn(
                f"{path} was written by gtx {version} and is read by gtx {__version__}; "
                "compare a few predictions with those of the run.",
                CheckpointWarning,
                stacklevel=2,
            )
        return predictor

    @property
    def each_recipe(self) -> tuple[recipes.Recipe, ...]:
        """The recipes of the members: of seeds one for all of them, of folds one for each."""
        return (self.recipe,) if self._several is None else self._several.each

    @property
    def variables(self) -> PyTree:
        """`params` and `batch_stats` of one model.

        Raises:
          ValueError: there are several members.
        """
        if len(self.members) != 1:
            raise ValueError(
                f"this is an ensemble of {len(self.members)} members. Take those of one: "
                "predictor.members[0], or load the folder of one seed or fold."
            )
        return self.members[0]

    @variables.setter
    def variables(self, variables: PyTree) -> None:
        self.members = [variables]

    def __call__(
        self,
        graphs: GraphsTuple | Dataset | Iterable[GraphsTuple] | Iterable[str] | str,
        *,
        targets: Any = None,
        padded: bool | None = None,
    ) -> np.ndarray:
        """Predict, in the order given.

        Args:
          graphs: SMILES; or one or several GraphsTuples, or a Dataset, with the columns of the
            training data. Encodings are computed unless all of their columns are given. The
            recipe's structures are added unless a Dataset already has edge sets. Descriptors of
            molecules are computed from SMILES, which may be the names of a Dataset. Labels are not
            read.
          targets: the graphs, nodes or edges to predict, as numbers that count through all graphs
            from 0; or the pairs to predict, [targets, 2], as numbers of sender and receiver among
            all nodes. If None: the targets of a Dataset, if they have the level that the model
            predicts, otherwise all graphs, nodes or edges.
          padded: whether GraphsTuples end in jraph's padding, which gets no prediction: see
            `gtx.graphs`.

        Returns:
          float32 [targets, dim], in the order of the targets, in the label's own unit or as
          probabilities; of an ensemble the mean over its members. Virtual nodes get no prediction.
          `np.split` at the `node_ptr` of a Dataset divides the predictions of all nodes into those
          of each graph.

        Raises:
          GraphError: names the graph, the field and the remedy (an unknown category, NaN, a missing
            column, a SMILES that does not parse).
          NonFiniteError: a prediction is not finite.
        """
        return uncertainty.mean(self.by_member(graphs, targets=targets, padded=padded))

    def by_member(
        self,
        graphs: GraphsTuple | Dataset | Iterable[GraphsTuple] | Iterable[str] | str,
        *,
        targets: Any = None,
        padded: bool | None = None,
    ) -> np.ndarray:
        """What each member of an ensemble predicts: float32 [members, targets, dim].

        `gtx.uncertainty` has their mean and their deviation. The arguments are those of a call.
        """
        return self._predict(self.dataset(graphs, targets=targets, padded=padded))

    def smiles(
        self, smiles: Iterable[str], *, columns: Mapping[str, Sequence[object]] | None = None
    ) -> tuple[np.ndarray, dict[int, str]]:
        """Predict for the molecules that parse.

        Args:
          smiles: of each molecule.
          columns: where the model reads further columns of its CSV file: by name the number or
            category of each molecule. One without a value or of an unknown category has a reason.

        Returns:
          Predictions float32 [molecules, dim], with NaN in the rows of the others, and a dict from
          each of these rows to the reason.

        Raises:
          DatasetError: the model does not predict for whole molecules, or reads other columns.
        """
        predictions, errors = self.smiles_by_member(smiles, columns=columns)
        return uncertainty.mean(predictions), errors

    def smiles_by_member(
        self, smiles: Iterable[str], *, columns: Mapping[str, Sequence[object]] | None = None
    ) -> tuple[np.ndarray, dict[int, str]]:
        """`smiles` with the predictions of each member, float32 [members, molecules, dim]."""
        if (level := self.task.label.level) != "graph":
            raise DatasetError(
                f"this model predicts for {level}s, of which graphs have many. Call it with graphs."
            )
        dataset, errors = self.molecules(smiles := list(smiles), columns=columns)
        for place, reason in csv_columns.far(dataset, self.scaled_columns):
            warnings.warn(molecules.MoleculeWarning(place, reason), stacklevel=3)
        return self.of_molecules(dataset, len(smiles)), errors

    def molecules(
        self, smiles: Sequence[str], *, columns: Mapping[str, Sequence[object]] | None = None
    ) -> tuple[Dataset, dict[int, str]]:
        """The molecules that parse, whose `ids` are their places, and why the others do not.

        The arguments are those of `smiles`.
        """
        cells = csv_columns.given(columns, self.columns, len(smiles))
        dataset, errors = molecules.from_smiles(smiles, features=self.features)
        return csv_columns.added(dataset, errors, cells, self.columns)

    def of_molecules(self, molecules: Dataset, num_rows: int) -> np.ndarray:
        """Predict for molecules as `molecules` returns them.

        Args:
          molecules: their `ids` are places in the result.
          num_rows: its length.

        Returns:
          What each member predicts, float32 [members, num_rows, dim], NaN in the rows without a
          molecule.
        """
        shape = (len(self.members), num_rows, self.task.prediction_dim)
        predictions = np.full(shape, np.nan, np.float32)
        predictions[:, molecules.ids] = self._predict(self._reader.of_dataset(molecules, None))
        return predictions

    def embed(
        self,
        graphs: GraphsTuple | Dataset | Iterable[GraphsTuple] | Iterable[str] | str,
        *,
        level: Literal["graph", "node"] | None = None,
        targets: Any = None,
        padded: bool | None = None,
    ) -> np.ndarray:
        """The vectors from which the model predicts, in the order given.

        Args:
          graphs: as in a call; likewise `targets` and `padded`.
          level: of what there are vectors. None is what the head reads, for each target. "node" is
            the nodes after the last layer, of every graph one after the other, without virtual
            nodes; of a model that predicts for nodes, what its head reads.

        Returns:
          float32 [targets, dim], or [nodes, dim].

        Raises:
          DatasetError: the model predicts for others than graphs, and has no vectors of graphs.
          GraphError: as in a call.
          ValueError: an ensemble, whose members have vectors of their own (`embed_by_member`), or a
            model without head.
        """
        if len(self.members) != 1:
            raise ValueError(
                f"this is an ensemble of {len(self.members)} members, each with vectors of its "
                "own. Call embed_by_member, or load the folder of one seed or fold."
            )
        return self.embed_by_member(graphs, level=level, targets=targets, padded=padded)[0]

    def embed_by_member(
        self,
        graphs: GraphsTuple | Dataset | Iterable[GraphsTuple] | Iterable[str] | str,
        *,
        level: Literal["graph", "node"] | None = None,
        targets: Any = None,
        padded: bool | None = None,
    ) -> np.ndarray:
        """The vectors of each member of an ensemble: float32 [members, targets or nodes, dim].

        Members learn apart: their vectors do not compare. The arguments are those of `embed`.
        """
        own = self.task.label.level
        wanted: Level = level or own
        if wanted not in (own, "node"):
            raise DatasetError(
                f"this model predicts for {own}s and has no vectors of graphs. Take those of "
                "level='node', and their mean or sum over each graph."
            )
        if own == "pair" and wanted == "node" and targets is None:
            targets = np.zeros((0, 2), np.int64)
        dataset = self.dataset(graphs, targets=targets, padded=padded)
        if wanted != own:
            index = None
            added = "virtual_nodes" in self.recipe.config.get("structures", {})
            if added and self._several is None:  # members of folds add structures later
                index = np.flatnonzero(dataset.nodes["kind"][:, 0] == 0)
            dataset = dataset.with_targets("node", index)
        return self._predict(dataset, wanted)

    @property
    def features(self) -> str:
        """The features of atoms and bonds that the model reads.

        Raises:
          DatasetError: they are not made from SMILES.
        """
        features = recipes.smiles_features(self.recipe.config)
        if not features:
            nodes, edges = sorted(self.recipe.spec.nodes), sorted(self.recipe.spec.edges)
            raise DatasetError(
                f"this model was trained on the source {self.recipe.config.data.name!r}, whose "
                "features are not made from SMILES. Give graphs with the node columns "
                f"{nodes} and the edge columns {edges}."
            )
        return features

    def dataset(
        self,
        graphs: GraphsTuple | Dataset | Iterable[GraphsTuple] | Iterable[str] | str,
        *,
        targets: Any = None,
        padded: bool | None = None,
    ) -> Dataset:
        """The graphs as the model reads them: checked, encoded, with structures, without labels.

        For the models of folds they have neither scales nor structures yet. The arguments are those
        of a call.
        """
        if isinstance(graphs, Dataset):
            if padded is not None:
                raise GraphError("graphs: a Dataset has no padding. Leave out padded.")
            return self._reader.of_dataset(graphs.without_labels(), targets)
        if isinstance(graphs, GraphsTuple):
            return self._reader.of_graphs(concatenate([graphs], padded=padded), targets)
        graphs = [graphs] if isinstance(graphs, str) else list(graphs)
        if not graphs:
            return one_node(self.recipe.spec).select([])
        if not any(isinstance(graph, str) for graph in graphs):
            return self._reader.of_graphs(concatenate(graphs, padded=padded), targets)
        dataset, errors = self.molecules(graphs)
        for row, reason in errors.items():
            raise DatasetError(
                f"molecule {row} ({shortened(graphs[row])!r}): {reason}. Leave it out or mend it; "
                "Predictor.smiles predicts for the others."
            )
        return self._reader.of_dataset(dataset, targets)

    @property
    def columns(self) -> dict[str, Column]:
        """The columns of a CSV file that the model reads beside the SMILES, and what they hold."""
        return self._reader.columns

    @property
    def scaled_columns(self) -> dict[str, Column]:
        """The same with the mean and the standard deviation by which training scaled numbers."""
        return {name: self._spec.graphs[name] for name in self.columns}

    @property
    def smiles_column(self) -> str:
        """The column of SMILES in the CSV file of the training run; "smiles" without one."""
        return str(self.recipe.config.data.get("smiles", "smiles"))

    @property
    def num_compilations(self) -> int:
        """Number of programs compiled so far."""
        return sum(each.program.num_compilations for each in self._evaluators.values())

    def _predict(self, dataset: Dataset, vectors: Level | None = None) -> np.ndarray:
        """float32 [members, targets, dim]; of the vectors of a level, where it is named."""
        if self._several is None:
            return self._predicted(self.members, dataset, vectors)
        found = []
        for number, view in enumerate(self._several.views(dataset)):
            (said,) = self._predicted([self.members[number]], view, vectors)
            if not vectors:
                # `self.task` knows no scale: what its programs predict is on that of the member.
                own = recipes.task(self.recipe.config, self._several.each[number].spec)
                said = tasks.on_scale(own).in_own_unit(said)
            found.append(said)
        return np.stack(found)

    def _predicted(
        self, members: Sequence[PyTree], dataset: Dataset, vectors: Level | None = None
    ) -> np.ndarray:
        """What some members predict of graphs that are as their model reads them."""
        task = self._vectors(vectors)[1] if vectors else self.task
        predictions = np.zeros(
            (len(members), len(dataset.targets), task.prediction_dim), np.float32
        )
        own = self.recipe.budget
        sizes = zip(dataset.num_nodes.tolist(), own.count_edges(dataset).tolist(), strict=True)
        budgets = [budget_for(own, *size) for size in sizes]
        for budget in dict.fromkeys(budgets):
            chosen = np.array([budget == other for other in budgets])
            rows = chosen[dataset.target_graph]
            part = dataset if chosen.all() else dataset.select(chosen)
            evaluator = self._evaluator(with_room(budget, part), len(part), vectors)
            prepared = evaluator.prepare(part) if len(members) > 1 else None  # once for all
            for member, variables in enumerate(members):
                predictions[member, rows] = evaluator(variables, part, prepared).predictions
        return predictions

    def _evaluator(
        self, budget: Budget, num_graphs: int, vectors: Level | None = None
    ) -> Evaluator:
        # One batch per call: with more, a single molecule would cost several empty batches. Many
        # graphs get a program of their own, because a call costs as much as a small batch.
        steps = _MANY_STEPS if num_graphs > 4 * _MANY_STEPS * budget.batch_size else 1
        if (budget, steps, vectors) not in self._evaluators:
            model, task = self._vectors(vectors) if vectors else (self.model, self.task)
            program = Evaluator(model, task, budget, steps_per_call=steps)
            self._evaluators[budget, steps, vectors] = program
        return self._evaluators[budget, steps, vectors]

    def _vectors(self, level: Level) -> tuple[Any, tasks.Task]:
        """The model without its head, and a task whose predictions are what it gives."""
        own = level == self.task.label.level
        model = Vectors(self.model, of_nodes=not own)
        example = self._example(None if own else level)
        shape = jax.eval_shape(model.apply, self.members[0], example).shape
        return model, tasks.Regression(Label(level, "regression", shape[-1]))

    def _example(self, level: Level | None = None) -> Batch:
        """A batch of one node, whose targets are of a level, or of that of the label."""
        level = level or self.task.label.level
        example = one_node(self._spec).with_targets(level, [[0, 0]] if level == "pair" else None)
        return batch_graphs(example, dense=self.recipe.budget.dense)

    def shapes(self) -> PyTree:
        """Shapes and dtypes of the model's variables."""
        init = functools.partial(self.model.init, train=False)
        variables = jax.eval_shape(init, jax.random.key(0), self._example())
        return {"params": variables["params"], "batch_stats": variables.get("batch_stats", {})}
