#include <algorithm>
#include <cmath>

#include "kernels/augment/reference.h"

namespace clmr::kernels::reference {
namespace {

constexpr int kTapGroup = 8;

int64_t RoundUp(int64_t n, int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

// taps [2·half + 1], then zeros up to a whole group
std::vector<float> DesignTaps(double cutoff, int64_t half, bool high_pass) {
  const int64_t length = 2 * half + 1;
  std::vector<double> design(length);
  double sum = 0;
  for (int64_t i = 0; i < length; ++i) {
    const double t = static_cast<double>(i - half), angle = 2 * M_PI * cutoff * t;
    const double window = 0.5 - 0.5 * std::cos(M_PI * i / half);
    design[i] = window * (t == 0 ? 1.0 : std::sin(angle) / angle);
    sum += design[i];
  }
  std::vector<float> taps(RoundUp(length, kTapGroup));
  for (int64_t i = 0; i < length; ++i) {
    const double low_pass = design[i] / sum;  // a constant passes unchanged
    taps[i] = static_cast<float>(high_pass ? (i == half ? 1.0 - low_pass : -low_pass) : low_pass);
  }
  return taps;
}

// y[i] = Σ_k taps[k] · x[i + k]. The inner loop runs over outputs, so that it becomes vector code and the
// order of the sum is the same everywhere.
void Convolve(const float* __restrict x, const std::vector<float>& taps, float* __restrict y, int64_t n) {
  constexpr int64_t kAtOnce = 1024;
  for (int64_t from = 0; from < n; from += kAtOnce) {
    const int64_t to = std::min(n, from + kAtOnce);
    std::fill(y + from, y + to, 0.0f);
    for (size_t k = 0; k < taps.size(); k += kTapGroup) {
      const float* h = taps.data() + k;
      const float *u = x + k, h0 = h[0], h1 = h[1], h2 = h[2], h3 = h[3], h4 = h[4], h5 = h[5], h6 = h[6],
                  h7 = h[7];
      for (int64_t i = from; i < to; ++i)
        y[i] += ((h0 * u[i] + h1 * u[i + 1]) + (h2 * u[i + 2] + h3 * u[i + 3])) +
                ((h4 * u[i + 4] + h5 * u[i + 5]) + (h6 * u[i + 6] + h7 * u[i + 7]));
    }
  }
}

}  // namespace

void sinc_filter_f32(float* x, int64_t n, double cutoff, bool high_pass) {
  const int64_t half = static_cast<int64_t>(8 / cutoff / 2);
  const std::vector<float> taps = DesignTaps(cutoff, half, high_pass);
  std::vector<float> padded(n + taps.size());
  for (int64_t i = 0; i < n + 2 * half; ++i)
    padded[i] = finite_or_zero(x[std::clamp<int64_t>(i - half, 0, n - 1)]);
  Convolve(padded.data(), taps, x, n);
}

}  // namespace clmr::kernels::reference
