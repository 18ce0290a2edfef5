"""checkpoints/*: the kinds of file that CLMR's users own, written by torch.save; checkpoints.json: what is in them."""

import argparse
import collections
import json
import sys
import types

import torch

from deterministic import HERE, hash_uniform
from sample_cnn import strided_state

FOLDER = HERE / "checkpoints"
CLASSES = 50


def recast(state: dict, dtype: torch.dtype) -> dict:
    """The same views over storages of another dtype; tensors that shared a storage go on sharing one."""
    storages: dict[int, torch.Tensor] = {}
    out = {}
    for key, tensor in state.items():
        if not tensor.is_floating_point():
            out[key] = tensor
            continue
        address = tensor.untyped_storage().data_ptr()
        if address not in storages:
            length = tensor.untyped_storage().nbytes() // tensor.element_size()
            storages[address] = tensor.as_strided((length,), (1,), 0).to(dtype, copy=True)
        out[key] = storages[address].as_strided(tensor.shape, tensor.stride(), tensor.storage_offset())
    return out


def prefixed(prefix: str, state: dict) -> dict:
    return {prefix + key: value for key, value in state.items()}


def module_state(state: dict) -> collections.OrderedDict:
    """As Module.state_dict() returns it: an OrderedDict with the attribute _metadata."""
    out = collections.OrderedDict(state)
    modules = sorted({key.rpartition(".")[0] for key in state} | {""})
    out._metadata = collections.OrderedDict((m, {"version": 2 if m.endswith(".1") else 1}) for m in modules)
    return out


def head_state() -> dict:
    """Fine-tuner: Linear(512, 512), ReLU, Linear(512, 50)."""
    storage = torch.from_numpy(hash_uniform(11, 2600) * 0.08)
    return {"model.0.weight": storage.as_strided((512, 512), (3, 2), 1), "model.0.bias": storage.as_strided((512,), (5,), 4),
            "model.2.weight": storage.as_strided((CLASSES, 512), (17, 3), 9),
            "model.2.bias": storage.as_strided((CLASSES,), (7,), 2)}


def hyper_parameters() -> argparse.Namespace:
    return argparse.Namespace(
        seed=42, batch_size=48, dataset="magnatagatune", supervised=0, projection_dim=64, optimizer="Adam",
        learning_rate=3e-4, weight_decay=1e-6, temperature=0.5, checkpoint_path="", audio_length=59049,
        sample_rate=22050, transforms_polarity=0.8, transforms_pitch=0.6, gpus=None, betas=(0.9, 0.999))


def optimizer_state(parameters: list[torch.Tensor]) -> dict:
    group = {"lr": 3e-4, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0, "amsgrad": False,
             "params": list(range(len(parameters)))}
    state = {i: {"step": 1234, "exp_avg": p, "exp_avg_sq": p} for i, p in enumerate(parameters)}
    return {"state": state, "param_groups": [group]}


def checkpoint_callback_class() -> type:
    """Lightning before 1.5 used the callback's class as a key, so its name stands in the pickle."""
    name = "pytorch_lightning.callbacks.model_checkpoint"
    for part in ("pytorch_lightning", "pytorch_lightning.callbacks", name):
        sys.modules.setdefault(part, types.ModuleType(part))
    cls = type("ModelCheckpoint", (), {"__module__": name})
    sys.modules[name].ModelCheckpoint = cls
    return cls


def lightning(state: dict, version: str, callback_key, step: int) -> dict:
    """CLMR's ContrastiveLearning holds the encoder twice (self.encoder and self.model.encoder), and so does the file."""
    model = {**prefixed("encoder.", state["encoder"]), **prefixed("model.encoder.", state["encoder"]),
             **prefixed("model.projector.", state["projector"])}
    parameters = [v for k, v in model.items() if k.startswith("model.") and v.is_floating_point() and "running" not in k]
    callback = {"monitor": None, "mode": "min", "best_model_score": torch.tensor(2.5), "best_model_path": "",
                "current_score": None, "dirpath": "runs/CLMRv2-magnatagatune/version_0/checkpoints"}
    return {"epoch": 7, "global_step": step, "pytorch-lightning_version": version, "state_dict": module_state(model),
            "callbacks": {callback_key: callback}, "optimizer_states": [optimizer_state(parameters)],
            "lr_schedulers": [], "hparams_name": "args", "hyper_parameters": hyper_parameters()}


