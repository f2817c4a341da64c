"""The memory of processes, as Linux tells it."""

from pathlib import Path


def memory(pid: int | str = 'self') -> dict[str, float]:
    """Memory of a process, in MB: resident, and what no other one shares."""
    fields = read_fields(f'/proc/{pid}/smaps_rollup')
    own = fields['Private_Clean'] + fields['Private_Dirty']
    return dict(rss=fields['Rss'], own=own)


def peak_memory() -> float:
    """The most that this process had resident, in MB."""
    return read_fields('/proc/self/status')['VmHWM']


def read_fields(path: str) -> dict[str, float]:
    """Lines such as ``Rss: 12 kB``, in MB."""
    fields = [line.split() for line in Path(path).read_text().splitlines()]
    return {
        field[0].rstrip(':'): int(field[1]) * 1.024e-3
        for field in fields
        if field[2:] == ['kB']
    }
