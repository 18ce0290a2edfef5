#pragma once
// The list of objectives. A new one is its two files, with a spec, a class and a Make, and a line here.
#include <variant>

#include "objective/byol.h"
#include "objective/info_nce.h"
#include "objective/nt_xent.h"
#include "objective/supervised.h"
#include "objective/vic_reg.h"

namespace clmr {

using ObjectiveSpec = std::variant<NtXentSpec, InfoNceSpec, ByolSpec, SupervisedSpec, VicRegSpec>;

// Throws ERR_CONFIG, ERR_CHECKPOINT.
inline std::unique_ptr<Objective> MakeObjective(const ObjectiveSpec& spec, const ObjectiveStart& start) {
  return std::visit([&](const auto& one) { return Make(one, start); }, spec);
}

}  // namespace clmr
