#include "kernels/augment/shapes.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace clmr::kernels {

ReverbLines ReverbLinesAt(double sample_rate, double room_size) {
  // Freeverb (Jezar at Dreampoint, public domain): lengths at 44,100 Hz; sox spreads the channels by 12
  // samples, with alternating signs.
  constexpr std::array<int, 8> kCombs{1116, 1188, 1277, 1356, 1422, 1491, 1557, 1617};
  constexpr std::array<int, 4> kAllPasses{225, 341, 441, 556};
  const double rate = sample_rate / 44100, scale = room_size / 100 * 0.9 + 0.1;
  const auto length = [](double samples) { return std::max(1, static_cast<int>(samples + 0.5)); };
  ReverbLines lines;
  for (int c = 0; c < 2; ++c) {
    double spread = 12.0 * c;
    for (size_t i = 0; i < kCombs.size(); ++i, spread = -spread)
      lines.combs[c][i] = length(scale * rate * (kCombs[i] + spread));
    for (size_t i = 0; i < kAllPasses.size(); ++i, spread = -spread)
      lines.all_passes[c][i] = length(rate * (kAllPasses[i] + spread));
  }
  return lines;
}

float ReverbFeedback(double reverberance) {
  const double a = -1 / std::log(1 - 0.3), b = 100 / (std::log(1 - 0.98) * a + 1);
  return static_cast<float>(1 - std::exp((reverberance - b) / (a * b)));
}

float ReverbDamping(double damping) { return static_cast<float>(damping / 100 * 0.3 + 0.2); }

WsolaLengths WsolaLengthsAt(double sample_rate) {
  constexpr double kSegmentMs = 82;
  WsolaLengths l;
  l.segment = static_cast<int64_t>(sample_rate * kSegmentMs / 1000 + 0.5);
  l.search = static_cast<int64_t>(sample_rate * (kSegmentMs / 5.587) / 1000 + 0.5);
  l.overlap =
      static_cast<int64_t>(std::max(sample_rate * (kSegmentMs / 6.833) / 1000 + 4.5, 16.0)) & ~int64_t{7};
  if (l.overlap * 2 > l.segment) l.overlap -= 8;
  return l;
}

double BesselCoefficient(int k) {
  double coefficient = 1;
  for (int i = 2; i <= k; ++i) coefficient /= static_cast<double>(i) * i;
  return coefficient;
}

double BesselI0OfRoot(double z) {
  static const auto coefficients = [] {
    std::array<double, kBesselTerms> c;
    for (int k = 0; k < kBesselTerms; ++k) c[k] = BesselCoefficient(k);
    return c;
  }();
  double sum = 0;
  for (size_t k = coefficients.size(); k-- > 0;) sum = sum * z + coefficients[k];
  return sum;
}

int64_t ResampleTaps(double step) {
  return static_cast<int64_t>(std::ceil(2 * kResampleZeros * std::max(1.0, step) / 16)) * 16;
}

}  // namespace clmr::kernels
