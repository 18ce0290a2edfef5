// Four vectors of accumulators hide the latency of the multiply-add; compiled once for each instruction set.
#include "kernels/resample/loops.h"

#include <cstring>

namespace clmr::kernels::CLMR_ISA {

#if defined(CLMR_ISA_base)
const ResampleKernel kResample = nullptr;
#else
namespace {

typedef float Lanes __attribute__((vector_size(32)));
constexpr int64_t kWidth = 8;

Lanes Load(const float* p) {
  Lanes v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

float Sum(Lanes v) { return ((v[0] + v[4]) + (v[1] + v[5])) + ((v[2] + v[6]) + (v[3] + v[7])); }

void resample_f32(const float* x, const int64_t* offset, const float* taps, const int64_t* row, int64_t count,
                  int64_t outputs, float* y) {
  for (int64_t i = 0; i < outputs; ++i) {
    const float* in = x + offset[i];
    const float* h = taps + row[i] * count;
    Lanes a{}, b{}, c{}, d{};
    for (int64_t k = 0; k < count; k += kTapLanes) {
      a += Load(in + k) * Load(h + k);
      b += Load(in + k + kWidth) * Load(h + k + kWidth);
      c += Load(in + k + 2 * kWidth) * Load(h + k + 2 * kWidth);
      d += Load(in + k + 3 * kWidth) * Load(h + k + 3 * kWidth);
    }
    y[i] = Sum((a + b) + (c + d));
  }
}

}  // namespace

const ResampleKernel kResample = resample_f32;
#endif

}  // namespace clmr::kernels::CLMR_ISA
