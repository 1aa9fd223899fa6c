"""From `config.model` to a model."""

import dataclasses
from typing import Any

import flax.linen as nn
from ml_collections import ConfigDict, config_dict

from gtx import limits
from gtx.data import GraphSpec
from gtx.limits import unknown
from gtx.models import MODELS, Model
from gtx.recipes.data import all_encodings, encodings
from gtx.recipes.rules import ConfigError, choose, frozen


def model_config(name: str, **settings: Any) -> ConfigDict:
    """`config.model` for a model: its name, and all its fields, with its defaults but for these.

    Args:
      name: of `gtx.models.MODELS`.
      **settings: fields that do not have their default.

    Raises:
      ConfigError: the model has no such field; names the nearest that it has.
    """
    kind = choose(MODELS, name, "config.model.name")
    rules = limits.rules_of(kind)
    for setting in settings:
        if setting not in rules:
            raise ConfigError(f"config.model.{setting}: {unknown(setting, rules)}")
    config = ConfigDict(dict(name=name))
    for field in dataclasses.fields(kind):
        if field.name in settings:
            value = settings[field.name]
        elif field.default_factory is not dataclasses.MISSING:
            value = field.default_factory()
        elif field.default is not dataclasses.MISSING:
            value = field.default
        else:
            continue  # a recipe must say it
        config[field.name] = _open(rules[field.name]) if value is None else value
    return config


def _open(rule: limits.Rule) -> Any:
    """None, which an override can replace by a value of the type that the rule allows."""
    types = {limits.Whole: int, limits.Real: float, limits.Flag: bool, limits.Text: str}
    for each in rule.rules if isinstance(rule, limits.AnyOf) else (rule,):
        if type(each) in types:
            return config_dict.placeholder(types[type(each)])
    return None


def fields_of_model(config: ConfigDict) -> dict[str, Any]:
    """The fields of `config.model`, as the model's constructor takes them."""
    settings = frozen(config.model.to_dict())
    return {name: value for name, value in settings.items() if name != "name"}


def model_of(config: ConfigDict) -> Model:
    """The config's model with its fields, before it sees data.

    Raises:
      ConfigError: a field is unknown, or is not what it may be.
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
      ConfigError: the model and the data do not go together; says why.
    """
    used = encodings(config)
    try:
        return _without_unused(model_of(config), config).build(
            spec, encodings=used, structures=tuple(config.get("structures", {}))
        )
    except ConfigError:
        raise
    except ValueError as error:
        raise ConfigError(f"config.model.{error}") from error


def needs_dense(config: ConfigDict) -> bool:
    """Whether the config's model reads all pairs of nodes, so that batches need a layout."""
    return _without_unused(model_of(config), config).needs().dense


def _without_unused(found: Model, config: ConfigDict) -> Model:
    """The model without encoders of encodings that this recipe has and does not use."""
    unused = {one.name for one in all_encodings(config)} - {one.name for one in encodings(config)}
    changes = {
        field: {key: part for key, part in value.items() if key not in unused}
        for field, value in vars(found).items()
        if field in ENCODER_FIELDS.values()
    }
    return dataclasses.replace(found, **changes)


# The fields of a model that say how the columns of each level are read.
ENCODER_FIELDS = dict(
    nodes="node_encoders", edges="edge_encoders", pairs="pair_encoders", graphs="graph_encoders"
)
