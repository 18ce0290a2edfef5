// The loss of a validation set: running statistics, and nothing moves.
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <numeric>

#include "device/device.h"
#include "train/trainer.h"

namespace clmr {
namespace {

// The views of the validation set are drawn with this step and those below it, which no training reaches.
constexpr uint32_t kValidationStep = UINT32_MAX;

}  // namespace

double Trainer::Validate(const CropSource& source, const at::Tensor& labels, const AbortFlag& abort) {
  if (source.Tracks() < kLeastBatch)
    throw Error("ERR_CONFIG", "a validation set needs at least " + std::to_string(kLeastBatch) + " tracks");
  const int64_t size = std::min(spec_.batch_size, source.Tracks()), batches = source.Tracks() / size;
  double sum = 0;
  for (int64_t b = 0; b < batches; ++b) {
    std::vector<int64_t> tracks(size);
    std::iota(tracks.begin(), tracks.end(), b * size);
    // Other crops and transforms for every batch, the same ones every time
    const uint32_t step = kValidationStep - static_cast<uint32_t>(b);
    const at::Tensor crops = feed_.Load(source, tracks, chain_, step, abort);
    const LabelledViews batch = feed_.Augment(crops, LabelsOf(labels, tracks), chain_, step, abort);

    std::lock_guard one_at_a_time(step_mutex_);
    at::NoGradGuard no_gradients;
    const OnDevice here(device_, spec_.tf32);
    CheckBatch(batch, 1);
    const ObjectiveInput input = Encode(encoder_, *objective_, batch, /*training=*/false, abort);
    sum += objective_->Loss(input).loss.item<double>();
  }
  return sum / static_cast<double>(batches);
}

}  // namespace clmr
