#pragma once
// The fast loops of NT-Xent, compiled once for each instruction set.
#include <cstdint>

#include "kernels/by_isa.h"

namespace clmr::kernels {

// Packed rows lie in panels of 48, [depth, 48] each. depth is a multiple of 16, block one of 48.
constexpr int64_t kNtXentPanel = 48, kNtXentMaxBlock = 144, kNtXentDepth = 16;

// What one thread does with a tile of [block, block] values. a and b: packed rows;
// u: the same rows as [block, depth].
struct NtXentLoops {
  double (*dot)(const float* a, const float* b, int64_t depth);
  // e = 2^(scale·a·b − shift), for exponents of −125 to 127
  void (*exponentials)(const float* a, const float* b, int64_t depth, int64_t block, float scale, float shift,
                       float* e);
  // t = scale·a·b
  void (*exponents)(const float* a, const float* b, int64_t depth, int64_t block, float scale, float* t);
  // rows += the sums over columns, columns += the sums over rows
  void (*add_sums)(const float* e, int64_t block, double* rows, double* columns);
  // w = e · (rows + columns); w may be e
  void (*weigh)(const float* e, int64_t block, const float* rows, const float* columns, float* w);
  // g [block, depth] += w·u, or wᵀ·u
  void (*add_product)(const float* w, int64_t block, const float* u, int64_t depth, float* g);
  void (*add_transposed_product)(const float* w, int64_t block, const float* u, int64_t depth, float* g);
  // For any exponents: sum · 2^max of every row grows by its 2^t, with max the largest so far
  void (*add_exponentials)(const float* t, int64_t block, float* max, double* sum);
  // t → 2^(t − rows) + 2^(t − columns), for differences of up to 127
  void (*weigh_exponents)(float* t, int64_t block, const float* rows, const float* columns);
};

CLMR_BY_ISA(NtXentLoops, kNtXent);

}  // namespace clmr::kernels
