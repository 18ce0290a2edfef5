#include "kernels/reference/sample_cnn_forward.h"

#include <ATen/ATen.h>

namespace clmr::kernels::reference {

at::Tensor conv1d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, int64_t stride,
                  int64_t padding) {
  return at::conv1d(x, weight, bias, {stride}, {padding});
}

at::Tensor batch_norm(const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& beta,
                      const at::Tensor& running_mean, const at::Tensor& running_var, bool training) {
  return at::batch_norm(x, gamma, beta, running_mean, running_var, training, kBatchNormMomentum,
                        kBatchNormEps,
                        /*cudnn_enabled=*/true);
}

at::Tensor relu_max_pool(const at::Tensor& x, bool pooled) {
  const at::Tensor active = at::relu(x);
  return pooled ? at::max_pool1d(active, {kPool}, {kPool}) : active;
}

at::Tensor projector_forward(const at::Tensor& x, const at::Tensor& first, const at::Tensor& second) {
  return at::linear(at::relu(at::linear(x, first)), second);
}

}  // namespace clmr::kernels::reference
