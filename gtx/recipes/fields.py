"""What each field of a config may be, known without data. `gtx.recipes.check` asks here first.

Fields that are settings of a class or a function (encodings, topology) have their rules there: its
annotations, then its constructor.
"""

import dataclasses
import difflib
import typing
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from ml_collections import ConfigDict

from gtx.data.spec import Label, LabelKind
from gtx.ops.attention.select import IMPLEMENTATIONS
from gtx.recipes import encoders
from gtx.recipes.rules import (
    Columns,
    ConfigError,
    Flag,
    OneOf,
    Real,
    Rule,
    Text,
    Texts,
    Whole,
    check_value,
    choose,
)

# Beyond what any machine does: a slip of the keyboard is refused here, and not by what gives way.
COUNT = 2**31
GRAPHS = 2**24
WIDTH = 2**16
LAYERS = 2**10
WORKERS = 2**10

FIELDS: Mapping[str, Rule] = {
    "seed": Whole(0, 2**32),
    "baseline": Flag(),
    "encodings_used": Text(),
    "encodings_cache": Text(empty=True),
    "encodings_workers": Whole(0, WORKERS),
    "data.name": Text(),
    "data.split": OneOf(("given", "random", "scaffold", "column")),
    "data.split_seed": Whole(0, COUNT),
    "data.valid_fraction": Real(least=0.0, below=1.0),
    "batch.size": Whole(1, 2**20),
    "batch.stratified": Flag(),
    "batch.num_tiers": Whole(1, COUNT),
    "batch.multiple_of": Whole(1, COUNT),
    "batch.num_shards": Whole(0, COUNT),
    "batch.resident": Flag(),
    "model.name": Text(),
    "model.dim": Whole(1, WIDTH),
    "model.num_layers": Whole(1, LAYERS),
    "model.num_heads": Whole(1, WIDTH),
    "model.local": Text(),
    "model.attention": OneOf(("complete", "edges", "none")),
    "model.attention_implementation": OneOf(("auto", *IMPLEMENTATIONS)),
    "model.norm": Text(),
    "model.activation": Text(),
    "model.dropout_rate": Real(least=0.0, below=1.0),
    "model.attention_dropout_rate": Real(least=0.0, below=1.0),
    "model.readout_dropout_rate": Real(least=0.0, below=1.0),
    "model.pool": OneOf(("sum", "mean", "max")),
    "model.head_layers": Whole(1, LAYERS),
    "model.dtype": OneOf(("float32", "bfloat16", "float16")),
    "model.remat": Flag(),
    "model.encoding_dim": Whole(1, WIDTH),
    "model.laplacian_encoder": OneOf(tuple(sorted(encoders.LAPLACIAN))),
    "model.random_signs": Flag(),
    "model.random_bases": Flag(),
    "model.pair_bias": Flag(),
    "model.pair_dim": Whole(1, WIDTH),
    "model.path_hops": Whole(1, COUNT),
    "task.loss": Text(),
    "task.metric": Text(),
    "optimizer.learning_rate": Real(above=0.0),
    "optimizer.weight_decay": Real(least=0.0),
    "optimizer.decay": OneOf(("all", "kernels")),
    "optimizer.schedule": Text(),
    "optimizer.warmup_epochs": Real(least=0.0),
    "optimizer.final_factor": Real(least=0.0, most=1.0),
    "optimizer.clip_norm": Real(least=0.0),
    "optimizer.ema_decay": Real(least=0.0, below=1.0),
    "training.num_epochs": Whole(1, COUNT),
    "training.steps_per_call": Whole(1, COUNT),
    "training.evaluate_every": Whole(1, COUNT),
    "training.checkpoint_every": Whole(1, COUNT),
    "training.tensorboard": Flag(),
    "training.patience": Whole(0, COUNT),
    "training.select": OneOf(("best", "last")),
}
# Fields that a recipe may leave out, as recipes of older checkpoints do.
OPTIONAL = (
    "encodings_used",
    "encodings_workers",
    "model.laplacian_encoder",
    "model.random_signs",
    "model.random_bases",
    "data.test_fraction",
    "data.split_column",
    "data.normalize",
    "data.descriptors",
)
# Settings of something that is built from them, checked where that is built.
BUILT = ("encodings.", "data.topology.")

