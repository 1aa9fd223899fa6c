"""How much memory a process took."""

import pathlib
import resource
import sys

STATUS = pathlib.Path("/proc/self/status")


def peak_memory() -> int:
    """The most memory that was resident in this process so far, in bytes.

    On Linux it is VmHWM. `getrusage` would also count what the process that started this one had
    when it did so, which hides a difference and exceeds a limit for no reason.
    """
    if STATUS.exists():
        lines = STATUS.read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
