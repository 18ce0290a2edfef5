#include "model/layers.h"

#include <ATen/ATen.h>

#include "kernels/nt_xent/nt_xent.h"
#include "kernels/sample_cnn/training/training.h"

namespace clmr {

at::Tensor BatchNorm(const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& beta,
                     const at::Tensor& running_mean, const at::Tensor& running_var, bool training) {
  return at::batch_norm(x, gamma, beta, running_mean, running_var, training, kBatchNormMomentum,
                        kBatchNormEps,
                        /*cudnn_enabled=*/true);
}

namespace {

// As [N, C, 1, T] with channels last in memory. A copy only where they are not there already.
at::Tensor ChannelsLast(const at::Tensor& x) {
  return x.unsqueeze(2).contiguous(at::MemoryFormat::ChannelsLast);
}

// y [N, C, T] or [N, C, 1, T] → BatchNorm · ReLU: the same shape
at::Tensor NormRelu(const ConvBlock& block, const at::Tensor& y, bool training) {
  if (training) at::Tensor(block.batches_tracked).add_(1);
  return at::relu(BatchNorm(y, block.gamma, block.beta, block.running_mean, block.running_var, training));
}

}  // namespace

at::Tensor ConvBlockForward(const ConvBlock& block, const at::Tensor& x, bool training, Precision precision) {
  const at::ScalarType type = precision == Precision::bfloat16 ? at::kBFloat16 : x.scalar_type();
  const at::Tensor in = x.to(type), weight = block.weight.to(type), bias = block.bias.to(type);
  if (x.is_cpu()) {
    const at::Tensor y =
        NormRelu(block, at::conv1d(in, weight, bias, {block.stride}, {block.padding}), training);
    return block.pool > 1 ? at::max_pool1d(y, {block.pool}, {block.pool}) : y;
  }
  const bool last = type == at::kBFloat16 || at::globalContext().allowTF32CuDNN();
  const auto flat = [&](const at::Tensor& t) { return last ? ChannelsLast(t) : t.unsqueeze(2); };
  const auto convolve = [&](const at::Tensor& added) {
    return at::conv2d(flat(in), flat(weight), added, at::IntArrayRef{1, block.stride},
                      at::IntArrayRef{0, block.padding});
  };
  if (training && kernels::NormReluPoolServes(block, in))
    return kernels::norm_relu_pool(convolve({}).squeeze(2), block);
  const at::Tensor y = NormRelu(block, convolve(bias), training);
  return (block.pool > 1 ? at::max_pool2d(y, {1, block.pool}, {1, block.pool}) : y).squeeze(2);
}

std::pair<at::Tensor, at::Tensor> FoldBatchNorm(const ConvBlock& block) {
  const auto wide = [](const at::Tensor& x) { return x.detach().to(at::kDouble); };
  const at::Tensor scale = wide(block.gamma) * at::rsqrt(wide(block.running_var) + kBatchNormEps);
  const at::Tensor shift = (wide(block.bias) - wide(block.running_mean)) * scale + wide(block.beta);
  return {wide(block.weight) * scale.view({-1, 1, 1}), shift};
}

at::Tensor UnitRows(const at::Tensor& z) {
  constexpr double kLeast = kernels::kSmallestNorm;
  // ‖z‖ = scale · ‖z / scale‖ for any scale, so the scale needs no gradient.
  const at::Tensor scale = z.detach().abs().amax(1, /*keepdim=*/true).clamp_min(kLeast);
  const at::Tensor scaled = z / scale;
  const at::Tensor norm = at::linalg_vector_norm(scaled, 2, at::IntArrayRef{1}, /*keepdim=*/true);
  return scaled / at::maximum(norm, kLeast / scale);
}

}  // namespace clmr
