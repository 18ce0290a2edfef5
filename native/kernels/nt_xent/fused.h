#pragma once
// The fused NT-Xent on the CPU: the loss, its gradient and that of the temperature in memory O(N·d). Tiles of
// the matrix of similarities are made, used and forgotten; they are kept where all of them take up to 16 MB.
//
// u = z / ‖z‖,  E_ij = exp(u_i·u_j / τ),  a_i = Σ_{k≠i} E_ik
// P_i: the other V − 1 views of the example of row i
//   loss   = mean over i and p ∈ P_i of log(a_i / E_ip)
//   ∂/∂u_k = 1/(Nτ) · [Σ_{j∉P_k} E_kj (1/a_k + 1/a_j) u_j + Σ_{p∈P_k} (c_kp + c_pk) u_p]
//   c_kp   = E_kp / a_k − 1 / (V−1)
//   ∂/∂τ   = −1/(2τ) · Σ_k u_k·∂/∂u_k, since the loss depends on u only through u_i·u_j / τ
//
// E is symmetric, and so is the weight of u_j in ∂/∂u_k: half of the tiles are enough. Pairs of the same
// example are left out of the tiles and computed apart in float64: aligned pairs lose no digits that way.
#include <cstdint>

#include "error.h"
#include "kernels/by_isa.h"
#include "kernels/nt_xent/nt_xent.h"

namespace clmr::kernels {

// z [N, D] float32 on the CPU, row = example·views + view, views ≥ 2 → the loss, and where `differentiate`
// its gradients. NaN where z is not finite. The bits depend neither on the number of threads nor on the run.
// Where all tiles fit into 16 MB, each thread takes blocks of rows, gathers their sums and keeps their tiles
// for the gradient. Otherwise each tile is used for both of its blocks at once: the blocks meet in rounds,
// each block one other block in each round, and sums are added in the order of the rounds.
NtXentValue nt_xent_fused(const at::Tensor& z, int64_t views, double temperature, Isa isa, bool differentiate,
                          const AbortFlag& abort);

}  // namespace clmr::kernels
