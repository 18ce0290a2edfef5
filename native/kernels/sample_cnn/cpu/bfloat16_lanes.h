#pragma once
// Vectors of bfloat16, to and from float32. Local to the file that includes it, as everything in lanes.h.
#include "kernels/cpu/lanes.h"

namespace {

inline Words ToWords(Halves half) {
#if defined(CLMR_ISA_avx512)
  return (Words)_mm512_maskz_cvtepu16_epi32(
      0xffff, (__m256i)half);  // g++ 12 makes ten instructions of the conversion
#else
  return __builtin_convertvector(half, Words);
#endif
}

[[maybe_unused]] inline Lanes Load(const uint16_t* p) {
  Halves half;
  std::memcpy(&half, p, sizeof half);
  return (Lanes)(ToWords(half) << 16);
}

#if defined(__AVX512BF16__)
// The CPU's own rounding: to nearest even, what is below 2⁻¹²⁶ becomes 0.
[[maybe_unused]] inline Words Narrow(Lanes v) { return ToWords((Halves)_mm512_cvtneps_pbh((__m512)v)); }
[[maybe_unused]] inline void Store(uint16_t* p, Lanes v) {
  const __m256bh half = _mm512_cvtneps_pbh((__m512)v);
  std::memcpy(p, &half, sizeof half);
}
#else
[[maybe_unused]] inline Words Narrow(Lanes v) {
  uint16_t half[kLanes];
  StoreBfloat16(half, v);
  return (Words)Load(half) >> 16;
}
[[maybe_unused]] inline void Store(uint16_t* p, Lanes v) { StoreBfloat16(p, v); }
#endif

// Pairs of values interleaved: the first ones with zeros beside them, then the second ones.
[[maybe_unused]] inline void StoreFirst(uint16_t* pairs, Lanes v) {
  const Words words = Narrow(v);
  std::memcpy(pairs, &words, sizeof words);
}
[[maybe_unused]] inline void StoreSecond(uint16_t* pairs, Lanes v) {
  Words words;
  std::memcpy(&words, pairs, sizeof words);
  words |= Narrow(v) << 16;
  std::memcpy(pairs, &words, sizeof words);
}

[[maybe_unused]] inline void StoreBoth(uint16_t* pairs, Lanes first, Lanes second) {
#if defined(__AVX512BF16__)
  alignas(64) static constexpr auto kInterleaved = [] {
    struct {
      uint16_t at[2 * kLanes];
    } order{};
    for (int i = 0; i < 2 * kLanes; ++i) order.at[i] = static_cast<uint16_t>(i / 2 + i % 2 * kLanes);
    return order;
  }();
  const __m512i both = (__m512i)_mm512_cvtne2ps_pbh((__m512)second, (__m512)first);
  const __m512i words = _mm512_permutexvar_epi16(_mm512_load_si512(&kInterleaved), both);
#else
  const Words words = Narrow(first) | Narrow(second) << 16;
#endif
  std::memcpy(pairs, &words, sizeof words);
}

}  // namespace
