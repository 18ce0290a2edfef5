"""The Python peers of the encoder benchmark, each in a process of its own: times SampleCNN on one batch size, prints a
line of JSON.

    python peers.py {eager,eager-bfloat16,compile,compile-freeze,onnxruntime} FOLDER BATCH SECONDS
    python peers.py prepare FOLDER      encoder.pt, clips.f32 -> encoder.onnx, expected.f64
"""

import json
import sys
import time
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "test" / "golden"))
from sample_cnn import SampleCNN  # noqa: E402

THREADS = 2
PREFIX = "encoder."


def load(folder: Path) -> tuple[torch.nn.Module, torch.Tensor]:
    """-> the network in eval mode, clips [64, 1, 59049]"""
    state = torch.load(folder / "encoder.pt", weights_only=True)
    model = SampleCNN()
    model.load_state_dict({key.removeprefix(PREFIX): value for key, value in state.items() if key.startswith(PREFIX)})
    clips = np.fromfile(folder / "clips.f32", dtype=np.float32).reshape(-1, 1, 59049)
    return model.eval(), torch.from_numpy(clips)


def prepare(folder: Path) -> None:
    model, clips = load(folder)
    torch.onnx.export(model, torch.zeros(1, 1, 59049), folder / "encoder.onnx", input_names=["audio"],
                      output_names=["representation"], dynamo=False,
                      dynamic_axes={"audio": {0: "n"}, "representation": {0: "n"}})
    with torch.inference_mode():
        expected = torch.cat([model.double()(clip[None].double()) for clip in clips])
    expected.numpy().tofile(folder / "expected.f64")


def runner(peer: str, model: torch.nn.Module, folder: Path):
    """-> f(float32 [n, 1, 59049]) -> [n, 512]"""
    if peer == "onnxruntime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        session = onnxruntime.InferenceSession(str(folder / "encoder.onnx"), options)
        return lambda x: torch.from_numpy(session.run(None, {"audio": x.numpy()})[0])
    if peer == "eager-bfloat16":
        half = model.to(torch.bfloat16)
        return lambda x: half(x.to(torch.bfloat16)).float()
    if peer.startswith("compile"):
        if peer == "compile-freeze":
            torch._inductor.config.freezing = True
        return torch.compile(model)
    return model


def main() -> None:
    peer, folder = sys.argv[1], Path(sys.argv[2])
    if peer == "prepare":
        prepare(folder)
        return
    batch, seconds = int(sys.argv[3]), float(sys.argv[4])
    torch.set_num_threads(THREADS)
    model, clips = load(folder)
    x = clips[:batch].contiguous()
    with torch.inference_mode() if peer != "compile-freeze" else torch.no_grad():
        run = runner(peer, model, folder)
        run(x)
        result = run(x).double()
        times, started = [], time.perf_counter()
        while time.perf_counter() - started < seconds or len(times) < 3:
            t = time.perf_counter()
            run(x)
            times.append(time.perf_counter() - t)
    expected = torch.from_numpy(np.fromfile(folder / "expected.f64").reshape(-1, 512))[:batch]
    error = (result - expected).norm() / expected.norm()
    cosine = torch.nn.functional.cosine_similarity(result, expected).min()
    print(json.dumps({"times": times, "error": error.item(), "cosine": cosine.item()}))


if __name__ == "__main__":
    main()
