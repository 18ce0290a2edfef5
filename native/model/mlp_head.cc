#include "model/mlp_head.h"

#include <ATen/ATen.h>

#include "model/layers.h"
#include "model/named_tensors.h"

namespace clmr {

MlpHead MlpHead::Create(int64_t in, int64_t hidden, int64_t out, uint64_t seed, WeightStream part) {
  MlpHead head;
  head.first_ = InitialWeights({hidden, in}, in, seed, part, 0, 0);
  head.first_bias_ = InitialWeights({hidden}, in, seed, part, 0, 1);
  head.gamma_ = at::ones({hidden}, at::kFloat);
  head.beta_ = at::zeros({hidden}, at::kFloat);
  head.running_mean_ = at::zeros({hidden}, at::kFloat);
  head.running_var_ = at::ones({hidden}, at::kFloat);
  head.batches_tracked_ = at::zeros({}, at::kFloat);
  head.second_ = InitialWeights({out, hidden}, hidden, seed, part, 1, 0);
  head.second_bias_ = InitialWeights({out}, hidden, seed, part, 1, 1);
  return head;
}

MlpHead MlpHead::WithState(const NamedTensors& state, const char* what) const {
  MlpHead head;
  StateReader reader(state, what);
  head.first_ = reader.Take("0.weight", first_.sizes());
  head.first_bias_ = reader.Take("0.bias", first_bias_.sizes());
  head.gamma_ = reader.Take("1.weight", gamma_.sizes());
  head.beta_ = reader.Take("1.bias", beta_.sizes());
  head.running_mean_ = reader.Take("1.running_mean", running_mean_.sizes());
  head.running_var_ = reader.Take("1.running_var", running_var_.sizes());
  head.batches_tracked_ = reader.Take("1.num_batches_tracked", {});
  head.second_ = reader.Take("3.weight", second_.sizes());
  head.second_bias_ = reader.Take("3.bias", second_bias_.sizes());
  reader.ExpectNoMore();
  return head;
}

NamedTensors MlpHead::Parameters() const {
  return {{"0.weight", first_}, {"0.bias", first_bias_}, {"1.weight", gamma_},
          {"1.bias", beta_},    {"3.weight", second_},   {"3.bias", second_bias_}};
}

NamedTensors MlpHead::State() const {
  NamedTensors state = Parameters();
  state.insert(state.begin() + 4, {{"1.running_mean", running_mean_},
                                   {"1.running_var", running_var_},
                                   {"1.num_batches_tracked", batches_tracked_}});
  for (auto& [name, tensor] : state) tensor = tensor.detach().clone();
  return state;
}

void MlpHead::RequireGrad(bool require) {
  for (auto& [name, tensor] : Parameters()) tensor.requires_grad_(require);
}

MlpHead MlpHead::Clone() const { return WithState(State(), "a head"); }

MlpHead MlpHead::WithOwnStatistics() const {
  MlpHead own = *this;
  own.running_mean_ = running_mean_.clone();
  own.running_var_ = running_var_.clone();
  own.batches_tracked_ = batches_tracked_.clone();
  return own;
}

at::Tensor MlpHead::Forward(const at::Tensor& x, bool training) const {
  at::Tensor hidden = at::linear(x, first_, first_bias_);
  hidden = BatchNorm(hidden, gamma_, beta_, running_mean_, running_var_, training);
  if (training) at::Tensor(batches_tracked_).add_(1);
  return at::linear(at::relu(hidden), second_, second_bias_);
}

}  // namespace clmr
