#include "kernels/sample_cnn/inference/direct.h"

#include <cstring>

#include "kernels/dispatch.h"

namespace clmr::kernels {

uint16_t ToBfloat16(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  if (x != x) return static_cast<uint16_t>((bits >> 16) | 0x40);  // quiet
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

const Bfloat16Kernels& ChooseBfloat16() {
#if defined(__x86_64__)
  switch (ActiveIsa()) {
    case Isa::avx512:
      return avx512::kBfloat16;
    case Isa::avx2:
      return avx2::kBfloat16;
    default:
      break;
  }
#endif
  return base::kBfloat16;
}

}  // namespace clmr::kernels
