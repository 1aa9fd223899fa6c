"""Fine-tuning: what a run takes of another run, `config.init_from`, and what starts anew.

Parameters are taken by name. What belongs to the label is new where the label is another: the head,
and the scale of the targets. What belongs to the features is taken with the parameters that read
them: scales of descriptors and of columns, room for hidden nodes, running statistics of norms.
"""

import dataclasses
import glob
import pathlib
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from gtx.data import GraphSpec
from gtx.recipes.rules import ConfigError, frozen
from gtx.recipes.saved import Recipe, read_recipe
from gtx.recipes.taken_data import alike, encoders
from gtx.training.checkpoint import CheckpointError
from gtx.training.comparison import differences
from gtx.training.members import restore_best
from gtx.training.patterns import check_patterns, covering, leaf_name, matching
from gtx.typing import PyTree

# Modules of what is predicted, and of the readout for its level.
_OF_LABEL, _OF_LEVEL, _OF_NOISE = "head", "readout", "auxiliary"
# Fields of a model that may differ: a function with other values of them reads the same parameters.
_FREE = ("dropout_rate", "drop_path_rate", "remat", "implementation", "dtype")


@dataclasses.dataclass(frozen=True)
class Origin:
    """The run whose parameters another run starts from.

    Attributes:
      name: its folder, as the config names it.
      recipe: its recipe.
      variables: its best `params` and `batch_stats`.
    """

    name: str
    recipe: Recipe
    variables: dict[str, PyTree]


@dataclasses.dataclass(frozen=True)
class Start:
    """What a run starts from.

    Attributes:
      init: `params` and `batch_stats` that are taken, for `gtx.training.fit`; likewise:
      init_new: patterns of the variables that start anew.
      taken: names of the variables that are taken; likewise:
      new: of those with initial values.
      left: of variables of the other run that are not taken.
      notes: fields of the model that differ, though its parameters do not.
    """

    init: dict[str, PyTree]
    init_new: tuple[str, ...]
    taken: tuple[str, ...]
    new: tuple[str, ...]
    left: tuple[str, ...]
    notes: tuple[str, ...]

    def told(self, name: str) -> str:
        """One line for the user: the modules that are taken, new and left."""
        parts = {
            "taken": covering(self.taken, (*self.new, *self.left)),
            "new": covering(self.new, self.taken),
            "left": covering(self.left, self.taken),
        }
        said = [f"{word}: {', '.join(found) or 'nothing'}" for word, found in parts.items()]
        return f"starting from {name}; {'; '.join(said)}."

    def to_json(self) -> dict[str, list[str]]:
        """The names of all variables that are taken, new and left."""
        return {"taken": list(self.taken), "new": list(self.new), "left": list(self.left)}


def origin(config: ConfigDict) -> Origin | None:
    """The run that `config.init_from` names, with its best parameters; None where it names none.

    Raises:
      ConfigError: there is no such run, or it cannot be read.
    """
    name = config.get("init_from", "")
    if not name:
        return None
    try:
        restored = restore_best(pathlib.Path(name))
    except CheckpointError as error:
        raise ConfigError(f"config.init_from: {error}") from error
    if restored.recipe is None:
        raise ConfigError(
            f"config.init_from: {restored.path} has no recipe, so that it is not known what its "
            "parameters read. Give them to gtx.training.fit(..., init=)."
        )
    return Origin(name, read_recipe(restored.recipe), restored.arrays)


def check_start(config: ConfigDict) -> None:
    """Raise a ConfigError for `config.init_new` without a run to start from."""
    if frozen(config.get("init_new", ())) and not config.get("init_from", ""):
        raise ConfigError(
            f"config.init_new: {frozen(config.init_new)} is about the parameters of another run, "
            "and config.init_from names none. Give (), or name the run."
        )


