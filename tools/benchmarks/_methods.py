"""The methods that are compared, found by their configs."""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import mmengine
from mmengine.config import Config

SCHEDULE = ('begin', 'end', 'total_steps', 'begin_epoch')
"""What schedules and hooks call their epochs or iterations."""

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / 'tools'
BASELINE = 'gmp'


class Method(NamedTuple):
    """Configs of a method.

    Attributes:
        quickstart (Path): On the quickstart's network and data.
        common (Path): On ResNet-101 and VOC 2007 in SRDL's recipe.
    """

    quickstart: Path
    common: Path


def find_methods() -> dict[str, Method]:
    """Find the baselines, SRDL, and the methods of ``projects/``, by name."""
    configs = ROOT / 'configs'
    common = dict(
        gmp='srdl/ablations/gmp_r101_voc07.py',
        gap='srdl/ablations/gap_r101_voc07.py',
        srdl='srdl/srdl_r101_voc07.py',
    )
    methods = {
        name: Method(
            configs / f'quickstart/{name}_quickstart.py', configs / config
        )
        for name, config in common.items()
    }
    for path in sorted(ROOT.glob('projects/*/configs/*_quickstart.py')):
        name = path.stem.removesuffix('_quickstart')
        common = path.with_name(f'{name}_r101_voc07_common.py')
        methods[name] = Method(path, common)
    return methods


def shorten(cfg: Config, epochs: int) -> Config:
    """Let a config train for so many epochs, its schedules in proportion.

    Args:
        cfg (Config): Changed in place.
        epochs (int): At least 2: one warms up.

    Returns:
        Config: The same config.
    """
    share = epochs / cfg.train_cfg.max_epochs
    cfg.train_cfg.update(max_epochs=epochs, val_interval=epochs)

    def scale(value: int) -> int:
        # A warm-up of an epoch stays one.
        return value if value <= 1 else max(1, round(value * share))

    schedules = cfg.param_scheduler
    if isinstance(schedules, dict):
        schedules = [schedules]
    for schedule in [*schedules, *cfg.get('custom_hooks', [])]:
        for key in SCHEDULE:
            if isinstance(schedule.get(key), int):
                schedule[key] = scale(schedule[key])
        if 'T_max' in schedule:  # a cosine falls until its end
            schedule.T_max = schedule.end - schedule.begin
        if 'milestones' in schedule:
            schedule.milestones = [scale(at) for at in schedule.milestones]
    return cfg


def train_and_test(cfg: Config, work_dir: Path) -> dict[str, float]:
    """Train, unless it has been done, and measure on the test split.

    Args:
        cfg (Config): Written into the folder.
        work_dir (Path): Whose ``metrics.json`` another call with the same
            config reads; after a change of code or data, remove it.

    Returns:
        dict[str, float]: The measures, by names without prefix.

    Raises:
        RuntimeError: If a tool fails.
    """
    path, metrics = work_dir / 'config.py', work_dir / 'metrics.json'
    text = cfg.pretty_text
    done = metrics.is_file() and path.read_text('utf-8') == text
    if done:
        print(f'  as trained earlier, in {work_dir}')
    else:
        metrics.unlink(missing_ok=True)
        work_dir.mkdir(parents=True, exist_ok=True)
        path.write_text(text, 'utf-8')
        # Elsewhere, as a training writes a config of its own.
        training = work_dir / 'train'
        _run('train.py', path, '--work-dir', training)
        checkpoint = (training / 'last_checkpoint').read_text().strip()
        _run(
            'test.py', path, checkpoint, '--work-dir', work_dir / 'test',
            '--out', metrics, '--out-item', 'metrics',
        )  # fmt: skip
    measures = mmengine.load(metrics)
    return {key.split('/')[-1]: value for key, value in measures.items()}


def _run(tool: str, *args: object) -> None:
    """Run a tool, and show what it says if it fails."""
    done = subprocess.run(
        [sys.executable, str(TOOLS / tool), *map(str, args)],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        command = ' '.join([tool, *map(str, args)])
        raise RuntimeError(f'{command} failed:\n{done.stderr[-4000:]}')
