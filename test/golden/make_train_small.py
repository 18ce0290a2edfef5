"""train_small.json: as make_train.py, of the network "small" of small_networks.py: eight steps of Adam at the published rate.

Keys: `steps`, `examples`, `views`, `temperature`, `lr`; for N = joint, separate and D = float32, float64: `N.D` with
`loss` and `gradientNorm` [8]. The batch of step s is `trainingViews(s, 4, 2, 729)`.
"""


import torch

from deterministic import HERE, training_views
from nt_xent import nt_xent
from small_networks import NETWORKS, small_model
from write import write_golden

STEPS, EXAMPLES, VIEWS, TEMPERATURE, LR = 8, 4, 2, 0.5, 3e-4


def project(encoder, projector, x, view_norm):
    """[N, T] -> [N, 32], rows by example, then view."""
    if view_norm == "joint":
        return projector(encoder(x[:, None]))
    views = [projector(encoder(x[view::VIEWS, None])) for view in range(VIEWS)]
    return torch.stack(views, 1).flatten(0, 1)


def run(view_norm: str, dtype: torch.dtype) -> dict:
    encoder, projector = small_model(dtype)
    encoder.train()
    parameters = [*encoder.parameters(), *projector.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=LR)
    losses, norms = [], []
    for step in range(STEPS):
        x = torch.from_numpy(training_views(step, EXAMPLES, VIEWS, NETWORKS["small"]["clipLength"])).to(dtype)
        optimizer.zero_grad()
        loss = nt_xent(project(encoder, projector, x, view_norm), VIEWS, TEMPERATURE)
        loss.backward()
        losses.append(loss.item())
        norms.append(torch.linalg.vector_norm(torch.cat([p.grad.double().flatten() for p in parameters])).item())
        optimizer.step()
    return {"loss": losses, "gradientNorm": norms}


def main() -> None:
    golden = {"steps": STEPS, "examples": EXAMPLES, "views": VIEWS, "temperature": TEMPERATURE, "lr": LR}
    for view_norm in ("joint", "separate"):
        for dtype in (torch.float32, torch.float64):
            golden[f"{view_norm}.{str(dtype).removeprefix('torch.')}"] = run(view_norm, dtype)
    write_golden(HERE / "train_small.json", golden)


if __name__ == "__main__":
    main()
