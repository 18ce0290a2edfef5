#include "kernels/sample_cnn/reference.h"

#include <ATen/ATen.h>

namespace clmr::kernels::reference {

at::Tensor pool_relu(at::Tensor x, bool pooled) {
  if (pooled) x = at::max_pool1d(x, {kPool}, {kPool});
  return x.relu_();
}

at::Tensor conv_pool_relu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          int64_t stride, int64_t padding, bool pooled) {
  return pool_relu(at::conv1d(x, weight, bias, {stride}, {padding}), pooled);
}

}  // namespace clmr::kernels::reference
