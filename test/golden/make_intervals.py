"""intervals.json: F1, confusion, and bootstrap intervals of the figures of a linear evaluation, by scikit-learn."""

import json
import warnings

import numpy as np
from sklearn.metrics import accuracy_score, average_precision_score, confusion_matrix, f1_score, roc_auc_score

from deterministic import HERE, hash_uniform
from resamples import interval, resamples

RESAMPLES = 150


def grid(seed: int, rows: int, cols: int) -> np.ndarray:
    return hash_uniform(seed, rows * cols).reshape(rows, cols).astype(np.float64)


def ranked(metric, labels: np.ndarray, scores: np.ndarray) -> float:
    return metric(labels, scores) if 0 < labels.sum() < len(labels) else np.nan


def class_figures(scores, labels, said, multilabel: bool, k: int) -> dict:
    def share(row):
        if multilabel:
            return (said[row, k] == labels[row, k]).mean()
        return said[row, k][labels[row, k] == 1].mean() if labels[row, k].any() else np.nan

    def f1(row):
        either = said[row, k].sum() + labels[row, k].sum()
        return f1_score(labels[row, k], said[row, k]) if either else np.nan

    return {
        "rocAuc": lambda row: ranked(roc_auc_score, labels[row, k], scores[row, k]),
        "prAuc": lambda row: ranked(average_precision_score, labels[row, k], scores[row, k]),
        "accuracy": share,
        "f1": f1,
    }


def case(name: str, scores: np.ndarray, labels: np.ndarray, multilabel: bool) -> dict:
    n, classes = labels.shape
    said = (scores >= 0.5).astype(int) if multilabel else np.eye(classes, dtype=int)[scores.argmax(1)]
    indices = resamples(n, RESAMPLES)
    of_class = [class_figures(scores, labels, said, multilabel, k) for k in range(classes)]

    def f1(row):
        if multilabel:
            return f1_score(labels[row], said[row], average="macro", zero_division=0)
        return f1_score(labels[row].argmax(1), said[row].argmax(1), average="macro")

    of_all = {
        "rocAuc": lambda row: np.nanmean([c["rocAuc"](row) for c in of_class]),
        "prAuc": lambda row: np.nanmean([c["prAuc"](row) for c in of_class]),
        "accuracy": lambda row: accuracy_score(labels[row], said[row]),
        "f1": f1,
    }
    golden = {
        "name": name, "multilabel": multilabel, "resamples": RESAMPLES,
        "scores": scores.tolist(), "labels": labels.tolist(),
        "all": {figure: interval(indices, of) for figure, of in of_all.items()},
        "classes": [{figure: interval(indices, of) for figure, of in figures.items()} for figures in of_class],
    }
    if not multilabel:
        golden["confusion"] = confusion_matrix(labels.argmax(1), scores.argmax(1), labels=range(classes)).tolist()
    return golden


def main() -> None:
    warnings.simplefilter("ignore")
    labels = (grid(501, 24, 4) > 0.1).astype(int)
    scores = np.float32(np.round(0.5 + 0.25 * grid(502, 24, 4) + 0.2 * labels - 0.1, 2)).astype(np.float64)
    classes = np.eye(3, dtype=int)[np.arange(20) % 3]
    softmax = np.float32(np.round(0.3 + 0.2 * grid(503, 20, 3) + 0.1 * classes, 3)).astype(np.float64)
    cases = [case("several classes a track, tied scores", scores, labels, True), case("one class a track", softmax, classes, False)]
    words = [["b", "a", "c", "b", "a"], ["b", "c", "c", "a", "a"]]
    golden = {
        "cases": cases,
        "words": {"predicted": words[0], "labels": words[1], "f1": f1_score(words[1], words[0], average="macro"),
                  "confusion": confusion_matrix(words[1], words[0]).tolist()},
        "binary": {"predicted": [1, 0, 1, 1, 0], "labels": [1, 1, 0, 1, 0], "f1": f1_score([1, 1, 0, 1, 0], [1, 0, 1, 1, 0])},
    }
    (HERE / "intervals.json").write_text(json.dumps(golden) + "\n")
    for each in cases:
        print(each["name"], {k: np.round(v, 3).tolist() for k, v in each["all"].items()}, each.get("confusion"))
    print(golden["words"], golden["binary"])


if __name__ == "__main__":
    main()
