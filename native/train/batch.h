#pragma once
// Which tracks make up the batch of a step, and which windows of them its rows are. Pure functions of (seed,
// step).
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "augment/chain.h"
#include "cache/crop_source.h"
#include "error.h"

namespace clmr {

// Every epoch is a permutation of the tracks, cut into whole batches; what is left over is dropped, since a
// short batch would change the number of negatives.
class BatchOrder {
 public:
  // Throws ERR_CONFIG where there are fewer tracks than a batch.
  BatchOrder(uint64_t seed, int64_t tracks, int64_t batch_size);

  int64_t StepsPerEpoch() const { return tracks_ / batch_size_; }
  // The tracks [B] of step 0, 1, …
  std::vector<int64_t> Tracks(int64_t step) const;

 private:
  uint64_t seed_;
  int64_t tracks_, batch_size_;
};

// Whether the views of an example are windows of their own (the chain has randomCrop) or share one.
enum class Windows { perView, perExample };
Windows WindowsOf(const ChainSpec& chain);

// tracks [B] → crops [B·V, 59049], row = example·V + view: a window of the row's track, drawn from (seed,
// step, row); a shorter track is zero-padded. Only the windows are read. Throws ERR_CACHE with the path.
at::Tensor ReadCrops(const CropSource& source, const std::vector<int64_t>& tracks, int64_t views,
                     Windows windows, uint64_t seed, uint32_t step, const AbortFlag& abort);

// crops [N, 59049] → views [N, 59049], row by row: the chain after its crop. `chain` has views = 1.
at::Tensor AugmentRows(const Chain& chain, const at::Tensor& crops, uint32_t step, const AbortFlag& abort);

}  // namespace clmr
