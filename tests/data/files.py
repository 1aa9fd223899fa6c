"""Real data for tests: the folder that the environment variable GTX_DATA names."""

import os
from pathlib import Path

import pytest


def data_folder() -> Path:
    folder = os.environ.get("GTX_DATA")
    if not folder:
        pytest.skip("GTX_DATA does not name a folder of packed data sets")
    return Path(folder)
