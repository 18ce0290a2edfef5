#include "model/sample_cnn.h"

#include <ATen/ATen.h>

#include "kernels/sample_cnn/training/training.h"
#include "model/initial_weights.h"

namespace clmr {
namespace {

constexpr int64_t kOuterKernel = 3;  // of the first layer and the last

// Everything but the weight and bias of the convolution, which have no value yet.
ConvBlock BlankBlock(int64_t in, int64_t out, int64_t kernel) {
  ConvBlock block;
  block.weight = at::empty({out, in, kernel}, at::kFloat);
  block.bias = at::empty({out}, at::kFloat);
  block.gamma = at::ones({out}, at::kFloat);
  block.beta = at::zeros({out}, at::kFloat);
  block.running_mean = at::zeros({out}, at::kFloat);
  block.running_var = at::ones({out}, at::kFloat);
  block.batches_tracked = at::zeros({}, at::kFloat);
  return block;
}

// Makes a backward pass through `x` look at the flag. The flag has to outlive that pass.
void ThrowInBackward(const at::Tensor& x, const AbortFlag& abort) {
  if (!x.requires_grad()) return;
  x.register_hook([flag = &abort](const at::Tensor&) { throw_if_aborted(*flag); });
}

}  // namespace

// The first layer strides instead of pooling, the last sees length 1.
SampleCnn SampleCnn::Blank(const Architecture& architecture) {
  Check(architecture);
  const auto& [strides, channels, clip_length] = architecture;
  SampleCnn model;
  model.architecture = architecture;
  model.blocks.push_back(BlankBlock(1, channels[0], kOuterKernel));
  model.blocks[0].stride = kOuterKernel;
  model.blocks[0].padding = 0;
  for (size_t i = 0; i < strides.size(); ++i) {
    model.blocks.push_back(BlankBlock(channels[i], channels[i + 1], strides[i]));
    model.blocks.back().pool = strides[i];
  }
  model.blocks.push_back(BlankBlock(channels.back(), channels.back(), kOuterKernel));
  model.blocks.front().pool = model.blocks.back().pool = 1;
  return model;
}

SampleCnn SampleCnn::Create(uint64_t seed, const Architecture& architecture) {
  SampleCnn model = Blank(architecture);
  for (size_t i = 0; i < model.blocks.size(); ++i) {
    ConvBlock& block = model.blocks[i];
    const int64_t fan_in = block.weight.size(1) * block.weight.size(2);
    block.weight = InitialWeights(block.weight.sizes(), fan_in, seed, WeightStream::encoder, i, 0);
    block.bias = InitialWeights(block.bias.sizes(), fan_in, seed, WeightStream::encoder, i, 1);
  }
  return model;
}

SampleCnn SampleCnn::FromState(const NamedTensors& state, const Architecture& architecture) {
  SampleCnn model = Blank(architecture);
  model.Load(state, "the weights of SampleCNN");
  return model;
}

ModuleTensors SampleCnn::Tensors() {
  ModuleTensors all;
  for (size_t i = 0; i < blocks.size(); ++i) {
    ConvBlock& block = blocks[i];
    Append(all, Under("sequential." + std::to_string(i) + ".",
                      {{"0.weight", &block.weight, Role::learned},
                       {"0.bias", &block.bias, Role::learned},
                       {"1.weight", &block.gamma, Role::learned},
                       {"1.bias", &block.beta, Role::learned},
                       {"1.running_mean", &block.running_mean, Role::statistics},
                       {"1.running_var", &block.running_var, Role::statistics},
                       {"1.num_batches_tracked", &block.batches_tracked, Role::statistics}}));
  }
  return all;
}

at::Tensor SampleCnn::Forward(const at::Tensor& clips, bool training, const AbortFlag& abort,
                              bool wants_fused, Precision precision) const {
  if (clips.dim() != 2 || clips.size(1) != ClipLength())
    throw Error("ERR_SHAPE", "SampleCNN expects clips [N, " + std::to_string(ClipLength()) + "]");
  const bool fused = training && wants_fused && kernels::TrainingServes(blocks, clips);
  at::Tensor x = fused ? kernels::TrainingForward(blocks, clips, abort, precision) : clips.unsqueeze(1);
  for (size_t i = fused ? kernels::kTrainingBlocks : 0; i < blocks.size(); ++i) {
    throw_if_aborted(abort);
    x = kernels::ConvBlockForward(blocks[i], x, training, fused ? Precision::float32 : precision);
    ThrowInBackward(x, abort);
  }
  return x.squeeze(2).to(clips.scalar_type());
}

}  // namespace clmr
