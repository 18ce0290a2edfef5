#include "kernels/sample_cnn/training/loops.h"

#include <cstdlib>

#include "kernels/dispatch.h"

namespace clmr::kernels {

void AddWaveformMoments(const float* waveform, int64_t steps, WaveformMoments& sums) {
  WaveformMoments s = sums;
  for (int64_t i = 0; i < steps; ++i) {
    const double x[3] = {waveform[3 * i], waveform[3 * i + 1], waveform[3 * i + 2]};
    for (int j = 0; j < 3; ++j) {
      s.first[j] += x[j];
      for (int k = 0; k <= j; ++k) s.second[j][k] += x[j] * x[k];
    }
  }
  for (int j = 0; j < 3; ++j)
    for (int k = 0; k < j; ++k) s.second[k][j] = s.second[j][k];
  sums = s;
}

namespace {

template <class Kernels>
const Kernels& OfActiveIsa([[maybe_unused]] const Kernels& avx512, [[maybe_unused]] const Kernels& avx2,
                           const Kernels& base) {
  switch (ActiveIsa()) {
    case Isa::avx512:
      return avx512;
    case Isa::avx2:
      return avx2;
    default:
      return base;
  }
}

}  // namespace

#if defined(__x86_64__)
#define CLMR_OF_ACTIVE_ISA(kernels) OfActiveIsa(avx512::kernels, avx2::kernels, base::kernels)
#else
#define CLMR_OF_ACTIVE_ISA(kernels) base::kernels
#endif

template <>
const WinogradTrainingKernels<float, float>& ChooseWinogradTraining() {
  return CLMR_OF_ACTIVE_ISA(kWinogradTraining);
}

template <>
const WinogradTrainingKernels<Bfloat16, float>& ChooseWinogradTraining() {
  return CLMR_OF_ACTIVE_ISA(kKeptBfloat16Training);
}

bool HasBfloat16Products() { return CLMR_BFLOAT16_PRODUCTS && HasBfloat16DotProducts(); }

template <>
const WinogradTrainingKernels<Bfloat16, Bfloat16>& ChooseWinogradTraining() {
#if CLMR_BFLOAT16_PRODUCTS
  return avx512::kBfloat16Training;
#else
  std::abort();  // HasBfloat16Products() said so
#endif
}

}  // namespace clmr::kernels
