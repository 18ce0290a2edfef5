#include "kernels/sample_cnn/bfloat16.h"

#include <cstring>

namespace clmr::kernels {

Bfloat16 ToBfloat16(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  if (x != x) return static_cast<uint16_t>((bits >> 16) | 0x40);  // quiet
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

}  // namespace clmr::kernels
