#include "model/named_tensors.h"

#include <ATen/ATen.h>

#include <sstream>

namespace clmr {
namespace {

std::string Text(at::IntArrayRef shape) {
  std::ostringstream text;
  text << shape;
  return text.str();
}

}  // namespace

NamedTensors Under(const NamedTensors& all, const std::string& prefix) {
  NamedTensors part;
  for (const auto& [name, tensor] : all)
    if (name.rfind(prefix, 0) == 0) part.emplace_back(name.substr(prefix.size()), tensor);
  return part;
}

void Append(NamedTensors& all, const std::string& prefix, NamedTensors part) {
  for (auto& [name, tensor] : part) all.emplace_back(prefix + name, std::move(tensor));
}

const at::Tensor& StateReader::Find(const std::string& name) const {
  for (const auto& [key, tensor] : state_)
    if (key == name) return tensor;
  throw Error("ERR_CHECKPOINT", std::string("the weights of ") + what_ + " lack " + name);
}

at::IntArrayRef StateReader::ShapeOf(const std::string& name) const { return Find(name).sizes(); }

at::Tensor StateReader::Take(const std::string& name, at::IntArrayRef shape) {
  const at::Tensor& tensor = Find(name);
  if (tensor.sizes() != shape)
    throw Error("ERR_CHECKPOINT", std::string("the weights of ") + what_ + " hold " + name + " of shape " +
                                      Text(tensor.sizes()) + ", expected " + Text(shape));
  taken_.insert(name);
  return tensor.detach().clone(at::MemoryFormat::Contiguous);
}

void StateReader::ExpectNoMore() const {
  for (const auto& [name, tensor] : state_)
    if (!taken_.count(name))
      throw Error("ERR_CHECKPOINT",
                  std::string("the weights of ") + what_ + " hold " + name + ", which is not part of it");
}

}  // namespace clmr
