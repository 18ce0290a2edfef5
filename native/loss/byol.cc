#include "loss/byol.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "kernels/reference/nt_xent.h"

namespace clmr {

at::Tensor ByolLoss(const at::Tensor& predictions, const at::Tensor& targets) {
  const at::Tensor other = targets.view({-1, 2, targets.size(1)}).flip(1).flatten(0, 1);
  const at::Tensor p = kernels::reference::unit_rows(predictions), t = kernels::reference::unit_rows(other);
  const at::Tensor cosine = (p * t).sum(1);
  return 2 * (2 - 2 * cosine).mean();  // a mean over rows is half a mean over examples
}

double ByolMomentum(double base, int64_t k, int64_t steps) {
  constexpr double kPi = 3.14159265358979323846;
  if (steps == 0) return base;
  const double way = std::min(1.0, static_cast<double>(k) / static_cast<double>(steps));
  return 1 - (1 - base) * (std::cos(kPi * way) + 1) / 2;
}

}  // namespace clmr
