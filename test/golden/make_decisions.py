"""decisions.json: thresholds of the highest F1, F1 and confusion, and stratified parts, by scikit-learn.

Keys: `thresholds`: cases { name, scores [n][K], labels [n][K], thresholds [K], f1PerClass [K] and f1 of decisions at them }: of
equally good thresholds the highest, 0.5 for a class that no row has; `confusion`: { predicted, labels, counts, f1PerClass, f1 };
`fractions`: cases { sizes [K], fraction, counts [K] }: how many examples of each class train_test_split(stratify) draws.
"""

import numpy as np
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_curve
from sklearn.model_selection import train_test_split

from deterministic import HERE, hash_uniform
from write import write_golden


def grid(seed: int, rows: int, cols: int) -> np.ndarray:
    return hash_uniform(seed, rows * cols).reshape(rows, cols).astype(np.float64)


def best_threshold(scores: np.ndarray, labels: np.ndarray) -> float:
    if not labels.any():
        return 0.5
    precision, recall, thresholds = precision_recall_curve(labels, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
    best = np.flatnonzero(f1[:-1] >= f1[:-1].max() - 1e-12)
    return float(thresholds[best[-1]])  # they rise


def threshold_case(name: str, scores: np.ndarray, labels: np.ndarray) -> dict:
    scores = np.float32(scores).astype(np.float64)
    thresholds = [best_threshold(scores[:, k], labels[:, k]) for k in range(scores.shape[1])]
    said = (scores >= thresholds).astype(int)
    per_class = f1_score(labels, said, average=None, zero_division=0)
    return {"name": name, "scores": scores.tolist(), "labels": labels.tolist(), "thresholds": thresholds,
            "f1PerClass": per_class.tolist(), "f1": float(f1_score(labels, said, average="macro", zero_division=0))}


def confusion_case() -> dict:
    labels = np.arange(60) % 5
    predicted = np.where(grid(605, 60, 1)[:, 0] > -0.2, labels, (labels * 3 + 1) % 5)
    return {"predicted": predicted.tolist(), "labels": labels.tolist(),
            "counts": confusion_matrix(labels, predicted).tolist(),
            "f1PerClass": f1_score(labels, predicted, average=None).tolist(),
            "f1": float(f1_score(labels, predicted, average="macro"))}


def fraction_case(sizes: list[int], fraction: float) -> dict:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    part, _ = train_test_split(labels, train_size=fraction, stratify=labels, random_state=0)
    return {"sizes": sizes, "fraction": fraction, "counts": np.bincount(part, minlength=len(sizes)).tolist()}


def main() -> None:
    labels = (grid(601, 40, 4) > 0.3).astype(int)
    scores = np.round(0.5 + 0.3 * grid(602, 40, 4) + 0.25 * (labels - 0.4), 3)
    rare = labels.copy()
    rare[:, 1] = 0
    rare[:, 2] = 1
    golden = {
        "thresholds": [
            threshold_case("random", scores, labels), threshold_case("tied", np.round(scores * 8) / 8, labels),
            threshold_case("a class that no row has, and one that all have", scores, rare),
            threshold_case("perfect", 0.25 + 0.5 * labels, labels),
        ],
        "confusion": confusion_case(),
        "fractions": [fraction_case(*case) for case in (
            ([200, 100, 60, 40], 0.1), ([200, 100, 60, 40], 0.05), ([120, 80, 40], 0.5), ([97, 53, 31, 11], 0.3))],
    }
    write_golden(HERE / "decisions.json", golden)
    for case in golden["thresholds"]:
        print(case["name"], case["thresholds"], case["f1PerClass"], case["f1"])
    print(golden["confusion"]["counts"], golden["fractions"])


if __name__ == "__main__":
    main()
