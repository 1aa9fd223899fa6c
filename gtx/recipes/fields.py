"""The allowed values of each field of a config, known without data. `gtx.recipes.check` uses them.

Fields that are settings of a class or a function (encodings, structures) are checked by its
annotations and its constructor instead.
"""

import dataclasses
import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from ml_collections import ConfigDict

from gtx import limits
from gtx.data.sources import SOURCES, DataSource
from gtx.limits import Flag, OneOf, Real, Rule, Text, TupleOf, Whole
from gtx.models import MODELS
from gtx.recipes import plugins
from gtx.recipes.rules import ConfigError, check_value, choose, frozen

# Larger numbers are typing errors: no machine can compute them.
COUNT = 2**31
WORKERS = 2**10
MOST_SEEDS = 100  # a single number is how many seeds there are, and a larger one is meant as a seed


@dataclasses.dataclass(frozen=True)
class Factors(Rule):
    """Pairs of a pattern and a factor."""

    wanted: str = 'pairs of a pattern and a factor above 0, as (("embed", 0.1),), () for none'

    def allows(self, value: Any) -> bool:
        return isinstance(value, tuple) and all(
            isinstance(each, tuple)
            and len(each) == 2
            and Text().allows(each[0])
            and Real(above=0.0).allows(each[1])
            for each in value
        )


FIELDS: Mapping[str, Rule] = {
    "seed": Whole(0, 2**32),
    "baseline": Flag(),
    "plugins": TupleOf(Text()),
    "init_from": Text(empty=True),
    "init_new": TupleOf(Text()),
    "encodings_used": Text(),
    "encodings_cache": Text(empty=True),
    "encodings_workers": Whole(0, WORKERS),
    "data.name": Text(),
    "data.split": OneOf(("given", "random", "scaffold", "column")),
    "data.split_seed": Whole(0, COUNT),
    "data.valid_fraction": Real(least=0.0, below=1.0),
    "data.num_train": Whole(0, COUNT),
    "data.folds": Whole(0, COUNT),
    "data.test_fold": Whole(0, COUNT),
    "batch.size": Whole(1, 2**20),
    "batch.stratified": Flag(),
    "batch.num_tiers": Whole(1, COUNT),
    "batch.multiple_of": Whole(1, COUNT),
    "batch.num_shards": Whole(0, COUNT),
    "batch.resident": Flag(),
    "model.name": Text(),
    "task.kind": OneOf(("auto", "binary", "multiclass")),
    "task.loss": Text(),
    "task.metric": Text(),
    "task.class_weights": Text(),
    "task.head_weights": TupleOf(Real(above=0.0)),
    "task.target_weights": TupleOf(Real(above=0.0)),
    "task.negatives": Whole(0, COUNT),
    "task.corrupt": OneOf(("receiver", "both")),
    "task.candidates": Whole(0, COUNT),
    "task.masked": Real(least=0.0, below=1.0),
    "task.masked_columns": Text(empty=True),
    "task.noise": Real(least=0.0, below=1.0),
    "task.noise_scale": Real(least=0.0),
    "task.noise_weight": Real(above=0.0),
    "task.noise_columns": Text(empty=True),
    "optimizer.learning_rate": Real(above=0.0),
    "optimizer.weight_decay": Real(least=0.0),
    "optimizer.decay": OneOf(("all", "kernels")),
    "optimizer.decoupled": Flag(),
    "optimizer.schedule": Text(),
    "optimizer.warmup_epochs": Real(least=0.0),
    "optimizer.final_factor": Real(least=0.0, most=1.0),
    "optimizer.clip_norm": Real(least=0.0),
    "optimizer.ema_decay": Real(least=0.0, below=1.0),
    "optimizer.frozen": TupleOf(Text()),
    "optimizer.rates": Factors(),
    "optimizer.layer_decay": Real(above=0.0, most=1.0),
    "training.seeds": TupleOf(Whole(0, 2**32)),
    "training.num_epochs": Whole(1, COUNT),
    "training.steps_per_call": Whole(1, COUNT),
    "training.evaluate_every": Whole(1, COUNT),
    "training.checkpoint_every": Whole(1, COUNT),
    "training.tensorboard": Flag(),
    "training.patience": Whole(0, COUNT),
    "training.select": OneOf(("best", "last")),
}
# Fields that a recipe may leave out, because recipes of older checkpoints do not have them.
OPTIONAL = (
    "plugins",
    "init_from",
    "init_new",
    "encodings_used",
    "encodings_workers",
    "task.kind",
    "task.class_weights",
    "task.head_weights",
    "task.target_weights",
    "task.negatives",
    "task.corrupt",
    "task.candidates",
    "task.masked",
    "task.masked_columns",
    "task.noise",
    "task.noise_scale",
    "task.noise_weight",
    "task.noise_columns",
    "training.seeds",
    "optimizer.decoupled",
    "optimizer.frozen",
    "optimizer.rates",
    "optimizer.layer_decay",
    "data.num_train",
    "data.folds",
    "data.test_fold",
    "data.test_fraction",
    "data.split_column",
    "data.normalize",
    "data.standardize",
    "data.descriptors",
)
# Settings of objects; the constructors of these check them.
BUILT = ("encodings.", "structures.", "batch.sampling.")

