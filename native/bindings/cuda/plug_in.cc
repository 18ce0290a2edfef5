// libclmr_cuda, for lib/native/cuda.ts to open: the bootstrap calls clmr_napi_init, which hands over the
// table of the kernels for CUDA.
#include <node_api.h>

#include "kernels/augment/cuda/augment.h"
#include "kernels/cuda.h"
#include "kernels/nt_xent/cuda/nt_xent.h"
#include "kernels/sample_cnn/inference/cuda/bias_relu_pool.h"
#include "kernels/sample_cnn/training/cuda/norm_relu_pool.h"

namespace {

using namespace clmr::kernels;
const CudaKernels kTable{
    kCudaBuild,      cuda::bias_relu_pool, cuda::nt_xent, cuda::norm_relu_pool, cuda::norm_relu_pool_backward,
    cuda::pointwise, cuda::sinc_filter,    cuda::reverb,  cuda::pitch_shift};

}  // namespace

// exports.kernels: the table, for useCuda() of libclmr.
extern "C" __attribute__((visibility("default"))) napi_value clmr_napi_init(napi_env env,
                                                                            napi_value exports) {
  napi_value table = nullptr;
  napi_create_external(env, const_cast<CudaKernels*>(&kTable), nullptr, nullptr, &table);
  napi_set_named_property(env, exports, "kernels", table);
  return exports;
}
