"""Quality beside speed: how far clmr's transforms lie from sox and julius at fixed parameters, and, for the pitch shift, what
both do to signals whose shifted version is known. Prints a line of JSON.

    python quality.py NODE
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")
import numpy as np
import torch
import torchaudio_augmentations as ta

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "test" / "golden"))
from deterministic import SAMPLE_RATE, test_clip, test_tone  # noqa: E402

N = 59049
CENTS = [-700, -500, -350, -200, -100, -50, 50, 100, 200, 350, 500, 700]
TONES = [220, 440, 997, 1760]
REVERBS = [(50, 50, 50), (0, 0, 0), (99, 99, 99), (80, 20, 60), (30, 90, 10), (99, 0, 40)]
NOTES = [0, 4, 7, 12, 11, 7, 4, 2]


def tune(ratio: float) -> np.ndarray:
    """Overlapping plucked notes of five partials, every frequency times `ratio`, at the same times."""
    t = np.arange(N) / SAMPLE_RATE
    x = np.zeros(N)
    for note, semitone in enumerate(NOTES):
        after = t - note * 0.33
        on = (after >= 0) & (after < 1.2)
        for partial in range(1, 6):
            hz = 261.63 * 2 ** (semitone / 12) * partial * ratio
            fade = np.minimum(1, after / 0.004) * np.exp(-2.5 * partial * after)
            x += np.where(on, 0.12 / partial * fade * np.sin(2 * np.pi * hz * after), 0)
    return x.astype(np.float32)


def clicks() -> tuple[np.ndarray, np.ndarray]:
    """A train of clicks of three samples, 90 to 170 ms apart; where they are."""
    gaps = (0.09 + 0.08 * ((np.arange(40) * 0.6180339887) % 1)) * SAMPLE_RATE
    places = np.cumsum(gaps).astype(int)
    places = places[places < N - 4000]
    x = np.zeros(N, np.float32)
    for offset, height in ((0, 0.4), (1, 0.8), (2, 0.4)):
        x[places + offset] = height
    return x, places


def sox_pitch(x: np.ndarray, cents: float) -> np.ndarray:
    return ta.PitchShift(len(x), SAMPLE_RATE, cents / 100, cents / 100)(torch.from_numpy(x)[None])[0].numpy()


class Ours:
    """Collects cases, has them applied at once."""

    def __init__(self):
        self.folder, self.cases, self.inputs = pathlib.Path(tempfile.mkdtemp()), [], {}

    def ask(self, key: str, x: np.ndarray, transform: dict) -> None:
        name = f"{hash(x.tobytes())}.in"
        if name not in self.inputs:
            self.inputs[name] = True
            x.astype(np.float32).tofile(self.folder / name)
        self.cases.append({"id": str(len(self.cases)), "key": key, "input": name, "transform": {"p": 1, **transform}})

    def run(self, node: str) -> dict:
        (self.folder / "cases.json").write_text(json.dumps(self.cases))
        subprocess.run([node, "--import", "tsx", HERE / "apply.ts", self.folder], check=True, cwd=HERE)
        return {c["key"]: np.fromfile(self.folder / f"{c['id']}.out", np.float32) for c in self.cases}


def relative(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(a.astype(np.float64) - b) / np.linalg.norm(b.astype(np.float64)))


def tone_of(y: np.ndarray, hz: float) -> tuple[float, float]:
    """Cents that the strongest partial lies off `hz`; dB between that sinusoid and all the rest, in the middle of y."""
    middle = y[6000:-6000].astype(np.float64)
    t, window = np.arange(len(middle)) / SAMPLE_RATE, np.hanning(len(middle))

    points = 1 << 20
    bins = slice(int(hz * 0.97 * points / SAMPLE_RATE), int(hz * 1.03 * points / SAMPLE_RATE))
    power = np.log(np.abs(np.fft.rfft(window * middle, points)[bins]))
    peak = 1 + int(np.argmax(power[1:-1]))
    left, top, right = power[peak - 1 : peak + 2]
    best = (bins.start + peak + 0.5 * (left - right) / (left - 2 * top + right)) * SAMPLE_RATE / points
    basis = np.stack([np.cos(2 * np.pi * best * t), np.sin(2 * np.pi * best * t)], 1)
    fit = basis @ np.linalg.lstsq(basis, middle, rcond=None)[0]
    return 1200 * np.log2(best / hz), 10 * np.log10(np.sum(fit**2) / np.sum((middle - fit) ** 2))


def log_spectral_distance(y: np.ndarray, ideal: np.ndarray) -> float:
    """RMS over bins below 8 kHz and frames, in dB; 60 dB below the loudest bin is the floor."""

    def spectrum(x):
        frames = np.lib.stride_tricks.sliding_window_view(x.astype(np.float64), 1024)[::256]
        return np.abs(np.fft.rfft(frames * np.hanning(1024)))[:, : int(8000 / SAMPLE_RATE * 1024)]

    a, b = spectrum(y), spectrum(ideal)
    floor = b.max() * 1e-3
    difference = 20 * np.log10(np.maximum(a, floor) / np.maximum(b, floor))
    return float(np.sqrt(np.mean(difference**2)))


def click_score(y: np.ndarray, places: np.ndarray) -> float:
    """Part of the clicks that are there once, within half of a segment of where they were."""
    near, loud = int(0.041 * SAMPLE_RATE), 0.3
    peaks = [i for i in range(1, N - 1) if abs(y[i]) >= loud and abs(y[i]) >= abs(y[i - 1]) and abs(y[i]) > abs(y[i + 1])]
    merged = [p for k, p in enumerate(peaks) if k == 0 or p - peaks[k - 1] > 20]
    good = sum(1 for place in places if sum(abs(p - place) <= near for p in merged) == 1)
    return good / len(places)


def pitch_cases(ours: Ours) -> None:
    for c in CENTS:
        shift = {"name": "pitchShift", "cents": [c, c]}
        ours.ask(f"pitch clip {c}", test_clip(60, 61, N) * np.float32(0.75), shift)
        ours.ask(f"pitch tune {c}", tune(1), shift)
        ours.ask(f"pitch clicks {c}", clicks()[0], shift)
        for hz in TONES:
            ours.ask(f"pitch {hz} {c}", test_tone([hz], N) * np.float32(0.7), shift)


def pitch_row(made: dict, c: int) -> dict:
    ratio, places = 2 ** (c / 1200), clicks()[1]
    ideal = tune(ratio)
    row = {"cents": c}
    clip = test_clip(60, 61, N) * np.float32(0.75)
    row["distance"] = relative(made[f"pitch clip {c}"], sox_pitch(clip, c))
    row["distance of the tune"] = relative(made[f"pitch tune {c}"], sox_pitch(tune(1), c))
    for who in ("ours", "sox"):
        def get(key, x):
            return made[f"pitch {key} {c}"] if who == "ours" else sox_pitch(x, c)

        tones = [tone_of(get(hz, test_tone([hz], N) * np.float32(0.7)), hz * ratio) for hz in TONES]
        row[f"cents off, {who}"] = max(abs(off) for off, _ in tones)
        row[f"signal to artefact, {who}"] = float(np.mean([sar for _, sar in tones]))
        row[f"log-spectral distance, {who}"] = log_spectral_distance(get("tune", tune(1)), ideal)
        row[f"clicks, {who}"] = click_score(get("clicks", clicks()[0]), places)
    return row


def main() -> None:
    ours, x = Ours(), test_clip(60, 61, N)
    soft, batch = x * np.float32(0.375), torch.from_numpy(x)[None]
    for name, cutoffs in (("lowPass", (2200, 3000, 4000)), ("highPass", (200, 500, 1200))):
        for f in cutoffs:
            ours.ask(f"{name} {f}", x, {"name": name, "cutoff": [f, f]})
    for r in REVERBS:
        a, b, c = r
        ours.ask(f"reverb {r}", soft, {"name": "reverb", "reverberance": [a, a], "damping": [b, b], "roomSize": [c, c]})
    ours.ask("gain", x, {"name": "gain", "db": [-7, -7]})
    ours.ask("delay", x, {"name": "delay", "ms": [250, 250], "stepMs": 50, "volume": 0.5})
    ours.ask("polarity", x, {"name": "polarityInversion"})
    ours.ask("reverse", x, {"name": "reverse"})
    pitch_cases(ours)
    made = ours.run(sys.argv[1])

    distances = {}
    for key in made:
        name, _, value = key.partition(" ")
        if name in ("lowPass", "highPass"):
            julius = (ta.LowPassFilter if name == "lowPass" else ta.HighPassFilter)(SAMPLE_RATE, int(value), int(value))
            distances[f"{key} Hz, relative to julius"] = relative(made[key], julius(batch)[0].numpy())
    for r in REVERBS:
        a, b, c = r
        sox = ta.Reverb(SAMPLE_RATE, a, a + 1, b, b + 1, c, c + 1)(torch.from_numpy(soft)[None])[0].numpy()
        distances[f"reverb {a}, {b}, {c}, relative to sox"] = relative(made[f"reverb {r}"], sox)
    peers = {"gain": ta.Gain(-7, -7), "delay": ta.Delay(SAMPLE_RATE, min_delay=250, max_delay=251),
             "polarity": ta.PolarityInversion(), "reverse": ta.Reverse()}
    for name, peer in peers.items():
        distances[f"{name}, largest difference"] = float(np.abs(made[name] - peer(batch.clone())[0].numpy()).max())
    print(json.dumps({"distances": distances, "pitch": [pitch_row(made, c) for c in CENTS]}))


if __name__ == "__main__":
    main()
