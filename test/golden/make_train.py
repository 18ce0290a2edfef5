"""train.json: eight optimiser steps of SampleCNN, projector and NT-Xent from the weights of checkpoints/*.

Adam and SGD at the published learning rates, and gentle: at rates so small that float32 and float64 stay together
(at the others a rounding error that flips one maximum in a pool, or the sign of one small gradient under Adam, grows
from step to step). Each with joint batch norm (all rows in one batch) and separate (view 0 first, then view 1, as CLMR),
each in float32 (the loss by simclr.modules.NT_Xent) and in float64 (the loss written out).
"""

import json
import sys

import torch
from simclr.modules import NT_Xent

from deterministic import HERE, training_views
from nt_xent import nt_xent
from sample_cnn import load_model
from write import write_golden

STEPS, EXAMPLES, VIEWS, TEMPERATURE = 8, 4, 2, 0.5
SETTINGS = {
    "adam": {"lr": 3e-4}, "adam_gentle": {"lr": 1e-5},
    "sgd": {"lr": 0.01, "momentum": 0.9, "nesterov": True}, "sgd_gentle": {"lr": 3e-6, "momentum": 0.9, "nesterov": True},
}


def project(encoder, projector, x, view_norm):
    """[N, T] -> [N, 64], rows by example, then view."""
    if view_norm == "joint":
        return projector(encoder(x[:, None]))
    views = [projector(encoder(x[view::VIEWS, None])) for view in range(VIEWS)]
    return torch.stack(views, 1).flatten(0, 1)


def loss_of(z):
    if z.dtype == torch.float32:
        return NT_Xent(EXAMPLES, TEMPERATURE, 1)(z[0::2], z[1::2])
    return nt_xent(z, VIEWS, TEMPERATURE)


def run(optimizer_name: str, view_norm: str, dtype: torch.dtype) -> dict:
    encoder, projector = load_model(dtype)
    encoder.train()
    parameters = [*encoder.parameters(), *projector.parameters()]
    kind = torch.optim.Adam if optimizer_name.startswith("adam") else torch.optim.SGD
    optimizer = kind(parameters, **SETTINGS[optimizer_name])
    named = {f"sequential.{i}.0.weight": encoder.sequential[i][0].weight for i in (0, 1, 5, 10)}
    named |= {"sequential.5.1.weight": encoder.sequential[5][1].weight, "sequential.5.1.bias": encoder.sequential[5][1].bias,
              "projector.0.weight": projector[0].weight, "projector.2.weight": projector[2].weight}
    before = {name: p.detach().clone() for name, p in named.items()}
    losses, norms = [], []
    for step in range(STEPS):
        x = torch.from_numpy(training_views(step, EXAMPLES, VIEWS)).to(dtype)
        optimizer.zero_grad()
        loss = loss_of(project(encoder, projector, x, view_norm))
        loss.backward()
        losses.append(loss.item())
        norms.append(torch.linalg.vector_norm(torch.cat([p.grad.double().flatten() for p in parameters])).item())
        optimizer.step()
    weights = {name: {"norm": p.double().norm().item(), "changeNorm": (p - before[name]).double().norm().item()}
               for name, p in named.items()}
    return {"loss": losses, "gradientNorm": norms, "after": {"weights": weights}}


def autocast_cosines() -> list[float]:
    """Cosines between the gradients of float32 and those under torch.autocast in bfloat16, of the convolutions' weights
    in their order: one step on 8 examples, joint batch norm."""
    gradients = []
    for enabled in (False, True):
        encoder, projector = load_model(torch.float32)
        encoder.train()
        x = torch.from_numpy(training_views(0, 8, VIEWS))[:, None]
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            z = projector(encoder(x))
        nt_xent(z.float(), VIEWS, TEMPERATURE).backward()
        gradients.append([block[0].weight.grad.double().flatten() for block in encoder.sequential])
    return [torch.nn.functional.cosine_similarity(a, b, 0).item() for a, b in zip(*gradients)]


def main() -> None:
    """Makes all runs, or those of the settings named as arguments, and keeps the others."""
    path = HERE / "train.json"
    golden = json.loads(path.read_text()) if len(sys.argv) > 1 else {}
    golden |= {"steps": STEPS, "examples": EXAMPLES, "views": VIEWS, "temperature": TEMPERATURE, "settings": SETTINGS}
    golden["autocast_cosines"] = autocast_cosines()
    for name in sys.argv[1:] or SETTINGS:
        for view_norm in ("joint", "separate"):
            for dtype in (torch.float32, torch.float64):
                key = f"{name}.{view_norm}.{str(dtype).removeprefix('torch.')}"
                golden[key] = run(name, view_norm, dtype)
                write_golden(path, golden)


if __name__ == "__main__":
    main()
