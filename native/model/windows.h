#pragma once
// Windows of a track.
#include <ATen/core/Tensor.h>

#include <vector>

namespace clmr {

// `size` samples from `start` on [1, size]: a view where the track has them all, else zero past its end.
at::Tensor WindowAt(const float* samples, int64_t length, int64_t start, int64_t size);

// ERR_ARGUMENT for a start that is no whole number from 0 on.
void CheckStarts(const std::vector<double>& starts);

}  // namespace clmr
