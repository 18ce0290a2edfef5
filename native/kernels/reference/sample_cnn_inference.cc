#include "kernels/reference/sample_cnn_inference.h"

#include <ATen/ATen.h>

#include "kernels/reference/sample_cnn_forward.h"

namespace clmr::kernels::reference {

std::pair<at::Tensor, at::Tensor> fold_batch_norm(const at::Tensor& weight, const at::Tensor& bias,
                                                  const at::Tensor& gamma, const at::Tensor& beta,
                                                  const at::Tensor& running_mean,
                                                  const at::Tensor& running_var, at::ScalarType dtype) {
  const auto wide = [](const at::Tensor& x) { return x.detach().to(at::kDouble); };
  const at::Tensor scale = wide(gamma) * at::rsqrt(wide(running_var) + kBatchNormEps);
  const at::Tensor shift = (wide(bias) - wide(running_mean)) * scale + wide(beta);
  return {(wide(weight) * scale.view({-1, 1, 1})).to(dtype), shift.to(dtype)};
}

at::Tensor conv_pool_relu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          int64_t stride, int64_t padding, bool pooled) {
  at::Tensor y = at::conv1d(x, weight, bias, {stride}, {padding});
  if (pooled) y = at::max_pool1d(y, {kPool}, {kPool});
  return y.relu_();
}

}  // namespace clmr::kernels::reference
