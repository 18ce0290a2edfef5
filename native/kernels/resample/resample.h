#pragma once
// Resampling as dot products with windowed-sinc taps (Smith, "Digital Audio Resampling", 2002; the filters
// are those of resampy's kaiser_best and kaiser_fast and of torchaudio's default).
#include <cstdint>
#include <vector>

#include "kernels/by_isa.h"

namespace clmr::kernels {

struct SincFilter {
  double zeros;    // zero crossings on each side
  double rolloff;  // cut-off as a share of the lower of the two Nyquist frequencies
  double beta;     // of the Kaiser window; 0 stands for a Hann window
};

// A row of taps is padded with zeros to a multiple of this.
constexpr int64_t kTapLanes = 32;

// Number of taps of a row, for coprime `from` and `to`.
int64_t SincTapCount(const SincFilter& filter, int64_t from, int64_t to);

// Windowed sinc at 0, 1/kTableSteps, 2/kTableSteps … zero crossings, up to `zeros`. Interpolated linearly it
// is exact to 1e-7, and twenty times as fast as the formula.
constexpr int64_t kTableSteps = 4096;
std::vector<double> SincTable(const SincFilter& filter);

// Taps of output sample `phase` (0 ≤ phase < to) → taps [count]; returns the input index that taps[0] belongs
// to. By the formula where `table` is null.
int64_t MakeSincTaps(const SincFilter& filter, const double* table, int64_t from, int64_t to, int64_t phase,
                     int64_t count, float* taps);

// y[i] = Σ_k x[offset[i] + k] · taps[row[i]·count + k]. The bits of y[i] depend on nothing but these
// products.
using ResampleKernel = void (*)(const float* x, const int64_t* offset, const float* taps, const int64_t* row,
                                int64_t count, int64_t outputs, float* y);

// Plain, accumulates in float64: the oracle, and what runs where there is no faster one.
void resample_f32_reference(const float* x, const int64_t* offset, const float* taps, const int64_t* row,
                            int64_t count, int64_t outputs, float* y);

// The fast one, or nullptr where the plain one is what runs; distance from the reference ≤ 1e-6 for
// full-scale input.
CLMR_BY_ISA(ResampleKernel, kResample);

// A faster way for ratios of small numbers, which nearly all are. A period is `from` samples in and `to`
// samples out; a block of kPolyphasePeriods periods is computed at once, and neighbouring outputs of a period
// form groups that share the samples they read.
constexpr int kPolyphaseGroup = 4;
constexpr int64_t kPolyphasePeriods = 32;
struct PolyphaseGroup {
  int64_t base;       // place in the block of the first sample that the group's first output needs
  int64_t rows;       // samples that some output of the group needs, even
  const float* taps;  // [rows, kPolyphaseGroup], zero where an output does not need the sample
};
struct PolyphasePlan {
  int64_t from, to, groups;
  int64_t columns;  // periods of samples that a block needs, a multiple of 16
  int64_t stride;   // of a plane, columns and some room
  const PolyphaseGroup* group;

  int64_t samples() const { return columns * from; }
  int64_t memory() const { return from * stride + (groups * kPolyphaseGroup + 16) * kPolyphasePeriods; }
};

// x [columns · from] → y, the first `outputs` of kPolyphasePeriods · to values; memory: memory() values, the
// last 16 rows readable. Distance from the reference ≤ 1e-6 for full-scale input; the bits of an output
// depend on nothing but the samples that its taps meet.
using PolyphaseKernel = void (*)(const float* x, const PolyphasePlan& plan, float* memory, float* y,
                                 int64_t outputs);

CLMR_BY_ISA(PolyphaseKernel, kPolyphase);

// What runs now: the one by taps always, the polyphase one not where the plain versions are asked for.
struct ResampleKernels {
  ResampleKernel by_taps;
  PolyphaseKernel polyphase;  // or nullptr
};
ResampleKernels ActiveResample();

// channels[c][start … start + length) → their mean; indices outside of 0 … frames count as zero.
void mix_down_f32(const float* const* channels, int64_t count, int64_t frames, int64_t start, int64_t length,
                  float* y);

// Index of the first value that is NaN or infinite, or -1.
int64_t FirstNonFinite(const float* x, int64_t length);

}  // namespace clmr::kernels
