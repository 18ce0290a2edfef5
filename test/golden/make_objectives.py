"""objectives.json: twenty optimiser steps of momentum contrast and of BYOL, written plainly, from the network "small" of small_networks.py.

Adam at a gentle rate, at which float32 and float64 stay together (see make_train.py); queue and momentum are small enough
for both to matter within twenty steps. Each in float32 and in float64.
"""

import copy
import math
import sys

import torch
import torch.nn.functional as F
from torch import nn

from deterministic import HERE, training_views
from small_networks import NETWORKS, small_model, uniform
from write import write_golden

STEPS, EXAMPLES, LR = 20, 8, 1e-4
LENGTH, EMBEDDING = NETWORKS["small"]["clipLength"], NETWORKS["small"]["channels"][-1]
MOCO = {"temperature": 0.2, "queue": 44, "momentum": 0.9}
BYOL = {"momentum": 0.9, "scheduleSteps": 40, "predictorHidden": 48}
PROJECTION = {"hidden": 64, "out": 32}


def mlp(inputs: int, hidden: int, outputs: int, seed: int) -> nn.Sequential:
    head = nn.Sequential(nn.Linear(inputs, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, outputs))
    with torch.no_grad():
        for i, (layer, width) in enumerate(((head[0], inputs), (head[3], hidden))):
            layer.weight.copy_(uniform(seed + 10 * i, *layer.weight.shape, bound=1 / math.sqrt(width)))
            layer.bias.copy_(uniform(seed + 10 * i + 1, *layer.bias.shape, bound=1 / math.sqrt(width)))
    return head


@torch.no_grad()
def follow(target: nn.Module, online: nn.Module, momentum: float) -> None:
    for t, o in zip(target.parameters(), online.parameters()):
        t.mul_(momentum).add_(o, alpha=1 - momentum)


class Moco:
    """He et al., 2020. One process, so no shuffling of batches."""

    def __init__(self, dtype):
        self.encoder, self.projector = small_model(dtype)
        self.target = copy.deepcopy(nn.ModuleList([self.encoder, self.projector]))
        self.queue = F.normalize(uniform(900, MOCO["queue"], 32).to(dtype), dim=1)
        self.next = 0

    def online(self):
        return [self.encoder, self.projector]

    def loss(self, x, step):
        q = F.normalize(self.projector(self.encoder(x[0::2])), dim=1)
        with torch.no_grad():
            self.k = F.normalize(self.target[1](self.target[0](x[1::2])), dim=1)
        positive = (q * self.k).sum(1, keepdim=True)
        logits = torch.cat([positive, q @ self.queue.T], 1) / MOCO["temperature"]
        return F.cross_entropy(logits, torch.zeros(len(q), dtype=torch.long))

    def after(self, step):
        follow(self.target, nn.ModuleList(self.online()), MOCO["momentum"])
        for key in self.k:
            self.queue[self.next] = key
            self.next = (self.next + 1) % len(self.queue)


class Byol:
    """Grill et al., 2020, with the projector and predictor of BYOL-A."""

    def __init__(self, dtype):
        self.encoder, _ = small_model(dtype)
        self.projector = mlp(EMBEDDING, PROJECTION["hidden"], PROJECTION["out"], 910).to(dtype)
        self.predictor = mlp(PROJECTION["out"], BYOL["predictorHidden"], PROJECTION["out"], 930).to(dtype)
        self.target = copy.deepcopy(nn.ModuleList([self.encoder, self.projector]))

    def online(self):
        return [self.encoder, self.projector, self.predictor]

    def loss(self, x, step):
        p = F.normalize(self.predictor(self.projector(self.encoder(x))), dim=1)
        with torch.no_grad():
            t = F.normalize(self.target[1](self.target[0](x)), dim=1)
        return ((2 - 2 * (p[0::2] * t[1::2]).sum(1)) + (2 - 2 * (p[1::2] * t[0::2]).sum(1))).mean()

    def after(self, step):
        way = min(1, step / BYOL["scheduleSteps"])
        momentum = 1 - (1 - BYOL["momentum"]) * (math.cos(math.pi * way) + 1) / 2
        follow(self.target, nn.ModuleList([self.encoder, self.projector]), momentum)


def run(kind, dtype) -> dict:
    learner = kind(dtype)
    modules = nn.ModuleList(learner.online())
    modules.train()
    learner.target.train()
    start = [p.detach().clone() for p in learner.target.parameters()]
    optimizer = torch.optim.Adam(modules.parameters(), lr=LR)
    losses, norms = [], []
    for step in range(STEPS):
        x = torch.from_numpy(training_views(step, EXAMPLES, n=LENGTH)).to(dtype)[:, None]
        optimizer.zero_grad()
        loss = learner.loss(x, step)
        loss.backward()
        losses.append(loss.item())
        norms.append(torch.linalg.vector_norm(torch.cat([p.grad.double().flatten() for p in modules.parameters()])).item())
        optimizer.step()
        learner.after(step)
        print(kind.__name__, dtype, step, losses[-1], norms[-1], file=sys.stderr, flush=True)
    moved = {name: (p - q).double().norm().item()
             for (name, p), q in zip(learner.target.named_parameters(), start) if name.endswith("weight")}
    result = {"loss": losses, "gradientNorm": norms, "targetMoved": moved}
    if kind is Moco:
        result |= {"queue": learner.queue.float()[:, :4].flatten().tolist(), "queueNext": learner.next}
    return result


def main() -> None:
    golden = {"steps": STEPS, "examples": EXAMPLES, "lr": LR, "infoNce": MOCO, "byol": BYOL, "projection": PROJECTION}
    for name, kind in {"infoNce": Moco, "byol": Byol}.items():
        for dtype in (torch.float32, torch.float64):
            golden[f"{name}.{str(dtype).removeprefix('torch.')}"] = run(kind, dtype)
    write_golden(HERE / "objectives.json", golden)


if __name__ == "__main__":
    main()
