"""augment*.safetensors: what torchaudio-augmentations 0.2.4 makes of deterministic signals at fixed parameters.

The package's own classes run, with ranges so narrow that they leave one value to draw.
"""

import warnings

warnings.filterwarnings("ignore")

import torch
import torchaudio_augmentations as ta
from safetensors.torch import save_file

from deterministic import HERE, SAMPLE_RATE, test_clip

CUTOFFS = {"low": [2200, 4000], "high": [200, 500, 1200]}
REVERBS = [(50, 50, 50), (0, 0, 0), (99, 99, 99), (80, 20, 60)]
CENTS = [-700, -350, -100, 100, 350, 700]


def signal(n: int, scale: float = 1.0) -> torch.Tensor:
    """float32 [1, n]"""
    return torch.from_numpy(test_clip(60, 61, n))[None] * scale


def filters() -> dict:
    x, out = signal(6000), {}
    for cutoff in CUTOFFS["low"]:
        out[f"low_pass.{cutoff}"] = ta.LowPassFilter(SAMPLE_RATE, cutoff, cutoff)(x)[0]
    for cutoff in CUTOFFS["high"]:
        out[f"high_pass.{cutoff}"] = ta.HighPassFilter(SAMPLE_RATE, cutoff, cutoff)(x)[0]
    return out


def small() -> dict:
    x = signal(10400)
    delay = {ms: ta.Delay(SAMPLE_RATE, min_delay=ms, max_delay=ms + 1) for ms in range(200, 500, 50)}
    return {
        "delay.offsets": torch.tensor([delay[ms].calc_offset(ms) for ms in delay]),
        "delay.250.from5000": delay[250](x)[0, 5000:6000],
        "delay.450.from9500": delay[450](x)[0, 9500:10400],
        "gain.-20": ta.Gain(-20, -20)(x)[0, :500],
        "gain.-1": ta.Gain(-1, -1)(x)[0, :500],
        "gain.+9": ta.Gain(9, 9)(x)[0, :500],
        "polarity_inversion": ta.PolarityInversion()(x)[0, :500],
        "reverse": ta.Reverse()(x)[0, :500],
    }


def reverb(values: tuple[int, int, int], x: torch.Tensor) -> torch.Tensor:
    a, b, c = values
    return ta.Reverb(SAMPLE_RATE, a, a + 1, b, b + 1, c, c + 1)(x)[0]


def reverbs() -> dict:
    out = {"reverb.%d.%d.%d" % values: reverb(values, signal(8192, 0.375)) for values in REVERBS}
    assert max(y.abs().max() for y in out.values()) < 0.999, "sox clipped"
    out["reverb.99.0.99.clipped"] = reverb((99, 0, 99), signal(8192, 1.5))
    assert (out["reverb.99.0.99.clipped"].abs() > 0.9999).any()
    return out


def pitches() -> dict:
    x, out = signal(16384, 0.75), {}
    for cents in CENTS:
        semitones = cents / 100
        y = ta.PitchShift(16384, SAMPLE_RATE, semitones, semitones)(x)[0]
        assert y.abs().max() < 0.999, "sox clipped"
        out[f"pitch_shift.{cents}"] = y[:10240]
    return out


def main() -> None:
    def save(name: str, tensors: dict) -> None:
        save_file({k: v.clone().contiguous() for k, v in tensors.items()}, HERE / name)

    save("augment.safetensors", {**filters(), **small()})
    save("augment_reverb.safetensors", reverbs())
    save("augment_pitch.safetensors", pitches())


if __name__ == "__main__":
    main()
