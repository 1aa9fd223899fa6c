"""The recipe in a checkpoint: writes it as plain data and reads it again."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ml_collections import ConfigDict

import gtx
from gtx import batching
from gtx.data import GraphSpec, Scaler
from gtx.data.content import Content, content_of_parts
from gtx.data.exact import record
from gtx.recipes import plugins
from gtx.recipes.batching import budget
from gtx.recipes.data import encoded_columns
from gtx.recipes.older import up_to_date, with_its_plan
from gtx.recipes.rules import ConfigError, frozen

if TYPE_CHECKING:  # it reads recipes of other runs
    from gtx.recipes.prepared import Prepared


@dataclasses.dataclass(frozen=True)
class Recipe:
    """The recipe of a checkpoint as objects.

    Attributes:
      config: the recipe's config.
      spec: spec of the data, including encodings and structures.
      raw_spec: spec of the encoded data before structures were added; None without structures.
      scaler: scaler of the molecules' descriptors, or None.
      budget: budget of the data on one device.
      version: version of gtx that wrote it.
      content: hashes of the data by part (see `gtx.data.content`), without the columns of
        encodings; None in an older recipe.
    """

    config: ConfigDict
    spec: GraphSpec
    raw_spec: GraphSpec | None
    scaler: Scaler | None
    budget: batching.Budget
    version: str
    content: Content | None = None


def recipe(
    config: ConfigDict, prepared: "Prepared", shape: batching.Budget | None = None
) -> dict[str, Any]:
    """Plain data from which a checkpoint's model can be built again and applied to raw graphs.

    Args:
      config: the recipe.
      prepared: its data.
      shape: of the batches on one device, if it is not the one that fits these data.
    """
    if shape is None:
        # For one shard: the recipe of a run must not depend on the machine where it runs.
        shape = budget(config, prepared.dataset, num_shards=1)
    return dict(
        config=config.to_dict(),
        spec=prepared.dataset.spec.to_json(),
        raw_spec=None if prepared.raw_spec is None else prepared.raw_spec.to_json(),
        scaler=None if prepared.scaler is None else prepared.scaler.to_json(),
        budget=shape.to_json(),
        version=gtx.__version__,
        content=content_of_parts(prepared.dataset, without=encoded_columns(config)),
    )


def read_recipe(data: Mapping[str, Any]) -> Recipe:
    """The objects from the data that `recipe` wrote.

    Raises:
      ConfigError: the data have another form, are from a later version, or need plugins that are
        not imported.
    """
    try:
        known = [field.name for field in dataclasses.fields(Recipe)]
        required = ("config", "spec", "scaler", "budget", "version")
        data = record(data, "recipe", required=required, optional=known)
        plugins.check(data["config"].get("plugins", ()))
        scaler, raw_spec = data["scaler"], data.get("raw_spec")
        return Recipe(
            # JSON has lists where a recipe has tuples.
            config=ConfigDict(frozen(up_to_date(data["config"]))),
            spec=GraphSpec.from_json(data["spec"]),
            raw_spec=None if raw_spec is None else GraphSpec.from_json(raw_spec),
            scaler=None if scaler is None else Scaler.from_json(scaler),
            budget=batching.Budget.from_json(with_its_plan(data["budget"], data["config"])),
            version=str(data["version"]),
            content=data.get("content"),
        )
    except ConfigError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"this is no recipe that gtx.recipes.recipe wrote: {error!r}.") from error


def config_hash(config: ConfigDict) -> str:
    """sha256 over the config as sorted JSON: equal for equal experiments."""
    return hashlib.sha256(json.dumps(config.to_dict(), sort_keys=True).encode()).hexdigest()
