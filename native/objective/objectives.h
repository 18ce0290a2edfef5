#pragma once
// The list of objectives. A new one is its two files, which hold a spec with its fields and kViews, a class
// and a Make; here it is an include and a word of the variant.
#include <variant>

#include "objective/byol.h"
#include "objective/info_nce.h"
#include "objective/nt_xent.h"
#include "objective/supervised.h"
#include "objective/vic_reg.h"

namespace clmr {

using ObjectiveSpec = std::variant<NtXentSpec, InfoNceSpec, ByolSpec, SupervisedSpec, VicRegSpec>;

// Throws ERR_CONFIG where a spec takes another number of views; ERR_CHECKPOINT.
inline std::unique_ptr<Objective> MakeObjective(const ObjectiveSpec& spec, const ObjectiveStart& start) {
  return std::visit(
      [&]<class Spec>(const Spec& one) {
        const auto [least, most] = Spec::kViews;
        const auto views = static_cast<double>(start.views);
        if (views < least || views > most)
          throw Error("ERR_CONFIG", std::string(Spec::kName) + " does not take " +
                                        std::to_string(start.views) + " views of an example");
        return Make(one, start);
      },
      spec);
}

}  // namespace clmr
