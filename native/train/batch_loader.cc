#include "train/batch_loader.h"

#include <chrono>
#include <system_error>

#include "kernels/one_thread_each.h"
#include "running.h"

namespace clmr {

LabelledViews BatchLoader::Take(int64_t step, const AbortFlag& abort) {
  if (!ahead_ || ahead_->step != step) {
    Drop();
    return make_(step, abort);
  }
  while (ahead_->batch.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready)
    throw_if_aborted(abort);
  std::future<LabelledViews> batch = std::move(ahead_->batch);
  ahead_.reset();  // what failed is tried anew when it is asked for again
  return batch.get();
}

void BatchLoader::Begin(int64_t step) {
  Drop();
  auto make = [this, step, running = std::make_shared<Running>(drop_)]() mutable {
    const auto until_it_is_made = std::move(running);
    LabelledViews batch;
    kernels::OneThreadEach(1, 1,
                           [&](int64_t) { batch = make_(step, *drop_); });  // the other cores are training
    return batch;
  };
  try {
    ahead_.emplace(Ahead{step, std::async(std::launch::async, std::move(make))});
  } catch (const std::system_error&) {
    DistrustDestructors();  // no thread can be had: Take makes the batch when it is asked for
  }
}

void BatchLoader::Drop() {
  *drop_ = true;
  ahead_.reset();  // waits: so does a future of std::async
  *drop_ = false;
}

}  // namespace clmr
