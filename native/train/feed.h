#pragma once
// From tracks to views where the training is. On the CPU crops are read as floats and augmented in place. To a
// device they go up as 16-bit integers from pinned memory, half the bytes, and the parameters of all transforms
// as one block; both on a stream of their own, so that they move and are augmented while the step before runs.
#include <c10/core/Stream.h>

#include <optional>

#include "train/batch.h"

namespace clmr {

class Feed {
 public:
  explicit Feed(c10::Device device);

  // The batch of a step, there. labels [all tracks, K], or undefined. Safe from several threads.
  LabelledViews Make(const CropSource& source, const std::vector<int64_t>& tracks, const at::Tensor& labels,
                     const Chain& chain, uint32_t step, const AbortFlag& abort) const;
  // The same of views that the caller made.
  LabelledViews Take(const LabelledViews& views) const;

 private:
  c10::Device device_;
  std::optional<c10::Stream> stream_;  // of a device
};

}  // namespace clmr
