#pragma once
// What stands around the bfloat16 GEMM of a direct convolution: the first layer, and bias, ReLU and max-pool.
// Rows are time steps, channels lie next to each other; a window of 3 rows × C channels is one contiguous row
// of the GEMM's left side, so nothing has to be gathered. Channels are multiples of 64.
#include <cstdint>

namespace clmr::kernels {

// float32 → bfloat16, to nearest, ties to even; NaN stays NaN
uint16_t ToBfloat16(float x);

struct Bfloat16Kernels {
  // Steps first … first + count - 1 of ReLU(first convolution) as rows of `channels`; steps outside of 0 …
  // steps - 1 are zeros. waveform [3·steps]; weight [3, channels], one row a tap.
  void (*first_layer)(const float* waveform, const float* weight, const float* bias, int64_t first,
                      int64_t count, int64_t steps, int64_t channels, uint16_t* rows);

  // c [3·windows, block] → windows rows of `stride` values: max over 3 rows, plus bias, ReLU
  void (*pool)(const float* c, int64_t windows, int64_t block, const float* bias, uint16_t* pooled,
               int64_t stride);
};

namespace base {
extern const Bfloat16Kernels kBfloat16;
}
namespace avx2 {
extern const Bfloat16Kernels kBfloat16;
}
namespace avx512 {
extern const Bfloat16Kernels kBfloat16;
}

const Bfloat16Kernels& ChooseBfloat16();

}  // namespace clmr::kernels
