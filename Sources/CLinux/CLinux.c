#define _GNU_SOURCE
#include "CLinux.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/ioprio.h>
#include <linux/watchdog.h>
#include <malloc.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <sys/sysmacros.h>
#include <unistd.h>

const int32_t klinux_o_direct = O_DIRECT;
const int32_t klinux_o_tmpfile = O_TMPFILE;

int klinux_sync_file_system(int fd) { return syncfs(fd); }

int64_t klinux_get_attribute(int fd, const char *name, void *value, size_t size) {
  return fgetxattr(fd, name, value, size);
}

int klinux_set_attribute(int fd, const char *name, const void *value, size_t size) {
  return fsetxattr(fd, name, value, size, 0);
}

int64_t klinux_changed_at(int folder, const char *name) {
  struct stat status;
  return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status.st_ctim.tv_sec : 0;
}

int64_t klinux_modified_at(int folder, const char *name) {
  struct stat status;
  return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status.st_mtim.tv_sec : 0;
}

int64_t klinux_copy_range(int from, int64_t *offset, int to, size_t count) {
  return copy_file_range(from, offset, to, NULL, count, 0);
}

int klinux_block_size_bytes(int fd, uint64_t *bytes) { return ioctl(fd, BLKGETSIZE64, bytes); }

int klinux_logical_block_bytes(int fd, int32_t *bytes) { return ioctl(fd, BLKSSZGET, bytes); }

int klinux_zero_out(int fd, uint64_t offset, uint64_t length) {
  uint64_t range[2] = {offset, length};
  return ioctl(fd, BLKZEROOUT, range);
}

int klinux_zero_range(int fd, uint64_t offset, uint64_t length) {
  return fallocate(fd, FALLOC_FL_ZERO_RANGE, (off_t)offset, (off_t)length);
}

int klinux_allocate(int fd, uint64_t offset, uint64_t length) {
  return fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length);
}

int klinux_reads_begin(uint64_t *context) {
  aio_context_t made = 0;
  int status = (int)syscall(SYS_io_setup, KLINUX_READS, &made);
  *context = made;
  return status;
}

void klinux_reads_end(uint64_t context) { syscall(SYS_io_destroy, (aio_context_t)context); }

int klinux_reads_all(uint64_t context, int fd, klinux_read *reads, size_t count) {
  struct iocb blocks[KLINUX_READS], *list[KLINUX_READS];
  struct io_event events[KLINUX_READS];
  long asked = (long)count, taken = 0, done = 0;
  if (count > KLINUX_READS) return -1;
  for (long i = 0; i < asked; i++) {
    reads[i].result = -EAGAIN;
    blocks[i] = (struct iocb){.aio_data = i, .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = fd,
                              .aio_buf = (uintptr_t)reads[i].to, .aio_nbytes = reads[i].length, .aio_offset = reads[i].offset};
    list[i] = &blocks[i];
  }
  while (taken < asked) {
    long some = syscall(SYS_io_submit, (aio_context_t)context, asked - taken, list + taken);
    if (some <= 0) break;
    taken += some;
  }
  while (done < taken) {
    long some = syscall(SYS_io_getevents, (aio_context_t)context, taken - done, taken - done, events, NULL);
    if (some < 0 && errno != EINTR) return -1;
    for (long i = 0; i < some; i++) reads[events[i].data].result = events[i].res;
    done += some > 0 ? some : 0;
  }
  return 0;
}

int klinux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC | O_NONBLOCK); }

int klinux_process_descriptor(int32_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int klinux_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
  return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

int klinux_watchdog_set_timeout(int fd, int32_t *seconds) { return ioctl(fd, WDIOC_SETTIMEOUT, seconds); }

int klinux_watchdog_get_timeout(int fd, int32_t *seconds) { return ioctl(fd, WDIOC_GETTIMEOUT, seconds); }

int klinux_watchdog_keep_alive(int fd) { return ioctl(fd, WDIOC_KEEPALIVE, 0); }

int klinux_watchdog_stops_at_close(int fd) {
  struct watchdog_info info;
  return ioctl(fd, WDIOC_GETSUPPORT, &info) == 0 && !(info.options & WDIOF_MAGICCLOSE);
}

int klinux_terminal_columns(int fd) {
  struct winsize size;
  return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

uint32_t klinux_major(uint64_t device) { return major(device); }
uint32_t klinux_minor(uint64_t device) { return minor(device); }

int kcurl_set_long(void *handle, int option, long value) {
  return curl_easy_setopt(handle, (CURLoption)option, value);
}
int kcurl_set_string(void *handle, int option, const char *value) {
  return curl_easy_setopt(handle, (CURLoption)option, value);
}
int kcurl_set_pointer(void *handle, int option, const void *value) {
  return curl_easy_setopt(handle, (CURLoption)option, value);
}
int kcurl_set_offset(void *handle, int option, int64_t value) {
  return curl_easy_setopt(handle, (CURLoption)option, (curl_off_t)value);
}
int kcurl_set_data_callback(void *handle, int option, kcurl_data_callback callback) {
  return curl_easy_setopt(handle, (CURLoption)option, callback);
}
int kcurl_set_progress_callback(void *handle, kcurl_progress_callback callback) {
  return curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, callback);
}
int kcurl_get_long(void *handle, int info, long *value) {
  return curl_easy_getinfo(handle, (CURLINFO)info, value);
}
int kcurl_get_offset(void *handle, int info, int64_t *value) {
  curl_off_t offset = -1;
  int code = curl_easy_getinfo(handle, (CURLINFO)info, &offset);
  *value = offset;
  return code;
}
int kcurl_get_string(void *handle, int info, const char **value) {
  return curl_easy_getinfo(handle, (CURLINFO)info, value);
}
int kcurl_multi_set_long(void *multi, int option, long value) {
  return curl_multi_setopt(multi, (CURLMoption)option, value);
}

int klinux_return_blocks(int bytes) { return mallopt(M_MMAP_THRESHOLD, bytes); }

int klinux_raise_nice(int nice) {
  int now = getpriority(PRIO_PROCESS, 0);
  return now >= nice ? 0 : setpriority(PRIO_PROCESS, 0, nice);
}

static int set_io_priority(int priority) {
  return (int)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, priority);
}

int klinux_io_priority_lowest(void) { return set_io_priority(IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 7)); }
int klinux_io_priority_idle(void) { return set_io_priority(IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)); }

int klinux_reboot(void) { return reboot(RB_AUTOBOOT); }
