#include "model/sample_cnn.h"

#include <ATen/ATen.h>

#include <array>

#include "kernels/sample_cnn/reference.h"
#include "kernels/sample_cnn/training/training.h"
#include "model/initial_weights.h"
#include "model/named_tensors.h"

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

// f(name, tensor) for the seven tensors of a block, in state-dict order
template <class Block, class F>
void ForEachTensor(Block& block, size_t i, F f) {
  const std::string at = "sequential." + std::to_string(i);
  f(at + ".0.weight", block.weight);
  f(at + ".0.bias", block.bias);
  f(at + ".1.weight", block.gamma);
  f(at + ".1.bias", block.beta);
  f(at + ".1.running_mean", block.running_mean);
  f(at + ".1.running_var", block.running_var);
  f(at + ".1.num_batches_tracked", block.batches_tracked);
}

// Makes a backward pass through `x` look at the flag. The flag has to outlive that pass.
void ThrowInBackward(const at::Tensor& x, const AbortFlag& abort) {
  if (!x.requires_grad()) return;
  x.register_hook([flag = &abort](const at::Tensor&) { throw_if_aborted(*flag); });
}

}  // namespace

SampleCnn SampleCnn::Create(uint64_t seed) {
  SampleCnn model;
  for (int i = 0; i < kBlocks; ++i) {
    const int64_t in = kChannels[i], out = kChannels[i + 1];
    ConvBlock block = EmptyBlock(i);
    block.weight = InitialWeights({out, in, kKernel}, in * kKernel, seed, WeightStream::encoder, i, 0);
    block.bias = InitialWeights({out}, in * kKernel, seed, WeightStream::encoder, i, 1);
    block.gamma = at::ones({out}, at::kFloat);
    block.beta = at::zeros({out}, at::kFloat);
    block.running_mean = at::zeros({out}, at::kFloat);
    block.running_var = at::ones({out}, at::kFloat);
    block.batches_tracked = at::zeros({}, at::kFloat);
    model.blocks.push_back(std::move(block));
  }
  return model;
}

SampleCnn SampleCnn::FromState(const NamedTensors& state) {
  SampleCnn model;
  StateReader reader(state, "SampleCNN");
  for (int i = 0; i < kBlocks; ++i) {
    const int64_t in = kChannels[i], out = kChannels[i + 1];
    ConvBlock block = EmptyBlock(i);
    ForEachTensor(block, i, [&](const std::string& name, at::Tensor& tensor) {
      if (&tensor == &block.weight)
        tensor = reader.Take(name, {out, in, kKernel});
      else if (&tensor == &block.batches_tracked)
        tensor = reader.Take(name, {});
      else
        tensor = reader.Take(name, {out});
    });
    model.blocks.push_back(std::move(block));
  }
  reader.ExpectNoMore();
  return model;
}

NamedTensors SampleCnn::State() const {
  NamedTensors state;
  for (size_t i = 0; i < blocks.size(); ++i)
    ForEachTensor(blocks[i], i, [&](std::string name, const at::Tensor& tensor) {
      state.emplace_back(std::move(name), tensor.detach().clone());
    });
  return state;
}

std::vector<at::Tensor> SampleCnn::Parameters() const {
  std::vector<at::Tensor> parameters;
  for (const ConvBlock& block : blocks)
    parameters.insert(parameters.end(), {block.weight, block.bias, block.gamma, block.beta});
  return parameters;
}

void SampleCnn::RequireGrad(bool require) {
  for (at::Tensor& parameter : Parameters()) parameter.requires_grad_(require);
}

at::Tensor SampleCnn::Forward(const at::Tensor& clips, bool training, const AbortFlag& abort,
                              bool wants_fused, at::ScalarType kept) const {
  if (clips.dim() != 2 || clips.size(1) != kClipLength)
    throw Error("ERR_SHAPE", "SampleCNN expects clips [N, " + std::to_string(kClipLength) + "]");
  const bool fused = training && wants_fused && FusedTrainingServes(blocks, clips);
  at::Tensor x = fused ? FusedTrainingForward(blocks, clips, abort, kept) : clips.unsqueeze(1);
  for (size_t i = fused ? kFusedTrainingBlocks : 0; i < blocks.size(); ++i) {
    const ConvBlock& block = blocks[i];
    throw_if_aborted(abort);
    x = kernels::reference::conv_block(x, block, training);
    if (training) at::Tensor(block.batches_tracked).add_(1);
    ThrowInBackward(x, abort);
  }
  return x.squeeze(2);
}

SampleCnn SampleCnn::Clone() const {
  SampleCnn copy;
  for (const ConvBlock& block : blocks) {
    ConvBlock next = block;
    ForEachTensor(next, 0, [](const std::string&, at::Tensor& tensor) { tensor = tensor.detach().clone(); });
    copy.blocks.push_back(std::move(next));
  }
  return copy;
}

SampleCnn SampleCnn::WithOwnStatistics() const {
  SampleCnn own = *this;
  for (ConvBlock& block : own.blocks) {
    block.running_mean = block.running_mean.clone();
    block.running_var = block.running_var.clone();
    block.batches_tracked = block.batches_tracked.clone();
  }
  return own;
}

int64_t SampleCnn::Bytes() const {
  int64_t bytes = 0;
  for (const ConvBlock& block : blocks)
    ForEachTensor(block, 0, [&](const std::string&, const at::Tensor& tensor) { bytes += tensor.nbytes(); });
  return bytes;
}

}  // namespace clmr
