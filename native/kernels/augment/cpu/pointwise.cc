// Gain, polarity, noise and echo in one reading of the clip; reversal.
#include "kernels/augment/loops.h"
#include "kernels/cpu/lane_shuffles.h"

namespace clmr::kernels::CLMR_ISA {
namespace {

typedef double DoubleLanes __attribute__((vector_size(8 * kLanes)));
typedef uint32_t WordLanes __attribute__((vector_size(4 * kLanes)));
typedef uint64_t LongLanes __attribute__((vector_size(8 * kLanes)));

void scale_f32(const float* x, float factor, float* y, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) Store(y + i, factor * Load(x + i));
  for (; i < n; ++i) y[i] = factor * x[i];
}

// From the end, so that what is read has not been written.
void echo_f32(const float* x, float factor, int64_t offset, float volume, float* y, int64_t n) {
  int64_t i = n;
  for (; i - kLanes >= offset; i -= kLanes) {
    const Lanes now = factor * Load(x + i - kLanes),
                before = FiniteOrZero(factor * Load(x + i - kLanes - offset));
    Store(y + i - kLanes, (now + volume * before) * 0.5f);
  }
  for (; i > 0; --i) {
    const float now = factor * x[i - 1], before = i > offset ? factor * x[i - 1 - offset] : 0.0f;
    y[i - 1] = (now + volume * (before - before == 0.0f ? before : 0.0f)) * 0.5f;
  }
}

// Unbiased, over the finite samples of factor · x; 0 for fewer than two.
double Deviation(const float* x, float factor, int64_t n) {
  const auto at = [&](int64_t i) {
    float v[kLanes] = {};
    std::memcpy(v, x + i, (n - i < kLanes ? n - i : kLanes) * sizeof(float));
    return factor * Load(v);
  };
  double count = 0, sum = 0, squares = 0;
  DoubleLanes sums{};
  Lanes counts{};  // up to 2^24 · kLanes samples are counted exactly
  for (int64_t i = 0; i < n; i += kLanes) {
    const Lanes v = at(i);
    counts += v - v == Lanes{} ? Lanes{} + 1.0f : Lanes{};
    sums += __builtin_convertvector(FiniteOrZero(v), DoubleLanes);
  }
  for (int64_t lane = 0; lane < kLanes; ++lane) count += counts[lane], sum += sums[lane];
  count -= static_cast<double>((n + kLanes - 1) / kLanes * kLanes - n);  // the zeros behind the end
  if (count < 2) return 0;
  const double mean = sum / count;
  sums = DoubleLanes{};
  for (int64_t i = 0; i < n; i += kLanes) {
    const Lanes v = at(i);
    const DoubleLanes d =
        __builtin_convertvector(v - v == Lanes{} ? v : Lanes{} + static_cast<float>(mean), DoubleLanes) -
        mean;
    sums += d * d;
  }
  for (int64_t lane = 0; lane < kLanes; ++lane) squares += sums[lane];
  squares -= static_cast<double>((n + kLanes - 1) / kLanes * kLanes - n) * mean * mean;
  return squares > 0 ? __builtin_sqrt(squares / (count - 1)) : 0;
}

// Philox 4x32-10 (see random/philox.h) of the counters (first + lane, 0, 0, 5):
// what a Stream of Purpose::noise counts.
struct Words {
  WordLanes w[4];
};
Words Philox(uint32_t first, uint64_t seed) {
  WordLanes a = reinterpret_cast<WordLanes>(Iota()) + first, b{}, c{}, d = WordLanes{} + 5u;
  uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
    const LongLanes p = __builtin_convertvector(a, LongLanes) * 0xD2511F53u;
    const LongLanes q = __builtin_convertvector(c, LongLanes) * 0xCD9E8D57u;
    a = __builtin_convertvector(q >> 32, WordLanes) ^ b ^ k0;
    c = __builtin_convertvector(p >> 32, WordLanes) ^ d ^ k1;
    b = __builtin_convertvector(q, WordLanes);
    d = __builtin_convertvector(p, WordLanes);
  }
  return {{a, b, c, d}};
}

