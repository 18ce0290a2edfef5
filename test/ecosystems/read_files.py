"""Reads what clmr wrote with the libraries of other ecosystems: python read_files.py FOLDER

model.pt by torch.load and model.safetensors by safetensors hold the same tensors; embeddings.npy by numpy holds the
numbers of embeddings.jsonl; model.onnx passes onnx.checker, and ONNX Runtime computes the same numbers with it.
"""

import json
import sys
from pathlib import Path

import numpy
import torch
from safetensors.torch import load_file


def read_onnx(path, expected):
    try:
        import onnx
        import onnxruntime
    except ImportError as error:  # packages of the benchmarks
        print(f"onnx: NOT RUN, {error}")
        return
    onnx.checker.check_model(onnx.load(path), full_check=True)
    audio = numpy.full((len(expected), 1, 59049), 0.1, numpy.float32)
    (computed,) = onnxruntime.InferenceSession(path).run(["representation"], {"audio": audio})
    assert numpy.abs(computed - expected).max() <= 1e-5
    print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}: the same embeddings")


def main(folder):
    pickled = torch.load(folder / "model.pt", weights_only=True)
    mapped = torch.load(folder / "model.pt", weights_only=True, mmap=True)
    expected = load_file(folder / "model.safetensors")
    assert set(pickled) == set(mapped) == set(expected), "other names"
    for name, tensor in expected.items():
        for found in (pickled[name], mapped[name]):
            assert found.dtype == tensor.dtype and torch.equal(found, tensor), name
    rows = [json.loads(line) for line in (folder / "embeddings.jsonl").read_text().splitlines()]
    matrix = numpy.load(folder / "embeddings.npy")
    assert matrix.dtype == numpy.float32
    assert numpy.array_equal(matrix, numpy.array([row["embedding"] for row in rows], numpy.float32))
    read_onnx(folder / "model.onnx", matrix)
    print(f"torch {torch.__version__}, numpy {numpy.__version__}: {len(expected)} tensors, {len(rows)} embeddings")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
