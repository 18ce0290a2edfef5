#include "loss/nt_xent.h"

#include <cmath>
#include <string>

#include "error.h"
#include "kernels/reference/nt_xent.h"

namespace clmr {

at::Tensor NtXentLoss(const at::Tensor& z, int64_t views, double temperature) {
  if (z.dim() != 2 || z.size(1) == 0) throw Error("ERR_SHAPE", "NT-Xent expects projections [N, D]");
  if (views < 2) throw Error("ERR_ARGUMENT", "NT-Xent expects 2 views or more but received " + std::to_string(views));
  if (!std::isfinite(temperature) || temperature <= 0)
    throw Error("ERR_ARGUMENT", "NT-Xent expects a temperature above 0 but received " + std::to_string(temperature));
  if (z.size(0) == 0 || z.size(0) % views != 0)
    throw Error("ERR_SHAPE",
                "NT-Xent expects a multiple of " + std::to_string(views) + " rows but received " + std::to_string(z.size(0)));
  return kernels::reference::nt_xent(z, views, temperature);
}

}  // namespace clmr
