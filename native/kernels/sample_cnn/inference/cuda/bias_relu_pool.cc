#include "kernels/sample_cnn/inference/cuda/bias_relu_pool.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "kernels/sample_cnn/inference/cuda/launch.h"
#include "kernels/sample_cnn/sample_cnn.h"

namespace clmr::kernels::cuda {

at::Tensor bias_relu_pool(const at::Tensor& x, const at::Tensor& bias, bool pooled) {
  const c10::cuda::CUDAGuard guard(x.device());
  const at::Tensor in = x.contiguous();
  const at::Tensor added = bias.to(at::kFloat).contiguous();
  const int64_t channels = in.size(1), samples = in.size(2), pool = pooled ? kPool : 1;
  const int64_t rows = in.size(0) * channels;
  const at::Tensor out = at::empty({in.size(0), channels, samples / pool}, in.options());
  const cudaStream_t stream = c10::cuda::getCurrentCUDAStream();
  const float* bias_data = added.const_data_ptr<float>();
  if (in.scalar_type() == at::kBFloat16)
    LaunchBiasReluPool(static_cast<uint16_t*>(out.mutable_data_ptr()),
                       static_cast<const uint16_t*>(in.const_data_ptr()), bias_data, rows, channels, samples,
                       pool, stream);
  else
    LaunchBiasReluPool(out.mutable_data_ptr<float>(), in.const_data_ptr<float>(), bias_data, rows, channels,
                       samples, pool, stream);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return out;
}

}  // namespace clmr::kernels::cuda
