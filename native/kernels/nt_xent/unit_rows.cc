#include "kernels/nt_xent/unit_rows.h"

#include <ATen/ATen.h>

namespace clmr::kernels {

at::Tensor unit_rows(const at::Tensor& z) {
  // ‖z‖ = scale · ‖z / scale‖ for any scale, so the scale needs no gradient.
  const at::Tensor scale = z.detach().abs().amax(1, /*keepdim=*/true).clamp_min(kSmallestNorm);
  const at::Tensor scaled = z / scale;
  const at::Tensor norm = at::linalg_vector_norm(scaled, 2, at::IntArrayRef{1}, /*keepdim=*/true);
  return scaled / at::maximum(norm, kSmallestNorm / scale);
}

}  // namespace clmr::kernels
