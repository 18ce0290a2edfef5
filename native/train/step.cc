// One training step, in the order of the data flow.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>

#include <chrono>
#include <cmath>

#include "train/trainer.h"

namespace clmr {
namespace {

// The views of the validation set are drawn with this step and those below it, which no training reaches.
constexpr uint32_t kValidationStep = UINT32_MAX;

class Stopwatch {
 public:
  double Seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// The gradients of a backward pass; they are gone from the parameters afterwards, whatever happened.
class Gradients {
 public:
  explicit Gradients(const NamedTensors& parameters) {
    for (const auto& [name, tensor] : parameters) parameters_.push_back(tensor);
  }
  ~Gradients() {
    for (at::Tensor& p : parameters_) p.mutable_grad().reset();
  }
  std::vector<at::Tensor> Of(const at::Tensor& loss) const {
    loss.backward();
    std::vector<at::Tensor> gradients;
    for (const at::Tensor& p : parameters_) gradients.push_back(p.grad());
    return gradients;
  }

 private:
  std::vector<at::Tensor> parameters_;
};

// L2 over everything; in float64, since a float32 sum of squares overflows long before the gradients do.
double Norm(const std::vector<at::Tensor>& gradients) {
  double sum = 0;
  for (const at::Tensor& g : gradients) {
    const double norm = at::linalg_vector_norm(g, 2, std::nullopt, false, at::kDouble).item<double>();
    sum += norm * norm;
  }
  return std::sqrt(sum);
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
  const std::vector<int64_t> tracks = Order().Tracks(step_);
  const auto step = static_cast<uint32_t>(step_);
  const at::Tensor crops = ReadCrops(*source_, tracks, spec_.chain.views, windows_, spec_.seed, step, abort);
  const at::Tensor views = AugmentRows(row_chain_, crops, step, abort);
  const double data_seconds = watch.Seconds();
  StepResult result = Run(views, learning_rate, abort);
  result.data_seconds = data_seconds;
  result.seconds = watch.Seconds();
  result.tracks = tracks;
  return result;
}

StepResult Trainer::StepOnViews(const at::Tensor& views, double learning_rate, const AbortFlag& abort) {
  std::lock_guard one_at_a_time(step_mutex_);
  throw_if_aborted(abort);
  CheckViews(views);
  return Run(views, learning_rate, abort);
}

StepResult Trainer::Run(const at::Tensor& views, double learning_rate, const AbortFlag& abort) {
  at::AutoGradMode with_gradients(true);
  Stopwatch watch;
  StepResult result;
  result.step = step_ + 1;
  Gradients gradients_of(Parameters());
  const SampleCnn encoder = encoder_.WithOwnStatistics();
  std::unique_ptr<Objective> objective = objective_->Draft();

  ObjectiveLoss loss = Loss(encoder, *objective, views, /*training=*/true, abort);
  result.loss = loss.loss.item<double>();
  result.metrics = std::move(loss.metrics);
  CheckFinite(result.loss, "loss", result.step);
  const std::vector<at::Tensor> gradients = gradients_of.Of(loss.loss);
  loss.loss.reset();
  result.gradient_norm = Norm(gradients);
  CheckFinite(result.gradient_norm, "gradient", result.step);
  throw_if_aborted(abort);

  std::lock_guard weights(weights_mutex_);  // nothing above has changed the trainer, nothing below fails
  optimizer_->Update(gradients, learning_rate);
  objective->AfterUpdate(encoder, result.step);
  encoder_ = encoder;
  objective_ = std::move(objective);
  step_ = result.step;
  if (live_) live_->Update(encoder_);
  result.seconds = watch.Seconds();
  return result;
}

// views [N, T] → embeddings [N, E] → loss
ObjectiveLoss Trainer::Loss(const SampleCnn& encoder, Objective& objective, const at::Tensor& views, bool training,
                            const AbortFlag& abort) const {
  const int64_t n_views = spec_.chain.views;
  ObjectiveInput input;
  input.embeddings = Encode(encoder, views, objective.OnlineViews(n_views), training, abort);
  if (const SampleCnn* target = objective.TargetEncoder()) {
    at::NoGradGuard no_gradients;
    input.targets = Encode(*target, views, objective.TargetViews(n_views), training, abort);
  }
  input.views = n_views;
  input.training = training;
  input.step = static_cast<uint32_t>(step_);
  input.abort = &abort;
  return objective.Loss(input);
}

// views [B·V, T] → embeddings [B·count, E] of the range
at::Tensor Trainer::Encode(const SampleCnn& encoder, const at::Tensor& views, ViewRange range, bool training,
                           const AbortFlag& abort) const {
  const at::Tensor by_view = views.view({-1, spec_.chain.views, kClipLength});
  if (spec_.view_norm == ViewNorm::joint || !training) {
    const at::Tensor wanted = by_view.narrow(1, range.first, range.count).reshape({-1, kClipLength});
    return encoder.Forward(wanted, training, abort, spec_.fused);
  }
  std::vector<at::Tensor> embeddings;  // count × [B, E]
  for (int64_t v = range.first; v < range.first + range.count; ++v)
    embeddings.push_back(encoder.Forward(by_view.select(1, v).contiguous(), training, abort, spec_.fused));
  return at::stack(embeddings, 1).flatten(0, 1);
}

double Trainer::Evaluate(const at::Tensor& views, const AbortFlag& abort) {
  std::lock_guard one_at_a_time(step_mutex_);
  at::NoGradGuard no_gradients;
  CheckViews(views);
  return Loss(encoder_, *objective_, views, /*training=*/false, abort).loss.item<double>();
}

double Trainer::Validate(const CropSource& source, const AbortFlag& abort) {
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
    sum += Evaluate(AugmentRows(row_chain_, crops, step, abort), abort);
  }
  return sum / static_cast<double>(batches);
}

void Trainer::CheckViews(const at::Tensor& views) const {
  if (views.dim() == 2 && views.size(1) == kClipLength && views.size(0) >= 2 * spec_.chain.views &&
      views.size(0) % spec_.chain.views == 0)
    return;
  throw Error("ERR_SHAPE", "expected views of at least 2 examples, " + std::to_string(spec_.chain.views) +
                               " rows of " + std::to_string(kClipLength) + " samples each");
}

}  // namespace clmr
