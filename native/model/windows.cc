#include "model/windows.h"

#include <ATen/ATen.h>

#include <cmath>
#include <cstring>

#include "error.h"

namespace clmr {

at::Tensor WindowAt(const float* samples, int64_t length, int64_t start, int64_t size) {
  if (start + size <= length)
    return at::from_blob(const_cast<float*>(samples + start), {1, size}, at::kFloat);
  at::Tensor window = at::zeros({1, size}, at::kFloat);
  if (start < length)
    std::memcpy(window.mutable_data_ptr<float>(), samples + start, (length - start) * sizeof(float));
  return window;
}

void CheckStarts(const std::vector<double>& starts) {
  for (const double start : starts)
    if (!(start >= 0 && start <= 9007199254740991.0 && std::floor(start) == start))
      throw Error("ERR_ARGUMENT",
                  "a window starts at " + std::to_string(start) + ", expected a whole number from 0 on");
}

}  // namespace clmr
