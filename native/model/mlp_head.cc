#include "model/mlp_head.h"

#include <ATen/ATen.h>

#include "model/layers.h"

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

ModuleTensors MlpHead::Tensors() {
  return {{"0.weight", &first_, Role::learned},
          {"0.bias", &first_bias_, Role::learned},
          {"1.weight", &gamma_, Role::learned},
          {"1.bias", &beta_, Role::learned},
          {"1.running_mean", &running_mean_, Role::statistics},
          {"1.running_var", &running_var_, Role::statistics},
          {"1.num_batches_tracked", &batches_tracked_, Role::statistics},
          {"3.weight", &second_, Role::learned},
          {"3.bias", &second_bias_, Role::learned}};
}

at::Tensor MlpHead::Forward(const at::Tensor& x, bool training) const {
  at::Tensor hidden = at::linear(x, first_, first_bias_);
  hidden = BatchNorm(hidden, gamma_, beta_, running_mean_, running_var_, training);
  if (training) at::Tensor(batches_tracked_).add_(1);
  return at::linear(at::relu(hidden), second_, second_bias_);
}

}  // namespace clmr
