"""metrics.json: scikit-learn's macro ROC-AUC, macro average precision and accuracy."""

import json
import warnings

import numpy as np
from sklearn.metrics import accuracy_score, average_precision_score, roc_auc_score

from deterministic import HERE, hash_uniform


def finite(value: float):
    return None if np.isnan(value) else float(value)


def multilabel(name: str, scores: np.ndarray, labels: np.ndarray) -> dict:
    """Per class as sklearn scores a column alone; macro as it scores the whole; null stands for NaN."""
    columns = range(labels.shape[1])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        golden = {
            "name": name, "kind": "multilabel", "scores": scores.tolist(), "labels": labels.tolist(),
            "rocAucPerClass": [finite(roc_auc_score(labels[:, k], scores[:, k])) for k in columns],
            "averagePrecisionPerClass": [finite(average_precision_score(labels[:, k], scores[:, k])) for k in columns],
            "rocAuc": finite(roc_auc_score(labels, scores, average="macro")),
            "averagePrecision": finite(average_precision_score(labels, scores, average="macro")),
        }
    golden["warnings"] = sorted({f"{w.category.__name__}: {w.message}" for w in caught})
    return golden


def multiclass(name: str, scores: np.ndarray, labels: np.ndarray) -> dict:
    """ROC-AUC one against the rest; average precision over the one-hot labels, as sklearn binarises them."""
    one_hot = np.eye(scores.shape[1], dtype=int)[labels]
    return {
        "name": name, "kind": "multiclass", "scores": scores.tolist(), "labels": labels.tolist(),
        "rocAuc": float(roc_auc_score(labels, scores, multi_class="ovr", average="macro")),
        "averagePrecision": float(average_precision_score(one_hot, scores, average="macro")),
        "accuracy": float(accuracy_score(labels, scores.argmax(1))),
    }


def grid(seed: int, rows: int, cols: int) -> np.ndarray:
    return hash_uniform(seed, rows * cols).reshape(rows, cols).astype(np.float64)


def main() -> None:
    labels = (grid(401, 40, 6) > 0.2).astype(int)
    no_positive, no_negative = labels.copy(), labels.copy()
    no_positive[:, 2] = 0
    no_negative[:, 4] = 1
    scores = np.round(grid(402, 40, 6) + 0.6 * labels, 4)
    tied = np.round(scores * 4) / 4
    exponent = np.exp(3 * grid(404, 30, 5))
    classes = np.arange(30) % 5
    exponent[np.arange(30), classes] *= 3
    softmax = np.round(exponent / exponent.sum(1, keepdims=True), 6)
    softmax[:, 0] = 1 - softmax[:, 1:].sum(1)
    cases = [
        multilabel("random", scores, labels), multilabel("tied", tied, labels),
        multilabel("constant scores", np.full((40, 6), 0.5), labels),
        multilabel("perfect", labels * 0.5 + 0.25, labels), multilabel("inverted", 0.75 - labels * 0.5, labels),
        multilabel("class 2 has no positive", scores, no_positive),
        multilabel("class 4 has no negative", scores, no_negative),
        multiclass("multi-class", softmax, classes),
    ]
    for scores_1d, name in ((scores[:, :1], "binary"), (tied[:, :1], "binary tied")):
        cases.append(multilabel(name, scores_1d, labels[:, :1]))
    lines = [json.dumps(case) for case in cases]
    (HERE / "metrics.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
    for case in cases:
        print({k: v for k, v in case.items() if k not in ("scores", "labels")})


if __name__ == "__main__":
    main()
