// Faults for a program that is preloaded with this: LD_PRELOAD=shim.so, and what to do from the environment.
//
//   KRUX_FAULT_ROOT   the folder whose files are meant
//   KRUX_FAULT_CALLS  the calls that are counted, by name, with a blank before and after each
//   KRUX_FAULT_KIND   what happens to one of them: see `kinds`; nothing if it is not there
//   KRUX_FAULT_AT     which one, from 1 on
//   KRUX_FAULT_ON     if it is there: every later one too
//   KRUX_FAULT_FILE   if it is there: only calls on the file of this name below the folder
//   KRUX_FAULT_SEED   which bit is altered
//   KRUX_FAULT_LOG    gets a line "CALL FILE" for each call that was counted, or that something was done to
//   KRUX_FAULT_SPEED  how many times faster the time since the start of the machine passes, and waiting for it
//
// The calls themselves go to the kernel directly, so nothing here depends on what else is preloaded.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long to_kernel(long number, ...);
#define syscall to_kernel

enum kind { NOTHING, FAIL, SHORT, DROP, ALTER, HIDE, KILL, KILL_AFTER, TERM };

static const struct { const char *name; enum kind kind; int error; } kinds[] = {
    {"eio", FAIL, EIO},       {"enospc", FAIL, ENOSPC}, {"erofs", FAIL, EROFS},
    {"eintr", FAIL, EINTR},   {"short", SHORT, 0},      // half of what was asked for
    {"drop", DROP, 0},        // says that it was done, and does nothing
    {"alter", ALTER, 0},      // one bit of what is written, or read, is another one
    {"hide", HIDE, 0},        // the same, and a read shows what should have been written
    {"kill", KILL, 0},        {"kill-after", KILL_AFTER, 0}, {"term", TERM, 0},
};

enum { FILES = 4096, NAME = 64 };

static char root[PATH_MAX], only[NAME], calls[1024];
static size_t root_length;
static enum kind kind;
static int fault_error, from_then_on, log_file = -1;
static long fault_at, seed, speed = 1;
static atomic_long counter;
// Of the files below the folder that are open: their names below it.
static char names[FILES][NAME];
// Where a hidden alteration stands.
static _Atomic off_t hidden_at = -1;
static int hidden_bit;
static __thread int die_after;

__attribute__((constructor)) static void begin(void) {
  const char *text = getenv("KRUX_FAULT_KIND");
  for (size_t i = 0; text && i < sizeof kinds / sizeof *kinds; i++)
    if (!strcmp(text, kinds[i].name)) kind = kinds[i].kind, fault_error = kinds[i].error;
  if (text && kind == NOTHING) abort();
  if ((text = getenv("KRUX_FAULT_CALLS"))) snprintf(calls, sizeof calls, "%s", text);
  if ((text = getenv("KRUX_FAULT_FILE"))) snprintf(only, sizeof only, "%s", text);
  if ((text = getenv("KRUX_FAULT_AT"))) fault_at = atol(text);
  if ((text = getenv("KRUX_FAULT_SEED"))) seed = atol(text);
  if ((text = getenv("KRUX_FAULT_SPEED"))) speed = atol(text);
  from_then_on = getenv("KRUX_FAULT_ON") != NULL;
  if ((text = getenv("KRUX_FAULT_LOG")))
    log_file = syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if ((text = getenv("KRUX_FAULT_ROOT"))) root_length = snprintf(root, sizeof root, "%s/", text);
  // What this program starts is left alone.
  unsetenv("LD_PRELOAD");
}

// The name of `path` below the folder; NULL for another file, and for those that only play a machine.
static const char *below(const char *path) {
  if (!root_length || !path || strncmp(path, root, root_length - 1)) return NULL;
  if (!path[root_length - 1]) return only[0] ? NULL : ".";
  if (path[root_length - 1] != '/') return NULL;
  const char *name = path + root_length;
  if (!strcmp(name, "boot") || !strcmp(name, "boot.new")) return NULL;
  return only[0] && strcmp(name, only) ? NULL : name;
}

static const char *open_name(int fd) {
  return fd >= 0 && fd < FILES && names[fd][0] ? names[fd] : NULL;
}

static void put_log(const char *call, const char *name) {
  char line[2 * NAME];
  if (log_file >= 0) syscall(SYS_write, log_file, line, (size_t)snprintf(line, sizeof line, "%s %s\n", call, name));
}

static void die(int number) {
  syscall(SYS_kill, getpid(), number);
  if (number == SIGKILL)
    for (;;) pause();
}

