"""From a ConfigDict to objects. The names that a config may use are the keys of the dicts here."""

import dataclasses
import functools
import hashlib
import importlib.util
import json
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

import gtx.encodings
import gtx.nn
from gtx import batching, config_check, encoders, tasks, training
from gtx.config_rules import ConfigError as ConfigError
from gtx.config_rules import call_checked, check_settings, settings_of
from gtx.config_rules import choose as _choose
from gtx.data import (
    Categorical,
    Dataset,
    GraphSpec,
    Scaler,
    csl,
    csv_source,
    molecules,
    peptides,
    sbm,
    solubility,
    splits,
    standardize,
    topology,
    with_descriptors,
    zinc,
)
from gtx.data.content import Content, content_of_parts
from gtx.data.exact import record
from gtx.data.labels import check_trainable
from gtx.models import GraphTransformer, presets
from gtx.recipe_defaults import with_later_fields
from gtx.typing import ModuleFactory


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A recipe's data, ready to be batched.

    Attributes:
      dataset: loaded, split, scaled, enlarged and encoded.
      scaler: of the molecules' descriptors, where the recipe asks for them.
      rejected: rows of the source that became no graph, and why.
      raw_spec: of the graphs before the config's topology was added; None if it has none.
    """

    dataset: Dataset
    scaler: Scaler | None = None
    rejected: tuple[csv_source.Rejected, ...] = ()
    raw_spec: GraphSpec | None = None


def prepare(config: ConfigDict) -> Prepared:
    """Load, split, scale, enlarge and encode the recipe's graphs."""
    loaded = load(config)
    return dataclasses.replace(loaded, dataset=encode(loaded.dataset, config))


def check(config: ConfigDict) -> None:
    """Check every field as far as that goes without data and without a device.

    Raises:
      ConfigError: one line: the field, its value and what is allowed.
    """
    config_check.check_fields(config, SOURCES)
    for field, choices in (
        ("name", MODELS),
        ("local", LOCAL),
        ("norm", gtx.nn.parts.NORMS),
        ("activation", gtx.nn.parts.ACTIVATIONS),
    ):
        _choose(choices, config.model[field], f"config.model.{field}")
    settings = config.data
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
    for name, encoding in _given_encodings(config).items():
        _encoding(name, encoding)
    _check_widths(config)
    _check_cache(config.encodings_cache)
    if config.training.tensorboard and importlib.util.find_spec("tensorboardX") is None:
        raise ConfigError(
            "config.training.tensorboard: True needs tensorboardX: "
            'pip install "gtx-jax[logging]". Give False'
        )
    optimizer(config, steps_per_epoch=1)
    label = config_check.label_of(settings)
    if label is not None:
        task(config, GraphSpec(label=label))
        if config.baseline and (label.kind, label.level) != ("regression", "graph"):
            raise ConfigError(
                "config.baseline: True is not allowed: the forest regresses labels of molecules, "
                f"and the source {settings.name!r} has a {label.kind} label of each {label.level}. "
                "Give False"
            )
    if config.baseline and not reads_smiles(config):
        raise ConfigError(
            f"config.baseline: True is not allowed: the forest needs SMILES, and the source "
            f"{settings.name!r} has none. Give False"
        )


def check_model(config: ConfigDict) -> None:
    """Trace the model, with one layer, on a graph of three nodes: do its parts go together?

    Raises:
      ConfigError: says what does not.
    """
    label = config_check.label_of(config.data)
    if label is None:
        return  # a source of someone else, which only its data tell
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
    try:
        graphs = enlarge(graphs, config)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"config.data.topology: {error}") from error
    try:
        graphs = gtx.encodings.apply(graphs, encodings(config))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"config.encodings: {error}") from error
    try:
        module = model(small, graphs.spec.replace(label=label))
        batch = batching.batch_graphs(graphs)
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
            f"machine. Give an integer of at most {devices}, or 0 for all of them"
        )
    if config.batch.size % shards:
        raise ConfigError(
            f"config.batch.size: {config.batch.size} graphs cannot be dealt evenly to {shards} "
            f"devices (config.batch.num_shards). Give a multiple of {shards}"
        )


