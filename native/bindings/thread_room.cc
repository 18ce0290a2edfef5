#include "bindings/thread_room.h"

#include <algorithm>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "error.h"
#include "running.h"

namespace clmr::bindings {
namespace {

// What work with a team of `threads` takes at most: the team twice, since OpenMP starts new threads while
// those of the team before still end; libtorch's own pool, which is as large; and the thread that makes the
// batch of the next step, with one of OpenMP's beside it.
int ThreadsFor(int threads) { return 3 * (std::max(threads, 2) - 1) + 2; }

// How many of `wanted` threads can be had at one time.
int ThreadsToBeHad(int wanted) {
  std::mutex gate;
  std::vector<std::thread> threads;
  {
    std::lock_guard closed(gate);
    try {
      while (static_cast<int>(threads.size()) < wanted)
        threads.emplace_back([&gate] { std::lock_guard through(gate); });
    } catch (const std::system_error&) {
    }
  }
  for (std::thread& thread : threads) thread.join();
  return static_cast<int>(threads.size());
}

}  // namespace

void CheckThreadRoom(int threads) {
  thread_local int had = 0;
  if (threads <= had) return;
  static auto* one_at_a_time = new std::mutex;  // leaked: see shutdown.h
  std::lock_guard lock(*one_at_a_time);
  const int wanted = ThreadsFor(threads), found = ThreadsToBeHad(wanted);
  if (found < wanted) {
    DistrustDestructors();
    throw Error("ERR_THREAD", "the system lets " + std::to_string(found) + " more threads start, " +
                                  std::to_string(wanted) + " are needed");
  }
#ifdef _OPENMP
  // The team itself, which stays with this thread: the next one to ask finds it counted.
#pragma omp parallel num_threads(std::max(threads, 2))
  {
  }
#endif
  had = threads;
}

}  // namespace clmr::bindings
