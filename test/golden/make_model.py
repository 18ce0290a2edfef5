"""model.safetensors: what PyTorch, in float64 and eval mode, makes of three clips with the weights of checkpoints/*."""

import numpy as np
import torch
from safetensors.torch import save_file

from deterministic import HERE, test_clip
from make_checkpoints import recast
from sample_cnn import SampleCNN, load_model, strided_state

CLIPS = 3


def main() -> None:
    encoder, projector = load_model(torch.float64)
    encoder.eval()
    clips = torch.from_numpy(np.stack([test_clip(40 + i, 50 + i) for i in range(CLIPS)])).double()
    golden = {}
    with torch.no_grad():
        x, lengths = clips[:, None], []
        for i, block in enumerate(encoder.sequential):
            x = block(x)
            lengths.append(x.shape[2])
            golden[f"layer_rms.{i}"] = x.pow(2).mean((1, 2)).sqrt()
        golden["embeddings"] = x.flatten(1)
        golden["projections"] = projector(x.flatten(1))
        golden["layer_lengths"] = torch.tensor(lengths)
        for name, dtype in (("float16", torch.float16), ("bfloat16", torch.bfloat16)):
            model = SampleCNN()
            model.load_state_dict(recast(strided_state()["encoder"], dtype))
            golden[f"embeddings_{name}_weights"] = model.double().eval()(clips[:, None])
    save_file({k: v.contiguous() for k, v in golden.items()}, HERE / "model.safetensors")


if __name__ == "__main__":
    main()
