"""Reads what clmr wrote with the libraries of other ecosystems: python read_files.py FOLDER

model.pt by torch.load and model.safetensors by safetensors hold the same tensors, with which PyTorch computes the same
embeddings; model.onnx (with a head) and encoder.onnx pass onnx.checker, and ONNX Runtime computes the same embeddings and
tags; embeddings.npy by numpy and embeddings.parquet by pyarrow hold the numbers of embeddings.jsonl.
"""

import json
import sys
from pathlib import Path

import numpy
import onnx
import onnxruntime
import pyarrow
import pyarrow.parquet
import safetensors
import torch
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "golden"))
from sample_cnn import SampleCNN  # noqa: E402


def distance(found, expected):
    """|found - expected| / |expected|"""
    found, expected = numpy.asarray(found), numpy.asarray(expected)
    assert found.shape == expected.shape, f"{found.shape} instead of {expected.shape}"
    far = numpy.linalg.norm(found - expected) / numpy.linalg.norm(expected)
    assert far <= 1e-5, f"other numbers: the relative distance is {far}"
    return far


def read_models(folder, clips, expected):
    pickled = torch.load(folder / "model.pt", weights_only=True)
    mapped = torch.load(folder / "model.pt", weights_only=True, mmap=True)
    tensors = load_file(folder / "model.safetensors")
    assert set(pickled) == set(mapped) == set(tensors), "other names"
    for name, tensor in tensors.items():
        for found in (pickled[name], mapped[name]):
            assert found.dtype == tensor.dtype and torch.equal(found, tensor), name
    model = SampleCNN().eval()
    state = {name.removeprefix("encoder."): value for name, value in pickled.items() if name.startswith("encoder.")}
    model.load_state_dict(state)
    with torch.no_grad():
        far = distance(model(torch.from_numpy(clips)), expected)
    print(f"torch {torch.__version__} weights_only, safetensors {safetensors.__version__}: {len(tensors)} tensors, embeddings within {far:.0e}")


def read_onnx(folder, clips, expected, tags):
    distances = []
    for name, outputs in (("encoder.onnx", [expected]), ("model.onnx", [expected, tags])):
        onnx.checker.check_model(onnx.load(folder / name), full_check=True)
        session = onnxruntime.InferenceSession(folder / name, providers=["CPUExecutionProvider"])
        computed = session.run(["representation", "tags"][: len(outputs)], {"audio": clips})
        distances += [distance(*pair) for pair in zip(computed, outputs, strict=True)]
    print(f"onnx.checker {onnx.__version__}, onnxruntime {onnxruntime.__version__}: embeddings and tags within {max(distances):.0e}")


def read_tables(folder):
    rows = [json.loads(line) for line in (folder / "embeddings.jsonl").read_text().splitlines()]
    written = numpy.array([row["embedding"] for row in rows], numpy.float32)
    matrix = numpy.load(folder / "embeddings.npy")
    assert matrix.dtype == numpy.float32 and numpy.array_equal(matrix, written)
    table = pyarrow.parquet.read_table(folder / "embeddings.parquet").to_pydict()
    assert numpy.array_equal(numpy.array(table["embedding"], numpy.float32), written)
    assert table["path"] == [row["path"] for row in rows] and table["time"] == [row["time"] for row in rows]
    print(f"numpy {numpy.__version__}, pyarrow {pyarrow.__version__}: {len(rows)} embeddings, equal")
    return matrix


def main(folder):
    of = lambda name, *shape: numpy.fromfile(folder / f"{name}.f32", numpy.float32).reshape(shape)
    clips, tags = of("clips", -1, 1, 59049), of("tags", -1, 50)
    embeddings = read_tables(folder)
    read_models(folder, clips, embeddings)
    read_onnx(folder, clips, embeddings, tags)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
