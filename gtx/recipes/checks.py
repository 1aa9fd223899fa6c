"""Whether a config can be trained, as far as that is known without its data."""

import functools
import importlib.util
import pathlib

import jax
import numpy as np
from ml_collections import ConfigDict

import gtx.encodings
import gtx.nn
from gtx import batching
from gtx.data import Categorical, Dataset, GraphSpec, molecules
from gtx.recipes import encoders, fields
from gtx.recipes.data import (
    encoding_of,
    encodings,
    enlarge,
    given_encodings,
    label,
    needs_dense,
    reads_smiles,
    shards_of,
    topology_of,
)
from gtx.recipes.models import LOCAL, MODELS, laplacian_encoder, model
from gtx.recipes.rules import ConfigError, choose
from gtx.recipes.training import optimizer, task


def check(config: ConfigDict) -> None:
    """Check every field as far as that goes without data and without a device.

    Raises:
      ConfigError: one line: the field, its value and what is allowed.
    """
    fields.check_fields(config)
    for field, choices in (
        ("name", MODELS),
        ("local", LOCAL),
        ("norm", gtx.nn.parts.NORMS),
        ("activation", gtx.nn.parts.ACTIVATIONS),
    ):
        choose(choices, config.model[field], f"config.model.{field}")
    source_label, settings = label(config), config.data
    if reads_smiles(config):
        try:
            molecules.from_smiles([], features=settings.features)
        except ValueError as error:
            raise ConfigError(f"config.data.features: {error}") from error
    if settings.get("descriptors", ()):
        try:
            molecules.descriptors([], settings.descriptors)
        except ValueError as error:
            raise ConfigError(f"config.data.descriptors: {error}") from error
    topology_of(config)
    # Those that are not used are checked too: another override uses them.
    for name, encoding in given_encodings(config).items():
        encoding_of(name, encoding)
    _check_widths(config)
    _check_cache(config.encodings_cache)
    if config.training.tensorboard and importlib.util.find_spec("tensorboardX") is None:
        raise ConfigError(
            "config.training.tensorboard: True needs tensorboardX: "
            'pip install "gtx-jax[logging]". Give False.'
        )
    optimizer(config, steps_per_epoch=1)
    task(config, GraphSpec(label=source_label))
    if config.baseline and (source_label.kind, source_label.level) != ("regression", "graph"):
        raise ConfigError(
            "config.baseline: True is not allowed: the forest regresses labels of molecules, "
            f"and the source {settings.name!r} has a {source_label.kind} label of each "
            f"{source_label.level}. "
            "Give False."
        )
    if config.baseline and not reads_smiles(config):
        raise ConfigError(
            f"config.baseline: True is not allowed: the forest needs SMILES, and the source "
            f"{settings.name!r} has none. Give False."
        )


def check_model(config: ConfigDict) -> None:
    """Trace the model, with one layer, on a graph of three nodes: do its parts go together?

    Raises:
      ConfigError: says what does not.
    """
    wanted = label(config)
    small = ConfigDict(config.to_dict())
    small.model.num_layers = 1
    column = dict(column=Categorical((2,)))
    graphs = Dataset.from_columns(
        node_ptr=[0, 3],
        edge_ptr=[0, 4],
        senders=[0, 1, 1, 2],
        receivers=[1, 0, 2, 1],
        nodes=dict(column=np.zeros((3, 1), np.int32)),
        edges=dict(column=np.zeros((4, 1), np.int32)),
        spec=GraphSpec(nodes=column, edges=column),
    )
    graphs = graphs.with_targets(wanted.level, [[0, 1]] if wanted.level == "pair" else None)
    try:
        graphs = enlarge(graphs, config)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"config.data.topology: {error}") from error
    try:
        graphs = gtx.encodings.apply(graphs, encodings(config))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"config.encodings: {error}") from error
    try:
        module = model(small, graphs.spec.replace(label=wanted))
        batch = batching.batch_graphs(graphs, dense=needs_dense(config))
        keys = {name: jax.random.key(0) for name in ("params", "dropout")}
        jax.eval_shape(functools.partial(module.init, train=True), keys, batch)
    except ConfigError:
        raise
    except (TypeError, ValueError, KeyError, ArithmeticError) as error:
        raise ConfigError(f"config.model: {error}") from error


def check_devices(config: ConfigDict) -> None:
    """Raise a ConfigError unless this machine has the devices that a batch is dealt to."""
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


def _check_widths(config: ConfigDict) -> None:
    """Refuse encodings that leave no room for the columns of a node."""
    settings, used = config.model, encodings(config)
    laplacian = laplacian_encoder(settings)
    _, learned, _ = encoders.of_nodes(
        GraphSpec(), used, dim=settings.encoding_dim, laplacian=laplacian
    )
    if len(learned) * settings.encoding_dim >= settings.dim:
        raise ConfigError(
            f"config.model.encoding_dim: {len(learned)} encodings of {settings.encoding_dim} "
            f"features each leave none of config.model.dim {settings.dim} to the columns of the "
            f"nodes. Give at most {(settings.dim - 1) // len(learned)}, or a larger dim."
        )
    heads = gtx.nn.LaplacianTransformerEncoder.num_heads
    if settings.get("laplacian_encoder") == "transformer" and settings.encoding_dim % heads:
        if any(isinstance(one, gtx.encodings.LaplacianEigenvectors) for one in used):
            raise ConfigError(
                f"config.model.encoding_dim: {settings.encoding_dim} is not a multiple of the "
                f"{heads} heads of config.model.laplacian_encoder 'transformer'. Give a multiple."
            )


def _check_cache(folder: str) -> None:
    """Refuse a file where the folder of encodings should be, or below it."""
    path = pathlib.Path(folder)
    for place in (path, *path.parents):
        if place.exists():
            if not place.is_dir():
                raise ConfigError(
                    f"config.encodings_cache: {folder!r} is no folder, as {place} is a file. Give "
                    "a folder, or '' for none."
                )
            return