_ANY_SOURCE: Mapping[str, Rule] = {
    "test_fraction": Real(least=0.0, below=1.0),
    "normalize": Flag(),
}
_MOLECULES: Mapping[str, Rule] = {"features": Text(), "descriptors": Texts()}


@dataclasses.dataclass(frozen=True)
class SourceFacts:
    """What is known of a source before its data are loaded.

    Attributes:
      fields: what it reads of `config.data`, beside what all read.
      splits: the values of `config.data.split` that it can have.
      level: whose labels it has.
      kind: of its labels; None if a field `kind` says it.
      dim: targets or classes; None if a field `target` or the data say it.
      validation: whether its own split has a validation part.
    """

    fields: Mapping[str, Rule]
    splits: tuple[str, ...] = ("given", "random")
    level: Literal["graph", "node"] = "graph"
    kind: LabelKind | None = "regression"
    dim: int | None = 1
    validation: bool = True


SOURCES: Mapping[str, SourceFacts] = {
    "csl": SourceFacts(
        {"num_folds": Whole(3, 16), "fold": Whole(0, 16)}, kind="multiclass", dim=10
    ),
    "csv": SourceFacts(
        {
            **_MOLECULES,
            "path": Text(),
            "smiles": Text(),
            "target": Columns(),
            "kind": OneOf(typing.get_args(LabelKind)),
            "split_column": Text(),
        },
        splits=("random", "scaffold", "column"),
        kind=None,
        dim=None,
        validation=False,
    ),
    "peptides_func": SourceFacts({"root": Text()}, kind="multilabel", dim=10),
    "sbm_cluster": SourceFacts(
        {
            "num_graphs": Whole(1, GRAPHS),
            "num_communities": Whole(2, WIDTH),
            "min_size": Whole(1, WIDTH),
            "max_size": Whole(1, WIDTH),
            "inside": Real(least=0.0, most=1.0),
            "across": Real(least=0.0, most=1.0),
        },
        level="node",
        kind="multiclass",
        dim=None,
    ),
    "solubility": SourceFacts(_MOLECULES, splits=("given", "random", "scaffold"), validation=False),
    "zinc": SourceFacts({"root": Text()}),
}


def check_fields(config: ConfigDict, sources: Mapping[str, Any]) -> None:
    """Raise for the first field that is unknown, missing, or not allowed to be what it is.

    Args:
      config: the recipe.
      sources: by the names that `config.data.name` may have.

    Raises:
      ConfigError: one line: the field, its value and what is allowed.
    """
    values = dict(leaves(config))
    choose(sources, values.get("data.name", ""), "config.data.name")
    source = values["data.name"]
    rules = rules_of(source)
    for path in rules:
        if path not in values and path not in OPTIONAL:
            of_source = path.startswith("data.") and path not in FIELDS
            reader = f"config.data.name {source!r}" if of_source else "a config"
            raise ConfigError(
                f"config.{path}: {reader} needs this field, and the recipe does not have it. Give "
                f"{rules[path].wanted}, in the recipe's file"
            )
    for path, value in values.items():
        if path in rules:
            check_value(path, value, rules[path])
        elif not path.startswith(BUILT) and (source in SOURCES or not path.startswith("data.")):
            # What a source of someone else reads is known to nobody else.
            reader = f"config.data.name {source!r}" if path.startswith("data.") else "gtx"
            raise ConfigError(
                f"config.{path}: {reader} reads no such field{_near(path, rules)}; the fields "
                f"there are {', '.join(_beside(path, rules))}"
            )
    if source in SOURCES:
        _check_source(config.data, SOURCES[source])
    _check_model(config)


def rules_of(source: str) -> dict[str, Rule]:
    """The rule of each field, those of the source of this name among them."""
    facts = SOURCES.get(source)
    fields = {} if facts is None else {**_ANY_SOURCE, **facts.fields}
    return {**FIELDS, **{f"data.{name}": rule for name, rule in fields.items()}}


