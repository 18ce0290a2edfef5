"""One peer of the encoder benchmark in a process of its own: times SampleCNN on one batch size, prints a line of JSON.

    python peers.py {eager,eager-bfloat16,compile,compile-freeze,onnxruntime} BATCH SECONDS
"""

import json
import sys
import tempfile
import time
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
import numpy as np
import torch

GOLDEN = Path(__file__).resolve().parents[2] / "test" / "golden"
sys.path.insert(0, str(GOLDEN))
from deterministic import test_clip  # noqa: E402
from sample_cnn import load_model  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

THREADS = 2


def runner(peer: str, model: torch.nn.Module):
    """-> f(float32 [n, 1, 59049]) -> [n, 512]"""
    if peer == "onnxruntime":
        import onnxruntime

        path = Path(tempfile.mkdtemp()) / "sample_cnn.onnx"
        torch.onnx.export(model, torch.zeros(1, 1, 59049), path, input_names=["audio"], output_names=["representation"],
                          dynamic_axes={"audio": {0: "n"}, "representation": {0: "n"}}, dynamo=False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        session = onnxruntime.InferenceSession(str(path), options)
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
    peer, batch, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    torch.set_num_threads(THREADS)
    model, _ = load_model(torch.float32)
    model.eval()
    clips = torch.from_numpy(np.stack([test_clip(40 + i, 50 + i) for i in range(3)]))[:, None]
    expected = load_file(str(GOLDEN / "model.safetensors"))["embeddings"]
    x = clips[torch.arange(batch) % 3].contiguous()
    with torch.inference_mode() if peer != "compile-freeze" else torch.no_grad():
        run = runner(peer, model)
        result = run(x)
        run(x)
        times, started = [], time.perf_counter()
        while time.perf_counter() - started < seconds or len(times) < 3:
            t = time.perf_counter()
            run(x)
            times.append(time.perf_counter() - t)
    rows = min(batch, 3)
    error = (result[:rows].double() - expected[:rows]).norm() / expected[:rows].norm()
    cosine = torch.nn.functional.cosine_similarity(result[:rows].double(), expected[:rows]).min()
    print(json.dumps({"times": times, "error": error.item(), "cosine": cosine.item()}))


if __name__ == "__main__":
    main()
