#include "model/initial_weights.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>

namespace clmr {

at::Tensor InitialWeights(at::IntArrayRef shape, int64_t fan_in, random::Stream& stream) {
  at::Tensor weights = at::empty(shape, at::kFloat);
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  float* data = weights.mutable_data_ptr<float>();
  std::generate(data, data + weights.numel(),
                [&] { return static_cast<float>(stream.Uniform(-bound, bound)); });
  return weights;
}

at::Tensor InitialWeights(at::IntArrayRef shape, int64_t fan_in, uint64_t seed, WeightStream part,
                          uint32_t layer, uint16_t item) {
  random::Stream stream(seed, random::Purpose::weights, 0, static_cast<uint32_t>(part) + layer, item);
  return InitialWeights(shape, fan_in, stream);
}

}  // namespace clmr