def shards_of(config: ConfigDict) -> int:
    """Devices that share a batch in training."""
    return config.batch.num_shards or jax.local_device_count()


def shards_here(config: ConfigDict) -> int:
    """Devices that share a batch, or 1 where this machine has too few: for the same scores."""
    shards = shards_of(config)
    fits = shards <= jax.local_device_count() and config.batch.size % shards == 0
    return shards if fits else 1


def load(config: ConfigDict) -> Prepared:
    """`prepare` without the encodings. Every field is checked before."""
    check(config)
    check_model(config)
    settings = config.data
    source = _choose(SOURCES, settings.name, "config.data.name")
    found = source(settings)
    if isinstance(found, csv_source.CsvData):
        graphs, rejected = found.dataset, found.rejected
    else:
        graphs, rejected = found, ()
    graphs = _split(graphs, settings)
    if len(graphs.part("train")) and graphs.spec.label is not None:
        check_trainable(graphs.part("train"))
    scaler = None
    if settings.get("descriptors", ()):
        graphs, scaler = with_descriptors(graphs, descriptors=settings.descriptors)
    label = graphs.spec.label
    if settings.get("normalize", False) and label is not None and label.kind == "regression":
        graphs = standardize(graphs)
    raw_spec = graphs.spec if topology_of(config) else None
    return Prepared(enlarge(graphs, config), scaler, rejected, raw_spec)


def enlarge(graphs: Dataset, config: ConfigDict) -> Dataset:
    """Add the nodes and edges of the config's topology."""
    return topology.enlarge(graphs, topology_of(config))


def topology_of(config: ConfigDict) -> dict[str, dict[str, Any]]:
    """The makers of `gtx.data.topology` that the config names, with their settings."""
    makers = config.data.get("topology", {})
    for name, settings in makers.items():
        maker = _choose(topology.MAKERS, name, "config.data.topology")
        field = f"config.data.topology.{name}"
        check_settings(maker, settings_of(settings, field), field, None)
    return {name: dict(settings) for name, settings in makers.items()}


def _split(graphs: Dataset, settings: ConfigDict) -> Dataset:
    """Split as the config says; a validation part is taken out of train where none is given."""
    own_column = settings.split == "column" and settings.name == "csv"
    if settings.split != "given" and not own_column:
        chosen = _choose(
            dict(
                random=functools.partial(splits.random, seed=settings.split_seed),
                scaffold=splits.scaffold,
            ),
            settings.split,
            "config.data.split",
        )
        valid, test = settings.valid_fraction, settings.test_fraction
        return chosen(graphs, (1 - valid - test, valid, test))
    if len(graphs.part("valid")) == 0:
        return splits.with_validation(graphs, settings.valid_fraction, seed=settings.split_seed)
    return graphs


def reads_smiles(config: ConfigDict) -> bool:
    """Whether the recipe's graphs are molecules made from SMILES, which are their names."""
    return config.data.get("features") is not None


def encode(graphs: Dataset, config: ConfigDict) -> Dataset:
    """Add the columns of the config's encodings, with a progress bar at a terminal."""
    return gtx.encodings.apply(
        graphs,
        encodings(config),
        cache_dir=config.encodings_cache or None,
        num_workers=config.get("encodings_workers", 0),
        progress=True,
    )


def encodings(config: ConfigDict) -> tuple[gtx.encodings.Encoding, ...]:
    """The config's encodings that it uses, in the order of their names."""
    given = _given_encodings(config)
    used = config.get("encodings_used", "all")
    listed = [name.strip() for name in used.split(",")]
    names = {"all": list(given), "none": []}.get(used, listed)
    chosen = {name: _choose(given, name, "config.encodings_used") for name in names}
    return tuple(_encoding(name, settings) for name, settings in sorted(chosen.items()))


def encoded_columns(config: ConfigDict) -> set[str]:
    """The columns that the config's encodings compute, each as `nodes.rwse`."""
    fields = dict(node="nodes", edge="edges", pair="pairs", graph="graphs")
    return {
        f"{fields[level]}.{name}"
        for encoding in encodings(config)
        for level, name in encoding.columns()
    }


