// libclmr_cuda: the CUDA column of the kernels, for lib/native/cuda.ts to open and libclmr to use. The
// bootstrap calls clmr_napi_init, which hands over the table.
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <node_api.h>

#include "kernels/cuda.h"
#include "kernels/cuda/launch.h"

namespace clmr::kernels::cuda {
namespace {

constexpr int64_t kPool = 3;

at::Tensor BiasReluPoolOnDevice(const at::Tensor& x, const at::Tensor& bias, bool pooled) {
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

const CudaKernels kTable{kCudaBuild, BiasReluPoolOnDevice};

}  // namespace
}  // namespace clmr::kernels::cuda

// exports.kernels: the table, for useCuda() of libclmr.
extern "C" __attribute__((visibility("default"))) napi_value clmr_napi_init(napi_env env,
                                                                            napi_value exports) {
  napi_value table = nullptr;
  napi_create_external(env, const_cast<clmr::kernels::CudaKernels*>(&clmr::kernels::cuda::kTable), nullptr,
                       nullptr, &table);
  napi_set_named_property(env, exports, "kernels", table);
  return exports;
}
