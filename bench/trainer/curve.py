"""The losses of CLMR in PyTorch on the tracks of a cache: the peer of the loss curve.

    python curve.py TRACKS.json STEPS EXAMPLES SEED

Tracks are 16-bit WAV files at 22,050 Hz. Prints a line of JSON: the loss of each step.
"""

import json
import random
import sys

import numpy as np
import soundfile
import torch
from peers import CLIP_LENGTH, THREADS, VIEWS, published_chain
from simclr.modules import NT_Xent
from sample_cnn import SampleCNN, make_projector


def main() -> None:
    tracks, steps, examples, seed = json.load(open(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    torch.set_num_threads(THREADS)
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)
    audio = []
    for path in tracks:
        samples, _ = soundfile.read(path, dtype="float32")
        audio.append(torch.from_numpy(np.pad(samples, (0, max(0, CLIP_LENGTH - len(samples)))))[None])
    encoder, projector, chain = SampleCNN(), make_projector(), published_chain()
    optimizer = torch.optim.Adam([*encoder.parameters(), *projector.parameters()], lr=3e-4)
    criterion = NT_Xent(examples, 0.5, 1)
    losses, order = [], []
    while len(losses) < steps:
        if len(order) < examples:
            order = torch.randperm(len(audio)).tolist()
        batch, order = order[:examples], order[examples:]
        views = torch.stack([chain(audio[i]) for i in batch])  # [examples, views, 1, T]
        z = [projector(encoder(views[:, v].contiguous())) for v in range(VIEWS)]
        loss = criterion(z[0], z[1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(json.dumps(losses))


if __name__ == "__main__":
    main()
