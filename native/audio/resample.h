#pragma once
// Stage audio: samples at one rate → at another.
#include <cstdint>
#include <string>

#include "error.h"

namespace clmr {

// ceil(frames · to / from). Throws ERR_ARGUMENT for a rate out of range, ERR_MEMORY beyond 2³¹ samples.
int64_t ResampledLength(int64_t frames, int64_t from, int64_t to);

// x [frames] at `from` Hz → y [ResampledLength(frames, from, to)] at `to` Hz.
// quality: "best" (Kaiser, 64 zeros), "fast" (Kaiser, 16 zeros) or "torchaudio" (Hann,
// 6 zeros, its defaults). Works in pieces, so that memory beside the result is bounded;
// the pieces do not change a bit of it.
void Resample(const float* x, int64_t frames, int64_t from, int64_t to, const std::string& quality, float* y,
              const AbortFlag& abort);

}  // namespace clmr
