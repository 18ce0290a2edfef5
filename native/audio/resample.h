#pragma once
// Stage audio: C channels at one rate → their mean at another.
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "error.h"

namespace clmr {

// channels: C pointers to `frames` samples at `from` Hz → [ceil(frames · to / from)] at `to` Hz.
// quality: "best" (Kaiser, 64 zeros), "fast" (Kaiser, 16 zeros) or "torchaudio" (Hann,
// 6 zeros, its defaults). Works in pieces, so that memory beside the result is bounded;
// the pieces do not change a bit of it.
at::Tensor MixAndResample(const std::vector<const float*>& channels, int64_t frames, int64_t from, int64_t to,
                          const std::string& quality, const AbortFlag& abort);

}  // namespace clmr