# Fields of `config.data` that every source allows without declaring them.
_ANY_SOURCE: Mapping[str, Rule] = {
    "test_fraction": Real(least=0.0, below=1.0),
    "normalize": Flag(),
    "standardize": Flag(),
}
_WITH_SMILES: Mapping[str, Rule] = {"descriptors": TupleOf(Text())}


def check_fields(config: ConfigDict) -> None:
    """Raise for the first field that is unknown, missing, or has a value that is not allowed.

    Args:
      config: the recipe.

    Raises:
      ConfigError: one line: the field, its value and what is allowed.
    """
    values = dict(leaves(config))
    if "plugins" in values:
        check_value("plugins", frozen(values["plugins"]), FIELDS["plugins"])
        plugins.check(values["plugins"])
    source = values.get("data.name", "")
    choose(SOURCES, source, "config.data.name")
    model = values.get("model.name", "")
    choose(MODELS, model, "config.model.name")
    rules = rules_of(source, model)
    optional = (
        *OPTIONAL,
        *(f"data.{name}" for name in _with_default(SOURCES[source])),
        *(f"model.{name}" for name in _with_default(MODELS[model])),
    )
    for path in rules:
        if path not in values and path not in optional:
            raise ConfigError(
                f"config.{path}: {_reader(path, source, model)} needs this field, and the recipe "
                f"does not have it. Give {rules[path].wanted}, in the recipe's file."
            )
    for path, value in values.items():
        if path in rules:
            check_value(path, frozen(value), rules[path])
        elif not path.startswith(BUILT):
            raise ConfigError(
                f"config.{path}: {_reader(path, source, model)} reads no such field"
                f"{_near(path, rules)}; the fields there are {', '.join(_beside(path, rules))}."
            )
    _check_split(config.data, SOURCES[source])
    drawn = config.data.split in ("random", "scaffold")
    if drawn and config.training.patience and not config.data.valid_fraction > 0:
        raise ConfigError(
            "config.training.patience: it waits for a better validation score, and "
            "config.data.valid_fraction 0 leaves no validation part. Give 0, or a fraction above 0."
        )
    _check_batch(config)
    _check_seeds(config)


def rules_of(source: str, model: str) -> dict[str, Rule]:
    """The rule of each field, including the fields of this source and of this model."""
    kind = SOURCES[source]
    data = {**_ANY_SOURCE, **(_WITH_SMILES if kind.has_smiles else {}), **limits.rules_of(kind)}
    return {
        **{f"data.{name}": rule for name, rule in data.items()},
        **FIELDS,
        **{f"model.{name}": rule for name, rule in limits.rules_of(MODELS[model]).items()},
    }


