#pragma once
// The loops of resampling, compiled once for each instruction set.
#include <cstdint>

#include "kernels/by_isa.h"

namespace clmr::kernels {

// A row of taps is padded with zeros to a multiple of this.
constexpr int64_t kTapLanes = 32;

// y[i] = Σ_k x[offset[i] + k] · taps[row[i]·count + k]. The bits of y[i] depend
// on nothing but these products.
using ResampleKernel = void (*)(const float* x, const int64_t* offset, const float* taps, const int64_t* row,
                                int64_t count, int64_t outputs, float* y);

// nullptr for an instruction set without one: the plain version runs.
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
// last 16 rows readable. The bits of an output depend on nothing but the samples that its taps meet.
using PolyphaseKernel = void (*)(const float* x, const PolyphasePlan& plan, float* memory, float* y,
                                 int64_t outputs);

CLMR_BY_ISA(PolyphaseKernel, kPolyphase);

}  // namespace clmr::kernels
