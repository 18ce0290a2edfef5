#include "model/layers.h"

#include <ATen/ATen.h>

#include "kernels/nt_xent/nt_xent.h"

namespace clmr {

at::Tensor BatchNorm(const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& beta,
                     const at::Tensor& running_mean, const at::Tensor& running_var, bool training) {
  return at::batch_norm(x, gamma, beta, running_mean, running_var, training, kBatchNormMomentum,
                        kBatchNormEps,
                        /*cudnn_enabled=*/true);
}

std::pair<at::Tensor, at::Tensor> FoldBatchNorm(const ConvBlock& block) {
  const auto wide = [](const at::Tensor& x) { return x.detach().to(at::kDouble); };
  const at::Tensor scale = wide(block.gamma) * at::rsqrt(wide(block.running_var) + kBatchNormEps);
  const at::Tensor shift = (wide(block.bias) - wide(block.running_mean)) * scale + wide(block.beta);
  return {wide(block.weight) * scale.view({-1, 1, 1}), shift};
}

at::Tensor UnitRows(const at::Tensor& z) {
  constexpr double kLeast = kernels::kSmallestNorm;
  // ‖z‖ = scale · ‖z / scale‖ for any scale, so the scale needs no gradient.
  const at::Tensor scale = z.detach().abs().amax(1, /*keepdim=*/true).clamp_min(kLeast);
  const at::Tensor scaled = z / scale;
  const at::Tensor norm = at::linalg_vector_norm(scaled, 2, at::IntArrayRef{1}, /*keepdim=*/true);
  return scaled / at::maximum(norm, kLeast / scale);
}

}  // namespace clmr
