"""The memory of this machine, and what does not fit into it."""

from pathlib import Path

from lmi.base.errors import InputError

CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where Linux says how much memory a container may use, in its version 2 and 1."""
HEADROOM = 1.5
"""Times what is expected: what a job asks for, see `lmi.planning.jobs`."""


def total_mb() -> float:
    """Return the memory that this machine has, or its container may use, MB."""
    import psutil

    limits = [float(psutil.virtual_memory().total)]
    for path in CGROUP_LIMITS:
        try:
            limits.append(float(Path(path).read_text(encoding="ascii")))
        except (OSError, ValueError):  # no container, or `max`
            continue
    return min(limits) / 1e6


def check(mem_mb: float) -> None:
    """Refuse a job that cannot fit, before it takes the machine down with it.

    Parameters
    ----------
    mem_mb : float
        What the job asks for, headroom included.

    Raises
    ------
    InputError
        Where what is expected, without the headroom, is more than there is.
    """
    expected, there = mem_mb / HEADROOM, total_mb()
    if expected > there:
        raise InputError(
            "expected a job that fits into the memory of this machine, "
            f"{there / 1e3:.3g} GB; found one that should take {expected / 1e3:.3g} GB. Give it "
            "fewer samples or variables at a time (`block_size`; `stride_ms` of spikes), or run "
            "it on a larger machine"
        )
