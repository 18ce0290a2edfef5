"""resample.safetensors: torchaudio's polyphase resampler, default and kaiser_best, down to and up to 22,050 Hz."""

import torch
import torchaudio.functional as F
from safetensors.torch import save_file

from deterministic import HERE, test_clip

KAISER_BEST = dict(lowpass_filter_width=64, rolloff=0.9475937167399596, resampling_method="sinc_interp_kaiser",
                   beta=14.769656459379492)
LENGTHS = {44100: 1501, 48000: 1600, 16000: 500}


def main() -> None:
    golden = {}
    for rate, n in LENGTHS.items():
        x = torch.from_numpy(test_clip(70, 71, n)).double()
        golden[f"default.{rate}"] = F.resample(x, rate, 22050)
        golden[f"kaiser_best.{rate}"] = F.resample(x, rate, 22050, **KAISER_BEST)
    save_file({k: v.float().contiguous() for k, v in golden.items()}, HERE / "resample.safetensors")


if __name__ == "__main__":
    main()
