// The choice among the versions of NT-Xent.
#include "kernels/nt_xent/nt_xent.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/cuda.h"
#include "kernels/dispatch.h"
#include "kernels/nt_xent/fused.h"
#include "kernels/nt_xent/reference.h"

namespace clmr::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

bool FusedServes(const Choice& choice, const at::Tensor& z) {
  return !choice.plain && z.is_cpu() && z.scalar_type() == at::kFloat;
}

// The kernels for CUDA, where they serve, or null.
const CudaKernels* CudaServes(const at::Tensor& z) {
  return z.scalar_type() == at::kFloat ? CudaFor(z) : nullptr;
}

// Both gradients come with the value: the backward pass only scales them. Nothing leaves the device.
class CudaFunction : public torch::autograd::Function<CudaFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& z, const at::Tensor& temperature,
                            int64_t views, const CudaKernels* cuda, bool differentiate) {
    const auto [loss, gradient, temperature_gradient] =
        cuda->nt_xent(z, views, temperature.detach(), differentiate);
    if (differentiate) context->save_for_backward({gradient, temperature_gradient.to(temperature.options())});
    return loss;
  }

  static variable_list backward(AutogradContext* context, const variable_list& upstream) {
    const variable_list saved = context->get_saved_variables();
    return {saved[0] * upstream[0].to(saved[0].scalar_type()),
            saved[1] * upstream[0].to(saved[1].options()),
            {},
            {},
            {}};
  }
};

// The same on the CPU
class FusedFunction : public torch::autograd::Function<FusedFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& z, const at::Tensor& temperature,
                            int64_t views, int64_t isa, bool differentiate, const AbortFlag* abort) {
    const NtXentValue result =
        nt_xent_fused(z, views, temperature.item<double>(), static_cast<Isa>(isa), differentiate, *abort);
    if (differentiate)
      context->save_for_backward(
          {result.gradient, at::scalar_tensor(result.temperature_gradient, temperature.options())});
    return at::scalar_tensor(result.loss, at::kDouble);
  }

  static variable_list backward(AutogradContext* context, const variable_list& upstream) {
    const variable_list saved = context->get_saved_variables();
    const double factor = upstream[0].item<double>();
    return {saved[0] * factor, saved[1] * factor, {}, {}, {}, {}};
  }
};

}  // namespace

at::Tensor nt_xent(const at::Tensor& z, int64_t views, const at::Tensor& temperature,
                   const AbortFlag& abort) {
  const Choice choice = ActiveChoice();
  const bool differentiate = at::GradMode::is_enabled() && (z.requires_grad() || temperature.requires_grad());
  if (const CudaKernels* cuda = CudaServes(z))
    return CudaFunction::apply(z, temperature, views, cuda, differentiate);
  if (!FusedServes(choice, z)) return reference::nt_xent(z, views, temperature);
  return FusedFunction::apply(z, temperature, views, static_cast<int64_t>(choice.isa), differentiate, &abort);
}

NtXentValue nt_xent_with_gradients(const at::Tensor& z, int64_t views, double temperature,
                                   const AbortFlag& abort) {
  const Choice choice = ActiveChoice();
  if (FusedServes(choice, z))
    return nt_xent_fused(z, views, temperature, choice.isa, /*differentiate=*/true, abort);
  if (const CudaKernels* cuda = CudaServes(z)) {
    const at::Tensor tau = at::scalar_tensor(temperature, at::kDouble);
    const auto [loss, gradient, temperature_gradient] = cuda->nt_xent(z.detach(), views, tau, true);
    return {loss.item<double>(), gradient, temperature_gradient.item<double>()};
  }
  at::Tensor x = z.detach().requires_grad_(true);
  at::Tensor tau = at::scalar_tensor(temperature, at::kDouble).requires_grad_(true);
  const at::Tensor loss = reference::nt_xent(x, views, tau);
  throw_if_aborted(abort);
  loss.backward();
  return {loss.item<double>(), x.grad().contiguous(), tau.grad().item<double>()};
}

}  // namespace clmr::kernels
