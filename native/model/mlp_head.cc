#include "model/mlp_head.h"

#include <ATen/ATen.h>

#include "model/layers.h"

namespace clmr {

MlpHead MlpHead::Create(const std::vector<int64_t>& widths, uint64_t seed, WeightStream part) {
  MlpHead head;
  for (size_t i = 0; i + 1 < widths.size(); ++i) {
    const int64_t in = widths[i], out = widths[i + 1];
    head.layers_.push_back(
        {InitialWeights({out, in}, in, seed, part, i, 0), InitialWeights({out}, in, seed, part, i, 1)});
    if (i + 2 == widths.size()) break;
    head.norms_.push_back({at::ones({out}, at::kFloat), at::zeros({out}, at::kFloat),
                           at::zeros({out}, at::kFloat), at::ones({out}, at::kFloat),
                           at::zeros({}, at::kFloat)});
  }
  return head;
}

ModuleTensors MlpHead::Tensors() {
  ModuleTensors all;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const std::string linear = std::to_string(3 * i), norm = std::to_string(3 * i + 1);
    all.push_back({linear + ".weight", &layers_[i].weight, Role::learned});
    all.push_back({linear + ".bias", &layers_[i].bias, Role::learned});
    if (i == norms_.size()) break;
    all.push_back({norm + ".weight", &norms_[i].gamma, Role::learned});
    all.push_back({norm + ".bias", &norms_[i].beta, Role::learned});
    all.push_back({norm + ".running_mean", &norms_[i].running_mean, Role::statistics});
    all.push_back({norm + ".running_var", &norms_[i].running_var, Role::statistics});
    all.push_back({norm + ".num_batches_tracked", &norms_[i].batches_tracked, Role::statistics});
  }
  return all;
}

at::Tensor MlpHead::Forward(const at::Tensor& x, bool training) const {
  at::Tensor y = at::linear(x, layers_[0].weight, layers_[0].bias);
  for (size_t i = 0; i < norms_.size(); ++i) {
    const Norm& norm = norms_[i];
    y = BatchNorm(y, norm.gamma, norm.beta, norm.running_mean, norm.running_var, training);
    if (training) at::Tensor(norm.batches_tracked).add_(1);
    y = at::linear(at::relu(y), layers_[i + 1].weight, layers_[i + 1].bias);
  }
  return y;
}

}  // namespace clmr
