#include "train/batch_loader.h"

#include <chrono>

#include "kernels/one_thread_each.h"

namespace clmr {

LoadedBatch BatchLoader::Take(int64_t step, const AbortFlag& abort) {
  if (!ahead_ || ahead_->step != step) {
    Drop();
    return make_(step, abort);
  }
  while (ahead_->batch.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready)
    throw_if_aborted(abort);
  std::future<LoadedBatch> batch = std::move(ahead_->batch);
  ahead_.reset();  // what failed is tried anew when it is asked for again
  return batch.get();
}

void BatchLoader::Begin(int64_t step) {
  Drop();
  const auto make = [this, step] {
    LoadedBatch batch;
    kernels::OneThreadEach(1, 1,
                           [&](int64_t) { batch = make_(step, drop_); });  // the other cores are training
    return batch;
  };
  ahead_.emplace(Ahead{step, std::async(std::launch::async, make)});
}

void BatchLoader::Drop() {
  drop_ = true;
  ahead_.reset();  // waits: so does a future of std::async
  drop_ = false;
}

}  // namespace clmr
