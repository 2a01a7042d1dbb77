"""Every worker of a pool waits for work that only another worker of that pool could do."""

from concurrent.futures import ThreadPoolExecutor


def halves(pool, number):
    return pool.submit(int, number).result() + 1


def broken():
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(halves, pool, number) for number in range(2)]
        assert [1, 2] == [future.result() for future in futures]


def sound():
    with ThreadPoolExecutor(2) as outer, ThreadPoolExecutor(2) as inner:
        futures = [outer.submit(halves, inner, number) for number in range(2)]
        assert [1, 2] == [future.result() for future in futures]
