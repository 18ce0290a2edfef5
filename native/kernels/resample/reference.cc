#include "kernels/resample/reference.h"

namespace clmr::kernels::reference {

void resample_f32(const float* x, const int64_t* offset, const float* taps, const int64_t* row, int64_t count,
                  int64_t outputs, float* y) {
  for (int64_t i = 0; i < outputs; ++i) {
    const float* in = x + offset[i];
    const float* h = taps + row[i] * count;
    double sum = 0;
    for (int64_t k = 0; k < count; ++k) sum += static_cast<double>(in[k]) * h[k];
    y[i] = static_cast<float>(sum);
  }
}

}  // namespace clmr::kernels::reference
