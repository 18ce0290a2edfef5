#include "objective/objective.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>

#include <set>
#include <string>

#include "model/layers.h"
#include "objective/metrics.h"

namespace clmr {

std::unique_ptr<Objective> Objective::Draft() const {
  auto draft = Copy();
  draft->CopyStatistics();
  return draft;
}

std::unique_ptr<Objective> Objective::WithState(const NamedTensors& state) const {
  const auto first_word = [](const std::string& name) { return name.substr(0, name.find('.')); };
  auto restored = Copy();
  std::set<std::string> words;
  for (const ModuleTensor& entry : restored->Tensors()) words.insert(first_word(entry.name));
  NamedTensors own;
  for (const auto& [name, tensor] : state)
    if (words.count(first_word(name))) own.emplace_back(name, tensor);
  restored->Load(own, "the tensors of the objective");
  restored->CheckState();
  restored->RequireGrad(true);
  return restored;
}

Projector SimClrProjector(const ObjectiveStart& start) {
  const int64_t in = start.encoder.EmbeddingSize();
  if (start.projector) return Projector::FromState(*start.projector, in);
  return Projector::Create(start.seed, in, start.projection.hidden, start.projection.out);
}

Metrics CollapseMetrics(const ObjectiveInput& input, const at::Tensor& projections) {
  at::NoGradGuard no_gradients;
  const at::Tensor u = UnitRows(input.embeddings.detach());
  return {{"alignment", Alignment(u, input.views)},
          {"uniformity", Uniformity(u)},
          {"embeddingStd", Spread(u)},
          {"projectionStd", Spread(UnitRows(projections.detach()))}};
}

at::Tensor PassPerView(ViewRange range, const std::function<at::Tensor(int64_t view)>& pass) {
  std::vector<at::Tensor> passes;  // count × [B, D]
  for (int64_t view = range.first; view < range.first + range.count; ++view) passes.push_back(pass(view));
  return at::stack(passes, 1).flatten(0, 1);
}

at::Tensor Through(const MlpHead& head, const at::Tensor& x, const ObjectiveInput& input) {
  if (!input.views_apart || !input.training) return head.Forward(x, input.training);
  const at::Tensor by_view = x.view({-1, input.views, x.size(1)});
  return PassPerView({0, input.views},
                     [&](int64_t view) { return head.Forward(by_view.select(1, view), true); });
}

void Follow(const NamedTensors& target, const NamedTensors& online, double momentum) {
  at::NoGradGuard no_gradients;
  for (size_t i = 0; i < target.size(); ++i)
    target[i].second.mul_(momentum).add_(online[i].second, 1 - momentum);
}

}  // namespace clmr
