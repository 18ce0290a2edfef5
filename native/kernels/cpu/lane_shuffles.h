#pragma once
// Lanes that change places. Local to its file, like lanes.h.
#include <utility>

#include "kernels/cpu/lanes.h"

namespace {

typedef int32_t IntLanes __attribute__((vector_size(4 * kLanes)));
constexpr int kWidth = static_cast<int>(kLanes);

// lane i ← (a then b)[kFrom(i)]
template <auto kFrom>
[[maybe_unused]] inline Lanes Shuffle(Lanes a, Lanes b) {
  return [&]<int... I>(std::integer_sequence<int, I...>) {
#if defined(__clang__)
    return __builtin_shufflevector(a, b, kFrom(I)...);
#else
    return __builtin_shuffle(a, b, IntLanes{kFrom(I)...});
#endif
  }(std::make_integer_sequence<int, kWidth>{});
}

// lane i ← lane i − K, zeros before
template <int K>
[[maybe_unused]] inline Lanes ShiftUp(Lanes a) {
  return Shuffle<[](int i) { return i < K ? kWidth + i : i - K; }>(a, Lanes{});
}

// The last lane everywhere.
[[maybe_unused]] inline Lanes LastOf(Lanes a) {
  return Shuffle<[](int) { return kWidth - 1; }>(a, a);
}

[[maybe_unused]] inline Lanes Reversed(Lanes a) {
  return Shuffle<[](int i) { return kWidth - 1 - i; }>(a, a);
}

// 0, 1, 2 …
[[maybe_unused]] inline IntLanes Iota() {
  return []<int... I>(std::integer_sequence<int, I...>) {
    return IntLanes{I...};
  }(std::make_integer_sequence<int, kWidth>{});
}
[[maybe_unused]] inline Lanes ToLanes(IntLanes a) { return __builtin_convertvector(a, Lanes); }

[[maybe_unused]] inline Lanes FiniteOrZero(Lanes a) { return a - a == Lanes{} ? a : Lanes{}; }
// A NaN is kept.
[[maybe_unused]] inline Lanes ClipToFullScale(Lanes a) {
  const Lanes one = Lanes{} + 1.0f;
  a = a > one ? one : a;
  return a < -one ? -one : a;
}

// A square of kLanes vectors on its diagonal: log2(kLanes) perfect shuffles.
[[maybe_unused]] inline void Transpose(Lanes* v) {
  for (int round = 1; round < kWidth; round *= 2) {
    Lanes t[kLanes];
    for (int i = 0; i < kWidth / 2; ++i) {
      const Lanes a = v[i], b = v[i + kWidth / 2];
      t[2 * i] = Shuffle<[](int l) { return l / 2 + l % 2 * kWidth; }>(a, b);
      t[2 * i + 1] = Shuffle<[](int l) { return kWidth / 2 + l / 2 + l % 2 * kWidth; }>(a, b);
    }
    for (int i = 0; i < kWidth; ++i) v[i] = t[i];
  }
}

// lane i ← sum over the lanes of a[i]; `a` is used up.
template <int kHalf = kWidth / 2>
[[maybe_unused]] inline Lanes SumEach(Lanes* a) {
  for (int i = 0; i < kHalf; ++i) {
    const Lanes x = a[i], y = a[i + kHalf];
    a[i] = Shuffle<[](int l) { return l & kHalf ? kWidth + (l ^ kHalf) : l; }>(x, y) +
           Shuffle<[](int l) { return l & kHalf ? kWidth + l : l ^ kHalf; }>(x, y);
  }
  if constexpr (kHalf > 1) {
    return SumEach<kHalf / 2>(a);
  } else {
    return a[0];
  }
}

}  // namespace
