// WSOLA and the band-limited resampler of the pitch shift.
#include "kernels/augment/cpu/fir.h"
#include "kernels/augment/loops.h"
#include "kernels/augment/shapes.h"

namespace clmr::kernels::CLMR_ISA {
namespace {

constexpr int kPhaseShift = 32 - kResamplePhaseBits;  // of the 32 bits behind the point

bool clip_f32(const float* x, float* y, int64_t n) {
  IntLanes good = IntLanes{} - 1;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Lanes v = Load(x + i);
    good &= v == v;
    Store(y + i, ClipToFullScale(v));
  }
  bool all = true;
  for (int64_t lane = 0; lane < kLanes; ++lane) all = all && good[lane];
  for (; i < n; ++i) {
    all = all && x[i] == x[i];
    y[i] = x[i] > 1.0f ? 1.0f : x[i] < -1.0f ? -1.0f : x[i];
  }
  return all;
}

// energy[j] = Σ_{i < overlap} w[j + i]², j < search. Sums of 1, 2, 4 … neighbours: nothing is ever taken
// away, so that a quiet place next to a click keeps its digits.
void Energies(const float* w, const WsolaPlan& plan, float* energy, float* sums) {
  int64_t count = plan.search + plan.overlap;
  for (int64_t j = 0; j < count; j += kLanes) Store(sums + j, Load(w + j) * Load(w + j));
  for (int64_t j = 0; j < plan.search; j += kLanes) Store(energy + j, Lanes{});
  int64_t done = 0;
  for (int64_t width = 1; width <= plan.overlap; width *= 2) {
    if (plan.overlap & width) {
      for (int64_t j = 0; j < plan.search; j += kLanes)
        Store(energy + j, Load(energy + j) + Load(sums + done + j));
      done += width;
    }
    count -= width;
    for (int64_t j = 0; j < count; j += kLanes) Store(sums + j, Load(sums + j) + Load(sums + j + width));
  }
}

// Which shift of w [search + overlap] is nearest to tail [overlap, zeros to a multiple of 16]: the least
// Σ (w[j + i] − tail[i])², of which Σ tail² is the same for all; the first of equals.
int64_t BestShift(const float* w, const float* tail, const WsolaPlan& plan) {
  const int64_t room = plan.search + plan.overlap + kLaneSlack;
  float *products = plan.memory, *energy = products + room, *sums = energy + room;
  Convolve(w, tail, (plan.overlap + 15) / 16 * 16, products, plan.search);
  Energies(w, plan, energy, sums);
  Lanes least = Lanes{} + 3e38f;
  IntLanes at{}, index = Iota();
  for (int64_t j = 0; j < plan.search; j += kLanes, index += kWidth) {
    const Lanes distance = Load(energy + j) - 2.0f * Load(products + j);
    const IntLanes better = (distance < least) & (index < static_cast<int32_t>(plan.search));
    least = better ? distance : least;
    at = better ? index : at;
  }
  int best = 0;
  for (int i = 1; i < kWidth; ++i)
    if (least[i] < least[best] || (least[i] == least[best] && at[i] < at[best])) best = i;
  return at[best];
}

void wsola_f32(const float* x, const WsolaPlan& plan, float* y) {
  const int64_t hop = plan.segment - plan.overlap;
  float* tail = plan.memory + 3 * (plan.search + plan.overlap + kLaneSlack);
  for (int64_t i = 0; i < plan.overlap + 16; ++i) tail[i] = 0;
  const float step = 1.0f / static_cast<float>(plan.overlap);
  int64_t position = 0;
  for (int64_t segment = 0, at = 0; at < plan.total; ++segment, at += hop) {
    const float* window = x + position - plan.search / 2;
    const float* chosen = window + (segment == 0 ? plan.search / 2 : BestShift(window, tail, plan));
    if (segment == 0) {
      std::memcpy(y, chosen, plan.overlap * sizeof(float));
    } else {
      for (int64_t i = 0; i < plan.overlap; ++i) {
        const float fade = static_cast<float>(i) * step;
        y[at + i] = tail[i] * (1 - fade) + chosen[i] * fade;
      }
    }
    std::memcpy(y + at + plan.overlap, chosen + plan.overlap, (hop - plan.overlap) * sizeof(float));
    std::memcpy(tail, chosen + hop, plan.overlap * sizeof(float));
    position = static_cast<int64_t>(
        plan.factor * ((static_cast<double>(segment) + 1.0) * static_cast<double>(hop)) + 0.5);
  }
}

// sin(π·x): a polynomial over half a period
inline Lanes SinPi(Lanes x) {
  const IntLanes half_turns =
      __builtin_convertvector(x + (x < Lanes{} ? Lanes{} - 0.5f : Lanes{} + 0.5f), IntLanes);
  const Lanes r = x - ToLanes(half_turns), z = r * r;
  const Lanes s =
      r * (3.14159265f +
           z * (-5.16771278f +
                z * (2.55016404f + z * (-0.599264529f + z * (0.0821458866f - z * 0.00737043094f)))));
  return (half_turns & 1) != 0 ? -s : s;
}

void resample_table_f32(double widening, int64_t taps, float* table) {
  float bessel[kBesselTerms];
  for (int k = 0; k < kBesselTerms; ++k) bessel[k] = static_cast<float>(BesselCoefficient(k));
  const double cutoff = kResampleRolloff / widening, beta2 = kResampleBeta * kResampleBeta / 4;
  const float norm = static_cast<float>(cutoff / BesselI0OfRoot(beta2)),
              per_half = 2.0f / static_cast<float>(taps);
  const float cut = static_cast<float>(cutoff), shape = static_cast<float>(beta2);
  for (int p = 0; p <= kResamplePhases; ++p) {
    for (int64_t k = 0; k < taps; k += kLanes) {
      const float first = static_cast<float>(k - taps / 2 + 1) - static_cast<float>(p) / kResamplePhases;
      const Lanes t = ToLanes(Iota()) + first, u = t * per_half, z = Max(Lanes{}, shape * (1.0f - u * u)),
                  a = cut * t;
      Lanes window = Lanes{} + bessel[kBesselTerms - 1];
      for (int i = kBesselTerms - 2; i >= 0; --i) window = window * z + bessel[i];
      const Lanes sinc = a * a < Lanes{} + 1e-10f ? Lanes{} + 1.0f : SinPi(a) / (a * 3.14159265f);
      Store(table + p * taps + k, norm * window * sinc);
    }
  }
}

// kVectors + 1 neighbouring vectors of x, and any kVectors · kLanes values in a row that begin
// in the first of them.
template <int kVectors>
struct Window {
#if defined(CLMR_ISA_avx512)
  // Kept in registers as long as positions begin in the same vector; reading x anew would cross cache lines.
  __m512 vectors[kVectors + 1];
  int64_t first;
  __m512i from;

