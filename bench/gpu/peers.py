"""CLMR in PyTorch on a device: what it encodes and trains in a second, a line of JSON for each figure.

    python peers.py DEVICE SECONDS {eager,bfloat16,compile}

The network, projector and weights are those of test/golden; a step is what CLMR's does, each view by itself through the
encoder, the loss of simclr's NT_Xent written out with its similarity matrix, Adam. TF32 is off, as PyTorch leaves it for
products; `bfloat16` is torch.autocast, `compile` torch.compile under autocast, in its default mode:
max-autotune needs more minutes than there are, and its CUDA graphs overwrite the first view's outputs.
"""

import json
import sys
import time
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
import torch
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "test" / "golden"))
from deterministic import CLIP_LENGTH  # noqa: E402
from sample_cnn import load_model  # noqa: E402

DEVICE, SECONDS, HOW = sys.argv[1], float(sys.argv[2]), sys.argv[3]
ON_CUDA = DEVICE != "cpu"


def size(full: int, small: int) -> int:
    return full if ON_CUDA else small


def wait() -> None:
    if ON_CUDA:
        torch.cuda.synchronize()


def measure(what: str, count: int, call) -> None:
    for _ in range(3):
        call()
    wait()
    times, started = [], time.perf_counter()
    while time.perf_counter() - started < SECONDS or len(times) < 3:
        begun = time.perf_counter()
        call()
        wait()
        times.append(time.perf_counter() - begun)
    times.sort()
    memory = torch.cuda.max_memory_reserved() if ON_CUDA else 0
    figure = {"best": times[0], "median": times[len(times) // 2], "memory": memory}
    print(json.dumps({"side": "PyTorch", "what": what, "how": HOW, "count": count, **figure}), flush=True)


def autocast():
    return torch.autocast(DEVICE.split(":")[0], torch.bfloat16, enabled=HOW != "eager")


def nt_xent(first: torch.Tensor, second: torch.Tensor, temperature: float = 0.5) -> torch.Tensor:
    z = F.normalize(torch.cat([first, second]).float(), dim=1)
    n = first.shape[0]
    similarity = (z @ z.T / temperature).fill_diagonal_(-torch.inf)
    return F.cross_entropy(similarity, torch.arange(2 * n, device=z.device).roll(n))


def measure_encode(encoder) -> None:
    n = size(1024, 8)
    clips = torch.randn(n, 1, CLIP_LENGTH) * 0.1
    with torch.inference_mode(), autocast():
        def call():
            return torch.cat([encoder(part.to(DEVICE)).float().cpu() for part in clips.split(size(256, 8))])
        measure("encode, from and to the host", n, call)


def measure_step(encoder, projector, forward) -> None:
    examples = size(48, 4)
    optimizer = torch.optim.Adam([*encoder.parameters(), *projector.parameters()], lr=3e-4)
    views = torch.randn(2, examples, 1, CLIP_LENGTH, device=DEVICE) * 0.1

    def step() -> None:
        with autocast():
            z = [projector(forward(view)) for view in views]
        optimizer.zero_grad()
        loss = nt_xent(*z)
        loss.backward()
        optimizer.step()
        loss.item()

    measure("step on given views", 2 * examples, step)


def measure_nt_xent() -> None:
    for pairs in (1024, 4096, 32768):
        if not ON_CUDA and pairs > 1024:
            continue
        z = torch.randn(2, pairs, 64, device=DEVICE, requires_grad=True)

        def both_ways() -> None:
            z.grad = None
            nt_xent(z[0], z[1]).backward()

        try:
            measure(f"NT-Xent of {pairs} pairs, both ways", pairs, both_ways)
        except torch.OutOfMemoryError:
            return


def main() -> None:
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    encoder, projector = (module.to(DEVICE) for module in load_model(torch.float32))
    forward = torch.compile(encoder) if HOW == "compile" else encoder
    encoder.train()
    measure_step(encoder, projector, forward)
    if HOW != "compile":
        encoder.eval()
        measure_encode(encoder)
    if HOW == "eager":
        measure_nt_xent()


if __name__ == "__main__":
    main()
