"""nt_xent.safetensors: value and gradient of NT-Xent."""

import torch
from safetensors.torch import save_file
from simclr.modules import NT_Xent

from deterministic import HERE, hash_uniform
from nt_xent import nt_xent

# examples, views, d, temperature
CASES = [(2, 2, 8, 0.5), (4, 2, 64, 0.5), (16, 2, 32, 0.1), (17, 2, 33, 1.0), (24, 2, 16, 0.05), (5, 3, 64, 0.5), (3, 4, 20, 0.2)]


def inputs(seed: int, examples: int, views: int, d: int) -> torch.Tensor:
    """float32 [examples * views, d]: rows of an example lie near each other, rows differ in length."""
    n = examples * views
    base = torch.from_numpy(hash_uniform(seed, examples * d)).view(examples, 1, d)
    noise = torch.from_numpy(hash_uniform(seed + 1, n * d)).view(examples, views, d)
    length = 1.5 + torch.from_numpy(hash_uniform(seed + 2, n)).view(examples, views, 1)
    return ((base + 0.5 * noise) * length).flatten(0, 1)


def main() -> None:
    golden = {}
    for i, (examples, views, d, temperature) in enumerate(CASES):
        z = inputs(300 + 10 * i, examples, views, d)
        key = f"{examples}x{views}x{d}.t{temperature}"
        double = z.double().requires_grad_()
        loss = nt_xent(double, views, temperature)
        loss.backward()
        golden |= {f"{key}.z": z, f"{key}.loss": loss.detach(), f"{key}.gradient": double.grad}
        if views == 2:
            single = z.clone().requires_grad_()
            peer = NT_Xent(examples, temperature, 1)(single[0::2], single[1::2])
            peer.backward()
            golden |= {f"{key}.simclr_loss": peer.detach()}
            assert torch.allclose(single.grad.double(), double.grad, rtol=1e-3, atol=1e-6), key
    save_file({k: v.contiguous() for k, v in golden.items()}, HERE / "nt_xent.safetensors")


if __name__ == "__main__":
    main()
