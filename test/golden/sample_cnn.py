"""SampleCNN in PyTorch, and the weights that every golden of the model and the training starts from."""

import numpy as np
import torch
from torch import nn

from deterministic import hash_uniform, test_clip

CHANNELS = [1, 128, 128, 128, 256, 256, 256, 256, 256, 256, 512, 512]
EMBEDDING, HIDDEN, PROJECTION = 512, 512, 64
# (out, in, tap) strides of the weights inside the shared storage, taken in turn: odd, overlapping.
STRIDES = [(23, 7, 3), (19, 11, 5), (21, 9, 3), (25, 5, 3), (17, 13, 7)]
WEIGHT_STORAGE, GAMMA_STORAGE = 18000, 1600
LOUDNESS = (0.03, 0.3, 1.0, 3.0)


def layer(channels_in: int, channels_out: int, *, stride: int, padding: int, pool: bool) -> nn.Sequential:
    parts = [nn.Conv1d(channels_in, channels_out, 3, stride=stride, padding=padding),
             nn.BatchNorm1d(channels_out), nn.ReLU()]
    return nn.Sequential(*parts, *([nn.MaxPool1d(3, 3)] if pool else []))


class SampleCNN(nn.Module):
    """[n, 1, 59049] -> [n, 512]; keys sequential.N.0 (convolution) and sequential.N.1 (batch norm)."""

    def __init__(self):
        super().__init__()
        last = len(CHANNELS) - 2
        self.sequential = nn.Sequential(*[
            layer(CHANNELS[i], CHANNELS[i + 1], stride=3 if i == 0 else 1, padding=0 if i == 0 else 1,
                  pool=0 < i < last)
            for i in range(last + 1)])

    def forward(self, x):
        return self.sequential(x).flatten(1)


def make_projector() -> nn.Sequential:
    return nn.Sequential(nn.Linear(EMBEDDING, HIDDEN, bias=False), nn.ReLU(),
                         nn.Linear(HIDDEN, PROJECTION, bias=False))


def strided_state() -> dict[str, dict[str, torch.Tensor]]:
    """{'encoder': …, 'projector': …}: state dicts whose tensors are overlapping views of three small storages,
    so that a checkpoint with 2.7 million parameters takes 0.1 MB, and a reader must honour strides and offsets."""
    weights = torch.from_numpy(hash_uniform(7, WEIGHT_STORAGE) * np.float32(0.08))
    gammas = torch.from_numpy(1 + hash_uniform(8, GAMMA_STORAGE) * np.float32(0.375))
    betas = torch.from_numpy(hash_uniform(9, GAMMA_STORAGE) * np.float32(0.25))
    encoder: dict[str, torch.Tensor] = {}
    for i in range(len(CHANNELS) - 1):
        rows, cols = CHANNELS[i + 1], CHANNELS[i]
        key = f"sequential.{i}"
        encoder[f"{key}.0.weight"] = weights.as_strided((rows, cols, 3), STRIDES[i % len(STRIDES)], 1 + 37 * i)
        encoder[f"{key}.0.bias"] = weights.as_strided((rows,), (3,), 5 + 101 * i)
        encoder[f"{key}.1.weight"] = gammas.as_strided((rows,), (2,), 3 + 5 * i)
        encoder[f"{key}.1.bias"] = betas.as_strided((rows,), (3,), 2 + 5 * i)
    projector = {"0.weight": weights.as_strided((HIDDEN, EMBEDDING), (19, 7), 11),
                 "2.weight": weights.as_strided((PROJECTION, HIDDEN), (43, 5), 23)}
    add_running_statistics(encoder)
    return {"encoder": encoder, "projector": projector}


def add_running_statistics(encoder: dict[str, torch.Tensor]) -> None:
    """Runs four clips of very different loudness through in float64 and keeps their batch statistics, layer by layer,
    rounded to 12 bits (so that any machine finds the same), in one storage. Clips of one loudness would be so alike that
    batch norm had to blow up small differences, and PyTorch's own float32 would lie up to 1e-5 beside its float64."""
    model = SampleCNN()
    model.load_state_dict(encoder, strict=False)
    model.double().eval()
    statistics = []
    x = torch.from_numpy(np.stack([gain * test_clip(20 + i, 30 + i) for i, gain in enumerate(LOUDNESS)])).double()[:, None]
    with torch.no_grad():
        for block in model.sequential:
            y = block[0](x)
            mean, var = round_bits(y.mean((0, 2))), round_bits(y.var((0, 2)))
            statistics += [mean, var]
            block[1].running_mean.copy_(mean)
            block[1].running_var.copy_(var)
            x = block(x)
    storage = torch.cat(statistics).float()
    at = 0
    for i in range(len(CHANNELS) - 1):
        n = CHANNELS[i + 1]
        encoder[f"sequential.{i}.1.running_mean"] = storage[at:at + n]
        encoder[f"sequential.{i}.1.running_var"] = storage[at + n:at + 2 * n]
        encoder[f"sequential.{i}.1.num_batches_tracked"] = torch.tensor(4 + i)
        at += 2 * n


def round_bits(x: torch.Tensor, bits: int = 12) -> torch.Tensor:
    mantissa, exponent = torch.frexp(x)
    return torch.ldexp(torch.round(mantissa * 2**bits) / 2**bits, exponent)


def load_model(dtype: torch.dtype) -> tuple[SampleCNN, nn.Sequential]:
    """Encoder and projector with those weights, each parameter in memory of its own."""
    state = strided_state()
    encoder, projector = SampleCNN(), make_projector()
    encoder.load_state_dict({k: v.contiguous().clone() for k, v in state["encoder"].items()})
    projector.load_state_dict({k: v.contiguous().clone() for k, v in state["projector"].items()})
    return encoder.to(dtype), projector.to(dtype)
