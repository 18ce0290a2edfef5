#include "kernels/augment/cuda/augment.h"

#include <ATen/ops/empty.h>

#include "kernels/augment/cuda/launch.h"
#include "kernels/cuda/on_device.h"

namespace clmr::kernels::cuda {

at::Tensor pointwise(const at::Tensor& source, const at::Tensor& numbers, int64_t samples) {
  const OnDevice device(source);
  const at::Tensor in = source.contiguous(), of_rows = numbers.contiguous();
  at::Tensor out = at::empty({of_rows.size(1), samples}, in.options());
  LaunchPointwise({out.size(0), samples, out.mutable_data_ptr<float>()}, in.const_data_ptr<float>(),
                  of_rows.const_data_ptr<double>(), device.stream());
  device.CheckLaunches();
  return out;
}

}  // namespace clmr::kernels::cuda
