#include "evaluate/probe.h"

#include <ATen/ATen.h>

#include "model/initial_weights.h"
#include "objective/supervised.h"

namespace clmr {

Probe Probe::Blank(const ProbeSpec& spec, int64_t embedding_size) {
  Probe probe;
  probe.multilabel_ = spec.multilabel;
  std::vector<int64_t> sizes{embedding_size};
  if (spec.hidden) sizes.push_back(spec.hidden);
  sizes.push_back(spec.classes);
  for (size_t i = 0; i + 1 < sizes.size(); ++i)
    probe.layers_.push_back(
        {at::empty({sizes[i + 1], sizes[i]}, at::kFloat), at::empty({sizes[i + 1]}, at::kFloat)});
  return probe;
}

Probe Probe::Create(const ProbeSpec& spec, int64_t embedding_size) {
  Probe probe = Blank(spec, embedding_size);
  for (size_t i = 0; i < probe.layers_.size(); ++i) {
    auto& [weight, bias] = probe.layers_[i];
    const int64_t fan_in = weight.size(1);
    random::Stream stream(spec.seed, random::Purpose::probe, 0, 0, static_cast<uint16_t>(i));
    weight = InitialWeights(weight.sizes(), fan_in, stream);
    bias = InitialWeights(bias.sizes(), fan_in, stream);
  }
  return probe;
}

Probe Probe::FromState(const ProbeSpec& spec, const NamedTensors& state) {
  const at::IntArrayRef first = ShapeIn(state, "0.weight");
  Probe probe = Blank(spec, first.empty() ? 0 : first.back());
  probe.Load(state, "the weights of the probe");
  for (const auto& [name, tensor] : probe.Parameters())
    if (!at::isfinite(tensor).all().item<bool>())
      throw Error("ERR_NON_FINITE", "the probe's tensor " + name + " holds NaN or infinity");
  return probe;
}

// Names as in torch.nn.Sequential(Linear, ReLU, Linear): the ReLU takes the 1.
ModuleTensors Probe::Tensors() {
  ModuleTensors all;
  for (size_t i = 0; i < layers_.size(); ++i)
    Append(all, Under(i == 0 ? "0." : "2.", {{"weight", &layers_[i].weight, Role::learned},
                                             {"bias", &layers_[i].bias, Role::learned}}));
  return all;
}

at::Tensor Probe::Logits(const at::Tensor& x, const at::Tensor& kept) const {
  at::Tensor out = x;
  for (size_t i = 0; i < layers_.size(); ++i) {
    out = at::linear(out, layers_[i].weight, layers_[i].bias);
    if (i + 1 == layers_.size()) break;
    out = at::relu(out);
    if (kept.defined()) out = out * kept;
  }
  return out;
}

at::Tensor Probe::Predict(const at::Tensor& x) const {
  const at::Tensor logits = Logits(x);
  return multilabel_ ? at::sigmoid(logits) : at::softmax(logits, 1);
}

// W·(x − μ)/σ + b = (W/σ)·x + (b − (W/σ)·μ)
void Probe::FoldScaling(const at::Tensor& mean, const at::Tensor& deviation) {
  Layer& first = layers_.front();
  const at::Tensor weight = first.weight.to(at::kDouble) / deviation;
  first.bias = (first.bias.to(at::kDouble) - at::mv(weight, mean)).to(at::kFloat);
  first.weight = weight.to(at::kFloat);
}

at::Tensor Probe::Loss(const at::Tensor& x, const at::Tensor& y, const at::Tensor& kept) const {
  return ClassificationLoss(Logits(x, kept), y, multilabel_);
}

}  // namespace clmr
