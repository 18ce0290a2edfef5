"""CLMR in PyTorch, trained as its repository does it, for the same time on the same tracks as clmr.

    python train.py JOB.json

A DataLoader with workers reads whole tracks, torchaudio-augmentations makes two views of each, SampleCNN sees one view
at a time, then projector, simclr's NT_Xent and Adam. Tracks are those that clmr has prepared (16-bit WAV at 22,050 Hz),
as its preprocessing makes them. Weights are saved on the way, while the clock stands still. Prints a line of JSON.
"""

import json
import os
import random
import sys
import time
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
import numpy as np
import soundfile
import torch
from simclr.modules import NT_Xent
from torch.utils.data import DataLoader, Dataset

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "trainer"), str(HERE.parents[1] / "test" / "golden")]
from peers import CLIP_LENGTH, VIEWS, published_chain  # noqa: E402
from sample_cnn import SampleCNN, make_projector  # noqa: E402

BATCH, LEARNING_RATE, TEMPERATURE, WORKERS = 48, 3e-4, 0.5, 2


class Tracks(Dataset):
    def __init__(self, paths: list[str]):
        self.paths, self.chain = paths, published_chain()

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int) -> torch.Tensor:
        """[views, 1, T]"""
        samples, _ = soundfile.read(self.paths[i], dtype="float32")
        samples = np.pad(samples, (0, max(0, CLIP_LENGTH - len(samples))))
        return self.chain(torch.from_numpy(samples)[None])


def seed_worker(_: int) -> None:
    seed = torch.initial_seed() % 2**32
    np.random.seed(seed)
    random.seed(seed)


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    torch.set_num_threads(int(os.environ.get("CLMR_THREADS", os.cpu_count())))
    torch.manual_seed(job["seed"])
    seed_worker(0)
    tracks = Tracks(job["tracks"])
    batch = min(BATCH, len(tracks))
    loader = DataLoader(tracks, batch_size=batch, shuffle=True, drop_last=True, num_workers=WORKERS,
                        persistent_workers=True, worker_init_fn=seed_worker)
    encoder, projector = SampleCNN(), make_projector()
    optimizer = torch.optim.Adam([*encoder.parameters(), *projector.parameters()], lr=LEARNING_RATE)
    criterion = NT_Xent(batch, TEMPERATURE, 1)
    marks, reached, saving, step = list(job["marks"]), [], 0.0, 0
    started = time.perf_counter()

    def share() -> float:
        if "steps" in job:
            return step / job["steps"]
        return (time.perf_counter() - started - saving) / 60 / job["minutes"]

    def save() -> float:
        """@returns the seconds that it took"""
        since = time.perf_counter()
        file = Path(job["folder"]) / f"{step}.pt"
        torch.save({f"encoder.{name}": value for name, value in encoder.state_dict().items()}, file)
        minutes = (since - started - saving) / 60
        reached.append({"minutes": minutes, "views": step * batch * VIEWS, "file": str(file)})
        return time.perf_counter() - since

    while share() < 1:
        for views in loader:  # [examples, views, 1, T]
            z = [projector(encoder(views[:, v].contiguous())) for v in range(VIEWS)]
            optimizer.zero_grad()
            loss = criterion(z[0], z[1])
            loss.backward()
            optimizer.step()
            step += 1
            if step % 20 == 0:
                print(f"step {step}, loss {loss.item():.3f}", file=sys.stderr)
            if marks and share() >= marks[0]:
                saving += save()
                marks = [mark for mark in marks if mark > share()]
            if share() >= 1:
                break
    print(json.dumps(reached))


if __name__ == "__main__":
    main()