// ln((w + 1) / 2³²). Near 1 it goes by the distance from 1, which w gives exactly.
Lanes LogOf(WordLanes w) {
  const Lanes u = (__builtin_convertvector(w, Lanes) + 1.0f) * 0x1p-32f,
              rest = __builtin_convertvector(~w, Lanes) * 0x1p-32f;
  IntLanes bits = reinterpret_cast<IntLanes>(u);
  const IntLanes exponent = (bits - 0x3f3504f3) >> 23;  // u = m · 2^e, m in [√½, √2)
  const Lanes m = reinterpret_cast<Lanes>(bits - (exponent << 23));
  const Lanes t = exponent == 0 ? -rest / (2.0f - rest) : (m - 1.0f) / (m + 1.0f), z = t * t;
  return ToLanes(exponent) * 0.69314718f +
         t * (2.0f + z * (2 / 3.0f + z * (2 / 5.0f + z * (2 / 7.0f + z * (2 / 9.0f)))));
}

// Box–Muller: two words → two normal values.
void Normals(WordLanes radius_word, WordLanes angle_word, Lanes* cosine, Lanes* sine) {
  const Lanes square = -2.0f * LogOf(radius_word);
  Lanes radius;
  for (int64_t lane = 0; lane < kLanes; ++lane)
    radius[lane] = __builtin_sqrtf(square[lane] > 0 ? square[lane] : 0);
  const WordLanes quarters = (angle_word + 0x20000000u) >> 30;
  const IntLanes rest = reinterpret_cast<IntLanes>(angle_word - (quarters << 30));
  const Lanes a = ToLanes(rest) * 1.46291807e-09f, y = a * a;  // π/2 · 2^-30
  const Lanes s = a * (1.0f + y * (-1 / 6.0f + y * (1 / 120.0f + y * (-1 / 5040.0f + y * (1 / 362880.0f)))));
  const Lanes c = 1.0f + y * (-0.5f + y * (1 / 24.0f + y * (-1 / 720.0f + y * (1 / 40320.0f))));
  const auto odd = (quarters & 1u) != 0u, back = (quarters & 2u) != 0u;
  const Lanes ss = odd ? c : s, cc = odd ? -s : c;
  *sine = radius * (back ? -ss : ss);
  *cosine = radius * (back ? -cc : cc);
}

void noise_f32(const float* x, float before, double ratio, uint64_t seed, float after, float* y, int64_t n) {
  const float deviation = static_cast<float>(ratio * Deviation(x, before, n));
  for (int64_t i = 0; i < n; i += 4 * kLanes) {
    const Words words = Philox(static_cast<uint32_t>(i / 4), seed);
    Lanes normal[4];
    Normals(words.w[0], words.w[1], &normal[0], &normal[1]);
    Normals(words.w[2], words.w[3], &normal[2], &normal[3]);
    float noise[4 * kLanes];
    for (int64_t k = 0; k < 4; ++k)
      for (int64_t lane = 0; lane < kLanes; ++lane) noise[4 * lane + k] = normal[k][lane];
    const int64_t count = n - i < 4 * kLanes ? n - i : 4 * kLanes;
    for (int64_t k = 0; k < count; ++k) y[i + k] = after * (before * x[i + k] + deviation * noise[k]);
  }
}

void reverse_f32(float* x, int64_t n) {
  int64_t i = 0, j = n;  // what is left lies in [i, j)
  for (; j - i >= 2 * kLanes; i += kLanes, j -= kLanes) {
    const Lanes front = Reversed(Load(x + i)), back = Reversed(Load(x + j - kLanes));
    Store(x + i, back);
    Store(x + j - kLanes, front);
  }
  for (--j; i < j; ++i, --j) {
    const float front = x[i];
    x[i] = x[j];
    x[j] = front;
  }
}

}  // namespace

const PointwiseLoops kPointwise = {scale_f32, echo_f32, noise_f32, reverse_f32};

}  // namespace clmr::kernels::CLMR_ISA
