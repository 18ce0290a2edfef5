#pragma once
// Tensors by name, as a state dict has them.
#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

namespace clmr {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

// The part of `all` under a prefix, without it; and the other way round.
NamedTensors Under(const NamedTensors& all, const std::string& prefix);
void Append(NamedTensors& all, const std::string& prefix, NamedTensors part);

// Sizes of the tensor of that name; empty where there is none.
at::IntArrayRef ShapeIn(const NamedTensors& all, const std::string& name);
std::vector<at::Tensor> TensorsOf(const NamedTensors& named);

}  // namespace clmr
