"""A progress bar at a terminal, and a line per evaluation elsewhere."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from gtx.training.hooks.base import ChunkReport, EpochTiming, Hook, RunInfo


class ProgressBar(Hook):
    """Loss, validation score, graphs per second and time left.

    Args:
      console: the output, standard error by default. If it is not a terminal there is no bar, only
        a line for each epoch that was evaluated.
    """

    def __init__(self, console: Console | None = None):
        self._console = console or Console(stderr=True)
        self._bar: Progress | None = None

    def start(self, run: RunInfo) -> None:
        self._run = run
        self._score = ""
        for entry in run.history:
            self._score = self._read_score(entry) or self._score
        if run.step:
            self._console.print(f"resumed at step {run.step:,}", highlight=False)
        if self._console.is_terminal:
            self._bar = Progress(
                TextColumn("epoch {task.fields[epoch]}/" + str(run.num_epochs)),
                BarColumn(),
                TextColumn("{task.fields[text]}"),
                TimeRemainingColumn(),
                console=self._console,
            )
            total = run.num_epochs * run.steps_per_epoch
            # The first chunk takes long, because its program is compiled first.
            text = "compiling..." if run.step < total else ""
            self._task = self._bar.add_task("", total=total, completed=run.step, epoch=0, text=text)
            self._bar.start()

    def chunk(self, report: ChunkReport) -> None:
        if self._bar is None:
            return
        rate = report.num_graphs / max(report.seconds, 1e-9)
        parts = [f"loss {report.loss:.4g}", self._score, f"{rate:,.0f} graphs/s"]
        self._bar.update(
            self._task,
            completed=report.step,
            epoch=report.epoch + 1,
            text="  ".join(part for part in parts if part),
        )

    def epoch(self, entry: Mapping[str, Any], timing: EpochTiming) -> None:
        score = self._read_score(entry)
        self._score = score or self._score
        if self._bar is None and score:
            rate = timing.num_graphs / timing.train_seconds if timing.train_seconds else 0.0
            seed = f"seed {entry['seed']}  " if "seed" in entry else ""
            self._console.print(
                f"{seed}epoch {entry['epoch']}/{self._run.num_epochs}  step {entry['step']:,}  "
                f"loss {entry['loss']:.4g}  {score}  {rate:,.0f} graphs/s",
                highlight=False,
                soft_wrap=True,
            )

    def end(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _read_score(self, entry: Mapping[str, Any]) -> str:
        if not entry["valid"]:
            return ""
        value = entry["valid"][self._run.main_metric]
        shown = "undefined" if value is None else f"{value:.4g}"
        return f"valid {self._run.main_metric} {shown}"
