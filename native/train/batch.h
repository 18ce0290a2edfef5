#pragma once
// Which tracks make up the batch of a step, and the crops of them that its views are made of.
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <mutex>
#include <vector>

#include "augment/chain.h"
#include "cache/crop_source.h"
#include "error.h"

namespace clmr {

// Examples of a batch: batch norm and every objective compare several.
constexpr int64_t kLeastBatch = 2;

// views [B·V, T], row = example·V + view; labels [B, K] of 0 and 1, undefined where there are none
struct LabelledViews {
  at::Tensor views, labels;
};

// Every epoch is a permutation of the tracks, cut into whole batches; what is left over is dropped, since a
// short batch would change the number of negatives. A function of (seed, step).
class BatchOrder {
 public:
  // Throws ERR_CONFIG where there are fewer tracks than a batch.
  BatchOrder(uint64_t seed, int64_t tracks, int64_t batch_size);

  int64_t StepsPerEpoch() const { return tracks_ / batch_size_; }
  // The tracks [B] of step 0, 1, … Safe from several threads.
  std::vector<int64_t> Tracks(int64_t step) const;

 private:
  uint64_t seed_;
  int64_t tracks_, batch_size_;
  mutable std::mutex mutex_;
  mutable int64_t epoch_ = -1;  // of which `order_` is
  mutable std::vector<int64_t> order_;
};

// tracks [B] → crops [B·V, T], row = example·V + view, each from where the chain begins it at this step;
// a shorter track is zero-padded. Only the crops are read. Throws ERR_CACHE with the path.
at::Tensor LoadCrops(const CropSource& source, const std::vector<int64_t>& tracks, const Chain& chain,
                     uint32_t step, const AbortFlag& abort);
// The same as they are stored, in 16 bits, in memory that a device can read while the host goes on.
at::Tensor LoadPinnedPcm16(const CropSource& source, const std::vector<int64_t>& tracks, const Chain& chain,
                           uint32_t step, const AbortFlag& abort);

// crops [B·V, T] → views [B·V, T]: the rest of the chain
at::Tensor AugmentCrops(const at::Tensor& crops, const Chain& chain, uint32_t step, const AbortFlag& abort);

// The rows of labels [all tracks, K] that belong to `tracks`; undefined where there are none.
at::Tensor LabelsOf(const at::Tensor& labels, const std::vector<int64_t>& tracks);

}  // namespace clmr
