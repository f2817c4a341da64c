import threading

import pytest

from mmsrdl.apis.map_ahead import map_ahead


@pytest.mark.parametrize('workers', [0, 1, 3])
def test_results_keep_their_order(workers):
    results = map_ahead(lambda x: x * x, range(50), workers, 5)
    assert list(results) == [x * x for x in range(50)]
    assert list(map_ahead(str, [], workers, 5)) == []


def test_works_in_other_threads_and_takes_items_in_this_one():
    here = threading.get_ident()

    def items():
        for _ in range(4):
            assert threading.get_ident() == here
            yield None

    threads = set(map_ahead(lambda _: threading.get_ident(), items(), 2, 4))
    assert here not in threads


@pytest.mark.parametrize('workers, ahead', [(0, 7), (2, 3)])
def test_takes_no_more_than_it_may(workers, ahead):
    taken = []
    results = map_ahead(
        lambda x: x, map(taken.append, range(50)), workers, ahead
    )
    assert not taken
    for i, _ in enumerate(results, 1):
        assert len(taken) <= i + (ahead if workers else 0)


@pytest.mark.parametrize('workers', [0, 2])
def test_an_error_comes_in_its_place(workers):
    results = map_ahead(lambda x: 1 / x, [1, 2, 0, 4], workers, 4)
    assert [next(results), next(results)] == [1, 0.5]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_closing_ends_the_threads():
    before = threading.active_count()
    results = map_ahead(lambda x: x, range(1000), 3, 8)
    next(results)
    assert threading.active_count() > before
    results.close()
    assert threading.active_count() == before
