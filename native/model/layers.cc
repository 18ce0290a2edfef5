#include "model/layers.h"

#include <ATen/ATen.h>

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

}  // namespace clmr
