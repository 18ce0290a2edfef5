#pragma once
// Vectors of floats, as wide as the instruction set that the file is compiled for. Everything here is local to its file:
// a function compiled for AVX-512 must never serve another one at link time.
#include <cstdint>
#include <cstring>

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
// Before a loop that adds up in registers. Where g++ 12 thinks that the loop may be left at once, it clears the sums in memory
// too, which takes as long as some of its rounds.
[[maybe_unused]] inline void AtLeastOne(int64_t count) {
  if (count < 1) __builtin_unreachable();
}
// A NaN in either is kept.
[[maybe_unused]] inline Lanes Max(Lanes a, Lanes b) { return (a > b) | (a != a) ? a : b; }
// Keeps a NaN, which the comparison the other way round would hide.
[[maybe_unused]] inline Lanes Relu(Lanes a) { return a < Lanes{} ? Lanes{} : a; }

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
