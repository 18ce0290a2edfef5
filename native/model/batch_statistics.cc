#include "model/batch_statistics.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

namespace clmr {
namespace {

constexpr int64_t kBatch = 16;     // at most
constexpr double kMomentum = 0.1;  // of the running statistics, as PyTorch's default

}  // namespace

void MeasureBatchStatistics(SampleCnn& model, const at::Tensor& clips, const AbortFlag& abort) {
  if (clips.size(0) < 2) throw Error("ERR_ARGUMENT", "there are fewer than two clips to measure");
  c10::InferenceMode inference;
  const int64_t batches = (clips.size(0) + kBatch - 1) / kBatch;
  const SampleCnn before = model.Clone();
  for (ConvBlock& block : model.blocks) {
    block.running_mean.zero_();
    block.running_var.zero_();
  }
  for (int64_t batch = 0; batch < batches; ++batch) {
    // batches of equal size: the variance of a single clip's last layer is not a number
    const int64_t from = batch * clips.size(0) / batches;
    const int64_t to = (batch + 1) * clips.size(0) / batches;
    const SampleCnn moved = before.Clone();
    moved.Forward(clips.slice(0, from, to), /*training=*/true, abort);
    // after = (1 − momentum) · before + momentum · batch, solved for the batch
    for (size_t i = 0; i < model.blocks.size(); ++i) {
      const auto add = [&](at::Tensor& sum, const at::Tensor& after, const at::Tensor& start) {
        sum.add_(after - (1 - kMomentum) * start, 1 / (kMomentum * static_cast<double>(batches)));
      };
      add(model.blocks[i].running_mean, moved.blocks[i].running_mean, before.blocks[i].running_mean);
      add(model.blocks[i].running_var, moved.blocks[i].running_var, before.blocks[i].running_var);
    }
  }
}

}  // namespace clmr
