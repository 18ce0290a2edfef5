"""NT-Xent for any number of views, written out plainly."""

import torch


def nt_xent(z: torch.Tensor, views: int, temperature: float) -> torch.Tensor:
    """z [N, d], row = example * views + view. The mean over all ordered pairs (anchor, other view of its example)
    of -s(i, j) / t + log(sum over k != i of exp(s(i, k) / t)), s the cosine. With two views: SimCLR's loss."""
    unit = z / z.norm(dim=1, keepdim=True)
    logits = unit @ unit.T / temperature
    total, pairs = 0, 0
    for i in range(len(z)):
        others = torch.cat([logits[i, :i], logits[i, i + 1:]]).logsumexp(0)
        for view in range(views):
            j = i // views * views + view
            if j != i:
                total, pairs = total + others - logits[i, j], pairs + 1
    return total / pairs
