#include "bindings/async_work.h"

#include <ATen/Parallel.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_set>

#include "bindings/guard.h"
#include "bindings/thread_room.h"
#include "running.h"

namespace clmr::bindings {
namespace {

// Two calls that each use all cores may overlap (embedding while training); more would only compete.
constexpr size_t kMaxThreads = 4;

std::atomic<int> thread_count{0};

// A process-wide pool, never destroyed: a thread may still run when the process exits.
class Executor {
 public:
  static Executor& Get() {
    static auto* executor = new Executor;
    return *executor;
  }

  void Submit(std::function<void()> task) {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (idle_ < tasks_.size() && threads_ < kMaxThreads) StartThread();
    ready_.notify_one();
  }

 private:
  // Where no thread can be had, the ones that run do the work; without a single one the task is taken back.
  void StartThread() {
    try {
      std::thread([this] { Loop(); }).detach();
      ++threads_;
    } catch (const std::system_error&) {
      DistrustDestructors();
      if (threads_ > 0) return;
      tasks_.pop_back();
      throw Error("ERR_THREAD", "the system gives no thread to work on");
    }
  }

  void Loop() {
    for (;;) {
      std::unique_lock lock(mutex_);
      ++idle_;
      ready_.wait(lock, [this] { return !tasks_.empty(); });
      --idle_;
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> tasks_;
  size_t idle_ = 0, threads_ = 0;
};

struct Job {
  Job(Napi::Env env, std::shared_ptr<AbortFlag> abort, Execute execute)
      : deferred(Napi::Promise::Deferred::New(env)), abort(std::move(abort)), execute(std::move(execute)) {}
  Napi::Promise::Deferred deferred;
  std::shared_ptr<AbortFlag> abort;
  Execute execute;
  std::vector<Napi::Reference<Napi::Value>> kept;
  Finish finish;
  std::exception_ptr failure;
};

// One per environment (main thread or worker). Jobs, and the references in them, live and die on its
// JavaScript thread; the pool's threads only pass pointers. When the environment ends, all of its work is
// aborted and waited for, because that work reads buffers that end with it.
class Environment {
 public:
  explicit Environment(Napi::Env env) : env_(env) {
    napi_value name = Napi::String::New(env, "clmr");
    napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, Wake, &wake_);
    napi_unref_threadsafe_function(env, wake_);
    napi_add_env_cleanup_hook(env, Close, this);  // after the line above: hooks run in reverse order
  }

  Napi::Value Start(std::unique_ptr<Job> job) {
    Napi::Promise promise = job->deferred.Promise();
    Job* raw = job.release();
    if (jobs_.empty()) napi_ref_threadsafe_function(env_, wake_);
    jobs_.insert(raw);
    {
      std::lock_guard lock(mutex_);
      ++running_;
    }
    try {
      auto running = std::make_shared<Running>(raw->abort);
      Executor::Get().Submit([this, raw, running] { Run(raw); });
    } catch (...) {
      jobs_.erase(raw);
      if (jobs_.empty()) napi_unref_threadsafe_function(env_, wake_);
      std::lock_guard lock(mutex_);
      --running_;
      delete raw;
      throw;
    }
    return promise;
  }

 private:
  void Run(Job* job) {
    try {
      throw_if_aborted(*job->abort);
      ApplyThreadCount();
      job->finish = job->execute(*job->abort);
    } catch (...) {
      job->failure = std::current_exception();
    }
    job->execute = nullptr;
    std::lock_guard lock(mutex_);  // held to the end: Close may free this object as soon as running_ is 0
    done_.push_back(job);
    if (!closed_) napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
    --running_;
    idle_.notify_all();
  }

  static void Wake(napi_env env, napi_value, void* context, void*) {
    if (!env) return;
    try {
      static_cast<Environment*>(context)->Deliver();
    } catch (...) {
      // The environment is ending: what is left is freed in Close. An exception must not reach the C caller.
    }
  }

  void Deliver() {
    for (;;) {
      Job* next = nullptr;
      {
        std::lock_guard lock(mutex_);
        if (done_.empty()) break;
        next = done_.front();
        done_.pop_front();
      }
      std::unique_ptr<Job> job(next);
      jobs_.erase(next);
      Napi::HandleScope scope(env_);
      Settle(*job);
    }
    if (jobs_.empty()) napi_unref_threadsafe_function(env_, wake_);
  }

  void Settle(Job& job) {
    try {
      if (job.failure) std::rethrow_exception(job.failure);
      job.deferred.Resolve(job.finish(env_));
    } catch (const Napi::Error& e) {
      job.deferred.Reject(e.Value());
    } catch (...) {
      job.deferred.Reject(ToJsError(env_, std::current_exception()).Value());
    }
  }

  static void Close(void* data) {
    auto* self = static_cast<Environment*>(data);
    {
      std::unique_lock lock(self->mutex_);
      self->closed_ = true;
      for (Job* job : self->jobs_) job->abort->store(true);
      self->idle_.wait(lock, [self] { return self->running_ == 0; });
    }
    for (Job* job : self->jobs_) delete job;
    napi_release_threadsafe_function(self->wake_, napi_tsfn_abort);
    delete self;
  }

  Napi::Env env_;
  napi_threadsafe_function wake_ = nullptr;
  std::unordered_set<Job*> jobs_;  // JavaScript thread only
  std::mutex mutex_;
  std::condition_variable idle_;
  std::deque<Job*> done_;
  size_t running_ = 0;
  bool closed_ = false;
};

}  // namespace

void InitAsync(Napi::Env env) {
  // No finalizer: the environment frees itself in its cleanup hook, while references can still be deleted.
  napi_set_instance_data(env, new Environment(env), nullptr, nullptr);
}

Napi::Value RunAsync(Napi::Env env, std::shared_ptr<AbortFlag> abort, const std::vector<Napi::Value>& keep,
                     Execute execute) {
  auto job = std::make_unique<Job>(env, std::move(abort), std::move(execute));
  for (const Napi::Value& value : keep)
    if (value.IsObject()) job->kept.push_back(Napi::Persistent(value));
  return env.GetInstanceData<Environment>()->Start(std::move(job));
}

void SetThreadCount(int threads) {
  thread_count.store(threads);
  ApplyThreadCount();
}

void DefaultThreadCount(int threads) {
  int none = 0;
  thread_count.compare_exchange_strong(none, threads);
}

int ThreadCount() {
  ApplyThreadCount();
  return at::get_num_threads();
}

void ApplyThreadCount() {
  thread_local int applied = 0;
  const int wanted = thread_count.load();
  if (wanted == applied || wanted < 1) return;
  CheckThreadRoom(wanted);
  at::set_num_threads(wanted);
  applied = wanted;
}

}  // namespace clmr::bindings
