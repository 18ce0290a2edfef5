#pragma once
// The gradients that backward passes add up in parameters.
#include <ATen/core/Tensor.h>

#include <vector>

#include "model/named_tensors.h"

namespace clmr {

// They are gone from the parameters when this object is, whatever happened in between.
class Gradients {
 public:
  explicit Gradients(const NamedTensors& parameters) : parameters_(TensorsOf(parameters)) {}
  ~Gradients();
  Gradients(const Gradients&) = delete;
  Gradients& operator=(const Gradients&) = delete;

  // In the order of the parameters, themselves.
  std::vector<at::Tensor> All() const;
  // L2 over everything; in float64, since a float32 sum of squares overflows long before the gradients do.
  double Norm() const;
  // Scales them down where their norm is larger than `longest`: as torch.nn.utils.clip_grad_norm_,
  // its small constant included.
  void Clip(double norm, double longest) const;

 private:
  std::vector<at::Tensor> parameters_;
};

// The L2 norm of each, in float64. A device is waited for once.
std::vector<double> Norms(const std::vector<at::Tensor>& tensors);

}  // namespace clmr
