#include "model/named_tensors.h"

namespace clmr {

NamedTensors Under(const NamedTensors& all, const std::string& prefix) {
  NamedTensors part;
  for (const auto& [name, tensor] : all)
    if (name.rfind(prefix, 0) == 0) part.emplace_back(name.substr(prefix.size()), tensor);
  return part;
}

void Append(NamedTensors& all, const std::string& prefix, NamedTensors part) {
  for (auto& [name, tensor] : part) all.emplace_back(prefix + name, std::move(tensor));
}

at::IntArrayRef ShapeIn(const NamedTensors& all, const std::string& name) {
  for (const auto& [key, tensor] : all)
    if (key == name) return tensor.sizes();
  return {};
}

std::vector<at::Tensor> TensorsOf(const NamedTensors& named) {
  std::vector<at::Tensor> tensors;
  for (const auto& [name, tensor] : named) tensors.push_back(tensor);
  return tensors;
}

}  // namespace clmr
