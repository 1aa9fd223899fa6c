"""What a checkpoint keeps of a recipe, and how it is read again."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any

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
from gtx.recipes.prepared import Prepared
from gtx.recipes.rules import ConfigError, frozen


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What a checkpoint's recipe says, as objects.

    Attributes:
      config: the recipe's config.
      spec: of the data, encodings and structures included.
      raw_spec: of the encoded data before structures were added, None if none was.
      scaler: of the molecules' descriptors, or None.
      budget: of the data, on one device.
      version: of gtx that wrote it.
      content: of the data that was read, by part (see `gtx.data.content`), without what the
        encodings computed; None in an older recipe.
    """

    config: ConfigDict
    spec: GraphSpec
    raw_spec: GraphSpec | None
    scaler: Scaler | None
    budget: batching.Budget
    version: str
    content: Content | None = None


def recipe(config: ConfigDict, prepared: Prepared) -> dict[str, Any]:
    """Plain data from which a checkpoint's model can be built again and fed with raw graphs."""
    return dict(
        config=config.to_dict(),
        spec=prepared.dataset.spec.to_json(),
        raw_spec=None if prepared.raw_spec is None else prepared.raw_spec.to_json(),
        scaler=None if prepared.scaler is None else prepared.scaler.to_json(),
        # One shard: the recipe of a run must not depend on the machine that it runs on.
        budget=budget(config, prepared.dataset, num_shards=1).to_json(),
        version=gtx.__version__,
        content=content_of_parts(prepared.dataset, without=encoded_columns(config)),
    )


def read_recipe(data: Mapping[str, Any]) -> Recipe:
    """The objects of what `recipe` wrote.

    Raises:
      ConfigError: it is not such data, or that of a later version, or of plugins that are not
        imported.
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
