#include "kernels/sample_cnn/inference/cuda/bias_relu_pool.h"

#include <ATen/core/Tensor.h>

#include "kernels/cuda/launch_scope.h"
#include "kernels/sample_cnn/cuda/pool_layout.h"
#include "kernels/sample_cnn/inference/cuda/launch.h"

namespace clmr::kernels::cuda {

at::Tensor bias_relu_pool(const at::Tensor& x, const at::Tensor& bias, bool pooled) {
  const LaunchScope launch(x);
  const at::Tensor in = Compact(x, HasChannelsLast(x));
  const at::Tensor added = bias.to(at::kFloat).contiguous();
  const PoolShape shape = ShapeOf(in, pooled);
  const at::Tensor out = EmptyLike(shape, shape.samples / shape.pool, in.options());
  const float* bias_data = added.const_data_ptr<float>();
  if (in.scalar_type() == at::kBFloat16)
    LaunchBiasReluPool(static_cast<uint16_t*>(out.mutable_data_ptr()),
                       static_cast<const uint16_t*>(in.const_data_ptr()), bias_data, shape, launch.stream());
  else
    LaunchBiasReluPool(out.mutable_data_ptr<float>(), in.const_data_ptr<float>(), bias_data, shape,
                       launch.stream());
  launch.CheckLaunches();
  return out;
}

}  // namespace clmr::kernels::cuda
