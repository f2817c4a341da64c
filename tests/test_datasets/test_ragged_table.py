import copy
import pickle

import numpy as np
import pytest
import torch
from torch import multiprocessing

from mmsrdl.datasets.ragged_table import TEXT, RaggedTable

ROWS = [
    {'path': 'a.jpg', 'label': [1, 300]},
    {'path': 'Käse/図.jpg', 'label': [], 'score': [0.5, -1]},
    {'path': '', 'label': [7], 'more': [2]},
    {'path': 'lone \udc80 surrogate', 'label': [0, 1, 2]},
]
TYPES = {
    'path': TEXT,
    'label': np.uint16,
    'score': np.float32,
    'more': np.uint8,
    'absent': np.uint8,
}


@pytest.fixture
def table():
    return RaggedTable.from_rows(ROWS, TYPES)


def plain(rows):
    return [
        {
            key: value if key == 'path' else list(value)
            for key, value in r.items()
        }
        for r in rows
    ]


def test_rows_come_back(table):
    assert plain(table) == ROWS
    assert len(table) == 4
    assert table.texts('path') == [row['path'] for row in ROWS]
    assert plain([table[-1], table[np.int64(1)]]) == [ROWS[3], ROWS[1]]
    assert 'more' in table
    assert 'absent' not in table
    for index in (4, -5):
        with pytest.raises(IndexError, match='no entry'):
            table[index]


@pytest.mark.parametrize(
    'index',
    [
        slice(2),
        slice(-3, None),
        slice(None, None, 2),
        slice(0),
        [2, -2, 2],
        [],
    ],
)
def test_tables_of_some_rows(table, index):
    expected = (
        ROWS[index] if isinstance(index, slice) else [ROWS[i] for i in index]
    )
    some = table[index]
    assert isinstance(some, RaggedTable)
    assert plain(some) == expected
    assert plain(some[:1]) == expected[:1]


def test_changes_do_not_reach_the_table(table):
    row = table[1]
    row['score'][:] = 0
    row['label'].append(5)
    assert plain(table) == ROWS
    assert copy.deepcopy(table) is table


def test_pickled(table):
    assert plain(pickle.loads(pickle.dumps(table))) == ROWS


def tell(table, queue):
    queue.put((plain(table[:]), table._block.is_shared()))
    table._block[:5] = torch.tensor(list(b'other'), dtype=torch.uint8)
    queue.put('done')


def test_a_spawned_process_shares_the_memory(table):
    """What the other process writes, past the interface, is seen here."""
    context = multiprocessing.get_context('spawn')
    queue = context.Queue()
    worker = context.Process(target=tell, args=(table, queue))
    worker.start()
    rows, shared = queue.get(timeout=120)
    assert queue.get(timeout=120) == 'done'
    worker.join()
    assert rows == ROWS
    assert shared
    assert table[0]['path'] == 'other'
    # Others share the same memory again.
    assert table._block.is_shared()
