"""log_mel.json: librosa's log-mel spectrogram, as the statistics that LogMel makes of it."""

import json

import librosa
import numpy as np

from deterministic import CLIP_LENGTH, HERE, test_clip

CLIPS = {  # name → (seeds, scale, samples that sound)
    "loud": (80, 81, 1.0, CLIP_LENGTH),
    "quiet": (82, 83, 1e-3, CLIP_LENGTH),
    "half silent": (84, 85, 0.5, CLIP_LENGTH // 2),
}


def statistics(samples: np.ndarray) -> np.ndarray:
    power = librosa.feature.melspectrogram(y=samples, sr=22050, n_fft=2048, hop_length=512, n_mels=128, power=2.0)
    bands = np.log(1e-5 + power.astype(np.float64))
    steps = np.diff(bands)
    return np.concatenate([bands.mean(1), bands.std(1), steps.mean(1), steps.std(1)])


def main() -> None:
    golden = {"librosa": librosa.__version__}
    for name, (tone, noise, scale, sounding) in CLIPS.items():
        samples = np.float32(scale) * test_clip(tone, noise).astype(np.float32)
        samples[sounding:] = 0
        golden[name] = [float(f"{x:.7g}") for x in statistics(samples)]
        print(name, np.round(golden[name][::64], 3))
    (HERE / "log_mel.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
