"""Metrics as lines of JSON, for plots and other programs."""

import contextlib
import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any, TextIO

from gtx.training.hooks.base import EpochTiming, Hook, RunInfo
from gtx.training.storage import named


class JsonLines(Hook):
    """Writes two files in the workdir, one line per epoch.

    `metrics.jsonl` has the history, with the same bytes whether or not the run was interrupted.
    With several seeds it has a line for each seed and epoch. `timing.jsonl` has `epoch`,
    `train_seconds`, `evaluate_seconds` and `graphs_per_second` of the process that trained the
    epoch. At a resume, lines after the checkpoint are removed from both.
    """

    def __init__(self) -> None:
        self._files: list[TextIO] = []

    def start(self, run: RunInfo) -> None:
        run.workdir.mkdir(parents=True, exist_ok=True)
        metrics, timing = run.workdir / "metrics.jsonl", run.workdir / "timing.jsonl"
        _replace(metrics, [json.dumps(entry) for entry in run.history])
        before = run.history[-1]["epoch"] if run.history else 0
        _replace(timing, _whole_lines(timing, before=before))
        self._timed = before
        self._files = [metrics.open("a"), timing.open("a")]

    def epoch(self, entry: Mapping[str, Any], timing: EpochTiming) -> None:
        rate = timing.num_graphs / timing.train_seconds if timing.train_seconds else None
        clock = {
            "epoch": entry["epoch"],
            "train_seconds": timing.train_seconds,
            "evaluate_seconds": timing.evaluate_seconds,
            "graphs_per_second": rate,
        }
        lines = (
            [entry, clock] if entry["epoch"] > self._timed else [entry]
        )  # one clock for all seeds
        self._timed = max(self._timed, entry["epoch"])
        for file, line in zip(self._files, lines, strict=False):
            with named(pathlib.Path(file.name)):
                file.write(json.dumps(line) + "\n")
                file.flush()

    def end(self) -> None:
        for file in self._files:
            # Every line was flushed. One that did not fit on the disk has already raised.
            with contextlib.suppress(OSError):
                file.close()
        self._files = []


def _whole_lines(path: pathlib.Path, before: int) -> list[str]:
    """The lines of epochs up to `before`; a kill may have torn the last line."""
    lines: list[str] = []
    if not path.exists():
        return lines
    for line in path.read_text(errors="replace").splitlines():
        try:
            if json.loads(line)["epoch"] <= before:
                lines.append(line)
        except (ValueError, KeyError, TypeError):
            continue
    return lines


def _replace(path: pathlib.Path, lines: list[str]) -> None:
    new = path.with_suffix(".tmp")
    with named(path):
        new.write_text("".join(line + "\n" for line in lines))
        os.replace(new, path)
