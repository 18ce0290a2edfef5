"""How the golden files are laid out: a line for each entry, so that a change shows what it changed."""

import json
from pathlib import Path


def write_golden(path: Path, golden: dict) -> None:
    lines = [f" {json.dumps(k)}: {json.dumps(v)}" for k, v in golden.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
