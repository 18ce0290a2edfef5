"""CLMR in PyTorch, the whole way as its repository goes it: folder of audio files -> linear evaluation.

    python peers.py JOB.json

Tracks are decoded once to WAV at 22,050 Hz; a DataLoader with workers reads them whole and augments; SampleCNN sees one
view at a time; then projector, simclr's NT_Xent and Adam. The head is fitted on the windows of all tracks by the paper's
protocol, as clmr does. Prints a line of JSON.
"""

import json
import os
import resource
import sys
import time
import warnings
from copy import deepcopy
from pathlib import Path

warnings.simplefilter("ignore")
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "quality"), str(HERE.parent / "trainer"), str(HERE.parents[1] / "test" / "golden")]
import soundfile  # noqa: E402
import torch  # noqa: E402
import torchaudio  # noqa: E402
from peers import CLIP_LENGTH, SAMPLE_RATE, VIEWS  # noqa: E402
from sample_cnn import SampleCNN, make_projector  # noqa: E402
from simclr.modules import NT_Xent  # noqa: E402
from torch.nn.functional import cross_entropy  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402
from train import WORKERS, Tracks, seed_worker  # noqa: E402

job = json.loads(Path(sys.argv[1]).read_text())
torch.set_num_threads(int(os.environ.get("CLMR_THREADS", os.cpu_count())))
torch.manual_seed(job["seed"])
seconds, since = {}, time.perf_counter()


def part(name: str) -> None:
    global since
    seconds[name] = time.perf_counter() - since
    since = time.perf_counter()


# begin: what a user writes
tracks = job["tracks"]
for i, track in enumerate(tracks):
    samples, rate = soundfile.read(Path(job["folder"]) / track["path"], dtype="float32", always_2d=True)
    mono = torchaudio.functional.resample(torch.from_numpy(samples.mean(1)), rate, SAMPLE_RATE)
    track["wav"] = str(Path(job["cache"]) / f"{i}.wav")
    soundfile.write(track["wav"], mono.numpy(), SAMPLE_RATE)
part("decode")
dataset = Tracks([track["wav"] for track in tracks if track["split"] == "train"])
loader = DataLoader(dataset, batch_size=job["batchSize"], shuffle=True, drop_last=True, num_workers=WORKERS,
                    persistent_workers=True, worker_init_fn=seed_worker)
encoder, projector = SampleCNN(), make_projector()
optimizer = torch.optim.Adam([*encoder.parameters(), *projector.parameters()], lr=3e-4)
criterion, step = NT_Xent(job["batchSize"], 0.5, 1), 0
while step < job["steps"]:
    for views in loader:
        z = [projector(encoder(views[:, v].contiguous())) for v in range(VIEWS)]
        optimizer.zero_grad()
        criterion(z[0], z[1]).backward()
        optimizer.step()
        step += 1
        if step == job["steps"]:
            break
part("train")
encoder.eval()
rows, labels, track_of = [], [], []
with torch.inference_mode():
    for i, track in enumerate(tracks):
        samples = torch.from_numpy(soundfile.read(track["wav"], dtype="float32")[0])
        if len(samples) < CLIP_LENGTH:
            samples = torch.nn.functional.pad(samples, (0, CLIP_LENGTH - len(samples)))
        windows = samples.unfold(0, CLIP_LENGTH, CLIP_LENGTH)[:, None]
        rows.append(torch.cat([encoder(batch.contiguous()) for batch in windows.split(256)]))
        track_of += [i] * len(windows)
embeddings, track_of = torch.cat(rows).clone(), torch.tensor(track_of)
labels = torch.tensor([track["label"] for track in tracks])
split_of = [track["split"] for track in tracks]
part("embed")


def clips_of(split: str) -> torch.Tensor:
    return torch.tensor([split_of[i] == split for i in track_of])


train, valid, test = (clips_of(split) for split in ("train", "valid", "test"))
head = torch.nn.Linear(embeddings.shape[1], job["classes"])
optimizer = torch.optim.Adam(head.parameters(), lr=1e-3, weight_decay=1e-6)
plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=5)
best, best_head, waited = float("inf"), None, 0
x, y = embeddings[train], labels[track_of[train]]
for _ in range(200):
    for batch in torch.randperm(len(x)).split(256):
        optimizer.zero_grad()
        cross_entropy(head(x[batch]), y[batch]).backward()
        optimizer.step()
    with torch.inference_mode():
        loss = cross_entropy(head(embeddings[valid]), labels[track_of[valid]]).item()
    plateau.step(loss)
    waited = 0 if loss < best else waited + 1
    if loss < best:
        best, best_head = loss, deepcopy(head.state_dict())
    if waited == 10:
        break
head.load_state_dict(best_head)
with torch.inference_mode():
    probabilities = head(embeddings[test]).softmax(1)
tested = track_of[test].unique()
means = torch.stack([probabilities[track_of[test] == i].mean(0) for i in tested])
accuracy = (means.argmax(1) == labels[tested]).double().mean().item()
part("probe")
# end: what a user writes

del loader  # ends the workers, so that their memory is counted
peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) * 1024
print(json.dumps({"seconds": seconds, "peak": peak, "accuracy": accuracy, "clips": len(embeddings)}))
