#pragma once
// NT-Xent, its gradient and that of the temperature, in memory O(N·d): tiles of the matrix of similarities
// are made, used and forgotten, or kept up to 16 MB.
//
// u = z / ‖z‖, E_ij = exp(u_i·u_j / τ), a_i = Σ_{k≠i} E_ik; P_i: the other views of the example of row i, V −
// 1 of them.
//   loss   = mean over i and p ∈ P_i of log(a_i / E_ip)
//   ∂/∂u_k = 1/(Nτ) · [Σ_{j∉P_k} E_kj (1/a_k + 1/a_j) u_j + Σ_{p∈P_k} (c_kp + c_pk) u_p],  c_kp = E_kp/a_k −
//   1/(V−1) ∂/∂τ   = −1/(2τ) · Σ_k u_k·∂/∂u_k, since the loss sees u only through u_i·u_j / τ
// E is symmetric, and so is the weight of u_j in ∂/∂u_k: half of the tiles are enough. Rows of one example
// are kept out of the tiles and done apart in float64, so that aligned pairs lose nothing to cancellation.
#include <cstdint>

#include "error.h"
#include "kernels/by_isa.h"

namespace clmr::kernels {

struct NtXentResult {
  double loss = 0, temperature_gradient = 0;
};

// z [rows, dim], row = example·views + view, views ≥ 2 → the loss, and where `gradient` [rows, dim] is given,
// it is filled and the temperature's gradient told. NaN where z is not finite. The bits depend neither on the
// number of threads nor on the run. Where all tiles fit some megabytes, each block of rows gathers its own
// sums, one thread a block, and tiles are kept for the gradient. Otherwise a tile serves both of its blocks
// at once: in every round each block meets one other, and sums come in the order of the rounds.
NtXentResult nt_xent(const float* z, int64_t rows, int64_t dim, int64_t views, double temperature,
                     float* gradient, const AbortFlag& abort);

// Packed rows lie in panels of 48, [depth, 48] each. depth is a multiple of 16, block one of 48.
constexpr int64_t kNtXentPanel = 48, kNtXentMaxBlock = 144, kNtXentDepth = 16;

// What one thread does with a tile of [block, block] values. a and b: packed rows, u: the same rows as
// [block, depth].
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
