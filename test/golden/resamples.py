"""Philox 4x32-10 and the draws of the bootstrap, written again in Python from native/random/philox.h."""

import numpy as np

BOOTSTRAP = 8  # Purpose::bootstrap
WORD = 0xFFFFFFFF


def philox(counter: list[int], key: list[int]) -> list[int]:
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & WORD, (a >> 32) ^ c[3] ^ k[1], a & WORD]
        k = [(k[0] + 0x9E3779B9) & WORD, (k[1] + 0xBB67AE85) & WORD]
    return c


def words(seed: int, step: int):
    block = 0
    while True:
        yield from philox([block, 0, step, BOOTSTRAP], [seed & WORD, seed >> 32])
        block += 1


def resamples(n: int, count: int, seed: int = 42) -> np.ndarray:
    """Indices of tracks [count, n]: two words make a number of 64 bits, whose remainder is taken."""
    rows = []
    for step in range(count):
        source = words(seed, step)
        rows.append([((next(source) << 32) | next(source)) % n for _ in range(n)])
    return np.array(rows)


def interval(indices: np.ndarray, statistic) -> list[float]:
    """[value, low, high]: of all tracks, and numpy's percentiles over the resamples."""
    values = [statistic(row) for row in indices]
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return [float(statistic(np.arange(indices.shape[1]))), float(low), float(high)]
