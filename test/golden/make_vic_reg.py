"""vic_reg.json: twenty optimiser steps of VICReg, written plainly, from the network "small" of small_networks.py.

Keys: `steps` 20, `examples` 8, `lr` of Adam, the settings `vicReg` (weights of the terms) and `projection`; for D =
float32, float64: `D.loss`, `D.gradientNorm` (over all parameters), `D.terms` (invariance, variance, covariance of every
step, without their weights), [20] each, and `D.moved` (name -> the norm of what a weight moved). The expander's weights
come from `hash_uniform` (see expander()), the batch of step s is `trainingViews(s, 8, 2, 729)`; the rate is that
of make_objectives.py, at which float32 and float64 stay together.
"""

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
VICREG = {"invariance": 25, "variance": 25, "covariance": 1, "gamma": 1}
PROJECTION = {"hidden": 64, "out": 32}
EPSILON = 1e-4


def expander() -> nn.Sequential:
    """Three layers; those at 0, 3 and 6 have the seeds 950, 960 and 970, their biases one more."""
    widths = [EMBEDDING, PROJECTION["hidden"], PROJECTION["hidden"], PROJECTION["out"]]
    layers = []
    for i, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        layer = nn.Linear(inputs, outputs)
        with torch.no_grad():
            layer.weight.copy_(uniform(950 + 10 * i, outputs, inputs, bound=1 / math.sqrt(inputs)))
            layer.bias.copy_(uniform(951 + 10 * i, outputs, bound=1 / math.sqrt(inputs)))
        layers += [layer, nn.BatchNorm1d(outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-2])


def terms(z: torch.Tensor) -> torch.Tensor:
    """Invariance, variance and covariance of rows by example, then view."""
    views = [z[0::2], z[1::2]]
    examples, dimensions = views[0].shape
    variance = sum(F.relu(VICREG["gamma"] - torch.sqrt(v.var(dim=0) + EPSILON)).mean() / 2 for v in views)
    covariance = 0.0
    for v in views:
        c = (v - v.mean(dim=0)).T @ (v - v.mean(dim=0)) / (examples - 1)
        covariance = covariance + c[~torch.eye(dimensions, dtype=torch.bool)].square().sum() / dimensions
    return torch.stack([F.mse_loss(*views), variance, covariance])


def run(dtype: torch.dtype) -> dict:
    encoder, _ = small_model(dtype)
    model = nn.Sequential(encoder, expander().to(dtype))
    model.train()
    start = [p.detach().clone() for p in model.parameters()]
    weights = torch.tensor([VICREG[name] for name in ("invariance", "variance", "covariance")], dtype=dtype)
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    result = {"loss": [], "gradientNorm": [], "terms": []}
    for step in range(STEPS):
        x = torch.from_numpy(training_views(step, EXAMPLES, n=LENGTH)).to(dtype)[:, None]
        optimizer.zero_grad()
        parts = terms(model(x))
        loss = (weights * parts).sum()
        loss.backward()
        gradient = torch.cat([p.grad.double().flatten() for p in model.parameters()])
        result["loss"].append(loss.item())
        result["gradientNorm"].append(torch.linalg.vector_norm(gradient).item())
        result["terms"].append(parts.tolist())
        optimizer.step()
        print(dtype, step, loss.item(), parts.tolist(), file=sys.stderr, flush=True)
    result["moved"] = {
        name: (p - q).double().norm().item()
        for (name, p), q in zip(model.named_parameters(), start)
        if name.endswith("weight")
    }
    return result


def main() -> None:
    golden = {"steps": STEPS, "examples": EXAMPLES, "lr": LR, "vicReg": VICREG, "projection": PROJECTION}
    for dtype in (torch.float32, torch.float64):
        golden[str(dtype).removeprefix("torch.")] = run(dtype)
    write_golden(HERE / "vic_reg.json", golden)


if __name__ == "__main__":
    main()
