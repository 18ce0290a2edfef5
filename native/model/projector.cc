#include "model/projector.h"

#include <ATen/ATen.h>

#include "model/initial_weights.h"

namespace clmr {

Projector Projector::Create(uint64_t seed, int64_t in, int64_t hidden, int64_t out) {
  if (hidden < 1 || out < 1) throw Error("ERR_ARGUMENT", "a projector needs a width of 1 or more");
  Projector projector;
  projector.first = InitialWeights({hidden, in}, in, seed, WeightStream::projector, 0, 0);
  projector.second = InitialWeights({out, hidden}, hidden, seed, WeightStream::projector, 1, 0);
  return projector;
}

Projector Projector::FromState(const NamedTensors& state, int64_t in) {
  const at::IntArrayRef first = ShapeIn(state, "0.weight"), second = ShapeIn(state, "2.weight");
  const int64_t hidden = first.empty() ? 0 : first[0], out = second.empty() ? 0 : second[0];
  Projector projector;
  projector.first = at::empty({hidden, in}, at::kFloat);
  projector.second = at::empty({out, hidden}, at::kFloat);
  projector.Load(state, "the weights of the projector");
  return projector;
}

ModuleTensors Projector::Tensors() {
  return {{"0.weight", &first, Role::learned}, {"2.weight", &second, Role::learned}};
}

at::Tensor Projector::Forward(const at::Tensor& embeddings) const {
  if (embeddings.dim() != 2 || embeddings.size(1) != first.size(1))
    throw Error("ERR_SHAPE", "the projector expects embeddings [N, " + std::to_string(first.size(1)) + "]");
  return at::linear(at::relu(at::linear(embeddings, first)), second);
}

}  // namespace clmr
