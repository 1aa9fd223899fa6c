"""Published files: downloaded over TLS, checked, unpacked and parsed without running any of them.

`fetch` brings the files of a `Remote` list into a folder. `extract` unpacks a zip or a tar, and
`read_pickle` and `read_torch` parse pickles and files of torch.save as plain data.
"""

from gtx.data.download.archive import ArchiveError, extract
from gtx.data.download.cache import check, data_root, fetch, missing
from gtx.data.download.http import download
from gtx.data.download.pickles import Csr, PickleError, Record, read_pickle
from gtx.data.download.remote import DownloadError, Remote
from gtx.data.download.torch_files import read_torch

__all__ = [
    "ArchiveError",
    "Csr",
    "DownloadError",
    "PickleError",
    "Record",
    "Remote",
    "check",
    "data_root",
    "download",
    "extract",
    "fetch",
    "missing",
    "read_pickle",
    "read_torch",
]