def start(config: ConfigDict, found: Origin, shapes: PyTree, spec: GraphSpec) -> Start:
    """What is taken of another run by a model.

    Args:
      config: the recipe.
      found: the other run.
      shapes: `params` and `batch_stats` of the model, or their shapes.
      spec: of its data.

    Raises:
      ConfigError: a parameter is missing, left over or of another shape, and nothing says that it
        is new; or a pattern of `config.init_new` matches nothing.
    """
    wanted, given = _by_name(shapes), _by_name(found.variables)
    asked = frozen(config.get("init_new", ()))
    every = list(dict.fromkeys([*wanted, *given]))
    try:
        check_patterns("config.init_new", asked, every)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    new = matching(every, asked) | _of_other_data(config, found.recipe, spec, every)
    missing = [name for name in wanted if name not in given and name not in new]
    over = [name for name in given if name not in wanted and name not in new]
    other = [
        name
        for name, leaf in wanted.items()
        if name in given and name not in new and _form(leaf) != _form(given[name])
    ]
    notes = _model_differences(found.recipe.config, config)
    if missing or over or other:
        raise ConfigError(_refusal(found, wanted, given, (missing, over, other), notes))
    taken = [name for name in wanted if name not in new]
    if not taken:
        raise ConfigError(
            f"config.init_from: nothing is taken of {found.name}, as all of it is new or left. "
            'Give "", or fewer patterns in config.init_new.'
        )
    kept = {*taken}
    anew = tuple(name for name in wanted if name not in kept)
    return Start(
        init=_nested(found.variables, kept),
        init_new=tuple(map(glob.escape, anew)),
        taken=tuple(taken),
        new=anew,
        left=tuple(name for name in given if name not in kept),
        notes=tuple(f"{line}, and its parameters are taken" for line in notes),
    )


def _of_other_data(config: ConfigDict, like: Recipe, spec: GraphSpec, names: list[str]) -> set[str]:
    """The variables that follow from a label, a column or noise that only one of the runs has."""
    modules: set[str] = set()
    label, theirs = spec.label, like.spec.label
    assert label is not None
    if not alike(label, config, like):
        modules.add(_OF_LABEL)
    if theirs is None or label.level != theirs.level:
        modules.add(_OF_LEVEL)
    noise = ("noise", "noise_scale", "noise_columns")
    if any(config.task.get(name) != like.config.task.get(name) for name in noise):
        modules.add(_OF_NOISE)
    inner = encoders(spec, config) ^ encoders(like.spec, like.config)
    return {
        name
        for name in names
        if name.split("/")[0] in modules or inner.intersection(name.split("/"))
    }


def _model_differences(old: ConfigDict, new: ConfigDict) -> list[str]:
    """Fields of the model that change what is computed of its parameters."""
    lines = differences(frozen(old.model.to_dict()), frozen(new.model.to_dict()), "config.model")
    return [line for line in lines if not line.split(": ")[0].endswith(_FREE)]


def _refusal(
    found: Origin,
    wanted: Mapping[str, Any],
    given: Mapping[str, Any],
    problems: tuple[list[str], list[str], list[str]],
    notes: list[str],
) -> str:
    """What does not go together, and what to do."""
    missing, over, other = problems
    parts = []
    if missing:
        parts.append(f"it lacks {_listing(covering(missing, given))}")
    if over:
        parts.append(f"this model lacks {_listing(covering(over, wanted))}")
    if other:
        name = other[0]
        more = f", and {len(other) - 1} more differ" if len(other) > 1 else ""
        there, here = _form(given[name]), _form(wanted[name])
        parts.append(f"{name} is {there} there and {here} here{more}")
    every = sorted({*wanted, *given} - {*missing, *over, *other})
    remedy = covering([*missing, *over, *other], every)
    named = repr(tuple(glob.escape(name) for name in remedy[:4]))
    differing = f" What differs: {'; '.join(notes[:4])}." if notes else ""
    return (
        f"config.init_from: the parameters of {found.name} are not those of this model: "
        f"{'; '.join(parts)}.{differing} Give config.model as it is there, or say that these start "
        f"anew or are left: config.init_new={named}{' and more' if len(remedy) > 4 else ''}."
    )


def _listing(names: list[str], limit: int = 6) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _form(leaf: Any) -> str:
    return f"{np.dtype(leaf.dtype).name}{list(leaf.shape)}"


def _by_name(variables: Mapping[str, PyTree]) -> dict[str, Any]:
    """Each variable by its name within its collection; a parameter and a statistic never share."""
    return {
        leaf_name(path).partition("/")[2]: leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(variables)
    }


def _nested(variables: Mapping[str, PyTree], kept: set[str]) -> dict[str, PyTree]:
    """The variables of these names, as nested dicts."""

    def part(tree: Mapping[str, Any], outer: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, inner in tree.items():
            place = f"{outer}/{name}" if outer else str(name)
            if isinstance(inner, Mapping):
                deeper = part(inner, place)
                if deeper:
                    found[name] = deeper
            elif place in kept:
                found[name] = inner
        return found

    return {collection: part(tree, "") for collection, tree in variables.items()}
