// Resampling with the periods of the two rates in lanes: output p of every period has the same taps,
// which are broadcast, and the samples that they meet lie next to each other once the signal is turned,
// [periods, from] → [from, periods].
#include "kernels/cpu/lane_shuffles.h"
#include "kernels/resample/loops.h"

namespace clmr::kernels::CLMR_ISA {
namespace {

// Registers: kPolyphaseGroup outputs of kVectors · kLanes periods, even and odd taps apart.
#if defined(CLMR_ISA_avx512)
constexpr int kVectors = 2;
#else
constexpr int kVectors = 1;
#endif

// x [columns, from] → planes [from, stride]; columns in whole vectors, `from` as it is.
void Turn(const float* x, int64_t from, int64_t columns, int64_t stride, float* planes) {
  for (int64_t j = 0; j < columns; j += kLanes) {
    int64_t m = 0;
    for (; m + kLanes <= from; m += kLanes) {
      Lanes square[kLanes];
      for (int64_t i = 0; i < kLanes; ++i) square[i] = Load(x + (j + i) * from + m);
      Transpose(square);
      for (int64_t i = 0; i < kLanes; ++i) Store(planes + (m + i) * stride + j, square[i]);
    }
    for (; m < from; ++m)
      for (int64_t i = 0; i < kLanes; ++i) planes[m * stride + j + i] = x[(j + i) * from + m];
  }
}

struct Sums {
  Lanes s[kPolyphaseGroup][kVectors];
};

inline void Add(Sums& sums, const float* samples, const float* taps) {
  for (int v = 0; v < kVectors; ++v) {
    const Lanes x = Load(samples + v * kLanes);
    for (int q = 0; q < kPolyphaseGroup; ++q) sums.s[q][v] += taps[q] * x;
  }
}

// A group of outputs over kVectors · kLanes periods from column j on. Even and odd rows have sums of their
// own. Where a group begins decides which of the two a tap goes to, but a + b is b + a, so the bits of an
// output do not depend on it.
void MakeOutputs(const PolyphasePlan& plan, const PolyphaseGroup& group, const float* planes, int64_t j,
                 float* out, int64_t out_stride) {
  AtLeastOne(group.rows);
  Sums even{}, odd{};
  int64_t plane = group.base % plan.from;
  const float *samples = planes + plane * plan.stride + group.base / plan.from + j, *taps = group.taps;
  const auto advance = [&] {
    samples += plan.stride;
    if (++plane == plan.from) {
      plane = 0;
      samples += 1 - plan.from * plan.stride;
    }
  };
  for (int64_t row = 0; row < group.rows; row += 2, taps += 2 * kPolyphaseGroup) {
    Add(even, samples, taps);
    advance();
    Add(odd, samples, taps + kPolyphaseGroup);
    advance();
  }
  for (int q = 0; q < kPolyphaseGroup; ++q)
    for (int v = 0; v < kVectors; ++v) Store(out + q * out_stride + v * kLanes, even.s[q][v] + odd.s[q][v]);
}

// made [to, stride] → y [periods, to], of which `outputs` values are written.
void TurnBack(const float* made, int64_t to, int64_t periods, int64_t stride, float* y, int64_t outputs) {
  for (int64_t j = 0; j < periods; j += kLanes) {
    for (int64_t p = 0; p < to; p += kLanes) {
      Lanes square[kLanes];
      for (int64_t i = 0; i < kLanes; ++i) square[i] = Load(made + (p + i) * stride + j);
      Transpose(square);
      for (int64_t i = 0; i < kLanes; ++i) {
        const int64_t at = (j + i) * to + p, left = outputs - at < to - p ? outputs - at : to - p;
        if (left >= kLanes) {
          Store(y + at, square[i]);
        } else if (left > 0) {
          std::memcpy(y + at, &square[i], left * sizeof(float));
        }
      }
    }
  }
}

void resample_polyphase_f32(const float* x, const PolyphasePlan& plan, float* memory, float* y,
                            int64_t outputs) {
  float *planes = memory, *made = memory + plan.from * plan.stride;
  Turn(x, plan.from, plan.columns, plan.stride, planes);
  for (int64_t g = 0; g < plan.groups; ++g)
    for (int64_t j = 0; j < kPolyphasePeriods; j += kVectors * kLanes)
      MakeOutputs(plan, plan.group[g], planes, j, made + g * kPolyphaseGroup * kPolyphasePeriods + j,
                  kPolyphasePeriods);
  TurnBack(made, plan.to, kPolyphasePeriods, kPolyphasePeriods, y, outputs);
}

}  // namespace

const PolyphaseKernel kPolyphase = resample_polyphase_f32;

}  // namespace clmr::kernels::CLMR_ISA
