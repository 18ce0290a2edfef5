// Band-limited interpolation (J. O. Smith, "Digital audio resampling"): a Kaiser-windowed sinc tabled at
// offsets between two samples, linear between the offsets.
#include <algorithm>
#include <cmath>

#include "kernels/augment/reference.h"
#include "kernels/augment/shapes.h"

namespace clmr::kernels::reference {
namespace {

constexpr int kPhaseShift = 32 - kResamplePhaseBits;  // of the 32 bits behind the point

// table [phases + 1, taps]: row p serves positions p / phases past a sample. With a step above 1 the cut-off
// falls and the kernel widens with it.
int64_t BuildTable(double step, std::vector<float>& table) {
  const double widening = std::max(1.0, step), cutoff = kResampleRolloff / widening;
  const int64_t taps = ResampleTaps(step);
  const double half = taps / 2.0, norm = cutoff / BesselI0OfRoot(kResampleBeta * kResampleBeta / 4);
  table.resize((kResamplePhases + 1) * taps);
  for (int p = 0; p <= kResamplePhases; ++p) {
    for (int64_t k = 0; k < taps; ++k) {
      const double t = static_cast<double>(k - taps / 2 + 1) - static_cast<double>(p) / kResamplePhases,
                   u = t / half;
      const double window = BesselI0OfRoot(std::max(0.0, kResampleBeta * kResampleBeta / 4 * (1 - u * u)));
      const double angle = M_PI * cutoff * t;
      table[p * taps + k] =
          static_cast<float>(norm * window * (std::abs(angle) < 1e-9 ? 1.0 : std::sin(angle) / angle));
    }
  }
  return taps;
}

// Σ_k x[k] · (a[k] + fraction · (b[k] − a[k])); `products` [taps] is scratch. Summed by halves: loops without
// a carried sum become vector code.
float Interpolate(const float* x, const float* a, const float* b, float fraction, int64_t taps,
                  float* __restrict products) {
  for (int64_t k = 0; k < taps; ++k) products[k] = x[k] * (a[k] + fraction * (b[k] - a[k]));
  int64_t n = taps;
  for (; n % 8 == 0; n /= 2) {
    float* __restrict upper = products + n / 2;
    for (int64_t k = 0; k < n / 2; ++k) products[k] += upper[k];
  }
  float sum = 0;
  for (int64_t k = 0; k < n; ++k) sum += products[k];
  return sum;
}

}  // namespace

void resample_f32(const std::vector<float>& x, double step, float* y, int64_t n) {
  std::vector<float> table;
  const int64_t taps = BuildTable(step, table), before = taps / 2 - 1;
  const int64_t last = static_cast<int64_t>(step * n) + 2;
  std::vector<float> padded(std::max<int64_t>(x.size(), last) + 2 * taps), products(taps);
  std::copy(x.begin(), x.end(), padded.begin() + before);
  const uint64_t increment = static_cast<uint64_t>(step * 0x1p32 + 0.5);  // 32.32 fixed point
  uint64_t position = 0;
  for (int64_t i = 0; i < n; ++i, position += increment) {
    const uint32_t between = static_cast<uint32_t>(position);
    const float* row = table.data() + static_cast<int64_t>(between >> kPhaseShift) * taps;
    const float fraction =
        static_cast<float>(between & ((1u << kPhaseShift) - 1)) * (1.0f / (1u << kPhaseShift));
    y[i] = Interpolate(padded.data() + (position >> 32), row, row + taps, fraction, taps, products.data());
  }
}

void pitch_shift_f32(float* x, int64_t n, double sample_rate, double factor) {
  for (int64_t i = 0; i < n; ++i)
    if (std::isnan(x[i])) return;
  for (int64_t i = 0; i < n; ++i) x[i] = clip_to_full_scale(x[i]);
  resample_f32(wsola_f32(x, n, sample_rate, factor), 1 / factor, x, n);
  for (int64_t i = 0; i < n; ++i) x[i] = clip_to_full_scale(x[i]);
}

}  // namespace clmr::kernels::reference
