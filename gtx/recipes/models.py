"""Builds a model from `config.model`."""

import dataclasses
import functools
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from ml_collections import ConfigDict, config_dict

from gtx import limits
from gtx.batching.sources.noisy_nodes import noisy_columns
from gtx.data import GraphSpec
from gtx.limits import unknown
from gtx.models import MODELS, Model
from gtx.models.graph_transformer import GraphTransformer
from gtx.nn.parts.denoise import Denoise
from gtx.recipes.data import all_encodings, encodings, noisy_names
from gtx.recipes.rules import ConfigError, choose, frozen
from gtx.structures import times_added


def model_config(name: str, **settings: Any) -> ConfigDict:
    """`config.model` for a model: its name, and the fields that it reads with their defaults.

    Args:
      name: a name in `gtx.models.MODELS`.
      **settings: values of fields in place of their defaults.

    Raises:
      ConfigError: the model has no such field; the message names the nearest one.
    """
    kind = choose(MODELS, name, "config.model.name")
    rules = limits.rules_of(kind)
    for setting in settings:
        if setting not in rules:
            raise ConfigError(f"config.model.{setting}: {unknown(setting, rules)}")
    config = ConfigDict(dict(name=name))
    for field in dataclasses.fields(kind):
        if field.name in kind.unread and field.name not in settings:
            continue
        if field.name in settings:
            value = settings[field.name]
        elif field.default_factory is not dataclasses.MISSING:
            value = field.default_factory()
        elif field.default is not dataclasses.MISSING:
            value = field.default
        else:
            continue  # a field without a default must be given by the recipe
        config[field.name] = _open(rules[field.name]) if value is None else value
    return config


def _open(rule: limits.Rule) -> Any:
    """None in a form that an override can replace by a value of the type that the rule allows.

    ml_collections cannot infer a type from a plain None.
    """
    types = {limits.Whole: int, limits.Real: float, limits.Flag: bool, limits.Text: str}
    for each in rule.rules if isinstance(rule, limits.AnyOf) else (rule,):
        if type(each) in types:
            return config_dict.placeholder(types[type(each)])
    return None


def fields_of_model(config: ConfigDict) -> dict[str, Any]:
    """The fields of `config.model` as arguments of the model's constructor."""
    settings = frozen(config.model.to_dict())
    return {name: value for name, value in settings.items() if name != "name"}


def model_of(config: ConfigDict) -> Model:
    """The config's model with its fields. It does not depend on the data yet.

    Raises:
      ConfigError: a field is unknown, or its value is not allowed.
    """
    kind = choose(MODELS, config.model.name, "config.model.name")
    settings = fields_of_model(config)
    rules = limits.rules_of(kind)
    for field, value in settings.items():
        if field not in rules:
            raise ConfigError(f"config.model.{field}: {unknown(field, rules)}")
        problem = rules[field].problem(f"config.model.{field}", value)
        if problem is not None:
            raise ConfigError(problem)
    try:
        return kind(**settings)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"config.model.{error}") from error


def model(config: ConfigDict, spec: GraphSpec) -> nn.Module:
    """The flax module of the config's model for data of this spec.

    Raises:
      ConfigError: the model does not fit the data; the message states the reason.
    """
    used = encodings(config)
    try:
        found = without_unused(model_of(config), config).build(
            spec, encodings=used, structures=tuple(config.get("structures", {}))
        )
        return _denoising(found, config, spec)
    except ConfigError:
        raise
    except ValueError as error:
        raise ConfigError(f"config.model.{error}") from error


def _denoising(found: nn.Module, config: ConfigDict, spec: GraphSpec) -> nn.Module:
    """The module with the loss of `config.task.noise` after its last layer, if there is noise."""
    names = noisy_names(config, spec)
    if not names:
        return found
    if not isinstance(found, GraphTransformer):
        raise ConfigError(
            f"config.task.noise: the model {config.model.name!r} is no GraphTransformer, to which "
            "the auxiliary loss is added. Give 0."
        )
    known, columns = noisy_columns(spec), dict[str, dict[str, Any]](nodes={}, edges={})
    for path in names:
        level, _, name = path.partition(".")
        columns[level][name] = known[path]
    denoise = functools.partial(
        Denoise,
        nodes=columns["nodes"],
        edges=columns["edges"],
        weight=config.task.get("noise_weight", 1.0),
        scale=config.task.get("noise_scale", 0.0) or 1.0,
        added_nodes=times_added(spec) > 0,
        param_dtype=jnp.dtype(config.model.get("param_dtype", "float32")),
    )
    return found.clone(auxiliary=denoise)


def needs_dense(config: ConfigDict) -> bool:
    """Whether the config's model reads all pairs of nodes, so that batches need a layout."""
    return without_unused(model_of(config), config).needs().dense


def without_unused(found: Model, config: ConfigDict) -> Model:
    """The model without the encoders of encodings that the recipe contains but does not use."""
    unused = {one.name for one in all_encodings(config)} - {one.name for one in encodings(config)}
    changes = {
        field: {key: part for key, part in value.items() if key not in unused}
        for field, value in vars(found).items()
        if field in ENCODER_FIELDS.values()
    }
    return dataclasses.replace(found, **changes)


# The field of a model that holds the encoders of the columns of each level.
ENCODER_FIELDS = dict(
    nodes="node_encoders", edges="edge_encoders", pairs="pair_encoders", graphs="graph_encoders"
)
