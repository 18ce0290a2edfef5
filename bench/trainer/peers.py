"""A peer of the trainer benchmark in a process of its own: whole training steps of CLMR in PyTorch, timed.

    python peers.py {eager,compile,bfloat16} EXAMPLES SECONDS [augment] [frozen]

A step is what CLMR's does: two views of every example, each through SampleCNN by itself (so that its batch norm sees
one view), projector, simclr's NT_Xent, Adam. With `augment` the views are made of 3-second clips in the step by the
published chain of torchaudio-augmentations, as its data loader does without workers; otherwise they are given. With
`frozen` only the projector learns, and the encoder computes with its running statistics.
Prints a line of JSON: seconds of each step, peak memory in bytes.
"""

import json
import resource
import sys
import time
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
import numpy as np
import torch
import torchaudio_augmentations as ta
from simclr.modules import NT_Xent

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "test" / "golden"))
from deterministic import CLIP_LENGTH, SAMPLE_RATE, test_clip  # noqa: E402
from sample_cnn import load_model  # noqa: E402

THREADS, VIEWS, SOURCE_LENGTH, DIFFERENT = 2, 2, 3 * SAMPLE_RATE, 8


def published_chain() -> ta.ComposeMany:
    return ta.ComposeMany([
        ta.RandomResizedCrop(n_samples=CLIP_LENGTH),
        ta.RandomApply([ta.PolarityInversion()], p=0.8),
        ta.RandomApply([ta.Noise()], p=0.01),
        ta.RandomApply([ta.Gain()], p=0.3),
        ta.RandomApply([ta.HighLowPass(sample_rate=SAMPLE_RATE)], p=0.8),
        ta.RandomApply([ta.Delay(sample_rate=SAMPLE_RATE)], p=0.3),
        ta.RandomApply([ta.PitchShift(n_samples=CLIP_LENGTH, sample_rate=SAMPLE_RATE)], p=0.6),
        ta.RandomApply([ta.Reverb(sample_rate=SAMPLE_RATE)], p=0.6),
    ], num_augmented_samples=VIEWS)


def sources(examples: int, length: int) -> torch.Tensor:
    """float32 [examples, 1, length]"""
    different = np.stack([test_clip(40 + i, 50 + i, length) for i in range(DIFFERENT)])
    return torch.from_numpy(different)[torch.arange(examples) % DIFFERENT][:, None].contiguous()


def main() -> None:
    peer, examples, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    augment, frozen = "augment" in sys.argv[4:], "frozen" in sys.argv[4:]
    torch.set_num_threads(THREADS)
    encoder, projector = load_model(torch.float32)
    if frozen:
        encoder.eval().requires_grad_(False)
    optimizer = torch.optim.Adam([*([] if frozen else encoder.parameters()), *projector.parameters()], lr=3e-4)
    criterion = NT_Xent(examples, 0.5, 1)
    forward = torch.compile(encoder) if peer == "compile" else encoder
    chain = published_chain()
    clips = sources(examples, SOURCE_LENGTH if augment else CLIP_LENGTH)
    given = torch.stack([clips, -clips], 1)  # [examples, views, 1, T]

    def step() -> None:
        views = torch.stack([chain(clip) for clip in clips]) if augment else given
        with torch.autocast("cpu", torch.bfloat16, enabled=peer == "bfloat16"):
            z = [projector(forward(views[:, v].contiguous())) for v in range(VIEWS)]
        optimizer.zero_grad()
        criterion(z[0].float(), z[1].float()).backward()
        optimizer.step()

    step()
    times, started = [], time.perf_counter()
    while time.perf_counter() - started < seconds or len(times) < 2:
        t = time.perf_counter()
        step()
        times.append(time.perf_counter() - t)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"times": times, "peak": peak}))


if __name__ == "__main__":
    main()
