"""Hooks that run between chunks of training: bars, logs, early stopping. One hook per file."""

from gtx.training.hooks.base import ChunkReport as ChunkReport
from gtx.training.hooks.base import EpochTiming as EpochTiming
from gtx.training.hooks.base import Hook as Hook
from gtx.training.hooks.base import RunInfo as RunInfo
from gtx.training.hooks.early_stopping import EarlyStopping as EarlyStopping
from gtx.training.hooks.jsonl import JsonLines as JsonLines
from gtx.training.hooks.progress_bar import ProgressBar as ProgressBar
from gtx.training.hooks.tensorboard import TensorBoard as TensorBoard
