#pragma once
// What a training learns from. The trainer encodes views and moves weights;
// an objective turns embeddings into a loss and owns whatever stands behind the encoder:
// projector, predictor, temperature, queue, momentum encoder.
//
// The loss is a function of embeddings, never of views: so they may come from one pass, from a pass a view,
// or from chunks whose gradient is sent back later.
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fields.h"
#include "model/mlp_head.h"
#include "model/module.h"
#include "model/projector.h"
#include "model/sample_cnn.h"

namespace clmr {

// Views first … first + count - 1 of every example.
struct ViewRange {
  int64_t first = 0, count = 0;
};

// What an objective compares; rows are grouped by example.
struct ObjectiveInput {
  at::Tensor embeddings;     // [B·V', E] of OnlineViews, by the encoder that learns
  at::Tensor targets;        // [B·V'', E] of TargetViews, by TargetEncoder, without gradient; undefined where
                             // there is none
  at::Tensor labels;         // [B, K] of 0 and 1; undefined where the data has none
  int64_t views = 0;         // V
  bool training = true;      // false: running statistics, no dropout, and nothing of the objective moves
  bool views_apart = false;  // batch norm of the heads sees one view at a time
  uint32_t step = 0;         // of which random choices are drawn
  int64_t first_row = 0;     // of the embeddings, in a step that works through several batches
  const AbortFlag* abort = nullptr;  // outlives the backward pass
};

using Metrics = std::vector<std::pair<std::string, double>>;

struct ObjectiveLoss {
  at::Tensor loss;  // scalar, differentiable in the embeddings and in what is learned
  Metrics metrics;  // of this batch; empty outside training
};

// The least and the most views of an example that an objective takes. Its spec holds them as kViews, and
// lists them in its table Constants().
using ViewBounds = std::pair<double, double>;
constexpr double kAnyNumber = std::numeric_limits<double>::infinity();

// Its tensors are named `projector.*` (SimCLR's), `head.*` (a classifier) or `objective.*` (all else). The
// optimizer moves those that are learned, and the encoder.
class Objective : public Module {
 public:
  // One for a single step: shares the weights, and has running statistics of its own. Where the step comes to
  // its end it takes the place of this one; where it does not, nothing has moved.
  std::unique_ptr<Objective> Draft() const;

  // Which views the encoder in training embeds.
  virtual ViewRange OnlineViews(int64_t views) const { return {0, views}; }
  // A second encoder that gradients do not reach (momentum, target), or null, and the views that it embeds.
  virtual const SampleCnn* TargetEncoder() const { return nullptr; }
  virtual ViewRange TargetViews(int64_t views) const { return {0, views}; }

  // May be called several times in a step, on the parts of a batch that is worked through in parts.
  virtual ObjectiveLoss Loss(const ObjectiveInput& input) = 0;

  // After the optimizer's update number `step` (from 1): averages follow, queues move on. Does not fail.
  virtual void AfterUpdate(const SampleCnn& /*encoder*/, int64_t /*step*/) {}

  // embeddings [N, E] → projections [N, D], running statistics
  virtual at::Tensor Project(const at::Tensor& embeddings) const = 0;

  // One with the same settings and its part of the state of a trainer. Throws ERR_CHECKPOINT.
  std::unique_ptr<Objective> WithState(const NamedTensors& state) const;

 protected:
  virtual std::unique_ptr<Objective> Copy() const = 0;  // shares the tensors
  // Throws ERR_CHECKPOINT where values that were loaded do not go together.
  virtual void CheckState() const {}
};

// An objective that is copied member by member; its tensors are shared.
template <class Derived>
class ObjectiveOf : public Objective {
  std::unique_ptr<Objective> Copy() const override {
    return std::make_unique<Derived>(static_cast<const Derived&>(*this));
  }
};

struct ProjectionSpec {
  static constexpr const char* kName = "ProjectionSpec";
  int64_t hidden, out;

  static auto Fields() {
    return std::tuple(Field("hidden", &ProjectionSpec::hidden), Field("out", &ProjectionSpec::out));
  }
};

// What every objective starts from.
struct ObjectiveStart {
  const SampleCnn& encoder;       // of which a target network is a copy
  const NamedTensors* projector;  // SimCLR's (`0.weight`, `2.weight`), or null: weights are drawn
  ProjectionSpec projection;
  uint64_t seed;
  int64_t views;  // of an example
};

// SimCLR's: the one that was given, or a new one of the sizes of `projection`. Throws ERR_CHECKPOINT.
Projector SimClrProjector(const ObjectiveStart& start);

// Of objectives without negatives, which may collapse: alignment and uniformity of the embeddings, and the
// spread (metrics.h) of embeddings and projections.
Metrics CollapseMetrics(const ObjectiveInput& input, const at::Tensor& projections);

// Batch norm that sees one view at a time: pass(view) → [B, D] for every view of the range → [B·count, D],
// rows grouped by example.
at::Tensor PassPerView(ViewRange range, const std::function<at::Tensor(int64_t view)>& pass);

// x [B·V, I] → [B·V, D]; where views are apart, by PassPerView, as in the encoder.
at::Tensor Through(const MlpHead& head, const at::Tensor& x, const ObjectiveInput& input);

// target ← momentum · target + (1 − momentum) · online, tensor by tensor
void Follow(const NamedTensors& target, const NamedTensors& online, double momentum);

}  // namespace clmr
