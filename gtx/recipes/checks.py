"""Checks that a config can be trained, as far as this is known without its data."""

import functools
import importlib.util
import pathlib

import jax
from ml_collections import ConfigDict

import gtx.encodings
import gtx.nn
from gtx import batching
from gtx.data import GraphSpec, molecules
from gtx.models import Needs
from gtx.recipes import fields
from gtx.recipes.batching import sampling, shards_of
from gtx.recipes.data import (
    encoding_of,
    encodings,
    given_encodings,
    has_smiles,
    label,
    made_of_smiles,
    structures,
)
from gtx.recipes.declared import declared_spec, example
from gtx.recipes.folds import check_folds
from gtx.recipes.models import model, model_of, needs_dense
from gtx.recipes.rules import ConfigError
from gtx.recipes.start import check_start
from gtx.recipes.training import class_weights, optimizer, task


def check(config: ConfigDict) -> None:
    """Check every field, as far as this is possible without data and without a device.

    Raises:
      ConfigError: one line: the field, its value and what is allowed.
    """
    fields.check_fields(config)
    check_start(config)
    found = model_of(config)
    source_label, settings = label(config), config.data
    check_folds(config)
    # Calls without molecules cost nothing and run the checks of the functions themselves.
    if made_of_smiles(config):
        try:
            molecules.from_smiles([], features=settings.features)
        except ValueError as error:
            raise ConfigError(f"config.data.features: {error}") from error
    if settings.get("descriptors", ()):
        try:
            molecules.descriptors([], settings.descriptors)
        except ValueError as error:
            raise ConfigError(f"config.data.descriptors: {error}") from error
    _check_sampling(config)
    # Encodings that are not used are checked too, because an override may turn them on.
    for name, encoding in given_encodings(config).items():
        encoding_of(name, encoding)
    _check_needs(found.needs(), config)
    _check_cache(config.encodings_cache)
    if config.training.tensorboard and importlib.util.find_spec("tensorboardX") is None:
        raise ConfigError(
            "config.training.tensorboard: True needs tensorboardX: "
            'pip install "gtx-jax[logging]". Give False.'
        )
    optimizer(config, steps_per_epoch=1)
    if not config.task.get("masked", 0.0) or declared_spec(config) is not None:
        task(config, GraphSpec(label=source_label))
    _check_noise(config)
    links = (source_label.level, source_label.kind) == ("pair", "binary")
    for field in ("negatives", "candidates"):
        if config.task.get(field, 0) and not links:
            raise ConfigError(
                f"config.task.{field}: they are for links, and the source {settings.name!r} has a "
                f"{source_label.kind} label of each {source_label.level}. Give 0."
            )
    if config.task.get("negatives", 0) and not config.batch.resident:
        raise ConfigError(
            "config.task.negatives: they are drawn on the device, where the graphs must stay. Set "
            "config.batch.resident to True, or give 0."
        )
    if class_weights(config) is not None and source_label.kind in ("regression", "sequence"):
        raise ConfigError(
            "config.task.class_weights: they are for classes, and the source "
            f"{settings.name!r} has a {source_label.kind} label. Give none."
        )
    kinds = ("regression", "binary", "multiclass")
    if config.baseline and (source_label.level != "graph" or source_label.kind not in kinds):
        raise ConfigError(
            "config.baseline: True is not allowed: the forest learns numbers or classes of "
            f"molecules, and the source {settings.name!r} has a {source_label.kind} label of each "
            f"{source_label.level}. Give False."
        )
    if config.baseline and not has_smiles(config):
        raise ConfigError(
            f"config.baseline: True is not allowed: the forest needs SMILES, and the source "
            f"{settings.name!r} has none. Give False."
        )


# Fields of config.batch that parts of one graph do not have, with their defaults.
_OF_WHOLE_GRAPHS = dict(stratified=True, num_tiers=4, multiple_of=1)


