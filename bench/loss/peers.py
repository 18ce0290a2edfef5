"""One peer of the loss benchmark in a process of its own: times NT-Xent forward and backward, prints a line of JSON.

    python peers.py {inputs,matrix,simclr} FOLDER PAIRS SECONDS

`inputs` writes z.f32 and, from the matrix form in float64, expected.f64 (the loss, then the gradient); up to 4,096 pairs.
"""

import json
import sys
import time
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
import numpy as np
import torch
import torch.nn.functional as F

THREADS, DIM, TEMPERATURE = 2, 64, 0.5


def matrix_form(z: torch.Tensor) -> torch.Tensor:
    """NT-Xent as it is usually written: z [2N, D], row = example * 2 + view -> cross-entropy over a [2N, 2N] matrix."""
    u = F.normalize(z, dim=1)
    similarity = (u @ u.T / TEMPERATURE).fill_diagonal_(-torch.inf)
    return F.cross_entropy(similarity, torch.arange(len(z)) ^ 1)


def simclr_form(z: torch.Tensor) -> torch.Tensor:
    from simclr.modules import NT_Xent

    views = z.view(-1, 2, z.shape[1])
    return NT_Xent(len(views), TEMPERATURE, 1)(views[:, 0], views[:, 1])


def inputs(folder: Path, pairs: int) -> None:
    # two views of an example lie closer than others, as they do in training
    generator = np.random.default_rng(pairs)
    example = generator.standard_normal((pairs, 1, DIM))
    z = (example + generator.standard_normal((pairs, 2, DIM))).reshape(-1, DIM).astype(np.float32)
    z.tofile(folder / "z.f32")
    if pairs > 4096:
        return
    exact = torch.from_numpy(z).double().requires_grad_()
    loss = matrix_form(exact)
    loss.backward()
    np.concatenate([[loss.item()], exact.grad.numpy().ravel()]).tofile(folder / "expected.f64")


def main() -> None:
    kind, folder, pairs, seconds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    torch.set_num_threads(THREADS)
    if kind == "inputs":
        return inputs(folder, pairs)
    form = {"matrix": matrix_form, "simclr": simclr_form}[kind]
    z = torch.from_numpy(np.fromfile(folder / "z.f32", np.float32).reshape(-1, DIM)).requires_grad_()

    def peak() -> int:
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024

    def run() -> torch.Tensor:
        z.grad = None
        loss = form(z)
        loss.backward()
        return loss

    before = peak()
    loss = run()
    times, started = [], time.perf_counter()
    while time.perf_counter() - started < seconds or len(times) < 1:
        t = time.perf_counter()
        run()
        times.append(time.perf_counter() - t)
    expected = np.fromfile(folder / "expected.f64")
    exact = expected[1:].reshape(-1, DIM)
    print(json.dumps({
        "times": times,
        "memory": peak() - before,
        "valueError": abs(loss.item() / expected[0] - 1),
        "gradientError": np.linalg.norm(z.grad.numpy() - exact) / np.linalg.norm(exact),
    }))


if __name__ == "__main__":
    main()
