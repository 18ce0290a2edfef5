/* Built on a new Linux, loaded on an old one: what libclmr asks of glibc and libstdc++ stays at or below the
   floor of libtorch itself, glibc 2.28. Each function here stands in for one whose default version is younger
   (-Wl,--wrap=NAME in glibc_floor.cmake) and calls the old version, which every later glibc still has.
   scripts/check-symbols.mjs finds what is missing here. */
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#define BASE "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define BASE "GLIBC_2.17"
#else
#error "glibc_floor.c knows x86-64 and arm64"
#endif

/* These five got new versions in 2.29 for errno's sake; the values are the same. */
#define OLD(name, version) __asm__(".symver clmr_old_" #name "," #name "@" version)
OLD(exp, BASE);
OLD(exp2, BASE);
OLD(log, BASE);
OLD(log2, BASE);
OLD(pow, BASE);
OLD(pthread_once, BASE);
__asm__(
    ".symver clmr_old_condition_wait,"
    "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE@GLIBCXX_3.4.11");

double clmr_old_exp(double);
double clmr_old_exp2(double);
double clmr_old_log(double);
double clmr_old_log2(double);
double clmr_old_pow(double, double);
int clmr_old_pthread_once(pthread_once_t*, void (*)(void));
void clmr_old_condition_wait(void*, void*);

double __wrap_exp(double x) { return clmr_old_exp(x); }
double __wrap_exp2(double x) { return clmr_old_exp2(x); }
double __wrap_log(double x) { return clmr_old_log(x); }
double __wrap_log2(double x) { return clmr_old_log2(x); }
double __wrap_pow(double x, double y) { return clmr_old_pow(x, y); }
/* In libpthread before 2.34, which node itself has loaded. */
int __wrap_pthread_once(pthread_once_t* once, void (*routine)(void)) {
  return clmr_old_pthread_once(once, routine);
}
/* std::condition_variable::wait(std::unique_lock<std::mutex>&): a new version in GCC 12 for an exception
 * specification. */
void __wrap__ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE(void* self, void* lock) {
  clmr_old_condition_wait(self, lock);
}
/* No symbol of libc before 2.33; the kernel fills the same structure on these two processors. */
int __wrap_fstat(int descriptor, struct stat* status) { return (int)syscall(SYS_fstat, descriptor, status); }
/* No symbol of libpthread before 2.30: std::condition_variable::wait_for. The time that is left is waited for
   by the clock of the day, which is what condition variables know. */
int __wrap_pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                                  const struct timespec* until) {
  struct timespec now, day;
  clock_gettime(clock, &now);
  clock_gettime(CLOCK_REALTIME, &day);
  const long second = 1000000000;
  const long nanoseconds = day.tv_nsec + until->tv_nsec - now.tv_nsec; /* -1 … 2 seconds */
  day.tv_sec += until->tv_sec - now.tv_sec + (nanoseconds >= second) - (nanoseconds < 0);
  day.tv_nsec = nanoseconds - second * ((nanoseconds >= second) - (nanoseconds < 0));
  return pthread_cond_timedwait(condition, mutex, &day);
}