def _with_default(kind: type) -> list[str]:
    """The fields of a source or a model that have a default."""
    return [
        field.name
        for field in dataclasses.fields(kind)
        if field.default is not dataclasses.MISSING
        or field.default_factory is not dataclasses.MISSING
    ]


def _reader(path: str, source: str, model: str) -> str:
    """The reader of a field, for a message."""
    if path.startswith("data."):
        return f"config.data.name {source!r}"
    return f"config.model.name {model!r}" if path.startswith("model.") else "gtx"


def leaves(config: ConfigDict, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every field with its dotted name and its value. A dict in the model counts as one field."""
    for name, value in config.items():
        if isinstance(value, ConfigDict | Mapping) and prefix != "model.":
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", frozen(value) if prefix == "model." else value


def _check_split(settings: ConfigDict, source: type[DataSource]) -> None:
    """Check the fields of the split together."""
    if settings.split not in source.splits:
        raise ConfigError(
            f"config.data.split: {settings.split!r} is not possible with the source "
            f"{settings.name!r}. Give one of {', '.join(source.splits)}."
        )
    # A column that is named and not read would be a split of the user's own that is lost.
    column = settings.get("split_column", "")
    default = getattr(source, "split_column", column)
    if column != default and settings.split != "column":
        raise ConfigError(
            f"config.data.split_column: {column!r} is not read, because config.data.split is "
            f"{settings.split!r}. Give config.data.split='column', or leave it {default!r}."
        )
    drawn = settings.split in ("random", "scaffold")
    if drawn and "test_fraction" not in settings:
        raise ConfigError(
            f"config.data.split: {settings.split!r} needs the field config.data.test_fraction, "
            "which the recipe does not have. Set it in the recipe's file, as "
            "configs/csv_molecules.py does."
        )
    if drawn and not settings.valid_fraction + settings.test_fraction < 1:
        raise ConfigError(
            f"config.data.test_fraction: {settings.test_fraction} and config.data.valid_fraction "
            f"{settings.valid_fraction} leave nothing to train on. Give less than 1 together."
        )
    if settings.split == "given" and not source.has_validation and not settings.valid_fraction > 0:
        raise ConfigError(
            f"config.data.valid_fraction: {settings.valid_fraction} leaves no validation part, "
            f"which the source {settings.name!r} does not have itself. Give a number above 0 and "
            "below 1."
        )


def _check_batch(config: ConfigDict) -> None:
    """Check the fields of `config.batch` together."""
    if config.batch.num_shards and config.batch.size % config.batch.num_shards:
        raise ConfigError(
            f"config.batch.size: {config.batch.size} graphs cannot be dealt evenly to "
            f"config.batch.num_shards {config.batch.num_shards}. Give a multiple of it."
        )


def _check_seeds(config: ConfigDict) -> None:
    """Several seeds are several, and different."""
    seeds = frozen(config.training.get("seeds", ()))
    if len(seeds) == 1 and not 2 <= seeds[0] <= MOST_SEEDS:
        raise ConfigError(
            f"config.training.seeds: {seeds} is not a number of seeds from 2 to {MOST_SEEDS}. Give "
            "one, such as 5; or several seeds, such as (0, 1, 2); or a single seed as config.seed."
        )
    if len(set(seeds)) < len(seeds):
        raise ConfigError(
            f"config.training.seeds: {seeds} names a seed twice, which would train the same run "
            "twice. Give each once."
        )


def _beside(path: str, rules: Mapping[str, Rule]) -> list[str]:
    group = path.rpartition(".")[0]
    return [name for name in rules if name.rpartition(".")[0] == group] or list(rules)


def _near(path: str, rules: Mapping[str, Rule]) -> str:
    """A hint at the field with the nearest name, preferably in the same group."""
    for names in (_beside(path, rules), rules):
        near = difflib.get_close_matches(path, names, n=1)
        if near:
            return f", did you mean config.{near[0]}?"
    return ""
