#include "model/projector.h"

#include <ATen/ATen.h>

#include "model/initial_weights.h"
#include "model/named_tensors.h"

namespace clmr {

Projector Projector::Create(uint64_t seed, int64_t hidden, int64_t out) {
  if (hidden < 1 || out < 1) throw Error("ERR_ARGUMENT", "a projector needs a width of 1 or more");
  Projector projector;
  projector.first =
      InitialWeights({hidden, kEmbeddingSize}, kEmbeddingSize, seed, WeightStream::projector, 0, 0);
  projector.second = InitialWeights({out, hidden}, hidden, seed, WeightStream::projector, 1, 0);
  return projector;
}

Projector Projector::FromState(const NamedTensors& state) {
  Projector projector;
  StateReader reader(state, "the projector");
  const at::IntArrayRef first = reader.ShapeOf("0.weight"), second = reader.ShapeOf("2.weight");
  const int64_t hidden = first.empty() ? 0 : first[0], out = second.empty() ? 0 : second[0];
  projector.first = reader.Take("0.weight", {hidden, kEmbeddingSize});
  projector.second = reader.Take("2.weight", {out, hidden});
  reader.ExpectNoMore();
  return projector;
}

Projector Projector::WithState(const NamedTensors& state) const {
  Projector projector = FromState(state);
  if (projector.first.sizes() != first.sizes() || projector.second.sizes() != second.sizes())
    throw Error("ERR_CHECKPOINT", "the projector of the state has other sizes than the trainer's");
  return projector;
}

NamedTensors Projector::State() const {
  return {{"0.weight", first.detach().clone()}, {"2.weight", second.detach().clone()}};
}

std::vector<at::Tensor> Projector::Parameters() const { return {first, second}; }

void Projector::RequireGrad(bool require) {
  first.requires_grad_(require);
  second.requires_grad_(require);
}

at::Tensor Projector::Forward(const at::Tensor& embeddings) const {
  if (embeddings.dim() != 2 || embeddings.size(1) != kEmbeddingSize)
    throw Error("ERR_SHAPE", "the projector expects embeddings [N, " + std::to_string(kEmbeddingSize) + "]");
  return at::linear(at::relu(at::linear(embeddings, first)), second);
}

}  // namespace clmr