// Counts a call on the file of `name`. Returns what is to happen to it; after FAIL errno is set.
static enum kind count(const char *call, const char *name) {
  char word[NAME];
  snprintf(word, sizeof word, " %s ", call);
  if (!name || !strstr(calls, word)) return NOTHING;
  long number = atomic_fetch_add(&counter, 1) + 1;
  int hit = kind != NOTHING && (number == fault_at || (from_then_on && number > fault_at));
  if (kind == NOTHING || number == fault_at) put_log(call, name);
  if (!hit) return NOTHING;
  if (kind == KILL) die(SIGKILL);
  if (kind == TERM) die(SIGTERM);
  if (kind == KILL_AFTER) die_after = 1;
  if (kind == FAIL) errno = fault_error;
  return kind == KILL_AFTER || kind == TERM ? NOTHING : kind;
}

// Every counted call ends here.
static long end(long result) {
  if (die_after) die(SIGKILL);
  return result;
}

// -- Names ------------------------------------------------------------------------------------------------

static int opened(int fd, const char *name) {
  if (fd >= 0 && fd < FILES) snprintf(names[fd], NAME, "%s", name ? name : "");
  return fd;
}

static int do_open(int folder, const char *path, int flags, mode_t mode) {
  const char *name = below(path), *call = flags & (O_CREAT | O_TRUNC) ? "create" : "open";
  if (name && count(call, name) == FAIL) return -1;
  return opened(end(syscall(SYS_openat, folder, path, flags, mode)), name);
}

#define MODE(flags)                                                                                         \
  mode_t mode = 0;                                                                                          \
  va_list list;                                                                                             \
  va_start(list, flags);                                                                                    \
  if (flags & (O_CREAT | O_TMPFILE)) mode = va_arg(list, mode_t);                                           \
  va_end(list)

int open(const char *path, int flags, ...) {
  MODE(flags);
  return do_open(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
  MODE(flags);
  return do_open(folder, path, flags, mode);
}

int close(int fd) {
  const char *name = open_name(fd);
  enum kind now = name ? count("close", name) : NOTHING;
  int error = errno;
  if (fd >= 0 && fd < FILES) names[fd][0] = 0;
  long result = end(syscall(SYS_close, fd));
  if (now != FAIL) return result;
  errno = error;
  return -1;
}

#define ON_PATH(call, path, expression)                                                                     \
  const char *name = below(path);                                                                           \
  return name && count(call, name) == FAIL ? -1 : end(expression)

int rename(const char *from, const char *to) { ON_PATH("rename", to, syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to)); }
int link(const char *from, const char *to) { ON_PATH("link", to, syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0)); }
int unlink(const char *path) { ON_PATH("unlink", path, syscall(SYS_unlinkat, AT_FDCWD, path, 0)); }
int mkdir(const char *path, mode_t mode) { ON_PATH("mkdir", path, syscall(SYS_mkdirat, AT_FDCWD, path, mode)); }
int access(const char *path, int mode) { ON_PATH("stat", path, syscall(SYS_faccessat, AT_FDCWD, path, mode)); }
int stat(const char *path, struct stat *to) { ON_PATH("stat", path, syscall(SYS_newfstatat, AT_FDCWD, path, to, 0)); }
int fstatat(int folder, const char *path, struct stat *to, int flags) {
  ON_PATH("stat", path, syscall(SYS_newfstatat, folder, path, to, flags));
}

DIR *opendir(const char *path) {
  static DIR *(*real)(const char *);
  if (!real) real = (DIR * (*)(const char *)) dlsym(RTLD_NEXT, "opendir");
  const char *name = below(path);
  return name && count("opendir", name) == FAIL ? NULL : real(path);
}

// -- Content ----------------------------------------------------------------------------------------------

// What was read, with a hidden alteration put right.
static ssize_t shown(int fd, unsigned char *bytes, ssize_t length, off_t at) {
  off_t hidden = hidden_at;
  if (open_name(fd) && hidden >= at && length > 0 && hidden < at + length) bytes[hidden - at] ^= 1 << hidden_bit;
  return length;
}

static size_t bounded(enum kind now, size_t length) { return now == SHORT && length > 1 ? length / 2 : length; }

static size_t place(size_t length) { return (size_t)(seed * 2654435761 % (long)length); }

// `at` is -1 for the file's own position.
static ssize_t get(int fd, unsigned char *to, size_t length, off_t at) {
  enum kind now = count("read", open_name(fd));
  if (now == FAIL) return -1;
  length = bounded(now, length);
  ssize_t result = at < 0 ? syscall(SYS_read, fd, to, length) : syscall(SYS_pread64, fd, to, length, at);
  if (now == ALTER && result > 0) to[place(result)] ^= 1 << seed % 8;
  return end(at < 0 ? result : shown(fd, to, result, at));
}

ssize_t read(int fd, void *to, size_t length) { return get(fd, to, length, -1); }
ssize_t pread(int fd, void *to, size_t length, off_t at) { return get(fd, to, length, at); }

