// One training step, in the order of the data flow.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "optim/gradients.h"
#include "train/trainer.h"

namespace clmr {
namespace {

// The views of the validation set are drawn with this step and those below it, which no training reaches.
constexpr uint32_t kValidationStep = UINT32_MAX;

class Stopwatch {
 public:
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Rows of whole examples, chunk_rows at a time. A last one of a single example goes with the one before it:
// batch norm has nothing to compare there.
std::vector<at::Tensor> Chunks(const at::Tensor& views, int64_t chunk_rows, int64_t n_views) {
  std::vector<at::Tensor> chunks;
  for (int64_t row = 0, rows = views.size(0); row < rows;) {
    int64_t count = std::min(chunk_rows, rows - row);
    if (rows - row - count == n_views) count += n_views;
    chunks.push_back(views.narrow(0, row, count));
    row += count;
  }
  return chunks;
}

// sums += share · metrics, by their names
void AddMetrics(Metrics& sums, const Metrics& metrics, double share) {
  if (sums.empty())
    for (const auto& [name, value] : metrics) sums.emplace_back(name, 0);
  for (size_t i = 0; i < metrics.size(); ++i) sums[i].second += share * metrics[i].second;
}

// The rows of labels [all tracks, K] that belong to the tracks of a batch
at::Tensor LabelsOf(const at::Tensor& labels, const std::vector<int64_t>& tracks) {
  return labels.defined() ? labels.index_select(0, at::tensor(tracks)) : at::Tensor();
}

void CheckFinite(double value, const char* what, int64_t step) {
  if (std::isfinite(value)) return;
  throw Error("ERR_NON_FINITE", std::string("the ") + what + " of step " + std::to_string(step) + " is " +
                                    (std::isnan(value) ? "NaN" : "infinite"));
}

}  // namespace

StepResult Trainer::Step(double learning_rate, const AbortFlag& abort) {
  std::lock_guard one_at_a_time(step_mutex_);
  throw_if_aborted(abort);  // it may have waited for another step
  Stopwatch watch;
  const LoadedBatch batch = loader_.Take(step_, abort);
  const double data_seconds = watch.Seconds();
  loader_.Begin(step_ + 1);
  StepResult result = Run({batch.views, LabelsOf(labels_, batch.tracks)}, learning_rate, abort);
  result.data_seconds = data_seconds;
  result.seconds = watch.Seconds();
  result.tracks = batch.tracks;
  return result;
}

LoadedBatch Trainer::Load(int64_t step, const AbortFlag& abort) const {
  LoadedBatch batch{Order().Tracks(step), {}};
  const auto number = static_cast<uint32_t>(step);
  const at::Tensor crops =
      ReadCrops(*source_, batch.tracks, spec_.chain.views, windows_, spec_.seed, number, abort);
  batch.views = AugmentRows(row_chain_, crops, number, abort);
  return batch;
}

StepResult Trainer::StepOnViews(const LabelledViews& views, double learning_rate, const AbortFlag& abort) {
  std::lock_guard one_at_a_time(step_mutex_);
  throw_if_aborted(abort);
  CheckViews(views, spec_.accumulate);
  return Run(views, learning_rate, abort);
}

StepResult Trainer::Run(const LabelledViews& views, double learning_rate, const AbortFlag& abort) {
  at::AutoGradMode with_gradients(true);
  Stopwatch watch;
  StepResult result;
  result.step = step_ + 1;
  result.learning_rate = learning_rate;
  const Gradients gradients(Parameters());
  const SampleCnn encoder = encoder_.WithOwnStatistics();
  std::unique_ptr<Objective> objective = objective_->Draft();

  const int64_t rows = views.views.size(0) / spec_.accumulate, examples = rows / spec_.chain.views;
  for (int64_t i = 0; i < spec_.accumulate; ++i) {
    LabelledViews batch{views.views.narrow(0, i * rows, rows), {}};
    if (views.labels.defined()) batch.labels = views.labels.narrow(0, i * examples, examples);
    Learn(encoder, *objective, batch, i * rows, 1.0 / static_cast<double>(spec_.accumulate), result, abort);
  }
  result.gradient_norm = gradients.Norm();
  CheckFinite(result.gradient_norm, "gradient", result.step);
  if (spec_.clip_gradient_norm > 0) gradients.Clip(result.gradient_norm, spec_.clip_gradient_norm);
  const std::vector<at::Tensor> directions = gradients.All();
  throw_if_aborted(abort);

  std::lock_guard weights(weights_mutex_);  // nothing above has changed the trainer, nothing below fails
  optimizer_->Update(directions, learning_rate);
  objective->AfterUpdate(encoder, result.step);
  encoder_ = encoder;
  objective_ = std::move(objective);
  step_ = result.step;
  if (live_) live_->Update(encoder_);
  result.seconds = watch.Seconds();
  return result;
}

// views [B·V, T] → embeddings [N, E] → loss, and back. With chunks the encoder's activations are kept for one
// of them only (Gao, Zhang, Han & Callan, "Scaling Deep Contrastive Learning Batch Size under Memory Limited
// Setup", 2021): all embeddings first, without a graph, then the loss and its gradient in them, which every
// chunk's second pass sends on.
void Trainer::Learn(const SampleCnn& encoder, Objective& objective, const LabelledViews& batch,
                    int64_t first_row, double share, StepResult& result, const AbortFlag& abort) const {
  const int64_t chunk_rows = spec_.chunk_size * spec_.chain.views;
  const bool cached = chunk_rows > 0 && chunk_rows < batch.views.size(0);
  ObjectiveInput input = Embed(encoder, objective, batch, /*training=*/true, abort);
  input.first_row = first_row;
  if (cached) input.embeddings.requires_grad_(true);
  const ObjectiveLoss loss = objective.Loss(input);
  const double value = loss.loss.item<double>();
  CheckFinite(value, "loss", result.step);
  result.loss += share * value;
  AddMetrics(result.metrics, loss.metrics, share);
  (share == 1 ? loss.loss : loss.loss * share).backward();
  if (!cached) return;
  const SampleCnn again = encoder.WithOwnStatistics();  // the running ones have moved in the first pass
  const ViewRange range = objective.OnlineViews(spec_.chain.views);
  const at::Tensor gradient = input.embeddings.grad();
  int64_t row = 0;
  for (const at::Tensor& chunk : Chunks(batch.views, chunk_rows, spec_.chain.views)) {
    const at::Tensor embeddings = Encode(again, chunk, range, /*training=*/true, abort);
    embeddings.backward(gradient.narrow(0, row, embeddings.size(0)));
    row += embeddings.size(0);
  }
}

ObjectiveInput Trainer::Embed(const SampleCnn& encoder, const Objective& objective,
                              const LabelledViews& batch, bool training, const AbortFlag& abort) const {
  const at::Tensor& views = batch.views;
  const int64_t n_views = spec_.chain.views;
  const int64_t chunk_rows = spec_.chunk_size > 0 ? spec_.chunk_size * n_views : views.size(0);
  const auto all_chunks = [&](const SampleCnn& model, ViewRange range) {
    if (chunk_rows >= views.size(0)) return Encode(model, views, range, training, abort);
    at::NoGradGuard no_gradients;
    std::vector<at::Tensor> embeddings;
    for (const at::Tensor& chunk : Chunks(views, chunk_rows, n_views))
      embeddings.push_back(Encode(model, chunk, range, training, abort));
    return at::cat(embeddings);
  };
  ObjectiveInput input;
  input.embeddings = all_chunks(encoder, objective.OnlineViews(n_views));
  if (const SampleCnn* target = objective.TargetEncoder()) {
    at::NoGradGuard no_gradients;
    input.targets = all_chunks(*target, objective.TargetViews(n_views));
  }
  input.labels = batch.labels;
  input.views = n_views;
  input.training = training;
  input.views_apart = spec_.view_norm == ViewNorm::separate;
  input.step = static_cast<uint32_t>(step_);
  input.abort = &abort;
  return input;
}

// views [B·V, T] → embeddings [B·count, E] of the range
at::Tensor Trainer::Encode(const SampleCnn& encoder, const at::Tensor& views, ViewRange range, bool training,
                           const AbortFlag& abort) const {
  const at::Tensor by_view = views.view({-1, spec_.chain.views, kClipLength});
  if (spec_.view_norm == ViewNorm::joint || !training) {
    const at::Tensor wanted = by_view.narrow(1, range.first, range.count).reshape({-1, kClipLength});
    return encoder.Forward(wanted, training, abort, spec_.fused, spec_.kept);
  }
  std::vector<at::Tensor> embeddings;  // count × [B, E]
  for (int64_t v = range.first; v < range.first + range.count; ++v)
    embeddings.push_back(
        encoder.Forward(by_view.select(1, v).contiguous(), training, abort, spec_.fused, spec_.kept));
  return at::stack(embeddings, 1).flatten(0, 1);
}

double Trainer::Evaluate(const LabelledViews& views, const AbortFlag& abort) {
  std::lock_guard one_at_a_time(step_mutex_);
  at::NoGradGuard no_gradients;
  CheckViews(views, 1);
  return objective_->Loss(Embed(encoder_, *objective_, views, /*training=*/false, abort)).loss.item<double>();
}

double Trainer::Validate(const CropSource& source, const at::Tensor& labels, const AbortFlag& abort) {
  if (source.Tracks() < 2) throw Error("ERR_CONFIG", "a validation set needs at least 2 tracks");
  const int64_t batch = std::min(spec_.batch_size, source.Tracks());
  const int64_t batches = source.Tracks() / batch;
  double sum = 0;
  for (int64_t b = 0; b < batches; ++b) {
    std::vector<int64_t> tracks(batch);
    for (int64_t i = 0; i < batch; ++i) tracks[i] = b * batch + i;
    // Other windows and transforms for every batch, the same ones every time
    const uint32_t step = kValidationStep - static_cast<uint32_t>(b);
    const at::Tensor crops = ReadCrops(source, tracks, spec_.chain.views, windows_, spec_.seed, step, abort);
    sum += Evaluate({AugmentRows(row_chain_, crops, step, abort), LabelsOf(labels, tracks)}, abort);
  }
  return sum / static_cast<double>(batches);
}

void Trainer::CheckViews(const LabelledViews& batch, int64_t batches) const {
  const at::Tensor& views = batch.views;
  const int64_t n_views = spec_.chain.views, least = 2 * n_views * batches;
  if (views.dim() != 2 || views.size(1) != kClipLength || views.size(0) < least ||
      views.size(0) % (n_views * batches) != 0)
    throw Error("ERR_SHAPE", "expected views of at least 2 examples a batch, " + std::to_string(n_views) +
                                 " rows of " + std::to_string(kClipLength) + " samples each");
  if (batch.labels.defined() && batch.labels.size(0) != views.size(0) / n_views)
    throw Error("ERR_SHAPE", "expected labels of " + std::to_string(views.size(0) / n_views) +
                                 " examples, not of " + std::to_string(batch.labels.size(0)));
}

}  // namespace clmr
