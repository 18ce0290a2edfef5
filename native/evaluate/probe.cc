#include "evaluate/probe.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "random/philox.h"

namespace clmr {
namespace {

// Names as in torch.nn.Sequential(Linear, ReLU, Linear): the ReLU takes the 1.
constexpr const char* kWeights[] = {"0.weight", "2.weight"};
constexpr const char* kBiases[] = {"0.bias", "2.bias"};

const at::Tensor& Find(const NamedTensors& state, const std::string& name, int64_t rows, int64_t cols) {
  const auto found =
      std::find_if(state.begin(), state.end(), [&](const auto& entry) { return entry.first == name; });
  if (found == state.end()) throw Error("ERR_CHECKPOINT", "the probe has no tensor " + name);
  const at::Tensor& tensor = found->second;
  const bool fits = cols == 0 ? tensor.dim() == 1 : tensor.dim() == 2 && (cols < 0 || tensor.size(1) == cols);
  if (!fits || tensor.size(0) != rows)
    throw Error("ERR_CHECKPOINT", "the probe's tensor " + name +
                                      " does not have the shape that its classes and hidden size ask for");
  if (!at::isfinite(tensor).all().item<bool>())
    throw Error("ERR_NON_FINITE", "the probe's tensor " + name + " holds NaN or infinity");
  return tensor;
}

}  // namespace

Probe Probe::Create(const ProbeSpec& spec, int64_t embedding_size) {
  Probe probe;
  probe.multilabel_ = spec.multilabel;
  std::vector<int64_t> sizes{embedding_size};
  if (spec.hidden) sizes.push_back(spec.hidden);
  sizes.push_back(spec.classes);
  for (size_t i = 0; i + 1 < sizes.size(); ++i) {
    random::Stream stream(spec.seed, random::Purpose::probe, 0, 0, static_cast<uint16_t>(i));
    const double bound = 1 / std::sqrt(static_cast<double>(sizes[i]));
    const auto draw = [&](at::IntArrayRef shape) {
      at::Tensor tensor = at::empty(shape, at::kFloat);
      std::generate_n(tensor.data_ptr<float>(), tensor.numel(),
                      [&] { return static_cast<float>(stream.Uniform(-bound, bound)); });
      return tensor;
    };
    at::Tensor weight = draw({sizes[i + 1], sizes[i]});
    probe.layers_.push_back({weight, draw({sizes[i + 1]})});
  }
  return probe;
}

Probe Probe::FromState(const ProbeSpec& spec, const NamedTensors& state) {
  Probe probe;
  probe.multilabel_ = spec.multilabel;
  const size_t depth = spec.hidden ? 2 : 1;
  if (state.size() != 2 * depth)
    throw Error("ERR_CHECKPOINT", "the probe has " + std::to_string(state.size()) + " tensors, expected " +
                                      std::to_string(2 * depth));
  int64_t in = -1;
  for (size_t i = 0; i < depth; ++i) {
    const int64_t out = i + 1 == depth ? spec.classes : spec.hidden;
    probe.layers_.push_back(
        {Find(state, kWeights[i], out, in).clone(), Find(state, kBiases[i], out, 0).clone()});
    in = out;
  }
  return probe;
}

NamedTensors Probe::State() const {
  NamedTensors state;
  for (size_t i = 0; i < layers_.size(); ++i) {
    state.emplace_back(kWeights[i], layers_[i].weight.clone());
    state.emplace_back(kBiases[i], layers_[i].bias.clone());
  }
  return state;
}

std::vector<at::Tensor> Probe::Parameters() const {
  std::vector<at::Tensor> parameters;
  for (const Layer& layer : layers_) parameters.insert(parameters.end(), {layer.weight, layer.bias});
  return parameters;
}

int64_t Probe::Bytes() const {
  int64_t bytes = 0;
  for (const at::Tensor& tensor : Parameters()) bytes += static_cast<int64_t>(tensor.nbytes());
  return bytes;
}

at::Tensor Probe::Logits(const at::Tensor& x) const {
  at::Tensor out = x;
  for (size_t i = 0; i < layers_.size(); ++i) {
    out = at::addmm(layers_[i].bias, out, layers_[i].weight.t());
    if (i + 1 < layers_.size()) out.relu_();
  }
  return out;
}

at::Tensor Probe::Predict(const at::Tensor& x) const {
  const at::Tensor logits = Logits(x);
  return multilabel_ ? at::sigmoid(logits) : at::softmax(logits, 1);
}

double Probe::Loss(const at::Tensor& x, const at::Tensor& y) const {
  const at::Tensor logits = Logits(x);
  if (multilabel_) return at::binary_cross_entropy_with_logits(logits, y).item<double>();
  return -(at::log_softmax(logits, 1) * y).sum(1).mean().item<double>();
}

double Probe::LossAndGradient(const at::Tensor& x, const at::Tensor& y,
                              std::vector<at::Tensor>* gradient) const {
  const bool deep = layers_.size() == 2;
  // [n, hidden] after ReLU, or x itself
  const at::Tensor features = deep ? at::addmm(layers_[0].bias, x, layers_[0].weight.t()).relu_() : x;
  const Layer& last = layers_.back();
  const at::Tensor logits = at::addmm(last.bias, features, last.weight.t());
  double loss;
  at::Tensor d_logits;  // sigmoid(z) − y or softmax(z) − y, over the number of terms of the mean
  if (multilabel_) {
    loss = at::binary_cross_entropy_with_logits(logits, y).item<double>();
    d_logits = at::sigmoid(logits).sub_(y).div_(logits.numel());
  } else {
    const at::Tensor log_p = at::log_softmax(logits, 1);
    loss = -(log_p * y).sum(1).mean().item<double>();
    d_logits = at::exp(log_p).sub_(y).div_(logits.size(0));
  }
  gradient->clear();
  if (deep) {
    const at::Tensor d_hidden = at::mm(d_logits, last.weight).mul_(features.gt(0));
    gradient->push_back(at::mm(d_hidden.t(), x));
    gradient->push_back(d_hidden.sum(0));
  }
  gradient->push_back(at::mm(d_logits.t(), features));
  gradient->push_back(d_logits.sum(0));
  return loss;
}

}  // namespace clmr
