"""Writes what PyTorch's users own, for clmr to read: python write_models.py FOLDER [--all]

clips.f32 holds two clips, representation.f32 and tags.f32 what SampleCNN and a fine-tuned linear layer make of them here.
encoder-and-head.ckpt is a Lightning checkpoint. The ONNX files are of both exporters, and as CLMR's export.py calls the
default one: without a dynamic batch, of the encoder whose last layer is the fine-tuned one; with --all, of the encoder alone too.
"""

import contextlib
import io
import logging
import sys
import warnings
from pathlib import Path

import torch
from torch import nn

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "golden"))
from deterministic import hash_uniform, test_clip  # noqa: E402
from sample_cnn import EMBEDDING, load_model  # noqa: E402

TAGS = 50


def make_head() -> nn.Linear:
    head = nn.Linear(EMBEDDING, TAGS)
    head.weight.data = torch.from_numpy(hash_uniform(11, TAGS * EMBEDDING) * 0.05).reshape(TAGS, EMBEDDING)
    head.bias.data = torch.from_numpy(hash_uniform(12, TAGS) * 0.1)
    return head


def export(model, clips, path, **options):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        torch.onnx.export(model, clips, path, verbose=False, input_names=["audio"], output_names=["representation"], **options)


@torch.no_grad()
def main(folder, all_exports):
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    encoder, _ = load_model(torch.float32)
    encoder.eval()
    head = make_head()
    clips = torch.stack([torch.from_numpy(test_clip(40 + i, 50 + i)) for i in range(2)])[:, None]  # as make_model.py has them
    representation = encoder(clips)
    for name, tensor in {"clips": clips, "representation": representation, "tags": head(representation)}.items():
        (folder / f"{name}.f32").write_bytes(tensor.numpy().tobytes())
    state = {f"model.encoder.{name}": tensor for name, tensor in encoder.state_dict().items()}
    state |= {f"model.0.{name}": tensor for name, tensor in head.state_dict().items()}
    torch.save({"pytorch-lightning_version": "1.2.10", "epoch": 1, "global_step": 2, "state_dict": state}, folder / "encoder-and-head.ckpt")
    named = {"dynamic_axes": {"audio": {0: "batch"}, "representation": {0: "batch"}}}
    export(encoder, clips, folder / "torchscript.onnx", dynamo=False, opset_version=17, **named)
    if all_exports:
        export(encoder, clips, folder / "dynamo.onnx", dynamo=True, dynamic_shapes=({0: torch.export.Dim("batch")},))
        export(encoder, clips[:1], folder / "clmr_encoder_only_sample-cnn.onnx")
    export(nn.Sequential(encoder, head), clips[:1], folder / "clmr_sample-cnn.onnx")
    print(f"torch {torch.__version__}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), "--all" in sys.argv)
