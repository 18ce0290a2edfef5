#include "kernels/sample_cnn/training/loops.h"

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

}  // namespace clmr::kernels
