"""Inputs that Python and TypeScript make alike, so that no input has to be stored.

The TypeScript twin is test/helpers/golden.ts; deterministic.json holds them to each other.
"""

import json
import pathlib

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
SAMPLE_RATE = 22050
CLIP_LENGTH = 59049


def mix32(x: np.ndarray) -> np.ndarray:
    """A bijective 32-bit mixer (xor-shift-multiply, the constants of the "lowbias32" search by C. Wellons)."""
    x = np.asarray(x, np.uint32)
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x21F0AAAD)
        x = (x ^ (x >> np.uint32(15))) * np.uint32(0x735A2D97)
    return x ^ (x >> np.uint32(15))


def hash_uniform(seed: int, n: int) -> np.ndarray:
    """float32 [n] in [-1, 1): multiples of 2^-23, hence exact in float32."""
    with np.errstate(over="ignore"):
        keys = np.arange(n, dtype=np.uint32) * np.uint32(0x9E3779B9) + mix32(np.uint32(seed))
    return ((mix32(keys) >> np.uint32(8)).astype(np.float64) / 2**23 - 1).astype(np.float32)


def test_tone(frequencies, n: int, sample_rate: float = SAMPLE_RATE) -> np.ndarray:
    """float32 [n]: the mean of the sines at `frequencies` (Hz), summed in float64."""
    i = np.arange(n, dtype=np.float64)
    total = np.zeros(n)
    for frequency in frequencies:
        total += np.sin(2 * np.pi * frequency * i / sample_rate)
    return (total / len(frequencies)).astype(np.float32)


def test_clip(tone_seed: int, noise_seed: int, n: int = CLIP_LENGTH) -> np.ndarray:
    """float32 [n]: three sines between 110 and 2,310 Hz from one seed, a tenth of noise from the other."""
    frequencies = [110 + 1100 * (float(u) + 1) for u in hash_uniform(tone_seed, 3)]
    clip = 0.6 * test_tone(frequencies, n).astype(np.float64) + 0.1 * hash_uniform(noise_seed, n).astype(np.float64)
    return clip.astype(np.float32)


def training_views(step: int, examples: int, views: int = 2, n: int = CLIP_LENGTH) -> np.ndarray:
    """float32 [examples * views, n]: row = example * views + view; the views of an example share their tones,
    an odd view is upside down."""
    rows = []
    for example in range(examples):
        for view in range(views):
            clip = test_clip(1000 + 100 * step + example, 50000 + 1000 * step + 10 * example + view, n)
            rows.append(-clip if view % 2 else clip)
    return np.stack(rows)


def main() -> None:
    golden = {
        "mix32": [[x, int(mix32(x))] for x in (0, 1, 2, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)],
        "hashUniform": [{"seed": s, "n": 8, "values": hash_uniform(s, 8).tolist()} for s in (0, 1, 42, 2**32 - 1)],
        "testTone": {"frequencies": [440, 1000.5], "n": 16384, "at": [0, 1, 100, 16383],
                     "values": test_tone([440, 1000.5], 16384)[[0, 1, 100, 16383]].tolist(),
                     "sum": float(test_tone([440, 1000.5], 16384).astype(np.float64).sum())},
        "testClip": {"toneSeed": 3, "noiseSeed": 4, "n": CLIP_LENGTH, "at": [0, 1, 1000, 59048],
                     "values": test_clip(3, 4)[[0, 1, 1000, 59048]].tolist(),
                     "sumOfSquares": float((test_clip(3, 4).astype(np.float64) ** 2).sum())},
        "trainingViews": {"step": 5, "examples": 2, "views": 2, "n": 1000, "at": [999, 1999, 2999, 3999],
                          "values": training_views(5, 2, 2, 1000).reshape(-1)[[999, 1999, 2999, 3999]].tolist()},
    }
    (HERE / "deterministic.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
