"""retrieval.json: places of the own track, and neighbours of the same label, by numpy and scikit-learn."""

import json

import numpy as np
from sklearn.decomposition import PCA
from sklearn.metrics import average_precision_score
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.preprocessing import StandardScaler

from deterministic import HERE, hash_uniform
from resamples import interval, resamples

RESAMPLES = 200
K = 3


def rows(seed: int, n: int, dim: int) -> np.ndarray:
    return hash_uniform(seed, n * dim).reshape(n, dim).astype(np.float32)


def inputs(n: int, q: int, dim: int, weak: int):
    """The last `weak` columns are a millionth of the others, so that their singular values are below the floor."""
    scale = np.ones(dim, np.float32)
    if weak:
        scale[-weak:] = np.float32(1e-6)
    library = rows(701, n, dim)
    own = np.repeat(library, q, 0)
    queries = [own + np.float32(0.5) * rows(702, n * q, dim), own + np.float32(1.5) * rows(703, n * q, dim)]
    labels = np.zeros((n, 4), np.float32)
    labels[np.arange(n), np.arange(n) % 3] = 1
    labels[::5, 1] = 1
    labels[-1] = [0, 0, 0, 1]  # shares its label with nobody
    return library * scale, [x * scale for x in queries], labels


def whitening(library: np.ndarray):
    pca = PCA(min(64, library.shape[0] - 1, library.shape[1]), svd_solver="full").fit(library)
    floor = np.maximum(pca.singular_values_, pca.singular_values_[0] * 1e-3)
    return lambda x: (x - pca.mean_) @ pca.components_.T / floor


def figures(library: np.ndarray, queries: np.ndarray, labels: np.ndarray, indices: np.ndarray, q: int) -> dict:
    n = len(library)
    own = np.repeat(np.arange(n), q)
    similarity = cosine_similarity(queries, library)
    rank = 1 + (similarity > similarity[np.arange(n * q), own][:, None]).sum(1)
    rank = rank.reshape(n, q)
    mean = lambda x: interval(indices, lambda row: float(np.mean(x[row])))
    precision, at_k, related = [], [], []
    for i, track in enumerate(own):
        others = np.delete(np.arange(n), track)
        shared = (labels[others] @ labels[track] > 0).astype(int)
        order = np.argsort(-similarity[i, others], kind="stable")
        precision.append(average_precision_score(shared, similarity[i, others]) if shared.any() else np.nan)
        at_k.append(shared[order[:K]].mean() if shared.any() else np.nan)
    of_tracks = lambda x: np.array(x).reshape(n, q).mean(1)
    return {
        "top1": mean(rank == 1), "topK": mean(rank <= K), "mrr": mean(1 / rank),
        "medianRank": interval(indices, lambda row: float(np.median(rank[row]))),
        "map": interval(indices, lambda row: float(np.nanmean(of_tracks(precision)[row]))),
        "precisionAtK": interval(indices, lambda row: float(np.nanmean(of_tracks(at_k)[row]))),
    }


def case(n: int, q: int, dim: int, weak: int = 0) -> dict:
    library, queries, labels = (np.asarray(x, np.float64) for x in inputs(n, q, dim, weak))
    indices = resamples(n, RESAMPLES)
    scaler = StandardScaler().fit(library)
    forms = {"raw": lambda x: x, "standardised": scaler.transform, "whitened": whitening(library)}
    return {
        "n": n, "q": q, "dim": dim, "weak": weak, "k": K, "resamples": RESAMPLES,
        **{name: [figures(form(library), form(x), labels, indices, q) for x in queries] for name, form in forms.items()},
    }


def main() -> None:
    cases = [case(12, 1, 6), case(9, 2, 20), case(80, 1, 70), case(40, 2, 10, 4)]
    (HERE / "retrieval.json").write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")
    for each in cases:
        print({k: v if not isinstance(v, list) else [{m: round(x[0], 3) for m, x in c.items()} for c in v] for k, v in each.items()})


if __name__ == "__main__":
    main()
