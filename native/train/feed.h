#pragma once
// From tracks to views where the training is. On the CPU crops are read as floats. To a device they go up as
// 16-bit integers from pinned memory, half the bytes, and the parameters of all transforms as one block. Both
// go on a stream of their own, so that they move and are augmented while the step before runs.
#include <c10/core/Stream.h>

#include <optional>

#include "train/batch.h"

namespace clmr {

class Feed {
 public:
  explicit Feed(c10::Device device);

  // tracks [B] → the crops of a step there, [B·V, T] float32. Like Augment safe from several threads.
  at::Tensor Load(const CropSource& source, const std::vector<int64_t>& tracks, const Chain& chain,
                  uint32_t step, const AbortFlag& abort) const;
  // crops of Load, labels [B, K] on the host or undefined → the batch of the step, there and complete
  LabelledViews Augment(const at::Tensor& crops, const at::Tensor& labels, const Chain& chain, uint32_t step,
                        const AbortFlag& abort) const;
  // Views that the caller made, there.
  LabelledViews Take(const LabelledViews& views) const;

 private:
  c10::Device device_;
  std::optional<c10::Stream> stream_;  // of a device
};

}  // namespace clmr
