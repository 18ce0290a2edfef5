#include "model/sample_cnn.h"

#include <ATen/ATen.h>

#include <array>

#include "kernels/sample_cnn/training/training.h"
#include "model/initial_weights.h"
#include "model/layers.h"

namespace clmr {
namespace {

constexpr int kBlocks = 11;
constexpr int64_t kKernel = 3;
// channels that enter block i; the last place: those that leave block 10
constexpr std::array<int64_t, kBlocks + 1> kChannels = {1,   128, 128, 128, 256, 256,
                                                        256, 256, 256, 256, 512, 512};

// Block 0 strides instead of pooling, block 10 sees length 1.
ConvBlock EmptyBlock(int i) {
  ConvBlock block;
  block.stride = i == 0 ? 3 : 1;
  block.padding = i == 0 ? 0 : 1;
  block.pooled = i != 0 && i != kBlocks - 1;
  return block;
}

// Makes a backward pass through `x` look at the flag. The flag has to outlive that pass.
void ThrowInBackward(const at::Tensor& x, const AbortFlag& abort) {
  if (!x.requires_grad()) return;
  x.register_hook([flag = &abort](const at::Tensor&) { throw_if_aborted(*flag); });
}

}  // namespace

// Everything but the weights of the convolutions, which have no value yet.
SampleCnn SampleCnn::Blank() {
  SampleCnn model;
  for (int i = 0; i < kBlocks; ++i) {
    const int64_t in = kChannels[i], out = kChannels[i + 1];
    ConvBlock block = EmptyBlock(i);
    block.weight = at::empty({out, in, kKernel}, at::kFloat);
    block.bias = at::empty({out}, at::kFloat);
    block.gamma = at::ones({out}, at::kFloat);
    block.beta = at::zeros({out}, at::kFloat);
    block.running_mean = at::zeros({out}, at::kFloat);
    block.running_var = at::ones({out}, at::kFloat);
    block.batches_tracked = at::zeros({}, at::kFloat);
    model.blocks.push_back(std::move(block));
  }
  return model;
}

SampleCnn SampleCnn::Create(uint64_t seed) {
  SampleCnn model = Blank();
  for (int i = 0; i < kBlocks; ++i) {
    ConvBlock& block = model.blocks[i];
    const int64_t fan_in = kChannels[i] * kKernel;
    block.weight = InitialWeights(block.weight.sizes(), fan_in, seed, WeightStream::encoder, i, 0);
    block.bias = InitialWeights(block.bias.sizes(), fan_in, seed, WeightStream::encoder, i, 1);
  }
  return model;
}

SampleCnn SampleCnn::FromState(const NamedTensors& state) {
  SampleCnn model = Blank();
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
  if (clips.dim() != 2 || clips.size(1) != kClipLength)
    throw Error("ERR_SHAPE", "SampleCNN expects clips [N, " + std::to_string(kClipLength) + "]");
  const bool fused = training && wants_fused && kernels::TrainingServes(blocks, clips);
  at::Tensor x = fused ? kernels::TrainingForward(blocks, clips, abort, precision) : clips.unsqueeze(1);
  for (size_t i = fused ? kernels::kTrainingBlocks : 0; i < blocks.size(); ++i) {
    throw_if_aborted(abort);
    x = ConvBlockForward(blocks[i], x, training);
    ThrowInBackward(x, abort);
  }
  return x.squeeze(2);
}

}  // namespace clmr
