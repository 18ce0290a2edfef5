"""One peer of the augmentation benchmark in a process of its own: seconds a view of each task (the median; the mean of the
chain, which draws anew each time), a line of JSON.

    python peers.py {torchaudio-augmentations,torch-audiomentations,audiomentations} SECONDS

One thread. The tasks are those of tasks.json; a peer leaves out what it does not have.
"""

import json
import pathlib
import sys
import time
import warnings

warnings.simplefilter("ignore")
import numpy as np
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "test" / "golden"))
from deterministic import SAMPLE_RATE, test_clip  # noqa: E402

N = 59049
BATCH = 4  # of torch-audiomentations, which takes batches


def published_chain(ta):
    """As CLMR's main.py puts it together."""
    return ta.Compose([
        ta.RandomResizedCrop(n_samples=N),
        ta.RandomApply([ta.PolarityInversion()], p=0.8),
        ta.RandomApply([ta.Noise()], p=0.01),
        ta.RandomApply([ta.Gain()], p=0.3),
        ta.HighLowPass(sample_rate=SAMPLE_RATE),
        ta.RandomApply([ta.Delay(sample_rate=SAMPLE_RATE)], p=0.3),
        ta.RandomApply([ta.PitchShift(n_samples=N, sample_rate=SAMPLE_RATE)], p=0.6),
        ta.RandomApply([ta.Reverb(sample_rate=SAMPLE_RATE)], p=0.6),
    ])


def torchaudio_augmentations():
    import torchaudio_augmentations as ta

    ratio = 10 ** (-20 / 20)
    return {
        "chain": published_chain(ta),
        "polarity": ta.PolarityInversion(),
        "gain": ta.Gain(-7, -7),
        "noise": ta.Noise(ratio, ratio),
        "delay": ta.Delay(SAMPLE_RATE, min_delay=250, max_delay=251),
        "reverse": ta.Reverse(),
        **{f"lowPass {f}": ta.LowPassFilter(SAMPLE_RATE, f, f) for f in (2200, 4000)},
        **{f"highPass {f}": ta.HighPassFilter(SAMPLE_RATE, f, f) for f in (200, 500, 1200)},
        **{f"pitch {c}": ta.PitchShift(N, SAMPLE_RATE, c / 100, c / 100) for c in (-700, -100, 100, 700)},
        **{f"reverb {v}": ta.Reverb(SAMPLE_RATE, v, v + 1, 100 - v, 101 - v, v, v + 1) for v in (50, 90)},
    }


def torch_audiomentations():
    import torch_audiomentations as t

    # Its ranges must not be empty, and its pitch shift knows only some ratios: those nearest to what is asked for.
    options = {"p": 1.0, "sample_rate": SAMPLE_RATE, "output_type": "tensor"}
    return {
        "polarity": t.PolarityInversion(**options),
        "gain": t.Gain(-7, -6.99, **options),
        "noise": t.AddColoredNoise(20, 20.01, 0, 0.01, **options),
        "reverse": t.TimeInversion(**options),
        **{f"lowPass {f}": t.LowPassFilter(f, f + 1, **options) for f in (2200, 4000)},
        **{f"highPass {f}": t.HighPassFilter(f, f + 1, **options) for f in (200, 500, 1200)},
        **{f"pitch {c}": t.PitchShift(c / 100 - 0.3, c / 100 + 0.3, **options) for c in (-700, -100, 100, 700)},
    }


def audiomentations():
    import audiomentations as a

    return {
        "polarity": a.PolarityInversion(p=1),
        "gain": a.Gain(-7, -7, p=1),
        "noise": a.AddGaussianSNR(20, 20, p=1),
        "reverse": a.Reverse(p=1),
        **{f"lowPass {f}": a.LowPassFilter(f, f, p=1) for f in (2200, 4000)},
        **{f"highPass {f}": a.HighPassFilter(f, f, p=1) for f in (200, 500, 1200)},
        **{f"pitch {c}": a.PitchShift(c / 100, c / 100, p=1) for c in (-700, -100, 100, 700)},
    }


def runner(peer: str):
    """-> tasks, f(transform) that makes one or more views, and how many"""
    clip = test_clip(40, 50, N)
    if peer == "torchaudio-augmentations":
        x = torch.from_numpy(clip)[None]
        return torchaudio_augmentations(), lambda transform: transform(x.clone()), 1
    if peer == "torch-audiomentations":
        batch = torch.from_numpy(np.stack([clip] * BATCH))[:, None]
        return torch_audiomentations(), lambda transform: transform(batch), BATCH
    return audiomentations(), lambda transform: transform(clip, SAMPLE_RATE), 1


def main() -> None:
    peer, seconds = sys.argv[1], float(sys.argv[2])
    torch.set_num_threads(1)
    tasks, run, views = runner(peer)
    times = {}
    with torch.inference_mode():
        for task, transform in tasks.items():
            run(transform)
            per_view, started, limit = [], time.perf_counter(), seconds * (4 if task == "chain" else 1)
            while time.perf_counter() - started < limit or len(per_view) < 3:
                t = time.perf_counter()
                run(transform)
                per_view.append((time.perf_counter() - t) / views)
            times[task] = float(np.mean(per_view) if task == "chain" else np.median(per_view))
    print(json.dumps(times))


if __name__ == "__main__":
    main()
