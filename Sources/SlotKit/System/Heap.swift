internal import CLinux

/// The memory that the C library hands out.
public enum Heap {
  /// Has 128 KiB and more go back to the kernel when it is freed, as glibc begins; but it raises that bound by itself
  /// with each such block that is freed (mallopt(3), M_MMAP_THRESHOLD), and then the buffers of an update's phase that is
  /// over stay beside those of the next: 6 MiB more at the peak of an update of 1 GiB from an unknown base.
  public static func keepNothingLarge() { _ = klinux_return_blocks(128 << 10) }
}
