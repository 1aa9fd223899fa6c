"""What a run that starts from another one takes of that run's data.

What belongs to the features is taken with the parameters that read them: the scales of descriptors
and of columns, categories, room for hidden nodes. The scale of the targets is taken with the head.
"""

import dataclasses

from ml_collections import ConfigDict

from gtx.data import Categorical, Column, Continuous, Dataset, GraphSpec, Label
from gtx.data.column_scales import scaled_like
from gtx.data.masking import hidden_columns, narrow
from gtx.nn.parts.columns import module_name
from gtx.recipes.data import encodings
from gtx.recipes.rules import ConfigError, frozen
from gtx.recipes.saved import Recipe
from gtx.training.comparison import differences
from gtx.training.description import describe
from gtx.training.patterns import matches
from gtx.typing import LEVELS


def with_features_of(graphs: Dataset, like: Recipe, config: ConfigDict) -> Dataset:
    """The graphs with their columns as those of another run: in its scales, with its categories.

    Args:
      graphs: before encodings and structures.
      like: the recipe of the other run.
      config: the recipe; columns whose encoders it starts anew stay as they are.
    """
    spec = like.raw_spec or like.spec
    # Both hide nodes: the columns get room for that after this. One that predicts a label has the
    # room as a category that does not occur.
    hides = like.config.task.get("masked", 0.0) and config.task.get("masked", 0.0)
    hidden = hidden_columns(like.spec) if hides else ()
    shared: dict[str, dict[str, Column]] = {
        level: {
            name: narrow(column) if level == "nodes" and name in hidden else column
            for name, column in getattr(spec, level).items()
            if name in getattr(graphs.spec, level) and not _is_new(level, name, config)
        }
        for level in LEVELS.values()
    }
    wider = {
        level: {
            **getattr(graphs.spec, level),
            **{
                name: _with_categories(getattr(graphs.spec, level)[name], column)
                for name, column in columns.items()
            },
        }
        for level, columns in shared.items()
    }
    graphs = dataclasses.replace(graphs, spec=graphs.spec.replace(**wider))
    return scaled_like(graphs, GraphSpec().replace(**shared))


def with_label_of(graphs: Dataset, like: Recipe, config: ConfigDict) -> Dataset:
    """The graphs with the scale of their targets that the head of another run has, if it is taken.

    That is where the label is the same, and `config.init_new` does not name the head.
    """
    label, theirs = graphs.spec.label, like.spec.label
    if label is None or theirs is None or not takes_head(label, like, config):
        return graphs
    return dataclasses.replace(graphs, spec=graphs.spec.replace(label=_with_scale(label, theirs)))


def takes_descriptors(like: Recipe, config: ConfigDict) -> bool:
    """Whether the scaler of another run's descriptors is taken.

    Raises:
      ConfigError: the descriptors are others.
    """
    if like.scaler is None or _is_new("graphs", "descriptors", config):
        return False
    names = frozen(config.data.descriptors)
    if tuple(like.scaler.names) != names:
        raise ConfigError(
            f"config.data.descriptors: {names} are not those of {config.init_from}: "
            f"{tuple(like.scaler.names)}. Give the same, or let their encoder start anew: "
            "config.init_new=('*/graph_descriptors',)."
        )
    return True


def takes_head(label: Label, like: Recipe, config: ConfigDict) -> bool:
    """Whether the head of another run predicts this label, and is taken."""
    asked = any(matches("head", pattern) for pattern in frozen(config.get("init_new", ())))
    return not asked and alike(label, config, like)


