#include "running.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <unordered_set>
#include <utility>

namespace clmr {
namespace {

struct List {
  std::mutex mutex;
  std::condition_variable shorter;
  std::unordered_set<const Running*> all;
  bool ending = false;
};

// Leaked on purpose: threads use it while the process ends.
List& TheList() {
  static auto* list = new List;
  return *list;
}

std::atomic<bool> threads_were_short{false};

}  // namespace

Running::Running(std::shared_ptr<AbortFlag> stop) : stop_(std::move(stop)) {
  List& list = TheList();
  std::lock_guard lock(list.mutex);
  list.all.insert(this);
  if (list.ending) stop_->store(true);
}

Running::~Running() {
  List& list = TheList();
  std::lock_guard lock(list.mutex);
  list.all.erase(this);
  list.shorter.notify_all();
}

bool StopRunning(std::chrono::milliseconds patience) {
  List& list = TheList();
  std::unique_lock lock(list.mutex);
  list.ending = true;
  for (const Running* running : list.all) running->stop_->store(true);
  return list.shorter.wait_for(lock, patience, [&] { return list.all.empty(); });
}

void DistrustDestructors() { threads_were_short = true; }
bool DestructorsAreSafe() { return !threads_were_short; }

}  // namespace clmr
