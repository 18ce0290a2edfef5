// One training step, in the order of the data flow: load and augment (MakeBatch), then encode, objective,
// backward, update (Learn).
#include <ATen/core/grad_mode.h>

#include <chrono>
#include <cmath>

#include "device/device.h"
#include "optim/gradients.h"
#include "train/trainer.h"

namespace clmr {
namespace {

class Stopwatch {
 public:
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// sums += share · metrics, by their names
void AddMetrics(Metrics& sums, const Metrics& metrics, double share) {
  if (sums.empty())
    for (const auto& [name, value] : metrics) sums.emplace_back(name, 0);
  for (size_t i = 0; i < metrics.size(); ++i) sums[i].second += share * metrics[i].second;
}

void CheckFinite(double value, const char* what, int64_t step) {
  if (std::isfinite(value)) return;
  throw Error("ERR_NON_FINITE", std::string("the ") + what + " of step " + std::to_string(step) + " is " +
                                    (std::isnan(value) ? "NaN" : "infinite"));
}

// The loss of a batch is a share of that of the step.
void Add(const ObjectiveLoss& loss, double share, StepResult& result) {
  const double value = loss.loss.item<double>();
  CheckFinite(value, "loss", result.step);
  result.loss += share * value;
  AddMetrics(result.metrics, loss.metrics, share);
}

}  // namespace

StepResult Trainer::Step(LearningRates rates, const AbortFlag& abort) {
  std::lock_guard one_at_a_time(step_mutex_);
  throw_if_aborted(abort);  // it may have waited for another step
  Stopwatch watch;
  const LabelledViews batch = loader_.Take(step_, abort);  // of MakeBatch, while the step before trained
  const double data_seconds = watch.Seconds();
  loader_.Begin(step_ + 1);
  StepResult result = Learn(batch, rates, abort);
  result.data_seconds = data_seconds;
  result.seconds = watch.Seconds();
  return result;
}

StepResult Trainer::StepOnViews(const LabelledViews& views, LearningRates rates, const AbortFlag& abort) {
  std::lock_guard one_at_a_time(step_mutex_);
  throw_if_aborted(abort);
  CheckBatch(views, spec_.accumulate);
  return Learn(feed_.Take(views), rates, abort);
}

// Load, augment.
LabelledViews Trainer::MakeBatch(int64_t step, const AbortFlag& abort) const {
  const std::vector<int64_t> tracks = Order().Tracks(step);
  const auto number = static_cast<uint32_t>(step);
  const at::Tensor crops = feed_.Load(*source_, tracks, chain_, number, abort);
  return feed_.Augment(crops, LabelsOf(labels_, tracks), chain_, number, abort);
}

// Encode, objective, backward, update.
StepResult Trainer::Learn(const LabelledViews& views, LearningRates rates, const AbortFlag& abort) {
  at::AutoGradMode with_gradients(true);
  const OnDevice here(device_, spec_.tf32, Shapes::repeat);
  Stopwatch watch;
  StepResult result;
  result.step = step_ + 1;
  result.learning_rate = rates.heads;
  const Gradients gradients(Parameters());
  Draft draft{encoder_.WithOwnStatistics(), objective_->Draft()};
  const double share = 1.0 / static_cast<double>(spec_.accumulate);
  for (int64_t i = 0; i < spec_.accumulate; ++i) {
    const LabelledViews batch = Part(views, i);
    ObjectiveInput input = Encode(draft.encoder, *draft.objective, batch, /*training=*/true, abort);
    input.first_row = i * batch.views.size(0);
    const ObjectiveLoss loss = draft.objective->Loss(input);
    Add(loss, share, result);
    Backward(draft, batch, input, share == 1 ? loss.loss : loss.loss * share, abort);
  }
  Update(std::move(draft), gradients, rates, result, abort);
  result.seconds = watch.Seconds();
  return result;
}

// Batch i of `accumulate` batches of equal size.
LabelledViews Trainer::Part(const LabelledViews& all, int64_t i) const {
  const int64_t rows = all.views.size(0) / spec_.accumulate, examples = rows / spec_.chain.views;
  LabelledViews batch{all.views.narrow(0, i * rows, rows), {}};
  if (all.labels.defined()) batch.labels = all.labels.narrow(0, i * examples, examples);
  return batch;
}

// views [B·V, T] → embeddings [N, E]
ObjectiveInput Trainer::Encode(const SampleCnn& encoder, const Objective& objective,
                               const LabelledViews& batch, bool training, const AbortFlag& abort) const {
  const int64_t n_views = spec_.chain.views;
  const bool moves = training && !spec_.freeze;
  ObjectiveInput input;
  const ViewRange online = objective.OnlineViews(n_views);
  input.embeddings = frozen_ ? EncodeViews(spec_, *frozen_, batch.views, online, abort)
                             : EncodeViews(spec_, encoder, batch.views, online, moves, abort);
  if (training && BackwardInChunks(batch.views)) input.embeddings.requires_grad_(true);
  if (const SampleCnn* target = objective.TargetEncoder()) {
    at::NoGradGuard no_gradients;
    input.targets = EncodeViews(spec_, *target, batch.views, objective.TargetViews(n_views), moves, abort);
  }
  input.labels = batch.labels;
  input.views = n_views;
  input.training = training;
  input.views_apart = spec_.view_norm == ViewNorm::separate;
  input.step = static_cast<uint32_t>(step_);
  input.abort = &abort;
  return input;
}

// Gradients add up in the parameters.
void Trainer::Backward(const Draft& draft, const LabelledViews& batch, const ObjectiveInput& input,
                       const at::Tensor& loss, const AbortFlag& abort) const {
  loss.backward();
  if (!BackwardInChunks(batch.views)) return;
  // Those of the draft have moved in the first pass.
  const SampleCnn again = draft.encoder.WithOwnStatistics();
  const ViewRange range = draft.objective->OnlineViews(spec_.chain.views);
  EncodeBackward(spec_, again, batch.views, range, input.embeddings.grad(), abort);
}

void Trainer::Update(Draft draft, const Gradients& gradients, LearningRates rates, StepResult& result,
                     const AbortFlag& abort) {
  result.gradient_norm = gradients.Norm();
  CheckFinite(result.gradient_norm, "gradient", result.step);
  if (spec_.clip_gradient_norm > 0) gradients.Clip(result.gradient_norm, spec_.clip_gradient_norm);
  const std::vector<at::Tensor> directions = gradients.All();
  throw_if_aborted(abort);

  std::lock_guard weights(weights_mutex_);  // nothing above has changed the trainer, nothing below fails
  optimizer_->Update(directions, {rates.encoder, rates.heads});
  draft.objective->AfterUpdate(draft.encoder, result.step);
  encoder_ = std::move(draft.encoder);
  objective_ = std::move(draft.objective);
  step_ = result.step;
  if (live_ && !spec_.freeze) live_->Update(encoder_);
}

void Trainer::CheckBatch(const LabelledViews& batch, int64_t batches) const {
  const at::Tensor& views = batch.views;
  const int64_t n_views = spec_.chain.views, least = kLeastBatch * n_views * batches;
  if (views.dim() != 2 || views.size(1) != ClipLength() || views.size(0) < least ||
      views.size(0) % (n_views * batches) != 0)
    throw Error("ERR_SHAPE", "expected views of at least " + std::to_string(kLeastBatch) +
                                 " examples a batch, " + std::to_string(n_views) + " rows of " +
                                 std::to_string(ClipLength()) + " samples each");
  if (batch.labels.defined() && batch.labels.size(0) != views.size(0) / n_views)
    throw Error("ERR_SHAPE", "expected labels of " + std::to_string(views.size(0) / n_views) +
                                 " examples, not of " + std::to_string(batch.labels.size(0)));
}

}  // namespace clmr
