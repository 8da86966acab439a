import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from skxrf.utils.threads import single_threaded_blas


def blas_threads():
    np.ones((2, 2)) @ np.ones((2, 2))
    return [lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"]


@pytest.fixture
def as_before():
    """Numbers of threads of each BLAS outside."""
    before = blas_threads()
    if max(before) == 1:
        pytest.skip("BLAS has one thread on this machine, there is nothing to limit")
    return before


def test_one_thread_inside_as_before_outside(as_before):
    with single_threaded_blas():
        assert set(blas_threads()) == {1}
    assert blas_threads() == as_before


def test_again_and_again(as_before):
    for _ in range(20):
        with single_threaded_blas(), single_threaded_blas():
            assert set(blas_threads()) == {1}
        assert blas_threads() == as_before


@pytest.mark.parametrize("last_out", ["this thread", "the other"])
def test_limit_holds_until_the_last_one_leaves(as_before, last_out):
    inside, leave = threading.Event(), threading.Event()

    def hold():
        with single_threaded_blas():
            inside.set()
            leave.wait(10)

    other = threading.Thread(target=hold)
    with single_threaded_blas():
        other.start()
        assert inside.wait(10)
        if last_out == "this thread":
            leave.set()
            other.join()
            assert set(blas_threads()) == {1}
    if last_out == "the other":
        assert set(blas_threads()) == {1}
        leave.set()
        other.join()
    assert blas_threads() == as_before


def test_many_threads_in_turn(as_before):
    seen = set()

    def work():
        for _ in range(50):
            with single_threaded_blas():
                seen.update(blas_threads())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {1}
    assert blas_threads() == as_before


def test_an_error_inside_lifts_the_limit(as_before):
    def fails():
        with single_threaded_blas():
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fails()
    assert blas_threads() == as_before


def test_a_limit_of_the_users_own_stays(as_before):
    with threadpool_limits(1, user_api="blas"):
        with single_threaded_blas():
            assert set(blas_threads()) == {1}
        assert set(blas_threads()) == {1}
    assert blas_threads() == as_before
