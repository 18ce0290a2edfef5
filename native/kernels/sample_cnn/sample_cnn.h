#pragma once
// SampleCNN as the passes of inference/ and training/ compute it: its sizes, the tensors of a block.
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace clmr {

constexpr int64_t kClipLength = 59049;  // 3^10 samples
constexpr int64_t kEmbeddingSize = 512;
constexpr int64_t kPool = 3;
constexpr double kBatchNormEps = 1e-5;
constexpr double kBatchNormMomentum = 0.1;

// What inference forms products of, and what training keeps activations as.
enum class Precision { float32, bfloat16 };

// One convolution block: Conv1d · BatchNorm1d · ReLU · (MaxPool1d(3, 3))
struct ConvBlock {
  at::Tensor weight, bias;               // [Cout, Cin, 3], [Cout]
  at::Tensor gamma, beta;                // [Cout]
  at::Tensor running_mean, running_var;  // [Cout]
  at::Tensor batches_tracked;            // scalar, float
  int64_t stride = 1, padding = 1;
  bool pooled = true;
};

}  // namespace clmr
