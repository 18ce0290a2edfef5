#pragma once
// y[i] = Σ_k taps[k] · x[i + k] in tiles of eight output vectors. Each vector of x is loaded once and added
// to every output vector that needs it, with a tap that lies one vector's width further for each. Local to
// the file that includes it, like lanes.h.
#include <utility>

#include "kernels/cpu/lane_shuffles.h"

namespace {

constexpr int kFirVectors = 8;
constexpr int64_t kFirOutputs = kFirVectors * kLanes;

// Adds the products of x[0, 2·kLanes − 1) to the output vectors first … last of a tile.
template <int kFirst, int kLast>
void AddProducts(Lanes* sums, const float* x, const float* taps) {
  Lanes s[kFirVectors];
  for (int b = kFirst; b <= kLast; ++b) s[b] = sums[b];
#pragma GCC unroll 16
  for (int64_t r = 0; r < kLanes; ++r) {
    const Lanes v = Load(x + r);
#pragma GCC unroll 8
    for (int b = kFirst; b <= kLast; ++b) s[b] += taps[r - kLanes * b] * v;
  }
  for (int b = kFirst; b <= kLast; ++b) sums[b] = s[b];
}

using AddProductsFunction = void (*)(Lanes*, const float*, const float*);
template <int kIndex>
constexpr AddProductsFunction AddProductsAt() {
  if constexpr (kIndex / kFirVectors <= kIndex % kFirVectors) {
    return AddProducts<kIndex / kFirVectors, kIndex % kFirVectors>;
  } else {
    return nullptr;
  }
}
struct AddProductsTable {
  AddProductsFunction at[kFirVectors * kFirVectors];  // by first · kFirVectors + last
};
template <int... I>
constexpr AddProductsTable AllAddProducts(std::integer_sequence<int, I...>) {
  return {{AddProductsAt<I>()...}};
}
constexpr auto kAddProducts = AllAddProducts(std::make_integer_sequence<int, kFirVectors * kFirVectors>{});

// One tile of outputs; `count` is a multiple of kLanes; x is read up to kFirOutputs + count.
inline void ConvolveTile(const float* x, const float* taps, int64_t count, float* y) {
  const int vectors = static_cast<int>(count / kLanes);
  Lanes sums[kFirVectors] = {};
  for (int m = 0; m < vectors + kFirVectors - 1; ++m) {
    const int first = m < vectors ? 0 : m - vectors + 1, last = m < kFirVectors ? m : kFirVectors - 1;
    kAddProducts.at[first * kFirVectors + last](sums, x + m * kLanes, taps + m * kLanes);
  }
  for (int b = 0; b < kFirVectors; ++b) Store(y + b * kLanes, sums[b]);
}

// Writes n outputs and no more.
[[maybe_unused]] inline void Convolve(const float* x, const float* taps, int64_t count, float* y, int64_t n) {
  int64_t i = 0;
  for (; i + kFirOutputs <= n; i += kFirOutputs) ConvolveTile(x + i, taps, count, y + i);
  if (i == n) return;
  float rest[kFirOutputs];
  ConvolveTile(x + i, taps, count, rest);
  std::memcpy(y + i, rest, (n - i) * sizeof(float));
}

}  // namespace
