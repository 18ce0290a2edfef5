#pragma once
// NT-Xent of z [N, D], row = example·V + view: the mean over anchors i and their positives j of
//   −sim(i,j)/τ + log Σ_{k≠i} exp(sim(i,k)/τ),  sim = cosine
// The fused versions on the CPU and, where the plug-in is open, on CUDA, in float32; otherwise the plain one,
// whose memory grows as N².
#include <ATen/core/Tensor.h>

#include "error.h"
#include "fields.h"

namespace clmr::kernels {

// Norms below this count as this, as in torch.nn.functional.cosine_similarity.
constexpr double kSmallestNorm = 1e-8;

// temperature: τ, a scalar → scalar of float64, differentiable in z and in τ;
// the gradient of z comes in its type.
at::Tensor nt_xent(const at::Tensor& z, int64_t views, const at::Tensor& temperature, const AbortFlag& abort);

// The loss with its gradients at once, without a graph.
struct NtXentValue {
  static constexpr const char* kName = "NtXentLossValue";
  double loss = 0;
  at::Tensor gradient;              // d loss / d z, as z
  double temperature_gradient = 0;  // d loss / d τ

  static auto Fields() {
    return std::tuple(Field("loss", &NtXentValue::loss), Field("gradient", &NtXentValue::gradient),
                      Field("temperatureGradient", &NtXentValue::temperature_gradient));
  }
};
NtXentValue nt_xent_with_gradients(const at::Tensor& z, int64_t views, double temperature,
                                   const AbortFlag& abort);

}  // namespace clmr::kernels
