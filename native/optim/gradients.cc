#include "optim/gradients.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>

#include <cmath>

namespace clmr {

Gradients::~Gradients() {
  for (at::Tensor& p : parameters_) p.mutable_grad().reset();
}

std::vector<at::Tensor> Gradients::All() const {
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& p : parameters_) gradients.push_back(p.grad());
  return gradients;
}

double Gradients::Norm() const {
  double sum = 0;
  for (const double norm : Norms(All())) sum += norm * norm;
  return std::sqrt(sum);
}

std::vector<double> Norms(const std::vector<at::Tensor>& tensors) {
  if (tensors.empty()) return {};
  std::vector<at::Tensor> norms;
  for (const at::Tensor& x : tensors)
    norms.push_back(at::linalg_vector_norm(x, 2, std::nullopt, false, at::kDouble));
  const at::Tensor all = at::stack(norms).to(at::kCPU);
  const double* values = all.const_data_ptr<double>();
  return {values, values + all.numel()};
}

void Gradients::Clip(double norm, double longest) const {
  const double scale = longest / (norm + 1e-6);
  if (scale >= 1) return;
  at::NoGradGuard no_gradients;
  for (const at::Tensor& g : All()) g.mul_(scale);
}

}  // namespace clmr