def check_columns(spec: GraphSpec, like: Recipe, config: ConfigDict) -> None:
    """Refuse data that the parameters of another run would misread.

    Args:
      spec: of the recipe's data before encodings and structures.
      like: the recipe of the other run.
      config: the recipe.

    Raises:
      ConfigError: names the column or the encoding, and what differs.
    """
    theirs = like.raw_spec or like.spec
    for level in LEVELS.values():
        for name, column in getattr(spec, level).items():
            other = getattr(theirs, level).get(name)
            if other is None or _is_new(level, name, config):
                continue
            said = _difference(column, other)
            if said:
                raise ConfigError(
                    f"config.init_from: the column {level}.{name} {said} in {config.init_from}. "
                    "Build the data as those of that run were built, or let the encoder of the "
                    f"column start anew: config.init_new=('*/{encoder(level, name)}',)."
                )
    others = {encoding.name: encoding for encoding in encodings(like.config)}
    for encoding in encodings(config):
        other = others.get(encoding.name, encoding)
        changed = differences(describe(other), describe(encoding), encoding.name)
        if changed and not _is_new(LEVELS[encoding.level], encoding.name, config):
            raise ConfigError(
                f"config.init_from: the encodings are not those of {config.init_from}: "
                f"{'; '.join(changed)}. Give the same in config.encodings, or let it start "
                f"anew: config.init_new=('*/{encoder(LEVELS[encoding.level], encoding.name)}',)."
            )


def encoders(spec: GraphSpec, config: ConfigDict) -> set[str]:
    """The names of the modules that read the columns and encodings of data."""
    found = {encoder(level, name) for level in LEVELS.values() for name in getattr(spec, level)}
    found |= {encoder("nodes", encoding.name) for encoding in encodings(config)}
    return found | {
        module_name(f"edge_set_{name}", column)
        for name, columns in spec.edge_sets.items()
        for column in columns
    }


def encoder(level: str, name: str) -> str:
    """The name of the module that reads a column."""
    return module_name(level.removesuffix("s"), name)


def _is_new(level: str, name: str, config: ConfigDict) -> bool:
    """Whether `config.init_new` names the encoder of a column."""
    place = f"embed/{encoder(level, name)}"
    return any(matches(place, pattern) for pattern in frozen(config.get("init_new", ())))


def _with_categories(column: Column, other: Column) -> Column:
    """A categorical column with the further categories of another, if its own are its first."""
    if not isinstance(column, Categorical) or not isinstance(other, Categorical):
        return column
    if len(column.sizes) != len(other.sizes) or bool(column.names) != bool(other.names):
        return column
    fewer = all(mine <= theirs for mine, theirs in zip(column.sizes, other.sizes, strict=True))
    pairs = zip(column.names, other.names, strict=True) if column.names else ()
    if not fewer or any(theirs[: len(mine)] != mine for mine, theirs in pairs):
        return column
    return dataclasses.replace(column, sizes=other.sizes, names=other.names)


def _difference(column: Column, other: Column) -> str:
    """What a column is, and what it is in the other run; "" where it is the same."""
    if isinstance(column, Categorical) and isinstance(other, Categorical):
        if column.sizes != other.sizes:
            return f"has {list(column.sizes)} categories, and {list(other.sizes)}"
        for mine, theirs in zip(column.names, other.names, strict=False):
            for place, (one, two) in enumerate(zip(mine, theirs, strict=True)):
                if one != two:
                    return f"has the category {one!r} as number {place}, which is {two!r}"
        return ""
    if isinstance(column, Continuous) and isinstance(other, Continuous):
        if column.dim != other.dim:
            return f"has {column.dim} numbers, and {other.dim}"
        if (column.mean, column.std) != (other.mean, other.std):
            words = "is standardised (config.data.standardize), and was {} scaled"
            return words.format("otherwise" if other.mean else "not")
        return ""
    numbers = "holds numbers, and categories"
    return "holds categories, and numbers" if isinstance(column, Categorical) else numbers


def alike(label: Label, config: ConfigDict, like: Recipe) -> bool:
    """Whether the label of another run is this one but for what was computed from the train parts.

    The label of one class of several has the names of the classes alone: the recipes say of which
    column they are.
    """
    if like.spec.label is None or _without_train(label) != _without_train(like.spec.label):
        return False
    columns = (config.data.get("target"), like.config.data.get("target"))
    return label.kind != "multiclass" or columns[0] == columns[1] or None in columns


def _without_train(label: Label) -> Label:
    parts = tuple(map(_without_train, label.parts))
    return dataclasses.replace(label, mean=(), std=(), class_weights=(), parts=parts)


def _with_scale(label: Label, other: Label) -> Label:
    """A label with the scales of another that is alike."""
    parts = tuple(map(_with_scale, label.parts, other.parts))
    return dataclasses.replace(label, mean=other.mean, std=other.std, parts=parts)
