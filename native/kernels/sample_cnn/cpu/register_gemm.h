#pragma once
// The block of a matrix product that the registers hold, and how rows are cut into such blocks. Local to the
// file that includes it, as everything in lanes.h.
#include "kernels/cpu/lanes.h"

namespace {

// Sums of this many products are formed in registers and then added up. Such partial sums round half as much
// as one long sum, and F(6,3) magnifies the rounding here.
constexpr int64_t kPartDepth = 64;
constexpr int kColumnLanes = kLanes == 16 ? 4 : 2;

// c [kRows, columns] = a [kRows, depth] · b [depth, columns]; columns are a multiple of kColumnLanes · kLanes
template <int kRows>
[[maybe_unused]] inline void MultiplyRows(int64_t columns, int64_t depth, const float* a, int64_t lda,
                                          const float* b, int64_t ldb, float* c, int64_t ldc) {
  for (int64_t j = 0; j < columns; j += kColumnLanes * kLanes) {
    for (int64_t part = 0; part < depth; part += kPartDepth) {
      const int64_t end = part + kPartDepth < depth ? part + kPartDepth : depth;
      Lanes sum[kRows][kColumnLanes] = {};
      for (int64_t k = part; k < end; ++k) {
        Lanes row[kColumnLanes];
        for (int i = 0; i < kColumnLanes; ++i) row[i] = Load(b + k * ldb + j + i * kLanes);
        for (int r = 0; r < kRows; ++r)
          for (int i = 0; i < kColumnLanes; ++i) sum[r][i] += a[r * lda + k] * row[i];
      }
      for (int r = 0; r < kRows; ++r)
        for (int i = 0; i < kColumnLanes; ++i) {
          float* target = c + r * ldc + j + i * kLanes;
          Store(target, part ? Load(target) + sum[r][i] : sum[r][i]);
        }
    }
  }
}

// multiply.operator()<n>(r) for all rows: n of them from row r on. A row's bits do not depend on n.
template <class F>
[[maybe_unused]] inline void EachRows(int64_t rows, F multiply) {
  int64_t r = 0;
  for (; r + 6 <= rows; r += 6) multiply.template operator()<6>(r);
  for (; r + 3 <= rows; r += 3) multiply.template operator()<3>(r);
  for (; r + 2 <= rows; r += 2) multiply.template operator()<2>(r);
  if (r < rows) multiply.template operator()<1>(r);
}

}  // namespace
