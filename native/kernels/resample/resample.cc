#include "kernels/resample/resample.h"

#include "kernels/dispatch.h"
#include "kernels/resample/reference.h"

namespace clmr::kernels {

ResampleKernels ActiveResample() {
  const Choice choice = ActiveChoice();
  const ResampleKernel fast = kResample[choice.isa];
  if (choice.plain) return {reference::resample_f32, nullptr};
  return {fast ? fast : reference::resample_f32, kPolyphase[choice.isa]};
}

}  // namespace clmr::kernels
