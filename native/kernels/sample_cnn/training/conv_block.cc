// One block by itself: which version runs, and in which layout.
#include <ATen/ATen.h>

#include "kernels/dispatch.h"
#include "kernels/sample_cnn/reference.h"
#include "kernels/sample_cnn/training/norm_relu_pool.h"
#include "kernels/sample_cnn/training/training.h"

namespace clmr::kernels {
namespace {

// [N, C, T] → [N, C, 1, T], channels last in memory where asked for. A copy only where they are not yet.
at::Tensor AsImage(const at::Tensor& x, bool channels_last) {
  const at::Tensor image = x.unsqueeze(2);
  return channels_last ? image.contiguous(at::MemoryFormat::ChannelsLast) : image;
}

at::Tensor BlockOnDevice(const ConvBlock& block, const at::Tensor& x, bool training, Precision precision) {
  const at::ScalarType type = reference::ConvolutionType(x, precision);
  const at::Tensor in = x.to(type), weight = block.weight.to(type);
  // as matrix units want it
  const bool channels_last = type == at::kBFloat16 || at::globalContext().allowTF32CuDNN();
  const auto convolve = [&](const at::Tensor& bias) {
    return at::conv2d(AsImage(in, channels_last), AsImage(weight, channels_last), bias,
                      at::IntArrayRef{1, block.stride}, at::IntArrayRef{0, block.padding});
  };
  if (training && NormReluPoolServes(block, in)) return norm_relu_pool(convolve({}).squeeze(2), block);
  return reference::norm_relu_pool(block, convolve(block.bias.to(type)), training).squeeze(2);
}

}  // namespace

at::Tensor ConvBlockForward(const ConvBlock& block, const at::Tensor& x, bool training, Precision precision) {
  if (x.is_cpu() || ActiveChoice().plain)
    return reference::conv_norm_relu_pool(block, x, training, precision);
  return BlockOnDevice(block, x, training, precision);
}

}  // namespace clmr::kernels