def expanded(state: dict) -> dict:
    """Stride 0 everywhere: each tensor repeats one number (1 for variances and scales, its index / 1000 otherwise)."""
    out = {}
    for i, (key, value) in enumerate(state.items()):
        one = key.endswith(("running_var", ".1.weight"))
        out[key] = torch.tensor(1.0 if one else i / 1000).expand(value.shape) if value.is_floating_point() else value
    return out


def summary(state: dict) -> dict:
    out = {}
    for key, value in state.items():
        flat = value.contiguous().double().flatten()
        out[key] = {"dtype": str(value.dtype).removeprefix("torch."), "shape": list(value.shape), "sum": flat.sum().item(),
                    "sumOfSquares": (flat**2).sum().item(), "first": flat[0].item(), "last": flat[-1].item()}
    return out


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    state = strided_state()
    encoder, projector = state["encoder"], state["projector"]
    fc = {"weight": encoder["sequential.10.0.weight"][:CLASSES, :, 1], "bias": encoder["sequential.10.0.bias"][:CLASSES]}
    flat = {"encoder": expanded(encoder), "projector": expanded(projector)}
    files = {
        "lightning.ckpt": lightning(state, "1.6.5", "ModelCheckpoint{'monitor': None, 'mode': 'min'}", 10000),
        "lightning-1.2-expanded.ckpt": lightning(flat, "1.2.10", checkpoint_callback_class(), 20),
        "plain.pt": module_state({**prefixed("encoder.", encoder), **prefixed("projector.", projector)}),
        "legacy.pt": module_state({**prefixed("encoder.", {**encoder, **prefixed("fc.", fc)}), **prefixed("projector.", projector)}),
        "bare.pt": module_state(encoder),
        "bare-float16.pt": module_state(recast(encoder, torch.float16)),
        "bare-bfloat16.pt": module_state(recast(encoder, torch.bfloat16)),
        "finetuner-head.pt": module_state(head_state()),
        "finetuner-head.ckpt": {"epoch": 3, "global_step": 9, "pytorch-lightning_version": "1.6.5",
                                "state_dict": module_state(head_state()), "hyper_parameters": hyper_parameters()},
    }
    for name, content in files.items():
        torch.save(content, FOLDER / name, _use_new_zipfile_serialization=name != "legacy.pt")
    sets = {"encoder": encoder, "projector": projector, "fc": fc, "head": head_state(),
            "encoder.float16": recast(encoder, torch.float16), "encoder.bfloat16": recast(encoder, torch.bfloat16),
            "encoder.expanded": flat["encoder"], "projector.expanded": flat["projector"]}
    contents = {
        "lightning.ckpt": {"encoder.": "encoder", "model.encoder.": "encoder", "model.projector.": "projector"},
        "lightning-1.2-expanded.ckpt": {"encoder.": "encoder.expanded", "model.encoder.": "encoder.expanded",
                                        "model.projector.": "projector.expanded"},
        "plain.pt": {"encoder.": "encoder", "projector.": "projector"},
        "legacy.pt": {"encoder.": "encoder", "encoder.fc.": "fc", "projector.": "projector"},
        "bare.pt": {"": "encoder"}, "bare-float16.pt": {"": "encoder.float16"},
        "bare-bfloat16.pt": {"": "encoder.bfloat16"}, "finetuner-head.pt": {"": "head"}, "finetuner-head.ckpt": {"": "head"}}
    lines = [f" {json.dumps(name)}: {{\n" + ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in summary(entries).items())
             + "\n }" for name, entries in sets.items()]
    (HERE / "checkpoints.json").write_text('{"files": ' + json.dumps(contents) + ',\n"sets": {\n' + ",\n".join(lines) + "\n}}\n")


if __name__ == "__main__":
    main()
