#include "kernels/nt_xent/reference.h"

#include <ATen/ATen.h>

#include <limits>

#include "kernels/nt_xent/nt_xent.h"

namespace clmr::kernels::reference {
namespace {

// z [N, D] → rows of length 1. ‖z‖ = scale · ‖z / scale‖ for any scale, so the scale needs no gradient, and
// squares neither overflow nor underflow.
at::Tensor UnitRows(const at::Tensor& z) {
  const at::Tensor scale = z.detach().abs().amax(1, /*keepdim=*/true).clamp_min(kSmallestNorm);
  const at::Tensor scaled = z / scale;
  const at::Tensor norm = at::linalg_vector_norm(scaled, 2, at::IntArrayRef{1}, /*keepdim=*/true);
  return scaled / at::maximum(norm, kSmallestNorm / scale);
}

}  // namespace

at::Tensor nt_xent(const at::Tensor& z, int64_t views, const at::Tensor& temperature) {
  const at::Tensor tau = temperature.to(at::kDouble);
  const int64_t rows = z.size(0);
  const at::Tensor u = UnitRows(z.to(at::kDouble));
  const at::TensorOptions mask = z.options().dtype(at::kBool);

  // log Σ_{k≠i} exp(sim(i,k)/τ) [N]
  const at::Tensor similarity = at::matmul(u, u.t()) / tau;
  const at::Tensor others = at::logsumexp(
      similarity.masked_fill(at::eye(rows, mask), -std::numeric_limits<double>::infinity()), {1});

  // mean over the positives j of sim(i,j)/τ [B, V]
  const at::Tensor by_example = u.view({rows / views, views, z.size(1)});
  const at::Tensor within = at::bmm(by_example, by_example.transpose(1, 2)) / tau;
  const at::Tensor positives = within.masked_fill(at::eye(views, mask), 0).sum({2}) / (views - 1);

  return others.mean() - positives.mean();
}

}  // namespace clmr::kernels::reference
