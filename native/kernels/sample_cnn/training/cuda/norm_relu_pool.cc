#include "kernels/sample_cnn/training/cuda/norm_relu_pool.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include "kernels/cuda/launch_scope.h"
#include "kernels/sample_cnn/cuda/pool_layout.h"
#include "kernels/sample_cnn/training/cuda/launch.h"

namespace clmr::kernels::cuda {
namespace {

// The tensors of a pass, in the layout of y, and the pass over them
struct Tensors {
  at::Tensor y, gamma, beta, extremes, mean, variance, parts;

  NormPass Pass(const PoolShape& shape) const {
    return {.shape = shape,
            .half = y.scalar_type() == at::kBFloat16,
            .eps = kBatchNormEps,
            .y = y.const_data_ptr(),
            .gamma = gamma.const_data_ptr<float>(),
            .beta = beta.const_data_ptr<float>(),
            .extremes = extremes.mutable_data_ptr(),
            .parts = parts.mutable_data_ptr<double>(),
            .mean = mean.mutable_data_ptr<float>(),
            .variance = variance.mutable_data_ptr<float>()};
  }
};

at::Tensor Parts(const PoolShape& shape, const at::Tensor& y) {
  return at::empty({NormParts(shape), shape.channels, 2}, y.options().dtype(at::kDouble));
}

}  // namespace

std::array<at::Tensor, 4> norm_relu_pool(const at::Tensor& y, const ConvBlock& block) {
  const LaunchScope launch(y);
  const at::Tensor in = Compact(y, HasChannelsLast(y)), bias = block.bias.contiguous();
  const PoolShape shape = ShapeOf(in, block.pool != 1);
  const at::TensorOptions of_channels = in.options().dtype(at::kFloat);
  const int64_t windows = shape.samples / shape.pool;
  const Tensors t{in,
                  block.gamma.contiguous(),
                  block.beta.contiguous(),
                  EmptyLike(shape, windows, in.options()),
                  at::empty({shape.channels}, of_channels),
                  at::empty({shape.channels}, of_channels),
                  Parts(shape, in)};
  const RunningStatistics running{bias.const_data_ptr<float>(), block.running_mean.mutable_data_ptr<float>(),
                                  block.running_var.mutable_data_ptr<float>(),
                                  static_cast<float>(kBatchNormMomentum)};
  const at::Tensor out = EmptyLike(shape, windows, in.options());
  LaunchNormReluPool(t.Pass(shape), running, out.mutable_data_ptr(), launch.stream());
  launch.CheckLaunches();
  return {out, t.extremes, t.mean, t.variance};
}

std::array<at::Tensor, 3> norm_relu_pool_backward(const at::Tensor& upstream, const at::Tensor& y,
                                                  const ConvBlock& block,
                                                  const std::array<at::Tensor, 3>& kept) {
  const LaunchScope launch(y);
  const at::Tensor in = Compact(y, HasChannelsLast(y));
  const PoolShape shape = ShapeOf(in, block.pool != 1);
  const Tensors t{in,      block.gamma.contiguous(), block.beta.contiguous(), kept[0], kept[1],
                  kept[2], Parts(shape, in)};
  const at::Tensor down = Compact(upstream.to(in.scalar_type()), shape.channels_last);
  const std::array<at::Tensor, 3> result{EmptyLike(shape, shape.samples, in.options()),
                                         at::empty_like(t.gamma), at::empty_like(t.beta)};
  LaunchNormReluPoolBackward(t.Pass(shape),
                             {down.const_data_ptr(), result[0].mutable_data_ptr(),
                              result[1].mutable_data_ptr<float>(), result[2].mutable_data_ptr<float>()},
                             launch.stream());
  launch.CheckLaunches();
  return result;
}

}  // namespace clmr::kernels::cuda
