#include "emulation.h"

#include <setjmp.h>
#include <ucontext.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <mutex>
#include <numeric>
#include <random>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cuda_emulation {

dim3 grid_dim, block_dim, block_index, thread_index;

namespace {

constexpr int kWarp = 32;
constexpr size_t kStack = 128 << 10;

struct Warp {
  int64_t meetings = 0;  // barriers and shuffles so far
  int64_t turn = 0;      // barriers: a shuffle puts no accesses in order
  int arrived = 0, size = 0;
  uint64_t values[2][kWarp] = {};
};

struct Thread {
  ucontext_t first_turn;
  jmp_buf next_turn;  // a jump asks nothing of the system, as swapcontext does
  bool begun = false;
  dim3 index;
  int number = 0;
  bool done = false;
  const int64_t* waits_for = nullptr;  // to be another than `waited`
  int64_t waited = 0;
};

std::mt19937_64 order;
std::string first_fault;
std::vector<std::unique_ptr<char[]>> stacks;
std::vector<Thread> threads;
std::vector<Warp> warps;
std::unordered_map<const void*, Touched> elsewhere;
jmp_buf scheduler;
int yields_in = 0;  // accesses to watched memory before a thread lets others go on
Thread* running = nullptr;
const std::function<void()>* body = nullptr;
int64_t launch = 0, block = 0, interval = 0;
int arrived = 0;
std::mutex one_launch;  // at a time, whatever thread it comes from

// Until `counter` changes, or one turn of the others where it is null.
void Wait(const int64_t* counter) {
  Thread& self = *running;
  self.waits_for = counter;
  if (counter) self.waited = *counter;
  if (_setjmp(self.next_turn) == 0) _longjmp(scheduler, 1);
}

Warp& OwnWarp() { return warps[running->number / kWarp]; }

// Waits for all lanes of the warp. True for the last one.
bool Meet() {
  Warp& warp = OwnWarp();
  if (++warp.arrived < warp.size) return Wait(&warp.meetings), false;
  warp.arrived = 0;
  ++warp.meetings;
  return true;
}

void Begin() {
  (*body)();
  running->done = true;
  _longjmp(scheduler, 1);
}

void Prepare(Thread& thread, int number, dim3 shape) {
  thread.begun = thread.done = false;
  thread.waits_for = nullptr;
  thread.number = number;
  thread.index = dim3(number % shape.x, number / shape.x % shape.y, number / shape.x / shape.y);
  getcontext(&thread.first_turn);
  if (static_cast<size_t>(number) >= stacks.size()) stacks.emplace_back(new char[kStack]);
  thread.first_turn.uc_stack.ss_sp = stacks[number].get();
  thread.first_turn.uc_stack.ss_size = kStack;
  makecontext(&thread.first_turn, Begin, 0);
}

// Until the thread waits or is done
void GoOn(Thread& thread) {
  running = &thread;
  thread_index = thread.index;
  if (_setjmp(scheduler) != 0) return;
  if (thread.begun) _longjmp(thread.next_turn, 1);
  thread.begun = true;
  setcontext(&thread.first_turn);
}

// Lets every thread that can go on have its turn. False where none can.
bool TakeTurns(std::vector<int>& turns) {
  std::shuffle(turns.begin(), turns.end(), order);
  bool any = false;
  for (const int number : turns) {
    Thread& thread = threads[number];
    if (thread.done || (thread.waits_for && *thread.waits_for == thread.waited)) continue;
    any = true;
    GoOn(thread);
  }
  return any;
}

void RunBlock(dim3 shape) {
  const int count = static_cast<int>(shape.x * shape.y * shape.z);
  threads.resize(count);
  warps.assign((count + kWarp - 1) / kWarp, {});
  for (int i = 0; i < count; ++i) ++warps[i / kWarp].size;
  for (int i = 0; i < count; ++i) Prepare(threads[i], i, shape);
  arrived = 0;
  ++block;
  ++interval;
  std::vector<int> turns(count);
  std::iota(turns.begin(), turns.end(), 0);
  while (TakeTurns(turns)) {
  }
  for (const Thread& thread : threads)
    if (!thread.done) return Fault("a barrier that not all threads reach");
}

}  // namespace

void Seed(uint64_t seed) {
  order.seed(seed);
  yields_in = 0;
}

void Run(dim3 grid, dim3 shape, const std::function<void()>& kernel) {
  std::lock_guard lock(one_launch);
  grid_dim = grid;
  block_dim = shape;
  body = &kernel;
  ++launch;
  std::vector<unsigned> blocks(grid.x * grid.y * grid.z);
  std::iota(blocks.begin(), blocks.end(), 0u);
  std::shuffle(blocks.begin(), blocks.end(), order);
  for (const unsigned i : blocks) {
    block_index = dim3(i % grid.x, i / grid.x % grid.y, i / grid.x / grid.y);
    RunBlock(shape);
    if (!first_fault.empty()) return;
  }
  elsewhere.clear();
}

std::string TakeFault() {
  elsewhere.clear();
  return std::exchange(first_fault, {});
}

void Fault(const std::string& what) {
  if (first_fault.empty()) first_fault = what;
}

int Lane() { return running->number % kWarp; }

void Barrier() {
  if (++arrived < static_cast<int>(threads.size())) return Wait(&interval);
  arrived = 0;
  ++interval;
}

void WarpBarrier() {
  if (Meet()) ++OwnWarp().turn;
}

// The next shuffle writes to the other row, so a lane that is slow still finds its values.
uint64_t Exchange(uint64_t bits, int source) {
  Warp& warp = OwnWarp();
  uint64_t* row = warp.values[warp.meetings % 2];
  row[Lane()] = bits;
  Meet();
  return row[source];
}

Touched& TouchedAt(const void* address) { return elsewhere[address]; }

void Touch(Touched& touched, bool write, bool shared, const char* name) {
  if (--yields_in < 0) {
    yields_in = static_cast<int>(order() % 128);
    Wait(nullptr);
  }
  const int self = running->number;
  const int64_t turn = OwnWarp().turn;
  const bool same_block = touched.launch == launch && touched.block == block;
  if (shared && !same_block) touched = {};
  if (shared && !write && !touched.written) Fault(std::string(name) + " is read before it was written");
  if (!shared && touched.launch == launch && !same_block && (write || touched.written))
    Fault(std::string("blocks that race for ") + name);
  if (touched.interval != interval)
    touched.writer = touched.reader = -1, touched.lanes = touched.warps = false;
  const auto races = [&](int other, int64_t other_turn) {
    if (other == -1 || other == self) return false;
    return other / kWarp != self / kWarp || other_turn == turn;
  };
  if (races(touched.writer, touched.writer_turn) ||
      (write && (touched.warps || (touched.lanes && touched.reader_turn == turn) ||
                 races(touched.reader, touched.reader_turn))))
    Fault(std::string("threads that race for ") + name);
  touched.launch = launch;
  touched.block = block;
  touched.interval = interval;
  if (write) {
    touched.writer = self;
    touched.writer_turn = turn;
    touched.written = true;
  } else {
    const bool other = touched.reader != -1 && touched.reader != self;
    touched.warps |= other && touched.reader / kWarp != self / kWarp;
    touched.lanes = touched.reader_turn == turn && (touched.lanes || other);
    touched.reader = self;
    touched.reader_turn = turn;
  }
}

}  // namespace cuda_emulation
