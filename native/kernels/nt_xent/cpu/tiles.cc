// Tiles of NT-Xent's matrix of similarities, in registers. Compiled once for each instruction set.
#include "kernels/nt_xent/loops.h"

#include "kernels/cpu/lanes.h"

namespace clmr::kernels::CLMR_ISA {
namespace {

typedef int32_t Ints __attribute__((vector_size(4 * kLanes)));
typedef float HalfLanes __attribute__((vector_size(2 * kLanes)));
typedef double Doubles __attribute__((vector_size(4 * kLanes)));  // kLanes / 2

// Of a micro tile, with 3 vectors of columns: as many as the registers hold.
constexpr int kRows = kLanes == 16 ? 8 : 4;
constexpr int64_t kColumns = 3 * kLanes;
constexpr int kGradientRows = 6;
constexpr int64_t kGradientVectors = kLanes == 16 ? 4 : 2;
constexpr float kLeast = -125;

// 2^t for −125 ≤ t ≤ 127: the nearest integer goes to the exponent, the rest into the minimax polynomial of
// degree 6 (Remez; relative error 1.9e-9, 8e-8 in float32).
inline Lanes Exp2(Lanes t) {
  // 1.5·2^23: what is added to it becomes an integer in its last bits.
  const Lanes round = Lanes{} + 12582912.0f;
  const Lanes whole = t + round, x = t - (whole - round);
  Lanes p = 1.534581201e-4f * x + 1.339993122e-3f;
  p = p * x + 9.618488957e-3f;
  p = p * x + 5.550328777e-2f;
  p = p * x + 2.402264689e-1f;
  p = p * x + 6.931472057e-1f;
  p = p * x + 1.0f;
  return reinterpret_cast<Lanes>(reinterpret_cast<Ints>(p) + (reinterpret_cast<Ints>(whole) << 23));
}
// The same with everything below 2^−125 as that.
inline Lanes ClampedExp2(Lanes t) { return Exp2(t > kLeast ? t : Lanes{} + kLeast); }

// Halves added to halves, down to four.
inline float Sum(Lanes x) {
  typedef float Four __attribute__((vector_size(16)));
  Four parts[kLanes / 4];
  std::memcpy(parts, &x, sizeof x);
  for (int64_t n = kLanes / 8; n >= 1; n /= 2)
    for (int64_t i = 0; i < n; ++i) parts[i] += parts[i + n];
  return (parts[0][0] + parts[0][2]) + (parts[0][1] + parts[0][3]);
}

double dot(const float* a, const float* b, int64_t depth) {
  const auto load = [](const float* p) {
    HalfLanes v;
    std::memcpy(&v, p, sizeof v);
    return __builtin_convertvector(v, Doubles);
  };
  Doubles even{}, odd{};
  for (int64_t k = 0; k < depth; k += kLanes) {
    even += load(a + k) * load(b + k);
    odd += load(a + k + kLanes / 2) * load(b + k + kLanes / 2);
  }
  even += odd;
  double sum = 0;
  for (int64_t i = 0; i < kLanes / 2; ++i) sum += even[i];
  return sum;
}

// t = scale·a·b
void exponents(const float* a, const float* b, int64_t depth, int64_t block, float scale, float* t) {
  const auto packed = [depth](const float* rows, int64_t i) {
    return rows + i / kNtXentPanel * kNtXentPanel * depth + i % kNtXentPanel;
  };
  for (int64_t column = 0; column < block; column += kColumns)
    for (int64_t row = 0; row < block; row += kRows) {
      const float *x = packed(a, row), *y = packed(b, column);
      Lanes sum[kRows][3] = {};
      for (int64_t k = 0; k < depth; ++k, x += kNtXentPanel, y += kNtXentPanel) {
        const Lanes y0 = Load(y), y1 = Load(y + kLanes), y2 = Load(y + 2 * kLanes);
        for (int r = 0; r < kRows; ++r) {
          sum[r][0] += x[r] * y0;
          sum[r][1] += x[r] * y1;
          sum[r][2] += x[r] * y2;
        }
      }
      float* out = t + row * block + column;
      for (int r = 0; r < kRows; ++r, out += block) {
        Store(out, sum[r][0] * scale);
        Store(out + kLanes, sum[r][1] * scale);
        Store(out + 2 * kLanes, sum[r][2] * scale);
      }
    }
}

void exponentials(const float* a, const float* b, int64_t depth, int64_t block, float scale, float shift,
                  float* e) {
  exponents(a, b, depth, block, scale, e);
  for (int64_t i = 0; i < block * block; i += kLanes) Store(e + i, Exp2(Load(e + i) - shift));
}

void add_sums(const float* e, int64_t block, double* rows, double* columns) {
  Lanes across[kNtXentMaxBlock] = {};
  for (int64_t c = 0; c < block; c += kColumns) {
    Lanes down[3] = {};
    for (int64_t r = 0; r < block; ++r) {
      const float* x = e + r * block + c;
      const Lanes x0 = Load(x), x1 = Load(x + kLanes), x2 = Load(x + 2 * kLanes);
      down[0] += x0;
      down[1] += x1;
      down[2] += x2;
      across[r] += x0 + x1 + x2;
    }
    float sums[kColumns];
    std::memcpy(sums, down, sizeof sums);
    for (int64_t i = 0; i < kColumns; ++i) columns[c + i] += sums[i];
  }
  for (int64_t r = 0; r < block; ++r) rows[r] += Sum(across[r]);
}

void weigh(const float* e, int64_t block, const float* rows, const float* columns, float* w) {
  for (int64_t r = 0; r < block; ++r)
    for (int64_t c = 0; c < block; c += kLanes) {
      const int64_t at = r * block + c;
      Store(w + at, Load(e + at) * (rows[r] + Load(columns + c)));
    }
}

// g [kGradientRows, kVectors vectors] += Σ over terms k of w[row·kRowStep + k·kTermStep] · u[k]
template <int kVectors>
inline void Accumulate(const float* w, int64_t row_step, int64_t term_step, int64_t terms, const float* u,
                       int64_t depth, float* g) {
  AtLeastOne(terms);
  Lanes sum[kGradientRows][kVectors] = {};
  for (int64_t k = 0; k < terms; ++k, w += term_step, u += depth) {
    Lanes x[kVectors];
    for (int v = 0; v < kVectors; ++v) x[v] = Load(u + v * kLanes);
    for (int r = 0; r < kGradientRows; ++r)
      for (int v = 0; v < kVectors; ++v) sum[r][v] += w[r * row_step] * x[v];
  }
  for (int r = 0; r < kGradientRows; ++r)
    for (int v = 0; v < kVectors; ++v) {
      float* target = g + r * depth + v * kLanes;
      Store(target, Load(target) + sum[r][v]);
    }
}

inline void AddProduct(const float* w, int64_t row_step, int64_t term_step, int64_t block, const float* u,
                       int64_t depth, float* g) {
  int64_t c = 0;
  for (; c + kGradientVectors * kLanes <= depth; c += kGradientVectors * kLanes)
    for (int64_t r = 0; r < block; r += kGradientRows)
      Accumulate<kGradientVectors>(w + r * row_step, row_step, term_step, block, u + c, depth,
                                   g + r * depth + c);
  for (; c < depth; c += kLanes)
    for (int64_t r = 0; r < block; r += kGradientRows)
      Accumulate<1>(w + r * row_step, row_step, term_step, block, u + c, depth, g + r * depth + c);
}

void add_product(const float* w, int64_t block, const float* u, int64_t depth, float* g) {
  AddProduct(w, block, 1, block, u, depth, g);
}

void add_transposed_product(const float* w, int64_t block, const float* u, int64_t depth, float* g) {
  AddProduct(w, 1, block, block, u, depth, g);
}

void add_exponentials(const float* t, int64_t block, float* max, double* sum) {
  for (int64_t r = 0; r < block; ++r, t += block) {
    Lanes largest = Lanes{} + max[r];
    for (int64_t c = 0; c < block; c += kLanes) largest = Max(largest, Load(t + c));
    float top = largest[0];
    for (int64_t i = 1; i < kLanes; ++i) top = largest[i] > top ? largest[i] : top;
    Lanes total{};
    for (int64_t c = 0; c < block; c += kLanes) total += ClampedExp2(Load(t + c) - top);
    sum[r] = sum[r] * ClampedExp2(Lanes{} + (max[r] - top))[0] + Sum(total);
    max[r] = top;
  }
}

void weigh_exponents(float* t, int64_t block, const float* rows, const float* columns) {
  for (int64_t r = 0; r < block; ++r)
    for (int64_t c = 0; c < block; c += kLanes) {
      float* x = t + r * block + c;
      Store(x, ClampedExp2(Load(x) - rows[r]) + ClampedExp2(Load(x) - Load(columns + c)));
    }
}

}  // namespace

const NtXentLoops kNtXent = {dot,         exponentials,           exponents,        add_sums,       weigh,
                             add_product, add_transposed_product, add_exponentials, weigh_exponents};

}  // namespace clmr::kernels::CLMR_ISA
