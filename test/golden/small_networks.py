"""SampleCNN with other layers, and weights for them that Python and TypeScript (test/helpers/small-networks.ts) make alike."""

import math

import numpy as np
import torch
from torch import nn

from deterministic import hash_uniform

NETWORKS = {
    # those that a test of training takes: a step of them costs a thousandth
    "small": {"strides": [3, 3, 3, 3, 3], "channels": [16, 16, 16, 32, 32, 64], "clipLength": 729},
    # the strides of CLMR's former SampleCNN8000, whose clips have 20,736 samples
    "20736": {"strides": [3, 3, 3, 2, 2, 4, 4, 2, 2], "channels": [4, 4, 5, 6, 6, 7, 8, 8, 9, 10], "clipLength": 20736},
    # and of SampleCNN16000: 42,848 samples leave one step, as the 43,740 of their product do
    "42848": {"strides": [3, 3, 3, 3, 3, 3, 5, 2, 2], "channels": [4, 4, 4, 4, 4, 4, 4, 6, 6, 8], "clipLength": 42848},
    # as wide a spread of strides as fits into few samples
    "wide": {"strides": [7, 4, 2], "channels": [3, 9, 7, 5], "clipLength": 168},
}


def uniform(seed: int, *shape: int, bound: float = 1.0) -> torch.Tensor:
    return torch.from_numpy(hash_uniform(seed, int(np.prod(shape))) * np.float32(bound)).view(*shape)


class SmallNetwork(nn.Module):
    """[n, 1, T] -> [n, E], as CLMR's SampleCNN(strides) builds it: a stride is a kernel and a pool."""

    def __init__(self, name: str):
        super().__init__()
        strides, channels = NETWORKS[name]["strides"], NETWORKS[name]["channels"]
        blocks = [nn.Sequential(nn.Conv1d(1, channels[0], 3, stride=3), nn.BatchNorm1d(channels[0]), nn.ReLU())]
        for stride, inputs, outputs in zip(strides, channels, channels[1:]):
            blocks.append(nn.Sequential(nn.Conv1d(inputs, outputs, stride, padding=1), nn.BatchNorm1d(outputs),
                                        nn.ReLU(), nn.MaxPool1d(stride, stride)))
        last = channels[-1]
        blocks.append(nn.Sequential(nn.Conv1d(last, last, 3, padding=1), nn.BatchNorm1d(last), nn.ReLU()))
        self.sequential = nn.Sequential(*blocks)
        with torch.no_grad():
            for i, block in enumerate(self.sequential):
                self.fill(block, 3000 + 10 * i)

    @staticmethod
    def fill(block: nn.Sequential, seed: int) -> None:
        convolution, norm = block[0], block[1]
        width = convolution.weight[0].numel()
        convolution.weight.copy_(uniform(seed, *convolution.weight.shape, bound=2 / math.sqrt(width)))
        convolution.bias.copy_(uniform(seed + 1, len(convolution.bias), bound=0.1))
        norm.weight.copy_(1 + uniform(seed + 2, len(norm.weight), bound=0.375))
        norm.bias.copy_(uniform(seed + 3, len(norm.bias), bound=0.25))
        norm.running_mean.copy_(uniform(seed + 4, len(norm.weight), bound=0.125))
        norm.running_var.copy_(0.5 + uniform(seed + 5, len(norm.weight), bound=0.25))

    def forward(self, x):
        return self.sequential(x).flatten(1)


def small_model(dtype: torch.dtype) -> tuple[SmallNetwork, nn.Sequential]:
    """The network "small" and a projector without biases, 64 -> 48 -> 32."""
    projector = nn.Sequential(nn.Linear(64, 48, bias=False), nn.ReLU(), nn.Linear(48, 32, bias=False))
    with torch.no_grad():
        projector[0].weight.copy_(uniform(3500, 48, 64, bound=0.125))
        projector[2].weight.copy_(uniform(3501, 32, 48, bound=0.125))
    return SmallNetwork("small").to(dtype), projector.to(dtype)
