#pragma once
// What runs on threads of ours, over the whole process.
// When the process ends, all of it has to stop first: see bindings/shutdown.h.
#include <chrono>
#include <memory>

#include "error.h"

namespace clmr {

// One piece of work, listed from here to its destructor. Make it before the thread that works begins: then
// there is no moment at which the thread runs and nobody knows.
class Running {
 public:
  // `stop` is raised when the process ends, or now where it is ending already.
  explicit Running(std::shared_ptr<AbortFlag> stop);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  friend bool StopRunning(std::chrono::milliseconds patience);
  const std::shared_ptr<AbortFlag> stop_;
};

// Stops all that runs, and all that is begun later, and waits no longer than `patience` for its end. Whether
// nothing runs any more.
bool StopRunning(std::chrono::milliseconds patience);

// Threads were short once. libtorch's pools do not notice when a thread of theirs cannot start, and wait for
// it in their destructors: the process is to end without them.
void DistrustDestructors();
bool DestructorsAreSafe();

}  // namespace clmr
