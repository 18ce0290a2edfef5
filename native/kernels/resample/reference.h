#pragma once
#include <cstdint>

namespace clmr::kernels::reference {

// A ResampleKernel (loops.h), plain, accumulates in float64: the oracle, and what runs where
// there is no faster one.
void resample_f32(const float* x, const int64_t* offset, const float* taps, const int64_t* row, int64_t count,
                  int64_t outputs, float* y);

}  // namespace clmr::kernels::reference
