internal import Glibc

/// Time since the machine was started, suspension included: no time server moves it, and a deadline of a boot
/// counts on it.
public enum BootClock {
  /// Milliseconds of `CLOCK_BOOTTIME`: `clock_gettime(2)`.
  public static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
