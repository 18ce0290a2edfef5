#pragma once
// Vectors of floats, as wide as the instruction set that the file is compiled for. Everything here is local
// to the file that includes it: the linker must never take a function that was compiled for AVX-512 for all.
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

#if defined(CLMR_ISA_avx512)
constexpr int64_t kLanes = 16;
#elif defined(CLMR_ISA_avx2)
constexpr int64_t kLanes = 8;
#else
constexpr int64_t kLanes = 4;
#endif

typedef float Lanes __attribute__((vector_size(4 * kLanes)));

[[maybe_unused]] inline Lanes Load(const float* p) {
  Lanes v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
[[maybe_unused]] inline void Store(float* p, Lanes v) { std::memcpy(p, &v, sizeof v); }
// Call it before a loop that adds up in registers. Where g++ 12 believes that the loop may not run at all, it
// clears the sums in memory as well, which costs as much as some rounds of the loop. The behaviour is
// undefined where count is less than 1.
[[maybe_unused]] inline void AtLeastOne(int64_t count) {
  if (count < 1) __builtin_unreachable();
}
// The larger one; b where either is NaN. By the name of the instruction: g++ 12 would compare and select.
[[maybe_unused]] inline Lanes Larger(Lanes a, Lanes b) {
#if defined(CLMR_ISA_avx512)
  return (Lanes)_mm512_maskz_max_ps(0xffff, (__m512)a, (__m512)b);  // g++ 12 warns of the other form
#elif defined(CLMR_ISA_avx2)
  return (Lanes)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__x86_64__)
  return (Lanes)_mm_max_ps((__m128)a, (__m128)b);
#else
  return a > b ? a : b;
#endif
}
// A NaN in either is kept.
[[maybe_unused]] inline Lanes Max(Lanes a, Lanes b) { return (a > b) | (a != a) ? a : b; }
// Keeps a NaN.
[[maybe_unused]] inline Lanes Relu(Lanes a) { return Larger(Lanes{}, a); }

// float32 → bfloat16, to nearest, ties to even; NaN stays NaN, whatever its bits
typedef uint32_t Words __attribute__((vector_size(4 * kLanes)));
typedef uint16_t Halves __attribute__((vector_size(2 * kLanes)));
[[maybe_unused]] inline void StoreBfloat16(uint16_t* target, Lanes x) {
  Words bits;
  std::memcpy(&bits, &x, sizeof bits);
  const Words rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const Words quiet = (bits >> 16) | 0x40;
  const Halves halves = __builtin_convertvector(x == x ? rounded : quiet, Halves);
  std::memcpy(target, &halves, sizeof halves);
}

}  // namespace
