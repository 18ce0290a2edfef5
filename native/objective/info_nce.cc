#include "objective/info_nce.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "model/initial_weights.h"
#include "model/layers.h"
#include "objective/metrics.h"
#include "random/tensors.h"

namespace clmr {
namespace {

// Rows that point anywhere: normal numbers, made as long as 1. [keys, dim]
at::Tensor RandomDirections(int64_t keys, int64_t dim, uint64_t seed) {
  random::Stream stream(seed, random::Purpose::weights, 0, static_cast<uint32_t>(WeightStream::queue), 0);
  return UnitRows(random::Normal({keys, dim}, stream));
}

}  // namespace

InfoNceValue InfoNce(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& queue,
                     double temperature) {
  const at::Tensor own = (queries * keys).sum(1, /*keepdim=*/true);  // q·k⁺ [B, 1]
  const at::Tensor others = at::matmul(queries, queue.t());          // q·k⁻ [B, K]
  const at::Tensor logits = at::cat({own, others}, 1) / temperature;
  const at::Tensor loss =
      at::cross_entropy_loss(logits, at::zeros({queries.size(0)}, queries.options().dtype(at::kLong)));
  const at::Tensor found = own.detach().squeeze(1) > std::get<0>(others.detach().max(1));
  return {loss, found.to(at::kDouble).mean().item<double>()};
}

InfoNceObjective::InfoNceObjective(InfoNceSpec spec, const SampleCnn& encoder, Projector projector,
                                   uint64_t seed)
    : spec_(spec),
      projector_(std::move(projector)),
      target_encoder_(encoder.Clone()),
      target_projector_(projector_.Clone()),
      queue_(RandomDirections(spec.queue, projector_.second.size(0), seed)),
      queue_next_(at::zeros({}, at::kFloat)) {
  projector_.RequireGrad(true);
}

// embeddings [B, E] of the first views, targets [B, E] of the second ones → queries, keys [B, D] → loss
ObjectiveLoss InfoNceObjective::Loss(const ObjectiveInput& input) {
  const at::Tensor queries = UnitRows(projector_.Forward(input.embeddings));
  at::Tensor keys;
  {
    at::NoGradGuard no_gradients;
    keys = UnitRows(target_projector_.Forward(input.targets));
  }
  const InfoNceValue value = InfoNce(queries, keys, queue_, spec_.temperature);
  if (!input.training) return {value.loss, {}};
  new_keys_.push_back(keys);
  at::NoGradGuard no_gradients;
  const at::Tensor u = UnitRows(input.embeddings.detach());
  const at::Tensor pairs = at::stack({u, UnitRows(input.targets)}, 1).flatten(0, 1);
  return {value.loss,
          {{"accuracy", value.accuracy}, {"alignment", Alignment(pairs, 2)}, {"uniformity", Uniformity(u)}}};
}

void InfoNceObjective::AfterUpdate(const SampleCnn& encoder, int64_t) {
  Follow(target_encoder_.Parameters(), encoder.Parameters(), spec_.momentum);
  Follow(target_projector_.Parameters(), projector_.Parameters(), spec_.momentum);
  for (const at::Tensor& keys : new_keys_) Enqueue(keys);
  new_keys_.clear();
}

// Takes the places of the oldest keys; of more keys than the queue holds the last ones stay.
void InfoNceObjective::Enqueue(const at::Tensor& keys) {
  at::NoGradGuard no_gradients;
  const int64_t kept = std::min(keys.size(0), spec_.queue);
  int64_t next = QueueNext();
  for (int64_t done = 0; done < kept;) {
    const int64_t count = std::min(kept - done, spec_.queue - next);
    queue_.narrow(0, next, count).copy_(keys.narrow(0, keys.size(0) - kept + done, count));
    next = (next + count) % spec_.queue;
    done += count;
  }
  queue_next_.fill_(static_cast<double>(next));
}

int64_t InfoNceObjective::QueueNext() const { return static_cast<int64_t>(queue_next_.item<double>()); }

at::Tensor InfoNceObjective::Project(const at::Tensor& embeddings) const {
  return projector_.Forward(embeddings);
}

ModuleTensors InfoNceObjective::Tensors() {
  ModuleTensors all = Under("projector.", projector_.Tensors());
  Append(all, Frozen(Under("objective.target.encoder.", target_encoder_.Tensors())));
  Append(all, Frozen(Under("objective.target.projector.", target_projector_.Tensors())));
  Append(all, {{"objective.queue", &queue_, Role::kept}, {"objective.queue_next", &queue_next_, Role::kept}});
  return all;
}

void InfoNceObjective::CheckState() const {
  const int64_t next = QueueNext();
  if (next < 0 || next >= spec_.queue)
    throw Error("ERR_CHECKPOINT", "the queue of the state has no row " + std::to_string(next));
}

std::unique_ptr<Objective> Make(const InfoNceSpec& spec, const ObjectiveStart& start) {
  return std::make_unique<InfoNceObjective>(spec, start.encoder, SimClrProjector(start), start.seed);
}

}  // namespace clmr
