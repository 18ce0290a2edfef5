#pragma once
// The taps of a windowed sinc.
#include <cstdint>
#include <vector>

#include "kernels/resample/resample.h"

namespace clmr::kernels {

// Number of taps of a row, for coprime `from` and `to`.
int64_t SincTapCount(const ResampleFilter& filter, int64_t from, int64_t to);

// Windowed sinc at 0, 1/kTableSteps, 2/kTableSteps … zero crossings, up to `zeros`. Interpolated linearly it
// is exact to 1e-7, and twenty times as fast as the formula.
constexpr int64_t kTableSteps = 4096;
std::vector<double> SincTable(const ResampleFilter& filter);

// Taps of output sample `phase` (0 ≤ phase < to) → taps [count]; returns the input index that taps[0] belongs
// to. By the formula where `table` is null.
int64_t MakeSincTaps(const ResampleFilter& filter, const double* table, int64_t from, int64_t to,
                     int64_t phase, int64_t count, float* taps);

}  // namespace clmr::kernels
