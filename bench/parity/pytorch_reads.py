"""Whether PyTorch reads the files that this library writes: python bench/parity/pytorch_reads.py model.pt model.safetensors

Loads the first with torch.load(weights_only=True), the second by hand, and compares them tensor by tensor.
"""

import json
import struct
import sys

import torch

DTYPES = {"F32": torch.float32, "I64": torch.int64}


def read_safetensors(path):
    data = open(path, "rb").read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        flat = torch.frombuffer(bytearray(data[begin:end]), dtype=DTYPES[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"])
    return tensors


def main(pt_path, safetensors_path):
    loaded = torch.load(pt_path, weights_only=True)
    mapped = torch.load(pt_path, weights_only=True, mmap=True)
    expected = read_safetensors(safetensors_path)
    assert set(loaded) == set(mapped) == set(expected), "other names"
    for name, tensor in expected.items():
        for found in (loaded[name], mapped[name]):
            assert found.dtype == tensor.dtype and found.shape == tensor.shape, name
            assert torch.equal(found, tensor), name
    print(f"torch {torch.__version__}: {len(expected)} tensors equal, attribute clmr = {loaded.clmr}")


if __name__ == "__main__":
    main(*sys.argv[1:])
