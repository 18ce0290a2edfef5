#include "model/module.h"

#include <ATen/ATen.h>

#include <map>
#include <sstream>

#include "error.h"

namespace clmr {
namespace {

std::string Text(at::IntArrayRef shape) {
  std::ostringstream text;
  text << shape;
  return text.str();
}

}  // namespace

ModuleTensors Under(const std::string& prefix, ModuleTensors tensors) {
  for (ModuleTensor& entry : tensors) entry.name = prefix + entry.name;
  return tensors;
}

ModuleTensors Frozen(ModuleTensors tensors) {
  for (ModuleTensor& entry : tensors)
    if (entry.role == Role::learned) entry.role = Role::kept;
  return tensors;
}

void Append(ModuleTensors& all, ModuleTensors part) {
  for (ModuleTensor& entry : part) all.push_back(std::move(entry));
}

// Tensors() hands out places that may be filled; nothing is written through those of a const module.
ModuleTensors Module::Listed() const { return const_cast<Module*>(this)->Tensors(); }

NamedTensors Module::Parameters() const {
  NamedTensors parameters;
  for (const ModuleTensor& entry : Listed())
    if (entry.role == Role::learned) parameters.emplace_back(entry.name, *entry.tensor);
  return parameters;
}

NamedTensors Module::State() const {
  NamedTensors state;
  for (const ModuleTensor& entry : Listed())
    state.emplace_back(entry.name, entry.tensor->detach().to(at::TensorOptions(at::kCPU),
                                                             /*non_blocking=*/false, /*copy=*/true));
  return state;
}

int64_t Module::Bytes() const {
  int64_t bytes = 0;
  for (const ModuleTensor& entry : Listed()) bytes += static_cast<int64_t>(entry.tensor->nbytes());
  return bytes;
}

void Module::RequireGrad(bool require) {
  for (const ModuleTensor& entry : Tensors())
    if (entry.role == Role::learned) entry.tensor->requires_grad_(require);
}

void Module::To(c10::Device device) {
  for (const ModuleTensor& entry : Tensors()) {
    if (entry.tensor->device() == device) continue;
    const bool learned = entry.tensor->requires_grad();
    *entry.tensor = entry.tensor->detach().to(device).requires_grad_(learned);
  }
}

void Module::Load(const NamedTensors& state, const std::string& what, const char* lack) {
  std::map<std::string, at::Tensor> left(state.begin(), state.end());
  const ModuleTensors places = Tensors();
  std::vector<at::Tensor> loaded;
  for (const auto& [name, tensor, role] : places) {
    const auto found = left.find(name);
    if (found == left.end()) throw Error("ERR_CHECKPOINT", what + " " + lack + " " + name);
    if (found->second.sizes() != tensor->sizes())
      throw Error("ERR_CHECKPOINT", what + " cannot have " + name + " of shape " +
                                        Text(found->second.sizes()) + ", expected " + Text(tensor->sizes()));
    loaded.push_back(found->second.detach().to(tensor->device()).clone(at::MemoryFormat::Contiguous));
    left.erase(found);
  }
  if (!left.empty())
    throw Error("ERR_CHECKPOINT", what + " cannot have " + left.begin()->first + ", which is unknown");
  for (size_t i = 0; i < places.size(); ++i) *places[i].tensor = loaded[i];
}

void Module::CopyTensors() {
  for (const ModuleTensor& entry : Tensors()) *entry.tensor = entry.tensor->detach().clone();
}

void Module::CopyStatistics() {
  for (const ModuleTensor& entry : Tensors())
    if (entry.role == Role::statistics) *entry.tensor = entry.tensor->clone();
}

}  // namespace clmr