static ssize_t put(int fd, const void *from, size_t length, off_t at) {
  enum kind now = count("write", open_name(fd));
  unsigned char *copy = NULL;
  if (now == FAIL) return -1;
  if (now == DROP) {
    if (at < 0) syscall(SYS_lseek, fd, length, SEEK_CUR);
    return end(length);
  }
  if ((now == ALTER || now == HIDE) && length && !posix_memalign((void **)&copy, 4096, length)) {
    memcpy(copy, from, length);
    copy[place(length)] ^= 1 << seed % 8;
    if (now == HIDE) hidden_bit = seed % 8, hidden_at = at + (off_t)place(length);
    from = copy;
  }
  length = bounded(now, length);
  long result = at < 0 ? syscall(SYS_write, fd, from, length) : syscall(SYS_pwrite64, fd, from, length, at);
  int error = errno;
  free(copy);
  errno = error;
  return end(result);
}

ssize_t write(int fd, const void *from, size_t length) { return put(fd, from, length, -1); }
ssize_t pwrite(int fd, const void *from, size_t length, off_t at) { return put(fd, from, length, at); }

// Asynchronous reads: done when they are asked for, one after another, like any other read. What came of them waits in the
// thread that asks.
static __thread struct io_event outcomes[64];
static __thread long outcome_count;

static long submit(long length, struct iocb **blocks) {
  for (long i = 0; i < length; i++) {
    struct iocb *block = blocks[i];
    count("submit", open_name(block->aio_fildes));
    ssize_t result = get(block->aio_fildes, (unsigned char *)(uintptr_t)block->aio_buf, block->aio_nbytes, block->aio_offset);
    outcomes[outcome_count++] = (struct io_event){.data = block->aio_data, .res = result < 0 ? -errno : result};
  }
  return length;
}

static long gather(struct io_event *to) {
  long length = outcome_count;
  memcpy(to, outcomes, length * sizeof *to);
  outcome_count = 0;
  return length;
}

// -- Length, flushes, locks -------------------------------------------------------------------------------

#define ON_FILE(call, expression, failed)                                                                   \
  enum kind now = count(call, open_name(fd));                                                               \
  return now == FAIL ? failed : now == DROP ? end(0) : end(expression)

int fsync(int fd) { ON_FILE("flush", syscall(SYS_fsync, fd), -1); }
int fdatasync(int fd) { ON_FILE("flush", syscall(SYS_fdatasync, fd), -1); }
int ftruncate(int fd, off_t length) { ON_FILE("truncate", syscall(SYS_ftruncate, fd, length), -1); }
int flock(int fd, int how) { ON_FILE("lock", syscall(SYS_flock, fd, how), -1); }
int fstat(int fd, struct stat *to) { ON_FILE("stat", syscall(SYS_fstat, fd, to), -1); }
int fallocate(int fd, int mode, off_t at, off_t length) {
  ON_FILE(mode == FALLOC_FL_KEEP_SIZE ? "allocate" : "zero", syscall(SYS_fallocate, fd, mode, at, length), -1);
}
int posix_fallocate(int fd, off_t at, off_t length) {
  ON_FILE("allocate", syscall(SYS_fallocate, fd, 0, at, length) ? errno : 0, errno);
}

int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void *argument = va_arg(list, void *);
  va_end(list);
  ON_FILE(request == BLKZEROOUT ? "zero" : "ioctl", syscall(SYS_ioctl, fd, request, argument), -1);
}

// -- Time -------------------------------------------------------------------------------------------------

// Since the start of the machine, which is long ago.
int clock_gettime(clockid_t clock, struct timespec *now) {
  long result = syscall(SYS_clock_gettime, clock, now);
  if (result || clock != CLOCK_BOOTTIME || speed == 1) return result;
  long long nanoseconds = (now->tv_sec * 1000000000LL + now->tv_nsec) * speed;
  now->tv_sec = 1000000 + nanoseconds / 1000000000;
  now->tv_nsec = nanoseconds % 1000000000;
  return 0;
}

int usleep(useconds_t microseconds) {
  long long rest = microseconds * 1000LL / speed;
  struct timespec time = {rest / 1000000000, rest % 1000000000};
  return syscall(SYS_nanosleep, &time, NULL);
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until) {
  static int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
  if (!real) real = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  long long rest = (until->tv_sec - now.tv_sec) * 1000000000LL + until->tv_nsec - now.tv_nsec;
  long long end = now.tv_sec * 1000000000LL + now.tv_nsec + (rest > 0 ? rest / speed : 0);
  struct timespec sooner = {end / 1000000000, end % 1000000000};
  return real(condition, mutex, &sooner);
}

// -- The kernel itself ------------------------------------------------------------------------------------

#undef syscall
static long to_kernel(long number, ...) {
  static long (*real)(long, ...);
  if (!real) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  long a[6];
  va_list list;
  va_start(list, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
  va_end(list);
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

long syscall(long number, ...) {
  long a[6];
  va_list list;
  va_start(list, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
  va_end(list);
  if (number == SYS_io_submit) return submit(a[1], (struct iocb **)a[2]);
  if (number == SYS_io_getevents) return gather((struct io_event *)a[3]);
  return to_kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
