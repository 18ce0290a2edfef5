#include "kernels/winograd.h"

#include "kernels/dispatch.h"

namespace clmr::kernels {

void WinogradFilter(const double w[3], double points[kTilePoints]) {
  const double even1 = w[0] + w[2], even2 = w[0] + 4 * w[2], even3 = 4 * w[0] + w[2];
  points[0] = w[0];
  points[1] = -2.0 / 9 * (even1 + w[1]);
  points[2] = -2.0 / 9 * (even1 - w[1]);
  points[3] = (even2 + 2 * w[1]) / 90;
  points[4] = (even2 - 2 * w[1]) / 90;
  points[5] = 8.0 / 45 * (even3 + 2 * w[1]);
  points[6] = 8.0 / 45 * (even3 - 2 * w[1]);
  points[7] = w[2];
}

const WinogradKernels& ChooseWinograd() {
#if defined(__x86_64__)
  switch (ActiveIsa()) {
    case Isa::avx512: return avx512::kWinograd;
    case Isa::avx2: return avx2::kWinograd;
    default: break;
  }
#endif
  return base::kWinograd;
}

}  // namespace clmr::kernels
