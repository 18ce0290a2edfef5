"""The figures of ours.cc and peers.py as one table: python table.py < lines of JSON

A row for each kind of work: what a second does by the best and the median call, device memory, and how many times clmr does
it of the best that PyTorch does with the same number format.
"""

import json
import sys

PEERS = {"float32": ["eager"], "bfloat16": ["bfloat16", "compile"]}


def rate(figure: dict, which: str) -> float:
    return figure["count"] / figure[which]


def main() -> None:
    figures = [json.loads(line) for line in sys.stdin if line.startswith("{")]
    print("| | side | best, a second | median | GB | ÷ PyTorch's best, best / median |")
    print("|---|---|---|---|---|---|")
    for figure in figures:
        peers = [f for f in figures if f["side"] == "PyTorch" and f["what"] == figure["what"]
                 and f["how"] in PEERS.get(figure["how"], [])] if figure["side"] == "clmr" else []
        ratio = " / ".join(f"{rate(figure, w) / max(rate(f, w) for f in peers):.2f}" for w in ("best", "median")) if peers else ""
        print(f"| {figure['what']} | {figure['side']}, {figure['how']} | {rate(figure, 'best'):.0f} | "
              f"{rate(figure, 'median'):.0f} | {figure['memory'] / 1e9:.1f} | {ratio} |")


if __name__ == "__main__":
    main()
