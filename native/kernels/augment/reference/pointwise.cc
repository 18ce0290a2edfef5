#include <algorithm>
#include <cmath>

#include "kernels/augment/reference.h"
#include "random/philox.h"

namespace clmr::kernels::reference {

void scale_f32(float* x, int64_t n, float factor) {
  for (int64_t i = 0; i < n; ++i) x[i] *= factor;
}

void reverse_f32(float* x, int64_t n) { std::reverse(x, x + n); }

void delay_f32(float* x, int64_t n, int64_t offset, float volume) {
  // From the end, so that what is read has not been written.
  for (int64_t i = n - 1; i >= 0; --i) {
    const float delayed = i >= offset ? finite_or_zero(x[i - offset]) : 0.0f;
    x[i] = (x[i] + volume * delayed) / 2.0f;
  }
}

void add_noise_f32(float* x, int64_t n, double ratio, uint64_t seed) {
  double sum = 0;
  int64_t count = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (x[i] - x[i] != 0.0f) continue;
    sum += x[i];
    ++count;
  }
  if (count < 2) return;
  const double mean = sum / count;
  double squares = 0;
  for (int64_t i = 0; i < n; ++i)
    if (x[i] - x[i] == 0.0f) squares += (x[i] - mean) * (x[i] - mean);
  const double deviation = ratio * std::sqrt(squares / (count - 1));
  random::Stream stream(seed, random::Purpose::noise, 0, 0, 0);
  for (int64_t i = 0; i < n; ++i) x[i] += static_cast<float>(deviation * stream.Normal());
}

}  // namespace clmr::kernels::reference
