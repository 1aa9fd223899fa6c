"""Builds the task and the optimizer of a config, and lists its seeds."""

from typing import Literal

from ml_collections import ConfigDict

from gtx import tasks, training
from gtx.data import GraphSpec
from gtx.recipes.rules import ConfigError, choose, frozen


def task(config: ConfigDict, spec: GraphSpec) -> tasks.Task:
    """The loss and the scores for the label of `spec`."""
    if spec.label is None:
        raise ConfigError("the dataset has no labels; a task needs spec.label.")
    loss, metric = config.task.loss, config.task.metric
    weights = tuple(map(float, config.task.get("head_weights", ())))
    of_targets = tuple(map(float, config.task.get("target_weights", ())))
    filtered = config.task.get("candidates", 0) > 0
    field = "loss"
    try:
        tasks.from_label(spec.label, loss=loss)
        field = "head_weights"
        tasks.from_label(spec.label, loss=loss, head_weights=weights)
        field = "target_weights"
        tasks.from_label(spec.label, loss=loss, head_weights=weights, target_weights=of_targets)
        field = "metric"
        return tasks.from_label(
            spec.label,
            loss=loss,
            metric=metric,
            head_weights=weights,
            target_weights=of_targets,
            filtered=filtered,
        )
    except ValueError as error:
        raise ConfigError(f"config.task.{field}: {error}") from error


def class_weights(config: ConfigDict) -> Literal["balanced"] | tuple[float, ...] | None:
    """What `config.task.class_weights` says; None for no weights.

    Raises:
      ConfigError: it is neither a name nor numbers.
    """
    text = config.task.get("class_weights", "none")
    if text in ("none", "balanced"):
        return None if text == "none" else "balanced"
    try:
        found = tuple(float(number) for number in text.split(","))
    except ValueError:
        found = ()
    if not found or any(not 0 < number < float("inf") for number in found):
        raise ConfigError(
            f"config.task.class_weights: {text!r} is not allowed. Give none, balanced, or a number "
            "above 0 for each class, with commas between them."
        )
    return found


def seeds(config: ConfigDict) -> tuple[int, ...]:
    """The seeds that are trained: `config.training.seeds`, or `config.seed` alone.

    A single number in `config.training.seeds` says how many there are, from `config.seed` on.
    """
    given = tuple(config.training.get("seeds", ()))
    if len(given) == 1:
        return tuple(range(config.seed, config.seed + given[0]))
    return given or (config.seed,)


def optimizer(config: ConfigDict, steps_per_epoch: int) -> training.Optimizer:
    """AdamW, or Adam, under the config's schedule."""
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
    schedule = choose(schedules, settings.schedule, "config.optimizer.schedule")
    try:
        return training.adamw(
            schedule(),
            weight_decay=settings.weight_decay,
            decay=settings.decay,
            decoupled=settings.get("decoupled", True),
            clip_norm=settings.clip_norm or None,
            ema_decay=settings.ema_decay or None,
            frozen=frozen(settings.get("frozen", ())),
            rates=frozen(settings.get("rates", ())),
            layer_decay=settings.get("layer_decay", 1.0),
        )
    except ValueError as error:
        raise ConfigError(f"config.optimizer: {error}") from error