def _given_encodings(config: ConfigDict) -> dict[str, dict[str, Any]]:
    """The settings of every encoding in the config, used or not."""
    return {
        name: {
            field: _frozen(value)
            for field, value in settings_of(settings, f"config.encodings.{name}").items()
        }
        for name, settings in config.encodings.items()
    }


def _encoding(name: str, settings: Mapping[str, Any]) -> gtx.encodings.Encoding:
    kind = _choose(ENCODINGS, name, "config.encodings")
    return call_checked(kind, settings, f"config.encodings.{name}")


def budget(
    config: ConfigDict,
    graphs: Dataset,
    *,
    num_shards: int | None = None,
    stratified: bool | None = None,
) -> batching.Budget:
    """Shapes for the training part that every other graph fits too.

    Args:
      config: the recipe.
      graphs: split.
      num_shards: devices that share a batch; None for what the config says, or 1 where this
        machine has fewer (`check_devices` refuses that before training).
      stratified: for which kind of plan; None for what the config says.
    """
    return batching.fit_budget(
        graphs.part("train"),
        config.batch.size,
        num_tiers=config.batch.num_tiers,
        multiple_of=config.batch.multiple_of,
        num_shards=shards_here(config) if num_shards is None else num_shards,
        stratified=config.batch.stratified if stratified is None else stratified,
        cover=[graphs.part("valid"), graphs.part("test")],
    )


def model(config: ConfigDict, spec: GraphSpec) -> GraphTransformer:
    """The config's model, with encoders for every column of `spec`."""
    preset = _choose(MODELS, config.model.name, "config.model.name")
    return preset(config, spec)


def task(config: ConfigDict, spec: GraphSpec) -> tasks.Task:
    """The loss and the scores for the label of `spec`."""
    if spec.label is None:
        raise ConfigError("the dataset has no labels; a task needs spec.label")
    loss, metric = config.task.loss, config.task.metric
    field = "loss"
    try:
        tasks.from_label(spec.label, loss=loss)
        field = "metric"
        return tasks.from_label(spec.label, loss=loss, metric=metric)
    except ValueError as error:
        raise ConfigError(f"config.task.{field}: {error}") from error


