// WSOLA (Verhelst & Roelands, ICASSP 1993) with sox's choices: its lengths (shapes.h), the search
// centred on where the segment would start, a linear cross-fade.
#include <algorithm>

#include "kernels/augment/reference.h"
#include "kernels/augment/shapes.h"

namespace clmr::kernels::reference {
namespace {

float Square(float x) { return x * x; }

// Which shift of `window` [search + overlap] is nearest to `tail` [overlap, a multiple of 4]: least squared
// distance, the first of equals. The inner loop runs over shifts, so that it becomes vector code.
int64_t BestShift(const float* __restrict window, const float* tail, const WsolaLengths& l,
                  std::vector<float>& distance) {
  distance.assign(l.search, 0.0f);
  float* __restrict d = distance.data();
  for (int64_t i = 0; i < l.overlap; i += 4) {
    const float *w = window + i, t0 = tail[i], t1 = tail[i + 1], t2 = tail[i + 2], t3 = tail[i + 3];
    for (int64_t j = 0; j < l.search; ++j)
      d[j] += (Square(w[j] - t0) + Square(w[j + 1] - t1)) + (Square(w[j + 2] - t2) + Square(w[j + 3] - t3));
  }
  int64_t best = 0;
  for (int64_t j = 1; j < l.search; ++j)
    if (d[j] < d[best]) best = j;
  return best;
}

// x[from, from + count) with silence outside of [0, n)
void CopyPadded(const float* x, int64_t n, int64_t from, int64_t count, float* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = from + i >= 0 && from + i < n ? x[from + i] : 0.0f;
}

}  // namespace

std::vector<float> wsola_f32(const float* x, int64_t n, double sample_rate, double factor) {
  const WsolaLengths l = WsolaLengthsAt(sample_rate);
  const int64_t hop = l.segment - l.overlap, total = static_cast<int64_t>(n / factor + 0.5);
  std::vector<float> y((total + hop - 1) / hop * hop), window(l.search + l.segment), tail(l.overlap),
      distance;
  int64_t position = 0;
  for (int64_t segment = 0, at = 0; at < total; ++segment, at += hop) {
    CopyPadded(x, n, position - l.search / 2, l.search + l.segment, window.data());
    const bool first = segment == 0;
    const int64_t shift = first ? l.search / 2 : BestShift(window.data(), tail.data(), l, distance);
    const float* chosen = window.data() + shift;
    for (int64_t i = 0; i < l.overlap; ++i) {
      const float fade = first ? 1.0f : i * (1.0f / l.overlap);
      y[at + i] = tail[i] * (1 - fade) + chosen[i] * fade;
    }
    std::copy(chosen + l.overlap, chosen + hop, y.begin() + at + l.overlap);
    std::copy(chosen + hop, chosen + l.segment, tail.begin());
    position = static_cast<int64_t>(factor * ((segment + 1.0) * hop) + 0.5);
  }
  y.resize(total);
  return y;
}

}  // namespace clmr::kernels::reference
