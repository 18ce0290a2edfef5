#include "kernels/resample/resample.h"

#include "kernels/dispatch.h"

namespace clmr::kernels {

ResampleKernels ActiveResample() {
  const Choice choice = ActiveChoice();
  const ResampleKernel fast = kResample[choice.isa];
  if (choice.plain) return {resample_f32_reference, nullptr};
  return {fast ? fast : resample_f32_reference, kPolyphase[choice.isa]};
}

}  // namespace clmr::kernels