def optimizer(config: ConfigDict, steps_per_epoch: int) -> training.Optimizer:
    """AdamW under the config's schedule."""
    settings = config.optimizer
    num_steps = steps_per_epoch * config.training.num_epochs
    warmup_steps = round(settings.warmup_epochs * steps_per_epoch)
    final = dict(num_steps=num_steps, final_factor=settings.final_factor)
    schedules = dict(
        constant=lambda: training.Constant(settings.learning_rate, warmup_steps),
        linear=lambda: training.Linear(settings.learning_rate, warmup_steps=warmup_steps, **final),
        warmup_cosine=lambda: training.WarmupCosine(
            settings.learning_rate, warmup_steps=warmup_steps, **final
        ),
        inverse_sqrt=lambda: training.InverseSqrt(settings.learning_rate, warmup_steps),
    )
    schedule = _choose(schedules, settings.schedule, "config.optimizer.schedule")
    try:
        return training.adamw(
            schedule(),
            weight_decay=settings.weight_decay,
            decay=settings.decay,
            clip_norm=settings.clip_norm or None,
            ema_decay=settings.ema_decay or None,
        )
    except ValueError as error:
        raise ConfigError(f"config.optimizer: {error}") from error


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What a checkpoint's recipe says, as objects.

    Attributes:
      config: the recipe's config.
      spec: of the data, topology and encodings included.
      raw_spec: of the data before topology was added, None if none was.
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
      ConfigError: it is not such data, or that of a later version.
    """
    try:
        known = [field.name for field in dataclasses.fields(Recipe)]
        required = ("config", "spec", "scaler", "budget", "version")
        data = record(data, "recipe", required=required, optional=known)
        scaler, raw_spec = data["scaler"], data.get("raw_spec")
        return Recipe(
            config=ConfigDict(with_later_fields(data["config"])),
            spec=GraphSpec.from_json(data["spec"]),
            raw_spec=None if raw_spec is None else GraphSpec.from_json(raw_spec),
            scaler=None if scaler is None else Scaler.from_json(scaler),
            budget=batching.Budget.from_json(data["budget"]),
            version=str(data["version"]),
            content=data.get("content"),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"this is no recipe that gtx.build.recipe wrote: {error!r}") from error


def config_hash(config: ConfigDict) -> str:
    """sha256 over the config as sorted JSON: equal for equal experiments."""
    return hashlib.sha256(json.dumps(config.to_dict(), sort_keys=True).encode()).hexdigest()


def _gps(config: ConfigDict, spec: GraphSpec) -> GraphTransformer:
    settings = config.model
    nodes, node_encodings, graphs = encoders.of_nodes(
        spec, encodings(config), dim=settings.encoding_dim, laplacian=_laplacian(settings)
    )
    pairs, edges = _pair_encoders(config, spec), encoders.of_edges(spec)
    local = _choose(LOCAL, settings.local, "config.model.local")
    norm = _choose(gtx.nn.parts.NORMS, settings.norm, "config.model.norm")
    if local is gtx.nn.GatedGCN:
        local = functools.partial(local, norm=norm, dropout_rate=settings.dropout_rate)
        edges = edges or {"constant": gtx.nn.ConstantEncoder}  # it reads no column
    if local in (gtx.nn.GCN, gtx.nn.GIN, gtx.nn.GraphSAGE):
        edges = {}  # they read none
    if local in (gtx.nn.GAT, gtx.nn.GATv2, gtx.nn.TransformerConv):
        local = functools.partial(
            local, num_heads=settings.num_heads, dropout_rate=settings.attention_dropout_rate
        )
    attention = None
    if settings.attention != "none":
        attention = functools.partial(
            gtx.nn.MultiHeadAttention,
            structure=settings.attention,
            implementation=settings.attention_implementation,
        )
    activation = _choose(gtx.nn.parts.ACTIVATIONS, settings.activation, "config.model.activation")
    assert spec.label is not None
    return presets.gps(
        num_outputs=spec.label.dim,
        nodes=nodes,
        edges=edges,
        encodings=node_encodings,
        pairs=pairs,
        graphs=graphs,
        dim=settings.dim,
        pair_dim=settings.pair_dim if pairs else None,
        num_layers=settings.num_layers,
        num_heads=settings.num_heads,
        local=local,
        attention=attention,
        feed_forward=functools.partial(
            gtx.nn.FeedForward,
            activation=activation,
            gated=settings.activation == "swiglu",
        ),
        norm=norm,
        pool=settings.pool if spec.label.level == "graph" else None,
        pool_virtual_nodes="virtual_nodes" not in topology_of(config),
        num_head_layers=settings.head_layers,
        dropout_rate=settings.dropout_rate,
        readout_dropout_rate=settings.readout_dropout_rate,
        attention_dropout_rate=settings.attention_dropout_rate,
        remat=settings.remat,
        dtype=jnp.dtype(settings.dtype),
    )


def _laplacian(settings: ConfigDict) -> ModuleFactory:
    """The encoder of eigenvectors."""
    name = settings.get("laplacian_encoder", "deep_set")
    encoder = _choose(encoders.LAPLACIAN, name, "config.model.laplacian_encoder")
    if name in encoders.INVARIANT:
        return encoder
    drawn = dict(random_signs=True, random_bases=False)
    return functools.partial(
        encoder, **{field: settings.get(field, default) for field, default in drawn.items()}
    )


def _pair_encoders(config: ConfigDict, spec: GraphSpec) -> dict[str, ModuleFactory]:
    """Encoders of the pair columns, if attention is to be biased by them."""
    settings = config.model
    if not spec.pairs or not settings.pair_bias:
        return {}
    if settings.attention != "complete":
        raise ConfigError(
            f"config.model.attention is {settings.attention!r}, which reads no pairs, but there "
            f"are the pair columns {sorted(spec.pairs)}. Use 'complete', or pair_bias=False"
        )
    return encoders.of_pairs(spec, encodings(config), max_hops=settings.path_hops)


def _solubility(settings: ConfigDict) -> Dataset:
    return solubility.load(features=settings.features)


def _csv(settings: ConfigDict) -> csv_source.CsvData:
    return csv_source.load(
        settings.path,
        smiles_column=settings.smiles,
        target_columns=settings.target,
        kind=settings.kind,
        features=settings.features,
        split="column" if settings.split == "column" else "none",
        split_column=settings.get("split_column", "split"),
    )


def _zinc(settings: ConfigDict) -> Dataset:
    return zinc.load(settings.root)


def _peptides_func(settings: ConfigDict) -> Dataset:
    return peptides.load(settings.root)


def _csl(settings: ConfigDict) -> Dataset:
    return csl.load(seed=settings.split_seed, num_folds=settings.num_folds, fold=settings.fold)


def _sbm_cluster(settings: ConfigDict) -> Dataset:
    return sbm.cluster(
        settings.num_graphs,
        seed=settings.split_seed,
        num_communities=settings.num_communities,
        sizes=(settings.min_size, settings.max_size),
        inside=settings.inside,
        across=settings.across,
    )


SOURCES: Mapping[str, Callable[[ConfigDict], Dataset | csv_source.CsvData]] = {
    "csl": _csl,
    "csv": _csv,
    "peptides_func": _peptides_func,
    "sbm_cluster": _sbm_cluster,
    "solubility": _solubility,
    "zinc": _zinc,
}
ENCODINGS = {
    "degree": gtx.encodings.Degree,
    "degree_class": gtx.encodings.DegreeClass,
    "electrostatic": gtx.encodings.Electrostatic,
    "heat_kernel": gtx.encodings.HeatKernel,
    "heat_kernel_diagonal": gtx.encodings.HeatKernelDiagonal,
    "laplacian": gtx.encodings.LaplacianEigenvectors,
    "pagerank": gtx.encodings.PageRank,
    "personalized_pagerank": gtx.encodings.PersonalizedPageRank,
    "random_walk": gtx.encodings.RandomWalk,
    "resistance": gtx.encodings.ResistanceDistance,
    "rrwp": gtx.encodings.RRWP,
    "shortest_paths": gtx.encodings.ShortestPaths,
    "sinusoidal": gtx.encodings.Sinusoidal,
    "spd": gtx.encodings.ShortestPathDistance,
}
MODELS: Mapping[str, Callable[[ConfigDict, GraphSpec], GraphTransformer]] = {"gps": _gps}
LOCAL: Mapping[str, ModuleFactory | None] = {**gtx.nn.local.LOCAL, "none": None}


def _check_widths(config: ConfigDict) -> None:
    """Refuse encodings that leave no room for the columns of a node."""
    settings, used = config.model, encodings(config)
    laplacian = _laplacian(settings)
    _, learned, _ = encoders.of_nodes(
        GraphSpec(), used, dim=settings.encoding_dim, laplacian=laplacian
    )
    if len(learned) * settings.encoding_dim >= settings.dim:
        raise ConfigError(
            f"config.model.encoding_dim: {len(learned)} encodings of {settings.encoding_dim} "
            f"features each leave none of config.model.dim {settings.dim} to the columns of the "
            f"nodes. Give at most {(settings.dim - 1) // len(learned)}, or a larger dim"
        )
    heads = gtx.nn.LaplacianTransformerEncoder.num_heads
    if settings.get("laplacian_encoder") == "transformer" and settings.encoding_dim % heads:
        if any(isinstance(one, gtx.encodings.LaplacianEigenvectors) for one in used):
            raise ConfigError(
                f"config.model.encoding_dim: {settings.encoding_dim} is not a multiple of the "
                f"{heads} heads of config.model.laplacian_encoder 'transformer'. Give a multiple"
            )


def _check_cache(folder: str) -> None:
    """Refuse a file where the folder of encodings should be, or below it."""
    path = pathlib.Path(folder)
    for place in (path, *path.parents):
        if place.exists():
            if not place.is_dir():
                raise ConfigError(
                    f"config.encodings_cache: {folder!r} is no folder, as {place} is a file. Give "
                    "a folder, or '' for none"
                )
            return


def _frozen(value: Any) -> Any:
    """Lists, which a recipe has for the tuples of its config, as tuples again."""
    return tuple(value) if isinstance(value, list) else value
