#pragma once
#include <ATen/core/Tensor.h>

namespace clmr::kernels {

// Norms below this count as this, as in torch.nn.functional.cosine_similarity.
constexpr double kSmallestNorm = 1e-8;

// z [N, D] → rows of length 1, over ATen: differentiable, any float dtype and device. Rows whose squares
// overflow or underflow are safe.
at::Tensor unit_rows(const at::Tensor& z);

}  // namespace clmr::kernels
