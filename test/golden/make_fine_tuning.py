"""fine_tuning.json: a classifier on the network "small" of small_networks.py, the encoder frozen or in a parameter group of its own.

Keys: `steps`, `examples`, `lr`, `encoderLr`, `classes`; for O = adam, sgd (momentum 0.9): `frozen.O` and `groups.O` with
`loss` [steps], `weight` [3 * 64] and `bias` [3] of the classifier at the end, and of `groups.O` `moved`: how far the weight
of each convolution went (L2). The batch of step s is `trainingViews(s, 6, 1, 729)`; example i is of class i % 3; the
classifier begins as uniform(3600), uniform(3601) with bound 0.125. Arithmetic in float64.
"""

import torch
from torch import nn

from deterministic import HERE, training_views
from small_networks import NETWORKS, SmallNetwork, uniform
from write import write_golden

STEPS, EXAMPLES, CLASSES, LR, ENCODER_LR = 6, 6, 3, 1e-2, 1e-4
OPTIMIZERS = {"adam": torch.optim.Adam, "sgd": lambda groups: torch.optim.SGD(groups, momentum=0.9)}


def network() -> tuple[SmallNetwork, nn.Linear]:
    head = nn.Linear(64, CLASSES)
    with torch.no_grad():
        head.weight.copy_(uniform(3600, CLASSES, 64, bound=0.125))
        head.bias.copy_(uniform(3601, CLASSES, bound=0.125))
    return SmallNetwork("small").double(), head.double()


def run(optimizer_name: str, frozen: bool) -> dict:
    encoder, head = network()
    encoder.train(not frozen).requires_grad_(not frozen)
    groups = [{"params": head.parameters(), "lr": LR}]
    if not frozen:
        groups.append({"params": encoder.parameters(), "lr": ENCODER_LR})
    optimizer = OPTIMIZERS[optimizer_name](groups)
    start = [block[0].weight.detach().clone() for block in encoder.sequential]
    labels = torch.arange(EXAMPLES) % CLASSES
    losses = []
    for step in range(STEPS):
        x = torch.from_numpy(training_views(step, EXAMPLES, 1, NETWORKS["small"]["clipLength"])).double()
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(head(encoder(x[:, None])), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    result = {"loss": losses, "weight": head.weight.flatten().tolist(), "bias": head.bias.tolist()}
    if not frozen:
        result["moved"] = [(block[0].weight - old).norm().item() for block, old in zip(encoder.sequential, start)]
    return result


def main() -> None:
    golden = {"steps": STEPS, "examples": EXAMPLES, "lr": LR, "encoderLr": ENCODER_LR, "classes": CLASSES}
    for name in OPTIMIZERS:
        golden[f"frozen.{name}"] = run(name, True)
        golden[f"groups.{name}"] = run(name, False)
    write_golden(HERE / "fine_tuning.json", golden)
    for name in OPTIMIZERS:
        print(name, golden[f"frozen.{name}"]["loss"], golden[f"groups.{name}"]["loss"], golden[f"groups.{name}"]["moved"])


if __name__ == "__main__":
    main()
