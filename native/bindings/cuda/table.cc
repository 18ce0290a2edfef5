#include "bindings/cuda/table.h"

#include "kernels/augment/cuda/augment.h"
#include "kernels/nt_xent/cuda/nt_xent.h"
#include "kernels/sample_cnn/inference/cuda/bias_relu_pool.h"
#include "kernels/sample_cnn/training/cuda/norm_relu_pool.h"

namespace clmr::kernels {

const CudaKernels& CudaTable() {
  static const CudaKernels table{kCudaBuild,
                                 cuda::bias_relu_pool,
                                 cuda::nt_xent,
                                 cuda::norm_relu_pool,
                                 cuda::norm_relu_pool_backward,
                                 cuda::pointwise,
                                 cuda::sinc_filter,
                                 cuda::reverb,
                                 cuda::pitch_shift};
  return table;
}

}  // namespace clmr::kernels
