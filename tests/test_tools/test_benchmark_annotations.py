import json
import sys

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.skipif(sys.platform != 'linux', reason='reads /proc')
def test_it_measures_all_ways_of_loading(run_tool, tmp_path):
    out = tmp_path / 'new' / 'figures.json'
    done = run_tool(
        'benchmarks/benchmark_annotations.py',
        *('--num-images', 60, '--num-annotations', 200, '--repeat', 1),
        *('--large-images', 600, '--large-classes', 30, '--workers', 1),
        *('--start-methods', 'fork', '--json'),
        out,
    )
    assert done.returncode == 0, done.stderr
    assert 'as fast as pycocotools' in done.stdout
    figures = json.loads(out.read_text())
    assert [row['loaded by'] for row in figures['coco']] == [
        'pycocotools COCO',
        'MultiLabelDataset',
        'MultiLabelJson',
        'MultiLabelJson, check_images=False',
    ]
    ours = figures['coco'][2]
    assert ours['data_mb'] < 1e-4 * 60
    ratio = figures['ratios']['MultiLabelJson']['seconds']
    assert ratio == figures['coco'][0]['seconds'] / ours['seconds']
    (large,) = figures['large']
    assert large['data_mb'] > 0
    assert large['epoch_seconds'] > 0
