"""The memory of processes, as Linux tells it."""

from pathlib import Path


def memory(pid: int | str = 'self') -> dict[str, float]:
    """Memory of a process, in MB: resident, and what no other one shares."""
    fields = read_fields(f'/proc/{pid}/smaps_rollup')
    own = fields['Private_Clean'] + fields['Private_Dirty']
    return dict(rss=fields['Rss'] / 1e6, own=own / 1e6)


def peak_memory() -> float:
    """The most that this process had resident, in MB."""
    return read_fields('/proc/self/status')['VmHWM'] / 1e6


def read_fields(path: str | Path) -> dict[str, int]:
    """Lines such as ``Rss: 12 kB``, in bytes."""
    fields = [line.split() for line in Path(path).read_text().splitlines()]
    return {
        field[0].rstrip(':'): int(field[1]) * 1024
        for field in fields
        if field[2:] == ['kB']
    }
