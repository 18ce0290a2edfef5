// libclmr_cuda, for lib/native/cuda.ts to open: the bootstrap calls clmr_napi_init, which hands over the
// table of the kernels for CUDA.
#include <node_api.h>

#include "bindings/cuda/table.h"

// exports.kernels: the table, for useCuda() of libclmr.
extern "C" __attribute__((visibility("default"))) napi_value clmr_napi_init(napi_env env,
                                                                            napi_value exports) {
  napi_value table = nullptr;
  napi_create_external(env, const_cast<clmr::kernels::CudaKernels*>(&clmr::kernels::CudaTable()), nullptr,
                       nullptr, &table);
  napi_set_named_property(env, exports, "kernels", table);
  return exports;
}
