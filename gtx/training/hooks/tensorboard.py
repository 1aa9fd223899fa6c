"""Metrics for TensorBoard."""

import pathlib
from collections.abc import Mapping
from typing import Any

from gtx.training.hooks.base import EpochTiming, Hook, RunInfo
from gtx.training.storage import named


class TensorBoard(Hook):
    """Writes event files to `<workdir>/tensorboard` with tensorboardX, one point per epoch."""

    def start(self, run: RunInfo) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise ImportError(
                'TensorBoard logs need tensorboardX: pip install "gtx-jax[logging]".'
            ) from error
        # Points that a killed run wrote after its checkpoint are hidden by purge_step.
        self._writer = SummaryWriter(
            str(run.workdir / "tensorboard"), purge_step=run.step + 1 if run.step else None
        )

    def epoch(self, entry: Mapping[str, Any], timing: EpochTiming) -> None:
        with named(pathlib.Path(self._writer.logdir)):
            self._write(entry, timing)

    def _write(self, entry: Mapping[str, Any], timing: EpochTiming) -> None:
        step = entry["step"]
        folder = f"seed_{entry['seed']}/" if "seed" in entry else ""
        for name in ("loss", "learning_rate", "grad_norm"):
            self._writer.add_scalar(f"{folder}train/{name}", entry[name], step)
        for name, value in (entry["valid"] or {}).items():
            if value is not None:
                self._writer.add_scalar(f"{folder}valid/{name}", value, step)
        if timing.train_seconds:
            rate = timing.num_graphs / timing.train_seconds
            self._writer.add_scalar("train/graphs_per_second", rate, step)
        self._writer.flush()

    def end(self) -> None:
        if hasattr(self, "_writer"):
            self._writer.close()
