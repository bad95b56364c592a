// What Swift cannot import from Linux and libcurl: macros that are casts, and variadic calls.
#pragma once
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>

// open(2): bypass the page cache. A macro of the C library that Swift does not see without _GNU_SOURCE.
extern const int32_t klinux_o_direct;
// open(2): a file without a name, in the directory that is given.
extern const int32_t klinux_o_tmpfile;

// copy_file_range(2): `offset` moves on, `to` is written at its own position.
int64_t klinux_copy_range(int from, int64_t *offset, int to, size_t count);

// syncfs(2), which Swift does not see without _GNU_SOURCE: 0, or -1 with errno set.
int klinux_sync_file_system(int fd);
// fgetxattr(2) and fsetxattr(2), which Swift's module of the C library leaves out.
int64_t klinux_get_attribute(int fd, const char *name, void *value, size_t size);
int klinux_set_attribute(int fd, const char *name, const void *value, size_t size);
// fstatat(2) without following a link, in seconds, 0 for what is not there: when name, rights or bytes last changed
// (st_ctime), and when the bytes did (st_mtime).
int64_t klinux_changed_at(int folder, const char *name);
int64_t klinux_modified_at(int folder, const char *name);

// ioctl(2) with an integer behind the pointer; each returns 0, or -1 with errno set.
int klinux_block_size_bytes(int fd, uint64_t *bytes);          // BLKGETSIZE64
int klinux_logical_block_bytes(int fd, int32_t *bytes);        // BLKSSZGET
int klinux_zero_out(int fd, uint64_t offset, uint64_t length); // BLKZEROOUT
int klinux_zero_range(int fd, uint64_t offset, uint64_t length); // fallocate(FALLOC_FL_ZERO_RANGE)
int klinux_allocate(int fd, uint64_t offset, uint64_t length); // fallocate(FALLOC_FL_KEEP_SIZE)

// The kernel's asynchronous reads, which the C library has no functions for.
typedef struct {
  void *to;
  uint64_t length;
  uint64_t offset;
  // Bytes that were read, or an error number below zero.
  int64_t result;
} klinux_read;
// io_setup(2): a context for at most KLINUX_READS reads in flight. 0, or -1 with errno set.
enum { KLINUX_READS = 64 };
int klinux_reads_begin(uint64_t *context);
// io_destroy(2): waits for what is in flight.
void klinux_reads_end(uint64_t context);
// io_submit(2) and io_getevents(2): makes at most KLINUX_READS `reads`, which is all that there may be, and returns when none of
// them is in flight any more. What the kernel does not take has the result -EAGAIN. 0, or -1 when something may still be in flight.
int klinux_reads_all(uint64_t context, int fd, klinux_read *reads, size_t count);
int klinux_terminal_columns(int fd);                           // TIOCGWINSZ; 0 when not a terminal

// mallopt(3), M_MMAP_THRESHOLD: what is as large goes back to the kernel when it is freed. 1, or 0 when that is refused.
int klinux_return_blocks(int bytes);

// pipe2(2): both ends close on exec and never block.
int klinux_pipe(int ends[2]);
// pidfd_open(2), which the C library has no function for: readable once the process has ended. -1 when the
// kernel has none.
int klinux_process_descriptor(int32_t pid);
// posix_spawn_file_actions_addclosefrom_np(3), which Swift does not see without _GNU_SOURCE: the new program
// gets no descriptor from `first` on. Returns an error number.
int klinux_spawn_close_from(posix_spawn_file_actions_t *actions, int first);

// The watchdog API of the kernel (Documentation/watchdog/watchdog-api.rst); each returns 0, or -1 with errno
// set. `seconds` becomes what the driver made of it.
int klinux_watchdog_set_timeout(int fd, int32_t *seconds); // WDIOC_SETTIMEOUT
int klinux_watchdog_get_timeout(int fd, int32_t *seconds); // WDIOC_GETTIMEOUT
int klinux_watchdog_keep_alive(int fd);                    // WDIOC_KEEPALIVE
// 1 when the driver knows no magic close (WDIOF_MAGICCLOSE of WDIOC_GETSUPPORT) and so may stop the device at
// any close; 0 when only the magic one stops it, or the driver does not say.
int klinux_watchdog_stops_at_close(int fd);

// setpriority(2): at least `nice` for the calling thread and what it starts. 0, or -1 with errno set.
int klinux_raise_nice(int nice);
// ioprio_set(2) for the calling thread and what it starts; each returns 0, or -1 with errno set.
int klinux_io_priority_lowest(void); // best-effort 7
int klinux_io_priority_idle(void);

// The parts of a device number, which <sys/sysmacros.h> has as macros.
uint32_t klinux_major(uint64_t device);
uint32_t klinux_minor(uint64_t device);

// curl_easy_setopt(3) by type of argument; each returns a CURLcode.
int kcurl_set_long(void *handle, int option, long value);
int kcurl_set_string(void *handle, int option, const char *value);
int kcurl_set_pointer(void *handle, int option, const void *value);
int kcurl_set_offset(void *handle, int option, int64_t value);
typedef size_t (*kcurl_data_callback)(char *data, size_t size, size_t count, void *context);
int kcurl_set_data_callback(void *handle, int option, kcurl_data_callback callback);
typedef int (*kcurl_progress_callback)(void *context, int64_t total, int64_t now, int64_t utotal, int64_t unow);
int kcurl_set_progress_callback(void *handle, kcurl_progress_callback callback);
// curl_easy_getinfo(3)
int kcurl_get_long(void *handle, int info, long *value);
int kcurl_get_offset(void *handle, int info, int64_t *value);
// The string stays libcurl's, and is there until the next request with `handle`.
int kcurl_get_string(void *handle, int info, const char **value);
// curl_multi_setopt(3); returns a CURLMcode.
int kcurl_multi_set_long(void *multi, int option, long value);
/// reboot(2) at once, with nothing shut down before.
int klinux_reboot(void);

