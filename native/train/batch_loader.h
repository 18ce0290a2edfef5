#pragma once
// Reads and augments the batch of the next step on a thread of its own while the current one trains. What a
// batch holds is a function of its step alone, so it does not matter when, or whether, it was made ahead.
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>

#include "error.h"
#include "train/batch.h"

namespace clmr {

class BatchLoader {
 public:
  // Makes the batch of a step: pure, and safe beside the training of another one.
  using Make = std::function<LabelledViews(int64_t step, const AbortFlag& abort)>;

  explicit BatchLoader(Make make) : make_(std::move(make)) {}
  ~BatchLoader() { Drop(); }
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  // The batch of `step`: the one made ahead, or made now. Throws what making it threw.
  LabelledViews Take(int64_t step, const AbortFlag& abort);
  // Begins with the batch of `step` and returns at once.
  void Begin(int64_t step);

 private:
  struct Ahead {
    int64_t step;
    std::future<LabelledViews> batch;
  };
  void Drop();  // ends what is under way

  Make make_;
  std::optional<Ahead> ahead_;
  const std::shared_ptr<AbortFlag> drop_ = std::make_shared<AbortFlag>(false);
};

}  // namespace clmr
