#include "kernels/sample_cnn/reference.h"

#include <ATen/ATen.h>

namespace clmr::kernels::reference {

at::Tensor pool_relu(at::Tensor x, int64_t pool) {
  if (pool > 1) x = at::max_pool1d(x, {pool}, {pool});
  return x.relu_();
}

at::Tensor conv_pool_relu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          int64_t stride, int64_t padding, int64_t pool) {
  return pool_relu(at::conv1d(x, weight, bias, {stride}, {padding}), pool);
}

at::Tensor norm_relu_pool(const ConvBlock& block, const at::Tensor& y, bool training) {
  if (training) at::Tensor(block.batches_tracked).add_(1);
  const at::Tensor active =
      at::relu(at::batch_norm(y, block.gamma, block.beta, block.running_mean, block.running_var, training,
                              kBatchNormMomentum, kBatchNormEps, /*cudnn_enabled=*/true));
  if (block.pool == 1) return active;
  return y.dim() == 3 ? at::max_pool1d(active, {block.pool}, {block.pool})
                      : at::max_pool2d(active, {1, block.pool}, {1, block.pool});
}

at::Tensor conv_norm_relu_pool(const ConvBlock& block, const at::Tensor& x, bool training,
                               Precision precision) {
  const at::ScalarType type = ConvolutionType(x, precision);
  const at::Tensor y =
      at::conv1d(x.to(type), block.weight.to(type), block.bias.to(type), {block.stride}, {block.padding});
  return norm_relu_pool(block, y, training);
}

at::ScalarType ConvolutionType(const at::Tensor& x, Precision precision) {
  return precision == Precision::bfloat16 ? at::kBFloat16 : x.scalar_type();
}

}  // namespace clmr::kernels::reference
