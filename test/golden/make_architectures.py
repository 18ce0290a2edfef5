"""architectures.json: networks of other layers than CLMR's (small_networks.py), on testClips(90, 91, 3) of their length.

Of each: its `strides`, `channels` and `clipLength`, and the embeddings [3][E] in float64.
"""


import numpy as np
import torch

from deterministic import HERE, test_clip
from small_networks import NETWORKS, SmallNetwork
from write import write_golden


def main() -> None:
    golden = {}
    with torch.no_grad():
        for name, layers in NETWORKS.items():
            clips = [test_clip(90 + i, 91 + i, layers["clipLength"]) for i in range(3)]
            x = torch.from_numpy(np.stack(clips)).double()[:, None]
            network = SmallNetwork(name).double().eval()
            golden[name] = {**layers, "embeddings": network(x).tolist()}
    write_golden(HERE / "architectures.json", golden)


if __name__ == "__main__":
    main()
