#include "optim/optimizer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/add.h>
#include <ATen/ops/zeros.h>

#include "optim/gradients.h"

namespace clmr {

Optimizer::Optimizer(OptimizerSpec spec, const std::vector<NamedTensors>& groups) : spec_(spec) {
  for (const NamedTensors& group : groups) {
    sizes_.push_back(group.size());
    for (const auto& [name, tensor] : group) {
      names_.push_back(name);
      parameters_.push_back(tensor);
    }
  }
  if (std::holds_alternative<AdamSpec>(spec_))
    slots_ = {MakeSlot("exp_avg", false), MakeSlot("exp_avg_sq", false), MakeSlot("step", true)};
  else if (!std::holds_alternative<SgdSpec>(spec_) || std::get<SgdSpec>(spec_).momentum != 0)
    slots_ = {MakeSlot("momentum_buffer", false)};
}

Optimizer::Slot Optimizer::MakeSlot(const char* name, bool scalar) const {
  Slot slot{name, {}};
  for (const at::Tensor& p : parameters_)
    slot.tensors.push_back(
        scalar
            ? at::zeros({}, p.options().dtype(at::kFloat).requires_grad(false))  // CUDA reads it so for any p
            : at::zeros(p.sizes(), p.options().requires_grad(false)));
  return slot;
}

void Optimizer::Update(const std::vector<at::Tensor>& gradients, const std::vector<double>& learning_rates) {
  at::NoGradGuard no_grad;
  if (const auto* lars = std::get_if<LarsSpec>(&spec_)) {
    UpdateLars(*lars, gradients, learning_rates);
  } else {
    size_t first = 0;
    for (size_t i = 0; i < sizes_.size(); first += sizes_[i++])
      if (sizes_[i] > 0) UpdateGroup(gradients, first, sizes_[i], learning_rates[i]);
  }
  first_update_ = false;
}

// Parameters first … first + n - 1, by the kernels of libtorch.
void Optimizer::UpdateGroup(const std::vector<at::Tensor>& gradients, size_t first, size_t n,
                            double learning_rate) {
  const auto group = [&](const std::vector<at::Tensor>& all) { return at::TensorList(all).slice(first, n); };
  if (const auto* adam = std::get_if<AdamSpec>(&spec_)) {
    const at::TensorList steps = group(slots_[2].tensors);
    at::_foreach_add_(steps, 1);
    at::_fused_adam_(group(parameters_), group(gradients), group(slots_[0].tensors), group(slots_[1].tensors),
                     {}, steps, learning_rate, adam->betas.first, adam->betas.second, adam->weight_decay,
                     adam->eps,
                     /*amsgrad=*/false, /*maximize=*/false);
    return;
  }
  const auto& sgd = std::get<SgdSpec>(spec_);
  const at::TensorList momentum = slots_.empty() ? at::TensorList{} : group(slots_[0].tensors);
  at::_fused_sgd_(group(parameters_), group(gradients), momentum, sgd.weight_decay, sgd.momentum,
                  learning_rate,
                  /*dampening=*/0, sgd.nesterov, /*maximize=*/false, first_update_);
}

// g' = g + wd·w;  v ← m·v + lr·q·g' with q = η·‖w‖ / ‖g'‖, 1 where either norm is 0;  w ← w − v
void Optimizer::UpdateLars(const LarsSpec& spec, const std::vector<at::Tensor>& gradients,
                           const std::vector<double>& learning_rates) {
  const auto plain = [&](size_t i) { return spec.exclude_bias_and_norm && parameters_[i].dim() < 2; };
  std::vector<at::Tensor> decayed;  // all that can fail happens before anything moves
  for (size_t i = 0; i < parameters_.size(); ++i)
    decayed.push_back(plain(i) ? gradients[i] : at::add(gradients[i], parameters_[i], spec.weight_decay));
  const std::vector<double> lengths = Norms(parameters_), steps = Norms(decayed);
  std::vector<double> rates;
  for (size_t group = 0; group < sizes_.size(); ++group)
    rates.insert(rates.end(), sizes_[group], learning_rates[group]);
  for (size_t i = 0; i < parameters_.size(); ++i)
    if (!plain(i) && lengths[i] > 0 && steps[i] > 0)
      rates[i] *= spec.trust_coefficient * lengths[i] / steps[i];
  for (size_t i = 0; i < parameters_.size(); ++i) {
    slots_[0].tensors[i].mul_(spec.momentum).add_(decayed[i], rates[i]);
    parameters_[i].sub_(slots_[0].tensors[i]);
  }
}

ModuleTensors Optimizer::Tensors() {
  ModuleTensors all;
  for (size_t i = 0; i < names_.size(); ++i)
    for (Slot& slot : slots_) all.push_back({names_[i] + "." + slot.name, &slot.tensors[i], Role::kept});
  return all;
}

void Optimizer::Restore(const NamedTensors& state) {
  Load(state, "the state of the optimizer", "has no");
  first_update_ = false;
}

}  // namespace clmr