def _check_sampling(config: ConfigDict) -> None:
    """Raise a ConfigError unless the graph of the recipe can be sampled as it asks."""
    added = structures(config)
    if not sampling(config):
        return
    if added:
        raise ConfigError(
            "config.batch.sampling: parts of a graph do not keep the structures "
            f"{sorted(config.structures)}. Give config.structures = {{}}, or no sampling."
        )
    level = label(config).level
    if level != "node":
        raise ConfigError(
            f"config.batch.sampling: parts are sampled for labels of nodes, and the source "
            f"{config.data.name!r} has a label of each {level}. Give {{}}, for whole graphs."
        )
    for field, default in _OF_WHOLE_GRAPHS.items():
        if config.batch[field] != default:
            raise ConfigError(
                f"config.batch.{field}: it is about batches of whole graphs, and is not read with "
                f"config.batch.sampling. Leave it {default}."
            )


def _check_noise(config: ConfigDict) -> None:
    """Raise a ConfigError unless the recipe can have the noise and the hidden nodes it asks for."""
    masked, noise, scale = (
        config.task.get(name, 0.0) for name in ("masked", "noise", "noise_scale")
    )
    # Fields that nothing reads would be a task that the user does not get.
    for field, default, switch, on in (
        ("masked_columns", "", "masked", masked),
        ("noise_columns", "", "noise or config.task.noise_scale", noise or scale),
        ("corrupt", "receiver", "negatives", config.task.get("negatives", 0)),
    ):
        given = config.task.get(field, default)
        if given != default and not on:
            raise ConfigError(
                f"config.task.{field}: {given!r} is read together with config.task.{switch}, which "
                f"is off. Set that, or leave it {default!r}."
            )
    noisy = "noise" if noise else "noise_scale"
    if masked and (noise or scale):
        raise ConfigError(
            f"config.task.{noisy}: config.task.masked hides nodes already. Give one of the two."
        )
    if (masked or noise or scale) and config.task.get("negatives", 0):
        raise ConfigError(
            "config.task.negatives: batches of drawn negatives have neither noise nor hidden "
            "nodes. Give 0."
        )


def check_model(config: ConfigDict) -> None:
    """Check that the parts of the model fit each other: trace it on a graph of three nodes.

    Raises:
      ConfigError: states what does not fit.
    """
    small = ConfigDict(config.to_dict())
    if "num_layers" in small.model:
        small.model.num_layers = 1  # all layers are equal, and one is traced much faster
    graphs = example(config)
    try:
        module = model(small, graphs.spec)
        batch = batching.batch_graphs(graphs, dense=needs_dense(config))
        keys = {name: jax.random.key(0) for name in ("params", "dropout")}
        # eval_shape traces without computing or allocating anything.
        jax.eval_shape(functools.partial(module.init, train=True), keys, batch)
    except ConfigError:
        raise
    except (TypeError, ValueError, KeyError, ArithmeticError) as error:
        raise ConfigError(f"config.model: {error}") from error


def _check_needs(needs: Needs, config: ConfigDict) -> None:
    """Raise a ConfigError unless the recipe has the encodings and structures its model needs."""
    used = {type(encoding) for encoding in encodings(config)}
    found = {
        "encodings": [name for name, kind in gtx.encodings.ENCODINGS.items() if kind in used],
        "structures": list(config.get("structures", {})),
    }
    for field, names in found.items():
        missing = [name for name in getattr(needs, field) if name not in names]
        if missing:
            raise ConfigError(
                f"config.{field}: the model {config.model.name!r} cannot do without "
                f"{' and '.join(missing)}, which this recipe does not use. Give "
                f"config.{field}.{missing[0]}, with its settings."
            )


def check_devices(config: ConfigDict) -> None:
    """Raise a ConfigError unless this machine has the devices that share a batch."""
    shards, devices = shards_of(config), jax.local_device_count()
    if shards > devices:
        raise ConfigError(
            f"config.batch.num_shards: {shards} is more than the {devices} devices of this "
            f"machine. Give an integer of at most {devices}, or 0 for all of them."
        )
    if config.batch.size % shards:
        raise ConfigError(
            f"config.batch.size: {config.batch.size} graphs cannot be dealt evenly to {shards} "
            f"devices (config.batch.num_shards). Give a multiple of {shards}."
        )


def _check_cache(folder: str) -> None:
    """Refuse a path for the folder of encodings that is a file or lies below a file."""
    path = pathlib.Path(folder)
    for place in (path, *path.parents):
        if place.exists():
            if not place.is_dir():
                raise ConfigError(
                    f"config.encodings_cache: {folder!r} is no folder, as {place} is a file. Give "
                    "a folder, or '' for none."
                )
            return
