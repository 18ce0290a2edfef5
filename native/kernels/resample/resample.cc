#include "kernels/resample/resample.h"

#include "kernels/dispatch.h"

namespace clmr::kernels {

ResampleKernel ChooseResample() {
#if defined(__x86_64__) && defined(__GNUC__)
  if (FusedKernelsWanted()) {
    switch (ActiveIsa()) {
      case Isa::avx512:
        return avx512::resample_f32;
      case Isa::avx2:
        return avx2::resample_f32;
      default:
        break;
    }
  }
#endif
  return resample_f32_reference;
}

PolyphaseKernel ChoosePolyphase() {
  if (!FusedKernelsWanted()) return nullptr;
#if defined(__x86_64__)
  switch (ActiveIsa()) {
    case Isa::avx512:
      return avx512::resample_polyphase_f32;
    case Isa::avx2:
      return avx2::resample_polyphase_f32;
    default:
      break;
  }
#endif
  return base::resample_polyphase_f32;
}

}  // namespace clmr::kernels
