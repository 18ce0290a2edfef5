#include "model/initial_weights.h"

#include <cmath>

#include "random/tensors.h"

namespace clmr {

at::Tensor InitialWeights(at::IntArrayRef shape, int64_t fan_in, random::Stream& stream) {
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  return random::Uniform(shape, -bound, bound, stream);
}

at::Tensor InitialWeights(at::IntArrayRef shape, int64_t fan_in, uint64_t seed, WeightStream part,
                          uint32_t layer, uint16_t item) {
  random::Stream stream(seed, random::Purpose::weights, 0, static_cast<uint32_t>(part) + layer, item);
  return InitialWeights(shape, fan_in, stream);
}

}  // namespace clmr
