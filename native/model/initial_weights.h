#pragma once
// First weights, as PyTorch's Conv1d and Linear draw theirs: kaiming-uniform with a = √5,
// which comes to U(±1/√fan_in) for weights and biases alike
// (He et al., "Delving deep into rectifiers", 2015; LeCun's bound for a = √5).
#include <ATen/core/Tensor.h>

#include <cstdint>

#include "random/philox.h"

namespace clmr {

// Which stream of (seed, Purpose::weights) a layer draws from: no two layers share one.
enum class WeightStream : uint32_t {
  encoder = 0,
  projector = 64,
  predictor = 128,
  classifier = 192,
  queue = 256
};

// float32 of `shape`, drawn one after the other.
at::Tensor InitialWeights(at::IntArrayRef shape, int64_t fan_in, random::Stream& stream);
// The same from a stream of their own. item: 0 for a weight, 1 for a bias.
at::Tensor InitialWeights(at::IntArrayRef shape, int64_t fan_in, uint64_t seed, WeightStream part,
                          uint32_t layer, uint16_t item);

}  // namespace clmr
