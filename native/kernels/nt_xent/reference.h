#pragma once
// NT-Xent in matrix form over ATen: plain, differentiable, any float dtype and device.
// The oracle of the faster ones.
#include <ATen/core/Tensor.h>

namespace clmr::kernels::reference {

// z [N, D], row = example·V + view; temperature: a scalar, differentiable too → scalar, float64. Small losses
// are differences of numbers near 1/τ, of which float32 would leave four digits: so everything after z is
// float64, and the gradient comes back in the type of z.
at::Tensor nt_xent(const at::Tensor& z, int64_t views, const at::Tensor& temperature);

}  // namespace clmr::kernels::reference
