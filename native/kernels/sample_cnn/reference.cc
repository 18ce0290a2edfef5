#include "kernels/sample_cnn/reference.h"

#include <ATen/ATen.h>

namespace clmr::kernels::reference {

at::Tensor conv_block(const at::Tensor& x, const ConvBlock& block, bool training) {
  const at::Tensor y = at::conv1d(x, block.weight, block.bias, {block.stride}, {block.padding});
  return relu_max_pool(at::batch_norm(y, block.gamma, block.beta, block.running_mean, block.running_var,
                                      training, kBatchNormMomentum, kBatchNormEps, /*cudnn_enabled=*/true),
                       block.pooled);
}

at::Tensor relu_max_pool(const at::Tensor& x, bool pooled) {
  const at::Tensor active = at::relu(x);
  return pooled ? at::max_pool1d(active, {kPool}, {kPool}) : active;
}

at::Tensor conv_pool_relu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          int64_t stride, int64_t padding, bool pooled) {
  at::Tensor y = at::conv1d(x, weight, bias, {stride}, {padding});
  if (pooled) y = at::max_pool1d(y, {kPool}, {kPool});
  return y.relu_();
}

}  // namespace clmr::kernels::reference
