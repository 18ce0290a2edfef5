#pragma once
// Adam (Kingma & Ba, 2015) and SGD with momentum (Sutskever et al., 2013) with the numbers of torch.optim:
// libtorch's own fused kernels, one pass over weights and state. LARS (You, Gitman & Ginsburg,
// "Large Batch Training of Convolutional Networks", 2017) in the form of SimCLR:
// momentum over steps that are scaled already.
#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fields.h"
#include "model/module.h"

namespace clmr {

struct AdamSpec {
  static constexpr const char* kName = "adam";
  // The probe takes these, but for the weight decay.
  std::pair<double, double> betas = {0.9, 0.999};
  double eps = 1e-8, weight_decay = 0;

  static auto Fields() {
    return std::tuple(Field("betas", &AdamSpec::betas), Field("eps", &AdamSpec::eps),
                      Field("weightDecay", &AdamSpec::weight_decay));
  }
};
struct SgdSpec {
  static constexpr const char* kName = "sgd";
  double momentum, weight_decay;
  bool nesterov;

  static auto Fields() {
    return std::tuple(Field("momentum", &SgdSpec::momentum), Field("weightDecay", &SgdSpec::weight_decay),
                      Field("nesterov", &SgdSpec::nesterov));
  }
};
struct LarsSpec {
  static constexpr const char* kName = "lars";
  double momentum, weight_decay, trust_coefficient;
  bool exclude_bias_and_norm;  // they take plain steps: no weight decay, no scaling

  static auto Fields() {
    return std::tuple(Field("momentum", &LarsSpec::momentum), Field("weightDecay", &LarsSpec::weight_decay),
                      Field("trustCoefficient", &LarsSpec::trust_coefficient),
                      Field("excludeBiasAndNorm", &LarsSpec::exclude_bias_and_norm));
  }
};
using OptimizerSpec = std::variant<AdamSpec, SgdSpec, LarsSpec>;

class Optimizer : public Module {
 public:
  // The state of a parameter is saved under its name.
  Optimizer(OptimizerSpec spec, const NamedTensors& parameters)
      : Optimizer(spec, std::vector<NamedTensors>{parameters}) {}
  // Groups of parameters, each with a learning rate of its own, as the parameter groups of torch.optim.
  Optimizer(OptimizerSpec spec, const std::vector<NamedTensors>& groups);

  // parameter i moves along gradients[i]; allocates nothing, so it either happens or does not.
  void Update(const std::vector<at::Tensor>& gradients, double learning_rate) {
    Update(gradients, std::vector<double>(sizes_.size(), learning_rate));
  }
  // The same with a rate for each group.
  void Update(const std::vector<at::Tensor>& gradients, const std::vector<double>& learning_rates);

  // `<name>.exp_avg`, `.exp_avg_sq`, `.step` of Adam, `<name>.momentum_buffer` of SGD,
  // as torch.optim calls them.
  ModuleTensors Tensors() override;
  // Throws ERR_CHECKPOINT; then nothing has changed.
  void Restore(const NamedTensors& state);

 private:
  struct Slot {
    std::string name;
    std::vector<at::Tensor> tensors;  // one a parameter
  };
  Slot MakeSlot(const char* name, bool scalar) const;
  void UpdateGroup(const std::vector<at::Tensor>& gradients, size_t first, size_t n, double learning_rate);
  void UpdateLars(const LarsSpec& spec, const std::vector<at::Tensor>& gradients,
                  const std::vector<double>& learning_rates);

  OptimizerSpec spec_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> parameters_;
  std::vector<size_t> sizes_;  // of the groups, which follow each other in `parameters_`
  std::vector<Slot> slots_;
  bool first_update_ = true;
};

}  // namespace clmr
