#include "optim/gradients.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/linalg_vector_norm.h>

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
  for (const at::Tensor& g : All()) {
    const double norm = at::linalg_vector_norm(g, 2, std::nullopt, false, at::kDouble).item<double>();
    sum += norm * norm;
  }
  return std::sqrt(sum);
}

void Gradients::Clip(double norm, double longest) const {
  const double scale = longest / (norm + 1e-6);
  if (scale >= 1) return;
  at::NoGradGuard no_gradients;
  for (const at::Tensor& g : All()) g.mul_(scale);
}

}  // namespace clmr
