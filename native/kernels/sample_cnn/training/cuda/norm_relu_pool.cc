#include "kernels/sample_cnn/training/cuda/norm_relu_pool.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include "kernels/cuda/on_device.h"
#include "kernels/sample_cnn/pool_layout.h"
#include "kernels/sample_cnn/training/cuda/launch.h"

namespace clmr::kernels::cuda {
namespace {

// The tensors of a pass, in the layout of y, and the pass over them
struct Tensors {
  at::Tensor y, gamma, beta, extremes, mean, variance, parts;

  NormPass Pass(const PoolShape& shape, double eps) const {
    return {.shape = shape,
            .half = y.scalar_type() == at::kBFloat16,
            .eps = eps,
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

std::array<at::Tensor, 4> norm_relu_pool(const at::Tensor& y, const at::Tensor& gamma, const at::Tensor& beta,
                                         double eps, bool pooled) {
  const OnDevice device(y);
  const at::Tensor in = Compact(y, HasChannelsLast(y));
  const PoolShape shape = ShapeOf(in, pooled);
  const at::TensorOptions of_channels = in.options().dtype(at::kFloat);
  const int64_t windows = shape.samples / shape.pool;
  const Tensors t{in,
                  gamma.contiguous(),
                  beta.contiguous(),
                  EmptyLike(shape, windows, in.options()),
                  at::empty({shape.channels}, of_channels),
                  at::empty({shape.channels}, of_channels),
                  Parts(shape, in)};
  const at::Tensor out = EmptyLike(shape, windows, in.options());
  LaunchNormReluPool(t.Pass(shape, eps), out.mutable_data_ptr(), device.stream());
  device.CheckLaunches();
  return {out, t.extremes, t.mean, t.variance};
}

std::array<at::Tensor, 3> norm_relu_pool_backward(const at::Tensor& upstream, const at::Tensor& y,
                                                  const at::Tensor& gamma, const at::Tensor& beta, double eps,
                                                  const std::array<at::Tensor, 4>& forward) {
  const OnDevice device(y);
  const at::Tensor in = Compact(y, HasChannelsLast(y));
  const PoolShape shape = ShapeOf(in, forward[0].size(2) != y.size(2));
  const Tensors t{in,         gamma.contiguous(), beta.contiguous(), forward[1],
                  forward[2], forward[3],         Parts(shape, in)};
  const at::Tensor down = Compact(upstream.to(in.scalar_type()), shape.channels_last);
  const std::array<at::Tensor, 3> result{EmptyLike(shape, shape.samples, in.options()),
                                         at::empty_like(t.gamma), at::empty_like(t.beta)};
  LaunchNormReluPoolBackward(t.Pass(shape, eps),
                             {down.const_data_ptr(), result[0].mutable_data_ptr(),
                              result[1].mutable_data_ptr<float>(), result[2].mutable_data_ptr<float>()},
                             device.stream());
  device.CheckLaunches();
  return result;
}

}  // namespace clmr::kernels::cuda
