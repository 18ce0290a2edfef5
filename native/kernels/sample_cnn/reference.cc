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

}  // namespace clmr::kernels::reference