  explicit Window(const float* x) { LoadFrom(x, 0); }
  inline void LoadFrom(const float* x, int64_t begin) {
#pragma GCC unroll 16
    for (int k = 0; k <= kVectors; ++k) vectors[k] = _mm512_load_ps(x + 16 * (begin + k));
    first = begin;
  }
  inline void MoveTo(const float* x, int64_t position) {
    const int64_t begin = position >> 4;
    if (begin != first) LoadFrom(x, begin);
    from = _mm512_add_epi32(_mm512_set1_epi32(static_cast<int>(position & 15)), (__m512i)Iota());
  }
  inline Lanes At(int k) const { return (Lanes)_mm512_permutex2var_ps(vectors[k], from, vectors[k + 1]); }
#else
  const float* in;

  explicit Window(const float* x) : in(x) {}
  inline void MoveTo(const float* x, int64_t position) { in = x + position; }
  inline Lanes At(int k) const { return Load(in + k * kLanes); }
#endif
};

// Taps as vectors known to the compiler, so that they stay in registers. x is at a cache line.
template <int kVectors>
void ResampleWith(const float* x, uint64_t increment, const float* table, float* y, int64_t n) {
  constexpr int64_t kTaps = kVectors * kLanes;
  x -= kTaps;  // positions below count from here, where the sum of the first output begins at or above 0
  uint64_t position = static_cast<uint64_t>(kTaps / 2 + 1) << 32;  // 32.32 fixed point
  Window<kVectors> window(x);
  for (int64_t i = 0; i < n; i += kLanes) {
    Lanes sums[kLanes];
    for (int64_t lane = 0; lane < kLanes; ++lane, position += increment) {
      window.MoveTo(x, static_cast<int64_t>(position >> 32));
      const uint32_t between = static_cast<uint32_t>(position);
      const float *a = table + static_cast<int64_t>(between >> kPhaseShift) * kTaps, *b = a + kTaps;
      const float fraction =
          static_cast<float>(between & ((1u << kPhaseShift) - 1)) * (1.0f / (1u << kPhaseShift));
      Lanes near{}, far{};
#pragma GCC unroll 36
      for (int k = 0; k < kVectors; ++k) {
        const Lanes v = window.At(k);
        near += v * Load(a + k * kLanes);
        far += v * Load(b + k * kLanes);
      }
      sums[lane] = near + fraction * (far - near);
    }
    const Lanes out = ClipToFullScale(SumEach(sums));
    if (i + kLanes <= n) {
      Store(y + i, out);
    } else {
      std::memcpy(y + i, &out, (n - i) * sizeof(float));
    }
  }
}

// by taps / 16 − 1; 2 · kResampleZeros taps at an octave up are the most
constexpr int kPerSixteen = static_cast<int>(16 / kLanes),
              kMostSixteens = static_cast<int>(kResampleZeros / 4);
struct ResampleFunctions {
  void (*at[kMostSixteens])(const float*, uint64_t, const float*, float*, int64_t);
};
template <int... I>
constexpr ResampleFunctions AllResample(std::integer_sequence<int, I...>) {
  return {{ResampleWith<kPerSixteen*(I + 1)>...}};
}
constexpr auto kResample = AllResample(std::make_integer_sequence<int, kMostSixteens>{});

void resample_f32(const float* x, double step, const float* table, int64_t taps, float* y, int64_t n) {
  kResample.at[taps / 16 - 1](x, static_cast<uint64_t>(step * 0x1p32 + 0.5), table, y, n);
}

}  // namespace

const PitchLoops kPitch = {clip_f32, wsola_f32, resample_table_f32, resample_f32};

}  // namespace clmr::kernels::CLMR_ISA
