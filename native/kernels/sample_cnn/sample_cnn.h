#pragma once
// SampleCNN as the passes of inference/ and training/ compute it: its sizes, the tensors of a block.
#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <vector>

namespace clmr {

// CLMR's network, which the fused passes are written for: 11 blocks, strides and pools of three throughout.
constexpr int64_t kClipLength = 59049;  // 3^10 samples
constexpr int64_t kEmbeddingSize = 512;
constexpr int64_t kPool = 3;
// channels that enter block i; the last place: those that leave block 10
constexpr std::array<int64_t, 12> kChannels = {1, 128, 128, 128, 256, 256, 256, 256, 256, 256, 512, 512};

constexpr double kBatchNormEps = 1e-5;
constexpr double kBatchNormMomentum = 0.1;

// What inference forms products of, and what training keeps activations as.
enum class Precision { float32, bfloat16 };

// One convolution block: Conv1d · BatchNorm1d · ReLU · (MaxPool1d(s, s))
struct ConvBlock {
  at::Tensor weight, bias;               // [Cout, Cin, K], [Cout]
  at::Tensor gamma, beta;                // [Cout]
  at::Tensor running_mean, running_var;  // [Cout]
  at::Tensor batches_tracked;            // scalar, float
  int64_t stride = 1, padding = 1;
  int64_t pool = kPool;  // s; 1 where there is none
};

// Whether blocks, or layers that were made of them, are those of CLMR's network.
template <class Block>
bool AreClmrs(const std::vector<Block>& blocks) {
  if (blocks.size() + 1 != kChannels.size()) return false;
  for (size_t i = 0; i < blocks.size(); ++i) {
    const int64_t pool = i == 0 || i + 1 == blocks.size() ? 1 : kPool;
    if (blocks[i].pool != pool ||
        blocks[i].weight.sizes() != at::IntArrayRef{kChannels[i + 1], kChannels[i], 3})
      return false;
  }
  return true;
}

}  // namespace clmr
