#include "train/objective.h"

#include "train/objective_nt_xent.h"

namespace clmr {

std::unique_ptr<Objective> MakeObjective(const NtXentSpec& spec, ProjectionSpec projection, uint64_t seed,
                                         const NamedTensors* projector) {
  return std::make_unique<NtXentObjective>(
      spec, projector ? Projector::FromState(*projector) : Projector::Create(seed, projection.hidden, projection.out));
}

}  // namespace clmr