def label_of(settings: ConfigDict) -> Label | None:
    """The label that the data of these settings will have, as far as it is known without them.

    Args:
      settings: `config.data`.

    Returns:
      The label; two classes where only the data know how many; None for a source of someone else.
    """
    facts = SOURCES.get(settings.name)
    if facts is None:
        return None
    kind: LabelKind = settings.kind if facts.kind is None else facts.kind
    dim = facts.dim
    if dim is None and "target" in facts.fields and kind != "multiclass":
        dim = len(Columns.split(settings.target))
    return Label(facts.level, kind, 2 if dim is None else dim)


def leaves(config: ConfigDict, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every field by its dotted name, with its value."""
    for name, value in config.items():
        if isinstance(value, ConfigDict | Mapping):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _check_source(settings: ConfigDict, facts: SourceFacts) -> None:
    """The fields of `config.data` together."""
    if settings.split not in facts.splits:
        raise ConfigError(
            f"config.data.split: {settings.split!r} is not possible with the source "
            f"{settings.name!r}. Give one of {', '.join(facts.splits)}"
        )
    drawn = settings.split in ("random", "scaffold")
    if drawn and "test_fraction" not in settings:
        raise ConfigError(
            f"config.data.split: {settings.split!r} needs the field config.data.test_fraction, "
            "which the recipe does not have. Set it in the recipe's file, as "
            "configs/csv_molecules.py does"
        )
    if drawn and not settings.valid_fraction + settings.test_fraction < 1:
        raise ConfigError(
            f"config.data.test_fraction: {settings.test_fraction} and config.data.valid_fraction "
            f"{settings.valid_fraction} leave nothing to train on. Give less than 1 together"
        )
    if settings.split == "given" and not facts.validation and not settings.valid_fraction > 0:
        raise ConfigError(
            f"config.data.valid_fraction: {settings.valid_fraction} leaves no validation part, "
            f"which the source {settings.name!r} does not have itself. Give a number above 0 and "
            "below 1"
        )
    if "target" in facts.fields and settings.kind in ("binary", "multiclass"):
        if len(Columns.split(settings.target)) > 1:
            raise ConfigError(
                f"config.data.target: {settings.target!r} are several columns, and a label of "
                f"config.data.kind {settings.kind!r} is in one. Name one; regression and "
                "multilabel can have several. A name with a comma stands in quotes"
            )
    if "num_folds" in facts.fields and not settings.fold < settings.num_folds:
        raise ConfigError(
            f"config.data.fold: there is no fold {settings.fold} of config.data.num_folds "
            f"{settings.num_folds}. Give an integer of at least 0 and below {settings.num_folds}"
        )
    if "min_size" in facts.fields and settings.min_size > settings.max_size:
        raise ConfigError(
            f"config.data.min_size: {settings.min_size} exceeds config.data.max_size "
            f"{settings.max_size}. Give at most that"
        )


def _check_model(config: ConfigDict) -> None:
    """The fields of `config.model` together, and those of the batch that it runs on."""
    settings = config.model
    with_heads = settings.local in ("gat", "gatv2", "transformer_conv")
    if settings.dim % settings.num_heads and (settings.attention != "none" or with_heads):
        raise ConfigError(
            f"config.model.dim: {settings.dim} is not a multiple of config.model.num_heads "
            f"{settings.num_heads}. Give a multiple, as each head takes an equal part"
        )
    if settings.local == "none" and settings.attention == "none":
        raise ConfigError(
            "config.model.attention: 'none' with config.model.local 'none' leaves no layer. Give "
            "another to one of them"
        )
    if config.batch.num_shards and config.batch.size % config.batch.num_shards:
        raise ConfigError(
            f"config.batch.size: {config.batch.size} graphs cannot be dealt evenly to "
            f"config.batch.num_shards {config.batch.num_shards}. Give a multiple of it"
        )


def _beside(path: str, rules: Mapping[str, Rule]) -> list[str]:
    group = path.rpartition(".")[0]
    return [name for name in rules if name.rpartition(".")[0] == group] or list(rules)


def _near(path: str, rules: Mapping[str, Rule]) -> str:
    near = difflib.get_close_matches(path, rules, n=1)
    return f", did you mean config.{near[0]}?" if near else ""
